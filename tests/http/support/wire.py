# SPDX-License-Identifier: Apache-2.0
"""HTTP by the byte: requests that no well-behaved client would send."""

import http.client
import json
import socket
import ssl

TIMEOUT_S = 10


class Answer:
    """One response: status, headers as a list of pairs in their order, body."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.getheaders()
        self.body = response.read()

    def all(self, name):
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The only value of a header; None when there is none."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands there {len(values)} times"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


class Reader:
    """Hands the same buffered file to one response after the other."""

    def __init__(self, connection):
        self.file = connection.makefile("rb")
        self.file.close, self.end = lambda: None, self.file.close

    def makefile(self, *_, **__):
        return self.file


class Wire:
    """A connection to 127.0.0.1, over TLS when a CA file is given."""

    def __init__(self, port, ca=None, timeout_s=TIMEOUT_S):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        if ca is not None:
            context = ssl.create_default_context(cafile=str(ca))
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.reader = Reader(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.end()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def answer(self, method="GET"):
        """The next response, or None when the connection was closed without one."""
        response = http.client.HTTPResponse(self.reader, method=method)
        try:
            response.begin()
            return Answer(response)
        except (http.client.BadStatusLine, ConnectionResetError):
            return None

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def head(method, path, headers=(), host="localhost"):
    """Bytes of a request's head; headers: pairs, or lines as they are."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    for line in headers:
        lines.append(line if isinstance(line, str) else f"{line[0]}: {line[1]}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def exchange(port, method, path, headers=(), body=b"", ca=None):
    """One request on a connection of its own. A body gets its Content-Length."""
    headers = list(headers) + ["Connection: close"]
    if body:
        headers.append(("Content-Length", str(len(body))))
    with Wire(port, ca) as wire:
        wire.send(head(method, path, headers) + body)
        return wire.answer(method)


def bearer(token):
    return ("Authorization", f"Bearer {token}")
