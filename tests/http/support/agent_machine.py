# SPDX-License-Identifier: Apache-2.0
"""An agent of its own, made by `agent init` and run by `agent serve`, before a house's gate."""
import requests

from .house import House
from .ports import free_pair


class AgentMachine(House):
    """`house` has issuer and gate, `client` is the agent's there; `options` more of `agent init`,
    `credential` (option, file's text) in place of the client's secret."""

    serve = ("agent", "serve")

    def __init__(self, house, client, credential=None, options=(), at="/record/",
                 upstream="/results/"):
        self.peer, self.client = house, client
        self.credential = credential or ("--secret-file", client.secret + "\n")
        self.options, self.at, self.upstream = options, at, upstream
        super().__init__()

    def init(self):
        self.port = free_pair()
        option, text = self.credential
        file = self.home / "credential"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        self.made = self.cli(
            "agent", "init", "record", "--token-url", f"{self.peer.issuer}/oauth/token",
            "--client", self.client.id, option, file, "--ca", self.peer.ca, "--at", self.at,
            "--upstream", self.peer.base() + self.upstream, "--upstream-ca", self.peer.ca,
            "--listen", f"127.0.0.1:{self.port}", *self.options)
        file.unlink()
        self.url, self.status = f"http://127.0.0.1:{self.port}", self.made["status"]

    def call(self, path="/record/x", method="GET", **more):
        more.setdefault("timeout", 20)
        return requests.request(method, self.url + path, **more)

    def metrics(self):
        return requests.get(f"{self.status}/metrics", timeout=10).text
