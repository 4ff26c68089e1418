# SPDX-License-Identifier: Apache-2.0
"""The calling systems of examples/integrators: each keeps a token, renews it ahead of its end, and
calls once more where an API refuses it, against our issuer and against a scripted one."""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import urllib.parse

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "integrators"
SECRET = "cgs_a+secret/of=53&characters"
RUN_S = 100


# How each is run, and told whom to trust: (words, environment) of a certificate and a folder.

def by_variable(name, *words):
    return lambda ca, folder: ([*words], {name: str(ca)})


def java(ca, folder):
    store = folder / "trust.p12"
    if not store.exists():
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", str(ca),
                        "-keystore", str(store), "-storepass", "changeit"], check=True,
                       capture_output=True, timeout=60)
    return ["java", f"-Djavax.net.ssl.trustStore={store}",
            "-Djavax.net.ssl.trustStorePassword=changeit", str(FOLDER / "Caller.java")], {}


def go(ca, folder):
    compiler = "/usr/bin/go" if os.access("/usr/bin/go", os.X_OK) else "go"
    program = folder / "caller-go"
    if not program.exists():
        cache = pathlib.Path(os.environ["CAREGATE_BUILD"], "go-cache")
        subprocess.run([compiler, "build", "-o", str(program), str(FOLDER / "caller.go")],
                       check=True, timeout=300, env={
                           "PATH": os.environ["PATH"], "HOME": str(folder), "GOFLAGS": "",
                           "GOCACHE": str(cache), "GO111MODULE": "off", "CGO_ENABLED": "0"})
    return [str(program)], {"SSL_CERT_FILE": str(ca)}


LANGUAGES = {
    "curl": by_variable("CURL_CA_BUNDLE", "bash", str(FOLDER / "caller.sh")),
    "python": by_variable("REQUESTS_CA_BUNDLE", "/usr/bin/python3", str(FOLDER / "caller.py")),
    "node": by_variable("NODE_EXTRA_CA_CERTS", "node", str(FOLDER / "caller.mjs")),
    "java": java,
    "go": go,
}
TOOLS = {"curl": "curl", "python": "python3", "node": "node", "java": "java", "go": "go"}


class Program:
    """One of them, running; each line that it is given is answered by one."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def call(self, url):
        self.process.stdin.write(url + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        """(exit code, all that it said besides)."""
        out, err = self.process.communicate(timeout=RUN_S)
        return self.process.returncode, out + err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("integrators")


@pytest.fixture(params=LANGUAGES)
def start(request, folder):
    """Starts the program of a language: start(token_url, ca, client_id, secret)."""
    if shutil.which(TOOLS[request.param]) is None:
        pytest.skip(f"here is no {TOOLS[request.param]}")
    running = []

    def begin(token_url, ca="/etc/ssl/certs/ca-certificates.crt", client_id="ward-1",
              secret=SECRET):
        file = folder / "secret"
        file.write_text(secret + "\n")
        words, more = LANGUAGES[request.param](ca, folder)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "NODE_OPTIONS")
                if name in os.environ}
        running.append(Program(words, {**kept, **more, "TOKEN_URL": token_url,
                                       "CLIENT_ID": client_id, "SECRET_FILE": str(file)}))
        return running[-1]

    yield begin
    for program in running:
        program.process.kill()
        program.process.communicate()


# A scripted issuer, and the API that takes its tokens.

class Script(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing."""

    def answer(self, status, body=b"{}", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        form = urllib.parse.parse_qs(
            self.rfile.read(int(self.headers["Content-Length"])).decode())
        script = self.server
        script.asked.append(form)
        if script.moved and self.path == "/token":
            return self.answer(307, Location=f"{script.url}/elsewhere")
        if form.get("client_secret") != [SECRET]:
            return self.answer(401, b'{"error":"invalid_client"}')
        token = f"token-{len(script.asked)}"
        script.ends[token] = time.monotonic() + script.life_s
        return self.answer(200, json.dumps({
            "token_type": "Bearer", "access_token": token, "refresh_token": None,
            "expires_in": script.life_s, "scope": "a"}).encode())

    def do_GET(self):
        script = self.server
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        script.seen.append(token)
        if self.path == "/plain":
            return self.answer(401, WWW_Authenticate='Bearer realm="a"')
        refused = self.path == "/never" or (self.path == "/first" and token == "token-1")
        if refused or script.ends.get(token, 0) <= time.monotonic():
            return self.answer(401, WWW_Authenticate='Bearer realm="a", error="invalid_token"')
        return self.answer(200)


class Scripted(http.server.ThreadingHTTPServer):
    """`asked` are the forms of token requests, `seen` the tokens that calls came with."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Script)
        self.asked, self.seen, self.ends = [], [], {}
        self.life_s, self.moved = 300, False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture()
def scripted():
    server = Scripted()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.max_seconds(400)
def test_caller_uses_one_token_of_our_issuer_for_its_calls(house, echo, start):
    client = house.onboard("By hand", "results", "results.read")
    program = start(f"{house.issuer}/oauth/token", house.ca, client.id, client.secret)
    url = f"{house.base()}/results/1"
    assert [program.call(url) for _ in range(3)] == ["200"] * 3, program.end()
    ids = {value for seen in echo.seen for name, value in seen["headers"]
           if name == "Caregate-Token-Id"}
    assert len(echo.seen) == 3 and len(ids) == 1
    assert program.end() == (0, "")


def test_caller_sends_what_is_asked_for_and_no_more(scripted, start):
    program = start(f"{scripted.url}/token")
    assert program.call(f"{scripted.url}/api") == "200", program.end()
    assert scripted.asked == [{"grant_type": ["client_credentials"], "client_id": ["ward-1"],
                               "client_secret": [SECRET]}]


def test_caller_renews_a_token_ahead_of_its_end(scripted, start):
    """The token of 2 s is renewed after 1.6 s, and none that has ended is sent."""
    scripted.life_s = 2
    program = start(f"{scripted.url}/token")
    assert program.call(f"{scripted.url}/api") == "200", program.end()
    time.sleep(1.7)
    assert program.call(f"{scripted.url}/api") == "200"
    assert scripted.seen == ["token-1", "token-2"]


def test_caller_calls_once_more_where_its_token_is_refused(scripted, start):
    program = start(f"{scripted.url}/token")
    assert program.call(f"{scripted.url}/first") == "200", program.end()
    assert scripted.seen == ["token-1", "token-2"]
    assert program.call(f"{scripted.url}/never") == "401"
    assert scripted.seen[2:] == ["token-2", "token-3"]


def test_caller_repeats_no_call_that_was_refused_for_another_reason(scripted, start):
    program = start(f"{scripted.url}/token")
    assert program.call(f"{scripted.url}/plain") == "401", program.end()
    assert scripted.seen == ["token-1"]


def test_caller_ends_without_a_token_and_keeps_its_secret(scripted, start):
    program = start(f"{scripted.url}/token", secret="cgs_wrong")
    assert program.call(f"{scripted.url}/api") == ""
    code, said = program.end()
    assert code != 0
    assert "no token" in said and "invalid_client" in said
    assert "cgs_wrong" not in said
    assert len(scripted.asked) == 1 and scripted.seen == []


def test_caller_takes_its_secret_to_no_other_address(scripted, start):
    scripted.moved = True
    program = start(f"{scripted.url}/token")
    assert program.call(f"{scripted.url}/api") == ""
    assert program.end()[0] != 0
    assert len(scripted.asked) == 1
