# SPDX-License-Identifier: Apache-2.0
"""The caller's side: nginx that attaches tokens, an issuer that can lie, an API that refuses."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import requests

from . import process
from .house import DEATH, MODULE, TROUBLE, Result, build, environment
from .ports import free_pair
from .wait import wait_until

CONF = """
load_module {module};
pid nginx.pid;
error_log logs/error.log info;
thread_pool caregate threads=4;
worker_processes {workers};
{main}
events {{ worker_connections 4096; {events} }}
http {{
    log_format agent '$status profile=$caregate_profile token=$caregate_token_state '
                     'reason=$caregate_reason tries=$upstream_status auth=$http_authorization';
    access_log logs/access.log agent;
    client_body_temp_path run/body;
    proxy_temp_path run/proxy;
    fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi;
    scgi_temp_path run/scgi;
{http}
    server {{
        listen 127.0.0.1:{port};
        listen unix:{home}/agent.sock;
{server}
    }}
}}
"""
READY_WAIT_S = 30
WAIT_S = 20


def nginx():
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


class Agent:
    """nginx with a profile `record` and a location /record/ that passes on to `upstream`. `profile`
    are the lines of the block, `location` more lines of the location, `server` and `http` more of
    theirs."""

    def __init__(self, profile, upstream, location="", server="", http="", workers=1, main=""):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="caregate-agent-"))
        self.home.chmod(0o755)
        for folder in ("logs", "run"):
            (self.home / folder).mkdir()
        self.port = free_pair()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process, self.deaths_expected = None, False
        self.parts = {"profile": profile, "upstream": upstream, "location": location,
                      "server": server, "http": http, "workers": workers, "main": main,
                      "events": ""}

    def put(self, name, text, mode=0o600):
        """A file beside the configuration, such as a secret."""
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def write(self, **changed):
        self.parts |= changed
        parts = self.parts
        profile = "\n".join(f"        {line};" for line in parts["profile"])
        http = f"    caregate_profile record {{\n{profile}\n    }}\n{parts['http']}"
        server = (f"        location /record/ {{\n            caregate_attach record;\n"
                  f"            proxy_pass {parts['upstream']};\n            {parts['location']}\n"
                  f"        }}\n{parts['server']}")
        self.put("nginx.conf", CONF.format(
            module=build() / "nginx" / MODULE, workers=parts["workers"], main=parts["main"],
            events=parts["events"],
            http=http, server=server, port=self.port, home=self.home), 0o644)
        return self

    def command(self, *more):
        return [nginx(), "-p", str(self.home), "-c", str(self.home / "nginx.conf"), "-e", "stderr",
                *more]

    def test_conf(self):
        self.write()
        done = subprocess.run(self.command("-t"), capture_output=True, text=True, check=False,
                              timeout=60, env=environment())
        return Result(done.returncode, done.stdout, done.stderr, None)

    def start(self):
        self.write()
        with open(self.home / "serve.log", "ab") as log:
            self.process = subprocess.Popen(self.command("-g", "daemon off;"), stdout=log,
                                            stderr=log, env=environment(), cwd=self.home)
        wait_until(lambda: self.process.poll() is not None or self.listens(), READY_WAIT_S,
                   "an agent that listens")
        assert self.process.poll() is None, self.log()
        return self

    def listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        return False

    def log(self):
        """All that it wrote."""
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in
                       (self.home / "serve.log", self.home / "logs/error.log") if path.is_file())

    def access_log(self):
        return (self.home / "logs/access.log").read_text(encoding="utf-8")

    def workers(self):
        return [pid for pid in process.children(self.process.pid)
                if process.title(pid) == "nginx: worker process"]

    def reload(self, **changed):
        old = self.workers()
        self.write(**changed)
        process.send(self.process.pid, 1)
        wait_until(lambda: len(self.workers()) > len(old) or not set(old) & set(self.workers()),
                   READY_WAIT_S, "new workers")

    def call(self, path="/record/x", method="GET", **more):
        more.setdefault("timeout", WAIT_S)
        more.setdefault("allow_redirects", False)
        return requests.request(method, self.url + path, **more)

    def call_by_socket(self, path="/record/x"):
        """The status of a request by the Unix socket."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(WAIT_S)
            link.connect(str(self.home / "agent.sock"))
            link.sendall(f"GET {path} HTTP/1.0\r\nHost: agent\r\n\r\n".encode())
            return int(link.recv(65536).split(b" ")[1])

    def stop(self):
        if self.process is not None:
            pids = process.children(self.process.pid)
            process.end(self.process)
            process.end_all([pid for pid in pids if process.is_alive(pid)])
            self.process = None

    def close(self):
        self.stop()
        log = self.log()
        if not os.environ.get("CAREGATE_KEEP"):
            shutil.rmtree(self.home, ignore_errors=True)
        assert not TROUBLE.search(log), log
        assert self.deaths_expected or not DEATH.search(log), log
        assert not re.search(r"\[alert\]|\[crit\]", log) or self.deaths_expected, log


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        """Callers that go away are part of what is tested."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1

    def log_message(self, *_):
        """Nothing: `seen` has it."""

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


class Running:
    """A server in threads of the test itself, which can be stopped and started again."""

    def __init__(self, port=None):
        self.port = port or free_pair()
        self.server = None
        self.seen = []
        self.start()

    def start(self):
        self.server = _Server(("127.0.0.1", self.port), self.handler())
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    close = stop

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Issuer(Running):
    """Gives token-1, token-2, … out; `answer`, where set, is a function of the form that returns
    (status, headers, body). `wait_s` is how slow it is."""

    life_s = 300

    def __init__(self):
        self.given, self.answer, self.wait_s = [], None, 0
        super().__init__()

    def token(self):
        """A new one, of a shape that can be searched for."""
        self.given.append(f"token-{len(self.given) + 1:04}-{'planted' * 4}")
        return self.given[-1]

    def good(self, form=None, **changed):
        del form
        fields = {"access_token": self.token(), "token_type": "Bearer",
                  "expires_in": self.life_s, **changed}
        fields = {name: value for name, value in fields.items() if value is not None}
        return 200, [("Content-Type", "application/json")], json.dumps(fields).encode()

    def handler(self):
        outer = self

        class Handler(_Handler):
            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.read_body().decode()))
                outer.seen.append((form, self.headers))
                time.sleep(outer.wait_s)
                status, headers, body = (outer.answer or outer.good)(form)
                self.reply(status, body, headers)

        return Handler


class Api(Running):
    """Lets in who has a token of `good`, or any of the issuer's while that is None; tells others so
    as RFC 6750 says. `reply`, where set, is (status, headers, body) of what it lets in."""

    def __init__(self, issuer, port=None):
        self.issuer, self.good, self.reply = issuer, None, None
        super().__init__(port)

    def lets_in(self, authorization):
        good = self.issuer.given if self.good is None else self.good
        return authorization in [f"Bearer {token}" for token in good]

    def handler(self):
        outer = self

        class Handler(_Handler):
            def answer(self):
                body = self.read_body()
                given = self.headers.get_all("Authorization") or []
                outer.seen.append({"method": self.command, "path": self.path, "body": body,
                                   "headers": self.headers.items(), "authorization": given})
                if len(given) != 1 or not outer.lets_in(given[0]):
                    self.reply(401, b"who are you?", [
                        ("WWW-Authenticate", 'Bearer realm="api", error="invalid_token"')])
                    return
                status, headers, data = outer.reply or (200, [], b"record of " + body)
                self.reply(status, data, headers)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        return Handler


class Scene:
    """Issuer, API and agent, in the clear on this machine."""

    def __init__(self, profile=(), **options):
        self.issuer = Issuer()
        self.api = Api(self.issuer)
        self.secret = "cgs_plantedSecretOfTheAgent0001"
        self.agent = Agent([], self.api.url + "/", **options)
        self.agent.put("secret", self.secret + "\n")
        self.agent.parts["profile"] = [
            f"token_url {self.issuer.url}/oauth/token", "client_id ward-1", "secret_file secret",
            f"destinations {self.api.url}", *profile]

    def start(self):
        self.agent.start()
        return self

    def close(self):
        try:
            self.agent.close()
        finally:
            self.issuer.close()
            self.api.close()
