# SPDX-License-Identifier: Apache-2.0
"""A whole Caregate for a test: a data folder made by `init`, nginx run by `serve`, TLS and all."""
import atexit
import collections
import functools
import json as jsons
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

import requests

from . import process
from .ports import free_pair
from .wait import wait_until

CLI_WAIT_S = 60
START_WAIT_S = 30
HTTP_WAIT_S = 20
START_TRIES = 5
# These run nginx, or have a security module make keys: neither is looked over for leaks.
FOREIGN_WORK = {"init", "serve", "reload", "stop", "check", "explain", "--generate"}
INCLUDE_APIS = "        include apis/*/*.conf;\n"
HTTP_END = "    # The APIs behind, written by `caregate api protect`.\n"
MODULE = "ngx_http_caregate_module.so"
# What a sanitizer says, and what nginx says of a worker that died.
TROUBLE = re.compile(r"runtime error:|AddressSanitizer|LeakSanitizer|UndefinedBehavior")
DEATH = re.compile(r"exited on signal|exited with fatal code|exited with code [1-9]")

Result = collections.namedtuple("Result", "code out err json")
Client = collections.namedtuple("Client", "id secret secret_id agreements")


def build():
    """The build folder under test."""
    folder = os.environ.get("CAREGATE_BUILD")
    assert folder, "CAREGATE_BUILD names no build folder; `tools/test http` sets it"
    return within_reach(pathlib.Path(folder))


@functools.cache
def within_reach(folder):
    """The folder, or a copy of what is run from it where others cannot get to it, as in a clone
    of root's: run by root, nginx is the data folder's owner and loads the module."""
    module = (folder / "nginx" / MODULE).resolve()
    way_in = [module.stat().st_mode & 0o004,
              *(path.stat().st_mode & 0o001 for path in module.parents)]
    if os.geteuid() != 0 or all(way_in):
        return folder
    copy = pathlib.Path(tempfile.mkdtemp(prefix="caregate-build-"))
    atexit.register(shutil.rmtree, copy)
    for part, name in (("cli", "caregate"), ("nginx", MODULE)):
        (copy / part).mkdir()
        shutil.copy(folder / part / name, copy / part / name)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)
    return copy


def environment(**more):
    """The processes' environment. nginx is not sanitised itself, so the library comes first."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("CAREGATE_", "LD_PRELOAD"))}
    if os.environ.get("CAREGATE_PRELOAD"):
        env["LD_PRELOAD"] = os.environ["CAREGATE_PRELOAD"]
    env["ASAN_OPTIONS"] = "detect_leaks=0"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    return {**env, **more}


def parse(text):
    try:
        return jsons.loads(text)
    except ValueError:
        return None


class House:
    """`dir` is the data folder, `url` what clients call, `issuer` the first realm's URL, `ca` what
    to trust, `status` the URL of the status listener, `http` a session that trusts `ca`."""

    serve = ("serve",)

    def __init__(self, realm="/vlive/hpca", mtls=False, url=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="caregate-test-"))
        self.home.chmod(0o755)  # run by root, nginx's workers are somebody else
        self.dir = self.home / "data"
        self.serve_log = self.home / "serve.log"
        self.realm = realm
        self.mtls_port = free_pair() if mtls else None  # where client certificates are asked for
        self.told_url = url
        self.server = None
        self.deaths_expected = False
        self.http = requests.Session()
        self.http.trust_env = False
        self.init()

    def init(self):
        port = free_pair()
        options = ["--mtls-listen", f"127.0.0.1:{self.mtls_port}"] if self.mtls_port else []
        options += ["--url", self.told_url] if self.told_url else []
        made = self.cli("init", "--realm", self.realm, "--listen", f"127.0.0.1:{port}", *options)
        self.port = port
        self.url = f"https://localhost:{port}"
        self.issuer = made["issuer"]
        self.status = made["status"]
        self.ca = self.dir / "tls" / "ca.pem"
        self.http.verify = str(self.ca)

    # The command line.

    def run(self, *args, stdin=None, json=True, env=None):
        """`caregate --dir DIR [--json] ARGS`, whatever comes of it."""
        flags = ["--json"] if json else []
        leaks = 0 if FOREIGN_WORK & set(map(str, args)) else 1
        done = subprocess.run(
            [str(build() / "cli" / "caregate"), "--dir", str(self.dir), *flags,
             *map(str, args)],
            input=stdin, capture_output=True, text=True, timeout=CLI_WAIT_S, check=False,
            env=environment(ASAN_OPTIONS=f"detect_leaks={leaks}", **(env or {})), cwd=self.home)
        assert not TROUBLE.search(done.stderr), done.stderr
        assert done.returncode >= 0, f"{args} died of signal {-done.returncode}: {done.stderr}"
        return Result(done.returncode, done.stdout, done.stderr, parse(done.stdout))

    def cli(self, *args, stdin=None, json=True, ok=True):
        """What a command printed: parsed JSON, or text where json=False; it must succeed.
        With ok=False the whole Result, and it must not."""
        done = self.run(*args, stdin=stdin, json=json)
        if not ok:
            assert done.code != 0, f"{args} succeeded: {done.out}"
            return done
        assert done.code == 0, f"{args} ended with {done.code}: {done.err}{done.out}"
        return done.json if json else done.out

    # Its configuration.

    def edit(self, old, new, file="nginx.conf"):
        """Replaces text of a file of the data folder, which must be there once."""
        path = self.dir / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add_to_server(self, text):
        """More lines for the TLS server, such as a location."""
        self.edit(INCLUDE_APIS, INCLUDE_APIS + text + "\n")

    def add_to_http(self, text):
        """More lines for the http block, such as another server or a directive."""
        self.edit(HTTP_END, text + "\n" + HTTP_END)

    def test_conf(self):
        """`nginx -t` on the configuration, as the folder's owner, whose logs it opens."""
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        done = subprocess.run([nginx, "-t", "-p", str(self.dir), "-c",
                               str(self.dir / "nginx.conf"), "-e", "stderr"], check=False,
                              capture_output=True, text=True, timeout=CLI_WAIT_S,
                              env=environment(), **self.as_owner())
        return Result(done.returncode, done.stdout, done.stderr, None)

    def owner(self):
        """The number of the data folder's owner, who runs nginx."""
        return self.dir.stat().st_uid

    def as_owner(self):
        """What makes a program of `subprocess` run as them."""
        if os.geteuid() != 0:
            return {}
        account = pwd.getpwuid(self.owner())
        return {"user": account.pw_uid, "group": account.pw_gid,
                "extra_groups": os.getgrouplist(account.pw_name, account.pw_gid)}

    # Running it.

    def start(self):
        """Starts it and waits until it answers. A port that was taken meanwhile is replaced."""
        for _ in range(START_TRIES):
            if self._start_once():
                return self
            self._move_ports()
        raise AssertionError(self.log())

    def _start_once(self):
        at = len(self.log())
        with open(self.serve_log, "ab") as log:
            self.server = subprocess.Popen(
                [str(build() / "cli" / "caregate"), "--dir", str(self.dir), *self.serve],
                stdout=log, stderr=log, env=environment(), cwd=self.home)
        wait_until(lambda: self.server.poll() is not None or self._answers(), START_WAIT_S,
                   "a server that answers")
        if self.server.poll() is None:
            return True
        assert "Address already in use" in self.log()[at:], self.log()[at:]
        return False

    def _answers(self):
        try:
            return self.http.get(f"{self.status}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _move_ports(self):
        old, self.port = self.port, free_pair()
        self.edit(f"listen 127.0.0.1:{old} ", f"listen 127.0.0.1:{self.port} ")
        self.edit(f"listen 127.0.0.1:{old + 1};", f"listen 127.0.0.1:{self.port + 1};")
        self.status = f"http://127.0.0.1:{self.port + 1}"

    def nginx_pid(self):
        """The master process, 0 when there is none."""
        if self.server is None:
            return 0
        found = [pid for pid in process.children(self.server.pid) if "nginx" in process.title(pid)]
        return found[0] if found else 0

    def workers(self):
        """The worker processes that take requests."""
        master = self.nginx_pid()
        return [pid for pid in (process.children(master) if master else [])
                if process.title(pid) == "nginx: worker process"]

    def reload(self):
        self.cli("reload")

    def stop(self):
        """A graceful end; the exit code of `serve`."""
        if self.server is None:
            return None
        pids = self._pids()
        code = process.end(self.server)
        process.end_all([pid for pid in pids if process.is_alive(pid)] if code else [])
        self.server = None
        return code

    def _pids(self):
        master = self.nginx_pid()
        return [master, *process.children(master)] if master else []

    def kill(self):
        """kill -9 of all of nginx at once; `serve` ends by itself then."""
        self.deaths_expected = True
        process.end_all(self._pids())
        self.server.wait(START_WAIT_S)
        self.server = None

    def kill_worker(self):
        """kill -9 of the workers, and a wait for the next ones."""
        self.deaths_expected = True
        old = self.workers()
        for pid in old:
            process.send(pid, signal.SIGKILL)
        # A process that ends has no title any more while it still holds its connections.
        wait_until(lambda: self.workers() and not any(process.is_alive(pid) for pid in old),
                   START_WAIT_S, "a new worker")

    def close(self):
        """Ends all, removes the folder, and fails if a sanitizer or nginx found fault."""
        try:
            self.stop()
        finally:
            if self.server is not None:
                process.end_all([self.server.pid, *self._pids()])
            log = self.log()
            self.http.close()
            if not os.environ.get("CAREGATE_KEEP"):
                shutil.rmtree(self.home, ignore_errors=True)
        assert not TROUBLE.search(log), log
        assert self.deaths_expected or not DEATH.search(log), log

    # What it wrote.

    def log(self):
        """What `serve` and nginx's error log said."""
        return self.serve_log.read_text(errors="replace") if self.serve_log.exists() else ""

    def access_log(self):
        path = self.dir / "logs" / "access.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # On-boarding.

    def furnish(self, upstream, fhir_upstream):
        """An organisation and three APIs: `documents` (FHIR at /fhir/, its operations by method),
        `results` (at /results/), and `letters`, which two people must approve, at /letters/."""
        self.cli("org", "add", "RX809", "--name", "Example Trust")
        self.api("documents", "documents.read", "documents.write")
        self.api("results", "results.read", "results.write")
        self.api("letters", "letters.send", options=["--approvals", "2"])
        self.protect("documents", "/fhir/", fhir_upstream, "--fhir",
                     "--require", "GET,HEAD=documents.read",
                     "--require", "POST,PUT,DELETE=documents.write")
        self.protect("results", "/results/", upstream)
        self.protect("letters", "/letters/", upstream)
        return self

    def api(self, name, *scopes, options=()):
        given = [word for scope in scopes for word in ("--scope", scope)]
        return self.cli("api", "add", name, "--audience", f"https://care.example/{name}", *given,
                        *options)

    def protect(self, name, at, upstream, *options):
        return self.cli("api", "protect", name, "--at", at, "--upstream", upstream, *options)

    def onboard(self, name, api, scopes, client=None, approvals=1, options=(), org="RX809",
                agreement=()):
        """A client with a secret and an agreement in force. `api` and `scopes` may be lists, one
        agreement each. `client` adds to a client that is there."""
        wants = [(api, scopes)] if isinstance(api, str) else list(zip(api, scopes))
        if client is None:
            made = self.cli("client", "add", "--org", org, "--name", name, *options)
            secret = self.cli("secret", "issue", "--client", made["client_id"])
            client = Client(made["client_id"], secret["secret"], secret["secret_id"], [])
        for one, words in wants:
            client.agreements.append(self.agree(client.id, one, words, approvals, agreement))
        return client

    def agree(self, client_id, api, scopes, approvals=1, options=()):
        """The id of an agreement in force."""
        words = scopes.split() if isinstance(scopes, str) else scopes
        given = [word for scope in words for word in ("--scope", scope)]
        made = self.cli("agreement", "request", "--client", client_id, "--api", api, *given,
                        "--purpose", "direct_care", *options)
        for number in range(approvals):
            self.cli("agreement", "approve", made["agreement_id"], "--by", f"Person {number}")
        return made["agreement_id"]

    # HTTP.

    def request(self, method, path, base=None, **more):
        more.setdefault("timeout", HTTP_WAIT_S)
        more.setdefault("allow_redirects", False)
        return self.http.request(method, (base or self.base()) + path, **more)

    def base(self):
        return f"https://localhost:{self.port}"

    def token_response(self, client=None, scope=None, realm=None, **more):
        """The answer to the documented request. Further arguments are form fields."""
        form = {"grant_type": "client_credentials", **more}
        if client is not None:
            form = {**form, "client_id": client.id, "client_secret": client.secret}
        if scope is not None:
            form["scope"] = scope
        return self.request("POST", f"{realm or self.realm}/oauth/token", data=form)

    def token(self, client, scope=None, **more):
        """An access token."""
        answer = self.token_response(client, scope, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def gate(self, path, token=None, method="GET", headers=None, **more):
        """A request to an API, with a token or without."""
        given = dict(headers or {})
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        return self.request(method, path, headers=given, **more)

    def connect(self, tls=True, timeout_s=HTTP_WAIT_S, alpn=("http/1.1",)):
        """A connected socket, for requests that no library would send."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)
        if not tls:
            return plain
        context = ssl.create_default_context(cafile=str(self.ca))
        context.set_alpn_protocols(list(alpn))
        return context.wrap_socket(plain, server_hostname="localhost")

    def raw(self, data, timeout_s=HTTP_WAIT_S):
        """All that comes back for these bytes until the server closes, so say `Connection: close`
        in them."""
        with self.connect(timeout_s=timeout_s) as link:
            link.sendall(data)
            parts = []
            while True:
                try:
                    part = link.recv(65536)
                except (ConnectionResetError, ssl.SSLEOFError):
                    break
                if not part:
                    break
                parts.append(part)
        return b"".join(parts)
