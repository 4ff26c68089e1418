# SPDX-License-Identifier: Apache-2.0
"""The library as other people's programs have it: installed, found by pkg-config, and the examples
compiled against it and run."""
import json
import os
import pathlib
import re
import subprocess

import pytest
import requests

from support import process
from support.forge import Forge, claims_of
from support.house import environment
from support.ports import free_pair
from support.upstream import Echo
from support.wait import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ("client", "kept_token", "reason", "types", "verify")
AUDIENCE = "https://care.example/results"
WARNINGS = ("-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result")
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
REFUSED = 'Bearer error="invalid_token"'


class Tree:
    """An installation in a folder of its own."""

    def __init__(self, prefix):
        self.prefix = prefix
        subprocess.run([str(ROOT / "tools" / "install"), os.environ["CAREGATE_BUILD"],
                        str(prefix)], check=True, capture_output=True, timeout=60)
        self.pc = next(prefix.rglob("caregate.pc"))
        self.lib = self.pc.parents[1]

    def flags(self, *packages):
        done = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], check=True,
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PKG_CONFIG_PATH": str(self.pc.parent)})
        return done.stdout.split()

    def compile(self, source, *packages):
        program = self.prefix / source.stem
        subprocess.run(["gcc", *WARNINGS, "-o", str(program), str(source),
                        *self.flags("caregate", *packages)], check=True, timeout=60)
        return program

    def env(self, **more):
        return environment(LD_LIBRARY_PATH=str(self.lib), **more)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("installed") / "usr")


# What is installed.

def test_headers_library_and_manual_are_installed(tree):
    found = {path.relative_to(tree.prefix).as_posix() for path in tree.prefix.rglob("*")}
    assert {f"include/caregate/{name}.h" for name in HEADERS} == {
        name for name in found if name.startswith("include/") and name.endswith(".h")}
    pages = {*(f"caregate-{name}" for name in HEADERS), *exported_by_headers(tree)}
    assert {f"share/man/man3/{name}.3" for name in pages} == {
        name for name in found if re.fullmatch(r"share/man/man3/.*\.3", name)}
    assert (tree.lib / "libcaregate.so.0").resolve().is_file()
    assert (tree.lib / "libcaregate.so").resolve() == (tree.lib / "libcaregate.so.0").resolve()


def test_library_names_the_version_of_its_interface(tree):
    shown = subprocess.run(["readelf", "-d", str(tree.lib / "libcaregate.so")], check=True,
                           capture_output=True, text=True).stdout
    assert "soname: [libcaregate.so.0]" in shown


def exported_by_headers(tree):
    """The functions that the installed headers offer, inline ones but not among them."""
    names = set()
    for header in (tree.prefix / "include" / "caregate").iterdir():
        code = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.S)
        for statement in code.split(";"):
            if "CG_EXPORT" in statement and "#define CG_EXPORT" not in statement:
                names.add(re.findall(r"\b(cg_\w+)\(", statement)[0])
    return names


def test_library_shows_what_its_headers_offer_and_nothing_else(tree):
    shown = subprocess.run(["nm", "-D", "--defined-only", str(tree.lib / "libcaregate.so")],
                           check=True, capture_output=True, text=True).stdout
    symbols = {line.split()[-1] for line in shown.splitlines()}
    assert {name.split("@")[0] for name in symbols} - {"CAREGATE_0"} == exported_by_headers(tree)
    assert all(name.endswith("@@CAREGATE_0") for name in symbols if name != "CAREGATE_0")


@pytest.mark.parametrize("header", HEADERS)
def test_header_needs_no_other_before_it(tree, tmp_path, header):
    source = tmp_path / "alone.c"
    source.write_text(f"#include <caregate/{header}.h>\nint main(void) {{ return 0; }}\n")
    tree.compile(source)


def shown(page):
    """A page as people see it, on lines as long as it takes; man may find no fault in it."""
    done = subprocess.run(["man", "--warnings", "--no-hyphenation", "--no-justification", "-E",
                           "UTF-8", "-P", "cat", "-l", str(page)], capture_output=True, text=True,
                          check=True, timeout=60, env={"PATH": os.environ["PATH"],
                                                       "MANWIDTH": "1000", "LC_ALL": "C.UTF-8"})
    assert done.stderr == ""
    return re.sub(".\b", "", done.stdout)


@pytest.mark.parametrize("name, page", [
    ("cg_client_new", "caregate-client"), ("cg_token_verifier_check", "caregate-verify"),
    ("cg_reason_text", "caregate-reason"), ("cg_kept_token_look", "caregate-kept_token")])
def test_manual_finds_a_function_by_its_name(tree, name, page):
    done = subprocess.run(["man", "-M", str(tree.prefix / "share" / "man"), "-w", name],
                          capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip().endswith(f"/man3/{page}.3")


def test_manual_describes_every_function(tree):
    described = set()
    for header in HEADERS:
        text = shown(tree.prefix / "share" / "man" / "man3" / f"caregate-{header}.3")
        for section in re.split(r"^ {3}(?=\S)", text, flags=re.M)[1:]:
            names, _, body = section.partition("\n")
            if len(body.partition("\n\n")[2].split("\nSEE ALSO")[0].split()) > 0:
                described |= set(names.split(", "))
    assert exported_by_headers(tree) - described == set()


# The API server.

class Server:
    """The example's API server, running."""

    def __init__(self, tree, house, audience):
        self.port = free_pair()
        self.process = subprocess.Popen(
            [str(tree.compile(ROOT / "examples" / "c" / "api_server.c"))],
            env=tree.env(ISSUER=house.issuer, AUDIENCE=audience, SCOPE="results.read",
                         CA_FILE=str(house.ca), PORT=str(self.port)))
        wait_until(self.answers, what="the API server")

    def answers(self):
        try:
            return self.call(None) is not None
        except requests.ConnectionError:
            return False

    def call(self, token, **headers):
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return requests.get(f"http://127.0.0.1:{self.port}/", headers=headers, timeout=10)

    def close(self):
        process.end(self.process)


@pytest.fixture(scope="module")
def server(tree, house):
    running = Server(tree, house, AUDIENCE)
    yield running
    running.close()


@pytest.fixture(scope="module")
def caller(house):
    return house.onboard("Library's caller", ["results", "documents"],
                         ["results.read results.write", "documents.read"])


def test_api_server_answers_who_calls(house, server, caller):
    answer = server.call(house.token(caller))
    assert answer.status_code == 200
    assert answer.json() == {"client": caller.id, "organisation": "RX809"}


def spoiled(token):
    head, body, signature = token.split(".")
    return ".".join((head, body, ("A" if signature[0] != "A" else "B") + signature[1:]))


# What is done to a good token, and why it is refused then.
REFUSALS = {
    "tampered": (lambda house, token: spoiled(token), 401, "token_signature_invalid"),
    "expired": (lambda house, token: Forge(house.dir, house.realm).lasting(token, -1), 401,
                "token_expired"),
    "other audience": (lambda house, token: Forge(house.dir, house.realm).vary(
        token, aud=["https://care.example/else"] * len(claims_of(token)["aud"])), 401,
                       "token_audience_unknown"),
    "other issuer": (lambda house, token: Forge(house.dir, house.realm).vary(
        token, iss="https://care.example/else"), 401, "token_issuer_wrong"),
    "other scope": (lambda house, token: Forge(house.dir, house.realm).vary(
        token, scope="results.write"), 403, "scope_insufficient"),
    "narrowed": (lambda house, token: Forge(house.dir, house.realm).vary(
        token, authorization_details=[{"type": "caregate_documents", "locations": [AUDIENCE],
                                       "organisations": [f"{ODS}|RX809"]}]), 403,
                 "scope_insufficient"),
    "bound to a key": (lambda house, token: Forge(house.dir, house.realm).vary(
        token, cnf={"jkt": "A" * 43}), 401, "token_bound"),
    "no algorithm": (lambda house, token: Forge(house.dir, house.realm).vary(
        token, header={"alg": "none", "typ": "JWT"}), 401, "token_algorithm_refused"),
    "no token": (lambda house, token: "", 401, "token_malformed"),
}


@pytest.mark.parametrize("change", REFUSALS)
def test_api_server_refuses_what_is_not_good(house, server, caller, change):
    make, status, reason = REFUSALS[change]
    answer = server.call(make(house, house.token(caller)))
    assert (answer.status_code, answer.json()) == (status, {"reason": reason})
    error = "insufficient_scope" if status == 403 else "invalid_token"
    assert f'error="{error}"' in answer.headers["WWW-Authenticate"]


def test_api_server_asks_for_a_token(server):
    answer = server.call(None)
    assert (answer.status_code, answer.json()) == (401, {"reason": "token_missing"})
    assert "error" not in answer.headers["WWW-Authenticate"]


def test_api_server_lets_nobody_in_without_keys(tree, house, caller):
    """Its issuer cannot be proven: CA_FILE is another's."""
    class Away:
        issuer, ca = house.issuer, "/etc/ssl/certs/none.pem"

    running = Server(tree, Away, AUDIENCE)
    answer = running.call(house.token(caller))
    running.close()
    assert (answer.status_code, answer.json()) == (503, {"reason": "snapshot_missing"})


# The caller.

@pytest.fixture()
def secret(caller, tmp_path):
    file = tmp_path / "secret"
    file.write_text(caller.secret + "\n")
    file.chmod(0o600)
    return file


def in_c(tree):
    program = tree.compile(ROOT / "examples" / "c" / "call_api.c", "libcurl")
    return lambda urls: ([str(program), *urls], "")


def in_python(_):
    program = ROOT / "examples" / "python" / "call_api.py"
    return lambda urls: (["/usr/bin/python3", str(program)], "".join(url + "\n" for url in urls))


@pytest.fixture(params=[in_c, in_python])
def call(request, tree, house, caller, secret):
    """Runs an example of a calling system with URLs."""
    make = request.param(tree)

    def run(*urls, **more):
        words, given = make(urls)
        done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=60,
                              check=False, env=tree.env(**{
                                  "TOKEN_URL": f"{house.issuer}/oauth/token",
                                  "CLIENT_ID": caller.id, "SECRET_FILE": str(secret),
                                  "CA_FILE": str(house.ca), **more}))
        assert caller.secret not in done.stdout + done.stderr
        return done

    return run


def told(seen, name):
    """The values of a header in what an API saw."""
    return [value for one in seen for given, value in one["headers"] if given == name]


def test_caller_uses_one_token_for_all_its_calls(house, call, echo):
    url = f"{house.base()}/results/1"
    done = call(url, url, url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n200\n200\n", "")
    ids = told(echo.seen, "Caregate-Token-Id")
    assert len(ids) == 3 and len(set(ids)) == 1


def test_caller_gets_one_more_token_where_the_api_refuses_the_first(call):
    api = Echo()
    api.reply = (401, {"WWW-Authenticate": REFUSED}, b"")
    done = call(f"{api.url}/always")
    api.close()
    assert done.stdout == "401\n"
    tokens = told(api.seen, "Authorization")
    assert len(tokens) == 2 and len(set(tokens)) == 2


def test_caller_takes_no_secret_that_others_may_read(call, secret):
    secret.chmod(0o644)
    done = call("https://localhost:1/")
    assert done.returncode == 1
    assert "others" in done.stderr


def test_caller_says_why_it_has_no_token(call):
    done = call("https://localhost:1/", CLIENT_ID="nobody-1234")
    assert done.returncode == 1
    assert "no token" in done.stderr and "invalid_client" in done.stderr


# Python.

def test_python_checks_tokens_by_the_library(tree, house, caller):
    good = house.token(caller)
    done = subprocess.run(["/usr/bin/python3", str(ROOT / "examples/python/check_token.py")],
                          input="".join(token + "\n" for token in (good, spoiled(good), "x")),
                          capture_output=True, text=True, timeout=60, check=False,
                          env=tree.env(ISSUER=house.issuer, AUDIENCE=AUDIENCE,
                                       CA_FILE=str(house.ca)))
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    claims = claims_of(good)
    assert said[0] == {"client_id": caller.id, "organisation": "RX809", "subject": caller.id,
                       "actor": None, "scope": claims["scope"], "details": None,
                       "id": claims["jti"], "expires_s": claims["exp"]}
    assert said[1:] == [{"refused": "token_signature_invalid"}, {"refused": "token_malformed"}]
