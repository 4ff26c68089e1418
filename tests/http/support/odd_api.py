# SPDX-License-Identifier: Apache-2.0
"""An API that tells what reached it, and misbehaves when its path asks for it."""

import http.server
import json
import threading
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        seen = {"method": self.command, "path": self.path, "headers": self.headers.items(),
                "body": self.read_body().decode("latin-1")}
        self.server.seen.append(seen)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        name = url.path.rsplit("/", 1)[-1]
        if name == "hang-up":
            self.close_connection = True
        elif name == "answer":
            self.reply(int(query["status"]), b"as the API said",
                       [("Content-Type", "text/plain"), ("X-Api", "yes")])
        elif name == "accel":
            self.reply(200, b"", [("X-Accel-Redirect", query["to"])])
        else:
            time.sleep(float(query.get("wait", 0)))
            self.reply(200, json.dumps(seen).encode(), [("Content-Type", "application/json")])

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.handle_any
        raise AttributeError(name)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class OddApi:
    """Runs in threads of the test itself; `seen` is all that ever reached it."""

    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.seen = self.seen = []
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def headers_of(answer, name):
    """What the API got under a name, in any case: of an answer of this API."""
    return [value for key, value in answer.json()["headers"] if key.lower() == name.lower()]
