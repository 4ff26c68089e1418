# SPDX-License-Identifier: Apache-2.0
"""Secrets, tokens and patients' numbers are planted wherever a client can put them; then all that
the server wrote, printed, answered or keeps in its memory is searched for them."""

import base64
import contextlib
import os
import pathlib
import re
import time
import urllib.parse

import pytest
import requests
from support import process
from support.forge import claims_of
from support.house import House
from support.odd_api import OddApi
from support.wait import wait_until
from support.wire import Wire, bearer, exchange, head

NHS_NUMBERS = ("9434765919", "943 476 5919", "9434765870")  # made up; the check digits are right
FORM = "application/x-www-form-urlencoded"
TOKEN_PATH = "/vlive/hpca/oauth/token"
WRONG_SECRETS = ("cgs_plantedWrongSecret0001", "plantedPassword0002", "planted%20Password0003")
OTHER_TOKEN = "eyJhbGciOiJub25lIn0.eyJwbGFudGVkIjoidG9rZW4ifQ.cGxhbnRlZA"
IDLE_S = 2


class Run:
    """A whole run of a house, with what was planted in it and what came out of it."""

    def __init__(self):
        self.api = OddApi()
        self.house = House()
        self.house.furnish(self.api.url, self.api.url)
        self.house.start()
        self.client = self.house.onboard("Planted", ["documents", "results"], [
            "documents.read documents.write", "results.read"])
        self.outputs = {}
        self.tokens = []
        self.answers = []
        self.links, self.handed, self.rotated = [], "", ""

    def close(self):
        try:
            self.house.close()
        finally:
            self.api.close()

    def post(self, body, headers=()):
        answer = exchange(self.house.port, "POST", TOKEN_PATH, [("Content-Type", FORM), *headers],
                          body.encode(), self.house.ca)
        if answer.status == 200:
            self.tokens.append(answer.json()["access_token"])
        else:
            self.answers.append(answer)
        return answer

    def ask(self, path, token=None, method="GET", headers=(), body=b""):
        given = [bearer(token)] if token else []
        answer = exchange(self.house.port, method, path, [*given, *headers], body, self.house.ca)
        if path.startswith("/fhir/") and answer.status == 200:
            return answer  # the API's own answer tells what reached it
        self.answers.append(answer)
        return answer

    def issue(self):
        """Good and bad requests to the issuer."""
        good = f"client_id={self.client.id}&client_secret={self.client.secret}"
        grant = "grant_type=client_credentials&"
        pair = base64.b64encode(f"{self.client.id}:{self.client.secret}".encode()).decode()
        self.post(grant + good)
        self.post(grant, [("Authorization", f"Basic {pair}")])
        self.post(grant + good + "&scope=nothing.agreed")
        self.post(good)  # no grant
        self.post(grant + good + "&" + good)  # twice
        self.post(grant + good, [("Authorization", f"Basic {pair}")])
        self.post("x" * 9000 + good)
        self.post(grant + good, [("Content-Type", "application/json")])
        for wrong in WRONG_SECRETS:
            self.post(f"{grant}client_id={self.client.id}&client_secret={wrong}")
            self.post(f"{grant}client_id={wrong}&client_secret={wrong}&scope={wrong}")
            wrong_pair = base64.b64encode(f"{self.client.id}:{wrong}".encode()).decode()
            self.post(grant, [("Authorization", f"Basic {wrong_pair}")])
        for number in NHS_NUMBERS:
            self.post(grant + good + "&scope=" + urllib.parse.quote(number))
            self.post(f"{grant}client_id={number}&client_secret=x&nhs={number}".replace(" ", "+"))
        assert len(self.tokens) >= 2

    def hand_over(self):
        """Secrets by links: one opened, twice; one looked at, and one left."""
        self.links = [self.house.cli("secret", "issue", "--client", self.client.id, "--link")[
            "link"].partition("?link=")[2] for _ in range(3)]
        path = TOKEN_PATH.replace("token", "handover")
        for link in self.links[:2]:
            assert exchange(self.house.port, "GET", f"{path}?link={link}",
                            ca=self.house.ca).status == 200
        opened = exchange(self.house.port, "POST", path, [("Content-Type", FORM)],
                          f"link={self.links[0]}".encode(), self.house.ca)
        self.handed = re.search(rb"cgs_[A-Za-z0-9_-]{49}", opened.body)[0].decode()
        for link in (self.links[0], WRONG_SECRETS[0]):
            self.ask(path, None, "POST", [("Content-Type", FORM)], f"link={link}".encode())
            self.ask(f"{path}?link={link}")
        rotated = self.house.cli("secret", "rotate", "--client", self.client.id)
        self.rotated = rotated["secret"]

    def lose_the_api(self):
        """Errors of the connection to the API, which nginx tells in its error log."""
        for number in NHS_NUMBERS:
            quoted = urllib.parse.quote(number)
            assert self.ask(f"/results/{quoted}/hang-up", self.tokens[0]).status == 502
            assert self.ask(f"/results/hang-up?patient={quoted}", self.tokens[0]).status == 502

    def query_secrets(self):
        """Where they do not belong: nginx has them in its request line."""
        with contextlib.suppress(OSError):
            self.ask(f"{TOKEN_PATH}?client_secret={self.client.secret}", method="POST")
        self.ask(f"/fhir/Patient?access_token={self.tokens[0]}")
        self.ask(f"/fhir/Patient?access_token={self.tokens[0]}", self.tokens[0])
        self.ask(f"/{self.client.secret}/x")

    def pass_the_gate(self):
        """Good and bad requests to the APIs, with patients in path, query, header and body."""
        token = self.tokens[0]
        for number in NHS_NUMBERS:
            quoted = urllib.parse.quote(number)
            for one in (token, None, OTHER_TOKEN, token[:-4] + "AAAA"):
                self.ask(f"/fhir/Patient/{quoted}", one)
                self.ask(f"/fhir/Patient?identifier={quoted}&name=Planted", one)
                self.ask("/fhir/Patient", one, "POST", [("Content-Type", "application/fhir+json"),
                                                        ("X-Patient", number)], number.encode())
                self.ask("/fhir/Patient", one, headers=[("X-Patient-Id", number),
                                                        ("Cookie", number)])
            self.ask(f"/letters/{quoted}", token)
            self.ask(f"/nowhere/{quoted}", token)

    def collect(self):
        """All that it wrote, after the last of it was written."""
        house = self.house
        time.sleep(IDLE_S)
        self.outputs["metrics"] = requests.get(f"{house.status}/metrics", timeout=10).text
        self.outputs["readiness"] = requests.get(f"{house.status}/readyz", timeout=10).text
        for name, args in (("audit list", ("audit", "list")), ("client list", ("client", "list")),
                           ("client show", ("client", "show", self.client.id)),
                           ("secret list", ("secret", "list")), ("key list", ("key", "list")),
                           ("agreement list", ("agreement", "list"))):
            self.outputs[name] = house.cli(*args, json=False) + house.cli(*args, json=False)
        self.outputs["audit export"] = house.run("audit", "export", json=False).out
        self.outputs["answers"] = "\n".join(
            f"{answer.headers} {answer.body.decode('latin-1')}" for answer in self.answers)
        self.outputs["serve log"] = house.log()
        for path in sorted(house.dir.rglob("*")):
            if path.is_file():
                self.outputs[f"file {path.relative_to(house.dir)}"] = path.read_bytes().decode(
                    "latin-1")

    def secrets(self):
        pair = f"{self.client.id}:{self.client.secret}"
        yield from (self.client.secret, self.client.secret.removeprefix("cgs_")[:24],
                    base64.b64encode(pair.encode()).decode(),
                    base64.b64encode(self.client.secret.encode()).decode().rstrip("=")[:40])
        for own in (self.handed, self.rotated, *self.links):
            yield from (own, own[4:28])
        for wrong in WRONG_SECRETS:
            yield from (wrong, urllib.parse.unquote(wrong))


@pytest.fixture(scope="module")
def run():
    made = Run()
    try:
        made.issue()
        made.pass_the_gate()
        made.query_secrets()
        made.hand_over()
        made.lose_the_api()
        made.collect()
        yield made
    finally:
        made.close()


def assert_nowhere(run, text, what, but=()):
    for name, output in run.outputs.items():
        assert text not in output or name in but, f"{what} stands in {name}"


def test_the_run_wrote_what_is_searched(run):
    """The search would find what is there."""
    for name, text in (("audit export", "token_refused"), ("metrics", "client_authentication"),
                       ("file logs/access.log", "token_missing"),
                       ("answers", "token_algorithm_refused"),
                       ("file registry.db", "documents.read"), ("file audit.db", "token_issued"),
                       ("client list", run.client.id), ("secret list", run.client.secret_id)):
        found = run.outputs[name] + run.outputs.get(name + "-wal", "")
        assert text in found, name


def test_no_client_secret_leaks(run):
    for secret in run.secrets():
        assert_nowhere(run, secret, "a secret")


def test_no_token_leaks(run):
    for token in [*run.tokens, OTHER_TOKEN]:
        for segment in token.split(".")[1:]:
            assert_nowhere(run, segment[-24:], "a part of a token")


def test_no_patients_number_leaks(run):
    for number in NHS_NUMBERS:
        for text in (number, urllib.parse.quote(number), number.replace(" ", "+")):
            assert_nowhere(run, text, "a patient's number")


def test_no_private_key_leaks(run):
    for name, output in run.outputs.items():
        assert "PRIVATE KEY" not in output or name == "file tls/server.key", name
    master = (run.house.dir / "master.key").read_text("ascii").strip()
    assert_nowhere(run, master, "the master key", but=("file master.key",))


def processes(house):
    master = house.nginx_pid()
    return [house.server.pid, master, *house.workers()]


def test_no_process_leaves_a_core_dump(run):
    for pid in processes(run.house):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        line = next(one for one in limits.splitlines() if one.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"], (process.title(pid), line)


def test_no_secret_is_in_a_command_line_or_environment(run):
    texts = []
    for pid in processes(run.house):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                texts.append(pathlib.Path(f"/proc/{pid}/{name}").read_bytes().decode("latin-1"))
    assert len(texts) >= 3
    master = (run.house.dir / "master.key").read_text("ascii").strip()
    for secret in (*run.secrets(), *run.tokens, master):
        assert not any(secret in text for text in texts)


@pytest.mark.parametrize("noun, verb", [
    ("secret", "issue"), ("token", "request"), ("token", "verify"), ("token", "decode"),
    ("client", "add"), ("key", "reseal"), ("init", ""), ("serve", "")])
def test_no_command_takes_a_secret_as_an_argument(run, noun, verb):
    text = run.house.run("help", noun, *filter(None, [verb]), json=False)
    assert text.code == 0
    assert not re.search(r"--(client-)?secret[ =](?!FILE)|--token[ =](?!FILE)|--master-key",
                         text.out + text.err)


# Memory.

def memory_of(pid):
    """All that can be written in a process, piece by piece."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb",
                                                                  0) as memory:
        for line in maps:
            span, mode, *_ = line.split()
            if not mode.startswith("rw"):
                continue
            start, end = (int(one, 16) for one in span.split("-"))
            # A sanitizer's shadow is larger than any machine, and holds no data.
            if end - start > 1 << 32:
                continue
            with contextlib.suppress(OSError, OverflowError, ValueError):
                memory.seek(start)
                yield line, memory.read(end - start)


def places(pid, needle):
    """Where bytes lie in a process, with what stands around them."""
    found = []
    for line, data in memory_of(pid):
        at = data.find(needle)
        while at >= 0:
            found.append((line.split()[0], line.split()[-1], data[max(0, at - 40):at + 60]))
            at = data.find(needle, at + 1)
    return found


@pytest.fixture(scope="module")
def fresh():
    """A house whose worker has seen nothing but what the test sends."""
    api = OddApi()
    house = House().furnish(api.url, api.url)
    house.start()
    yield house
    house.close()
    api.close()


def by_form(client):
    body = (f"grant_type=client_credentials&client_id={client.id}"
            f"&client_secret={client.secret}").encode()
    return head("POST", TOKEN_PATH, [("Content-Type", FORM), ("Content-Length", len(body)),
                                     "Connection: close"]) + body


def by_basic(client):
    pair = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    body = b"grant_type=client_credentials"
    return head("POST", TOKEN_PATH, [("Content-Type", FORM), ("Content-Length", len(body)),
                                     ("Authorization", f"Basic {pair}"),
                                     "Connection: close"]) + body


@pytest.mark.parametrize("make", [by_form, by_basic])
@pytest.mark.parametrize("wrong", [False, True])
def test_a_secret_is_gone_from_memory_once_it_was_used(fresh, make, wrong):
    if not os.access(f"/proc/{fresh.workers()[0]}/mem", os.R_OK):
        pytest.fail("this user may not look into the worker's memory")
    client = fresh.onboard(f"Memory {make.__name__} {wrong}", "results", "results.read")
    if wrong:
        client = client._replace(secret=client.secret[:-9] + "plantedXX")
    for _ in range(3):
        with Wire(fresh.port, fresh.ca) as wire:
            wire.send(make(client))
            assert wire.answer("POST").status == (401 if wrong else 200)
    time.sleep(IDLE_S)
    pid, = fresh.workers()
    pair = base64.b64encode(f"{client.id}:{client.secret}".encode())
    for needle in (client.secret.encode()[4:], pair[-40:-4]):
        found = places(pid, needle)
        assert not found, found
    # The search finds what the worker does know.
    assert places(pid, client.id.encode()) or wrong


def test_a_token_that_was_issued_is_not_kept_in_the_clear_for_long(fresh):
    """The gate remembers a digest, the issuer nothing; nginx's freed buffers are not ours."""
    client = fresh.onboard("Memory token", "results", "results.read")
    token = fresh.token(client)
    assert claims_of(token)["client_id"] == client.id
    time.sleep(IDLE_S)
    pid, = fresh.workers()
    wait_until(lambda: len(places(pid, token.encode())) <= 2, 10, "an end to copies of a token")
