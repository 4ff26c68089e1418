# SPDX-License-Identifier: Apache-2.0
"""APIs to stand behind the gate: one that tells what reached it, and the FHIR example."""
import hashlib
import http.server
import json
import pathlib
import subprocess
import threading

from .process import end
from .wait import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
FHIR_API = ROOT / "examples" / "fhir-api" / "fhir_api.py"


class EchoHandler(http.server.BaseHTTPRequestHandler):
    """Answers each request with what arrived, and remembers it."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = {
            "method": self.command,
            "path": self.path,
            "headers": [[name, value] for name, value in self.headers.items()],
            "sha256": hashlib.sha256(body).hexdigest(),
            "length": len(body),
        }
        self.server.seen.append(seen)
        status, headers, data = self.server.reply or (
            200, {"Content-Type": "application/json"}, json.dumps(seen).encode())
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = answer

    def log_message(self, *_):
        """Nothing: `seen` has it."""


class Echo(http.server.ThreadingHTTPServer):
    """`seen` lists what arrived; `reply`, where set, is (status, headers, body) of each answer."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.seen = []
        self.reply = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        """Callers that go away are part of what is tested."""

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class FhirApi:
    """The example API as a process of its own."""

    def __init__(self, folder, *options):
        port_file, self.log = folder / "fhir-api.port", folder / "fhir-api.log"
        command = ["/usr/bin/python3", str(FHIR_API), "--port", "0", "--port-file",
                   str(port_file), "--log", str(self.log), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(port_file.is_file, what="the FHIR API's port")
        self.url = f"http://127.0.0.1:{int(port_file.read_text(encoding='utf-8'))}"

    def close(self):
        end(self.process)
