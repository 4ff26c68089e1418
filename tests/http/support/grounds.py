# SPDX-License-Identifier: Apache-2.0
"""A house whose nginx has another server, in the clear, with locations of the test's own."""

from .forge import Forge
from .house import House
from .odd_api import OddApi
from .ports import free_pair
from .wire import bearer, exchange

GATE = "caregate_api documents realm=/vlive/hpca;"
SERVER = """
    server {
        listen 127.0.0.1:%(port)d;
        listen 127.0.0.1:%(h2_port)d http2;
        server_name localhost;
        root %(www)s;
%(server)s
    }
%(http)s
"""


class Grounds:
    """`port` speaks HTTP/1.1, `h2_port` HTTP/2 without TLS. In the texts %(gate)s protects, %(api)s
    is the URL of the API behind, %(www)s a folder of files; `files` fills it."""

    def __init__(self, server, http="", files=()):
        self.house = House()
        self.api = OddApi()
        self.port = free_pair()
        self.h2_port = self.port + 1
        self.www = self.house.home / "www"
        for name, text in files:
            path = self.www / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        words = {"gate": GATE, "api": self.api.url, "www": str(self.www), "port": self.port,
                 "h2_port": self.h2_port, "cache": str(self.house.dir / "run" / "cache")}
        words |= {"server": server % words, "http": http % words}
        self.house.furnish(self.api.url, self.api.url)
        self.house.add_to_http(SERVER % words)
        self.client = self.house.onboard("Ward", "documents", "documents.read documents.write")

    def start(self):
        try:
            self.house.start()
            self.token = self.house.token(self.client)
            self.forge = Forge(self.house.dir, self.house.realm)
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        try:
            self.house.close()
        finally:
            self.api.close()

    def ask(self, path, token=None, method="GET", headers=(), body=b""):
        """A request in the clear, as it stands."""
        given = [bearer(token), *headers] if token else list(headers)
        return exchange(self.port, method, path, given, body)

    def seen(self, path):
        """What reached the API under this path."""
        return [one for one in self.api.seen if one["path"].split("?")[0] == path]
