# SPDX-License-Identifier: Apache-2.0
"""An API that calls another one on behalf of its caller, by token exchange (RFC 8693)."""
import http.server
import json
import threading

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"


def exchange(house, client, token, kind=ACCESS_TOKEN, **more):
    """The answer to an exchange of a token by a client."""
    form = {"grant_type": GRANT, "subject_token": token, "subject_token_type": kind, **more}
    return house.token_response(client, **{k: v for k, v in form.items() if v is not None})


class RelayHandler(http.server.BaseHTTPRequestHandler):
    """Gives what the API behind another gate answered, and with what token it was called."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        relay = self.server
        caller = self.headers.get("Authorization", "").removeprefix("Bearer ")
        answer = exchange(relay.house, relay.client, caller)
        told = {"exchange": answer.status_code}
        if answer.status_code == 200:
            token = answer.json()["access_token"]
            behind = relay.house.gate("/results/from-relay", token)
            told |= {"token": token, "status": behind.status_code, "behind": behind.json()}
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing."""


class Relay(http.server.ThreadingHTTPServer):
    """`house` and `client` are set before it is called: who it is, and where."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), RelayHandler)
        self.house = self.client = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join(10)
