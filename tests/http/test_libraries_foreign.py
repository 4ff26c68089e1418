# SPDX-License-Identifier: Apache-2.0
"""Our tokens as libraries of other languages judge them, from Debian's packages: Perl's Crypt::JWT,
ruby-jwt, Go's golang-jwt, C's cjose. Each takes a good one of each algorithm that it knows, by our
published keys, and refuses one that is changed, over, or for somebody else."""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from support.form import claims
from support.house import House
from support.walk import ALGORITHMS, Walk

FOREIGN = pathlib.Path(__file__).resolve().parent / "foreign"
AUDIENCE = "https://care.example/results"
GO_LIBRARY = "/usr/share/gocode"


def build_c(folder):
    program = folder / "judge-c"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "cjose", "jansson"], check=True,
                           capture_output=True, text=True, timeout=60).stdout.split()
    subprocess.run(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-o", str(program),
                    str(FOREIGN / "judge.c"), *flags], check=True, timeout=60)
    return [str(program)]


def build_go(folder):
    """By Debian's compiler where it is there, with Debian's library; nothing is fetched."""
    compiler = "/usr/bin/go" if os.access("/usr/bin/go", os.X_OK) else shutil.which("go")
    program = folder / "judge-go"
    cache = pathlib.Path(os.environ["CAREGATE_BUILD"], "go-cache")
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GOPATH": GO_LIBRARY,
           "GOCACHE": str(cache), "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}
    subprocess.run([compiler, "build", "-o", str(program), str(FOREIGN / "judge.go")], check=True,
                   env=env, timeout=300)
    return [str(program)]


# What runs each, and what it does not know.
LIBRARIES = {
    "Crypt::JWT": (lambda folder: ["/usr/bin/perl", str(FOREIGN / "judge.pl")], ()),
    "ruby-jwt": (lambda folder: ["/usr/bin/ruby", str(FOREIGN / "judge.rb")], ()),
    "golang-jwt": (build_go, ()),
    "cjose": (build_c, ("EdDSA",)),
}
KNOWN = [(name, alg) for name, (_, lacks) in LIBRARIES.items() for alg in ALGORITHMS
         if alg not in lacks]


@pytest.fixture(scope="module")
def walk(echo_shared, fhir_api):
    house = House()
    try:
        yield Walk(house.furnish(echo_shared.url, fhir_api.url).start())
    finally:
        house.close()


@pytest.fixture(scope="module")
def judge(walk, tmp_path_factory):
    """Has a library judge a token: what it says the claims are, or None; and its error."""
    folder = tmp_path_factory.mktemp("foreign")
    commands = {}
    keys = walk.key_set()

    def ask(name, alg, token):
        if name not in commands:
            commands[name] = LIBRARIES[name][0](folder)
        question = {"token": token, "jwks": keys, "alg": alg, "issuer": walk.house.issuer,
                    "audience": AUDIENCE}
        done = subprocess.run(commands[name], input=json.dumps(question), capture_output=True,
                              text=True, timeout=60, check=False)
        return (json.loads(done.stdout) if done.returncode == 0 else None), done.stderr

    return ask


@pytest.mark.max_seconds(400)
@pytest.mark.parametrize("name, alg", KNOWN)
def test_library_takes_a_good_token(walk, judge, name, alg):
    said, error = judge(name, alg, walk.tokens[alg])
    assert said == claims(walk.tokens[alg]), error


def tampered(walk, alg):
    """The signature of one token under the claims of another."""
    other = walk.forged(alg, {**claims(walk.tokens[alg]), "scope": "results.write"})
    return ".".join([*other.split(".")[:2], walk.tokens[alg].split(".")[2]])


def changed(**changes):
    return lambda walk, alg: walk.forged(alg, {**claims(walk.tokens[alg]), **changes})


BAD = {
    "tampered": tampered,
    "expired": changed(exp=int(time.time()) - 60),
    "for another audience": changed(aud=["https://care.example/letters"]),
    "of another issuer": changed(iss="https://care.example/else"),
    "unsigned": lambda walk, alg: walk.tokens[alg].rpartition(".")[0] + ".",
}


@pytest.mark.max_seconds(400)
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name, alg", KNOWN)
def test_library_refuses_what_is_not_good(walk, judge, name, alg, bad):
    """The same question with a good token is answered, so that nothing else is amiss."""
    good = walk.forged(alg, claims(walk.tokens[alg]))
    assert judge(name, alg, good)[0] == claims(walk.tokens[alg])
    said, error = judge(name, alg, BAD[bad](walk, alg))
    assert said is None
    assert error.strip()


@pytest.mark.parametrize("name, alg", KNOWN)
def test_library_refuses_a_key_for_another_algorithm(walk, judge, name, alg):
    other = ALGORITHMS[(ALGORITHMS.index(alg) + 1) % len(ALGORITHMS)]
    assert judge(name, alg, walk.tokens[other])[0] is None
