# SPDX-License-Identifier: Apache-2.0
"""Many gates in one process: each asks for the bundle as a gate does, on a connection of its own.

    pollers.py PORT CA REALM FILE   with a client and its secret in each line of FILE

Answers words on its input, one line of JSON each: "ready" once all have a bundle; "count"; "change"
once each has another bundle than it had at the last such answer, with the time of the last.
"""
import asyncio
import base64
import json
import random
import ssl
import sys
import time
import urllib.parse

WAIT_S = (30, 50)
TOGETHER = 20  # so many connect at a time


class Gates:
    def __init__(self, port, authority, realm, path):
        self.port, self.path = port, f"{realm}/oauth/gate-bundle"
        with open(path, encoding="utf-8") as file:
            self.credentials = [line.split() for line in file]
        self.tls = ssl.create_default_context(cafile=authority)
        self.connecting = asyncio.Semaphore(TOGETHER)
        self.polls = self.errors = 0
        self.tags, self.seen_at = {}, {}

    async def ask(self, link, form):
        reader, writer = link
        body = urllib.parse.urlencode(form)
        writer.write(f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        length = next((int(line.split(":")[1]) for line in head.split("\r\n")
                       if line.lower().startswith("content-length:")), 0)
        self.polls += 1
        return status, await reader.readexactly(length)

    async def run(self, client, secret):
        async with self.connecting:
            link = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls,
                                                 server_hostname="localhost")
            have, wait = await self.first(link, client, secret)
        while True:
            form = {"client_id": client, "client_secret": secret, "have": have, "wait": wait}
            status, body = await self.ask(link, form)
            if status == 200:
                have = self.take(client, body)
            elif status != 204:
                self.errors += 1
                await asyncio.sleep(1)
            wait = random.randint(*WAIT_S)

    async def first(self, link, client, secret):
        _, body = await self.ask(link, {"client_id": client, "client_secret": secret})
        # They did not all start at once.
        return self.take(client, body), random.randint(1, WAIT_S[1])

    def take(self, client, body):
        payload = body.split(b".")[1]
        snapshot = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        self.tags[client] = (f"{snapshot['version'] + snapshot['denylist_generation']}-"
                             f"{snapshot['keys_generation']}")
        self.seen_at[client] = time.monotonic()
        return self.tags[client]

    async def until(self, condition):
        while not condition():
            await asyncio.sleep(0.01)

    async def change(self, before, begun):
        await self.until(lambda: all(self.tags[one] != before[one] for one in before))
        return {"last_ms": (max(self.seen_at.values()) - begun) * 1000}


async def main(words):
    gates = Gates(int(words[0]), *words[1:])
    running = [asyncio.create_task(gates.run(*pair)) for pair in gates.credentials]
    loop = asyncio.get_running_loop()
    await gates.until(lambda: len(gates.tags) == len(gates.credentials))
    before = dict(gates.tags)
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        told = {"gates": len(gates.tags), "polls": gates.polls, "errors": gates.errors}
        if word == "change":
            told = await gates.change(before, time.monotonic())
            before = dict(gates.tags)
        print(json.dumps(told), flush=True)
    for one in running:
        one.cancel()


asyncio.run(main(sys.argv[1:]))
