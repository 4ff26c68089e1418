# SPDX-License-Identifier: Apache-2.0
"""Clients that ask for tokens and call the gate, many at once, until they are told to stop."""

import threading
import time

from .wire import Wire, bearer, head

FORM = "application/x-www-form-urlencoded"


def token_request(client, path="/vlive/hpca/oauth/token"):
    """The documented request, as bytes: head and body."""
    body = (f"grant_type=client_credentials&client_id={client.id}"
            f"&client_secret={client.secret}").encode()
    return head("POST", path, [("Content-Type", FORM), ("Content-Length", len(body))]), body


def gate_request(token, path="/results/x"):
    return head("GET", path, [bearer(token)]), b""


class Load:
    """Each thread opens a connection, sends one request, reads its answer, and begins again.
    `statuses` counts the answers, `tokens` are those received, `unanswered` the requests that were
    sent and got no answer."""

    def __init__(self, house, requests, threads=4):
        self.house = house
        self.requests = requests
        self.statuses = {}
        self.tokens = []
        self.unanswered = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True)
                        for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        while not self.stopping.is_set():
            self.once(self.requests[number % len(self.requests)])
            number += 1

    def once(self, request):
        try:
            wire = Wire(self.house.port, self.house.ca)
        except OSError:
            time.sleep(0.02)  # nobody listens
            return
        with wire:
            try:
                wire.send(b"".join(request))
                answer = wire.answer()
            except OSError:
                answer = None
            self.note(answer)

    def note(self, answer):
        with self.lock:
            if answer is None:
                self.unanswered += 1
                return
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status == 200 and b'"access_token"' in answer.body:
                self.tokens.append(answer.json()["access_token"])

    def count(self):
        return sum(self.statuses.values())
