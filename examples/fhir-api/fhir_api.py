#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small FHIR R4 API for DocumentReference and Binary, to stand behind a gate.

It trusts whoever can reach it, so it listens on loopback only and leaves the question of who
may call to the gate in front. What the gate says of the caller is written to its log.
"""

import argparse
import http.server
import ipaddress
import json
import re
import signal
import socket
import sys
import threading
from datetime import datetime, timezone

from fhir_rules import Problem, issue
from fhir_service import Reply, Request, Service, caller
from fhir_store import Store, instant, write_whole

BODY_MAX_BYTES = 8 * 1024 * 1024
DRAIN_MAX_BYTES = 64 * 1024 * 1024
LINE_MAX_BYTES = 4096
IDLE_MAX_S = 30
DRAIN_MAX_S = 1
BODILESS = (204, 304)
EVERY_REPLY = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r\n")


class Handler(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 for the service: bounded bodies, chunks, keep-alive, one log line an answer."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_MAX_S
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self):
        path, _, query = self.path.partition("?")
        try:
            request = Request(self.command, path, query, self.headers, self._body())
            reply = self.server.service.answer(request)
        except Problem as problem:
            reply = Reply(problem.status, problem.outcome(), problem.headers)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
            return
        self._send(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def handle_one_request(self):
        self.headers = {}  # a request that cannot be read is not the last one's caller's
        super().handle_one_request()

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _body(self):
        """RFC 9112 §6: one length or one coding, never both, or two readers see two bodies."""
        lengths = self.headers.get_all("Content-Length", [])
        codings = self.headers.get_all("Transfer-Encoding", [])
        if self.headers.defects or len(lengths) + len(codings) > 1:
            raise self._unreadable("the request cannot be framed")
        if codings and codings[0].strip().lower() == "chunked":
            return self._chunked()
        if codings or not all(re.fullmatch(r"[0-9]{1,18}", one, re.ASCII) for one in lengths):
            raise self._unreadable("the body has no length that is known here")
        length = int(lengths[0]) if lengths else 0
        if length > BODY_MAX_BYTES:
            raise self._too_large(min(length, DRAIN_MAX_BYTES))
        return self._exactly(length)

    def _chunked(self):
        data = b""
        while size := self._chunk_size():
            if len(data) + size > BODY_MAX_BYTES:
                raise self._too_large(DRAIN_MAX_BYTES)
            data += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise self._unreadable("a chunk does not end where it says")
        while self.rfile.readline(LINE_MAX_BYTES) not in (b"\r\n", b""):
            pass  # trailers
        return data

    def _chunk_size(self):
        match = CHUNK_SIZE.fullmatch(self.rfile.readline(LINE_MAX_BYTES))
        if match is None:
            raise self._unreadable("a chunk has no size")
        return int(match[1], 16)

    def _exactly(self, length):
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionError("the body ended early")
        return data

    def _unreadable(self, text):
        self.close_connection = True
        return Problem(400, issue("structure", text))

    def _too_large(self, left):
        """Swallows the rest, within reason: a caller still sending would see a reset instead."""
        self.close_connection = True
        self.connection.settimeout(DRAIN_MAX_S)
        try:
            while left > 0 and (got := len(self.rfile.read1(min(left, 65536)))):
                left -= got
        except OSError:
            pass  # the caller has stopped sending
        return Problem(413, issue("too-long", f"a body may have {BODY_MAX_BYTES} bytes"))

    def _send(self, reply):
        self._record(reply)
        headers = {**EVERY_REPLY, **reply.headers}
        if reply.status not in BODILESS:
            headers["Content-Length"] = str(len(reply.body))
        if self.close_connection:
            headers["Connection"] = "close"
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and reply.status not in BODILESS:
            self.wfile.write(reply.body)

    def _record(self, reply):
        """Who did what to which resource. Without the query, which may hold an NHS number."""
        self.server.record({
            "recorded": instant(datetime.now(timezone.utc)),
            "activity": self.command,
            "target": reply.target,
            "outcome": reply.status,
            "agent": caller(self.headers),
            "request": self.headers.get("X-Request-ID"),
        })

    def send_error(self, code, message=None, explain=None):
        """What the base class refuses is said as an OperationOutcome too."""
        self.close_connection = True
        kind = "not-supported" if code == 501 else "structure"
        self._send(Reply(code, Problem(code, issue(kind, message or "refused")).outcome()))

    def version_string(self):
        return "fhir-api"

    def log_message(self, *_):
        """Nothing: the base class would write addresses with their queries to standard error."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def __init__(self, options):
        store = Store(options.folder)
        self.service = Service(store, options.any_resource, options.echo, options.base_url)
        self.log = open(options.log, "a", encoding="utf-8") if options.log else None
        self.log_lock = threading.Lock()
        if ":" in options.host:
            self.address_family = socket.AF_INET6
        super().__init__((options.host, options.port), Handler)

    def record(self, entry):
        if self.log is None:
            return
        with self.log_lock:
            self.log.write(json.dumps(entry) + "\n")
            self.log.flush()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def loopback(text):
    """A loopback address. Anything else would let callers in around the gate."""
    address = ipaddress.ip_address("127.0.0.1" if text == "localhost" else text)
    if not address.is_loopback:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address")
    return str(address)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port-file", metavar="FILE", help="gets the port, once it listens")
    parser.add_argument("--log", metavar="FILE", help="one line of JSON for each answer")
    parser.add_argument("--folder", metavar="DIR", help="keep resources here as well")
    parser.add_argument("--base-url", default="/fhir", metavar="URL", help="as callers see it")
    parser.add_argument("--echo", action="store_true", help="serve /fhir/$who")
    parser.add_argument("--any-resource", action="store_true",
                        help="keep all types of R4, the others unchecked")
    return parser.parse_args()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(options) as server:
        host, port = server.server_address[:2]
        print(f"http://{f'[{host}]' if ':' in host else host}:{port}/fhir", flush=True)
        if options.port_file:
            write_whole(options.port_file, f"{port}\n")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
