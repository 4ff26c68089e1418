# SPDX-License-Identifier: Apache-2.0
"""The manual and the completion: made from the tables of the program, and each example runs."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

from support.house import House, build, environment
from support.ports import free_pair

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
TOOLS = DOCS.parent / "tools"
PAGES = ["caregate.1", "caregate.8", "caregate-nginx.5", "caregate-registry.5"]
CLIENT = "ward-system-7f3k9q2x"
SERVER = "documents-server-7f3k9q2x"
API = "documents.write"
# An operator's first day, which most examples begin after.
FIRST_DAY = """
caregate: 1
realms:
  - path: {realm}
    organisations: [{{ods: RX809, name: Example Trust}}]
    apis: [{{name: {api}, audience: "https://care.example/documents", scopes: [{api}]}}]
    clients:
      - {{id: {client}, organisation: RX809, name: Ward system,
         keys: [{{tls-san-dns: ward.example}}]}}
      - {{id: {server}, organisation: RX809, name: Documents server}}
    agreements: [{{client: {client}, api: {api}, scopes: [{api}], purpose: direct_care}}]
"""


def caregate(*words):
    return subprocess.run([str(build() / "cli" / "caregate"), *words], capture_output=True,
                          text=True, timeout=60, check=True, env=environment()).stdout


def commands():
    """Each command as `caregate help` lists it: "client key add"."""
    listed = re.findall(r"^  ([a-z][a-z -]*?)(?: [A-Z\[]\S*)*(?:  |$)", caregate("help"), re.M)
    return [words.strip() for words in listed]


def nouns():
    return sorted({words.split()[0] for words in commands()})


def example(command):
    found = re.search(r"^example:\n  (.*)$", caregate("help", *command.split()), re.M)
    return found and found[1]


def page(name):
    return pathlib.Path(os.environ["CAREGATE_BUILD"], "cli", name)


# The pages.

def shown(name):
    """A page as people see it, on lines as long as it takes; man may find no fault in it."""
    done = subprocess.run(["man", "--warnings", "--no-hyphenation", "--no-justification", "-E",
                           "UTF-8", "-P", "cat", "-l", str(page(name))], capture_output=True,
                          text=True, check=False, timeout=60,
                          env={"PATH": os.environ["PATH"], "MANWIDTH": "1000", "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return re.sub(".\b", "", done.stdout)


@pytest.mark.parametrize("name", PAGES + [f"caregate-{noun}.1" for noun in nouns()])
def test_page_is_made_and_man_finds_no_fault_in_it(name):
    assert "\nNAME\n" in shown(name)


@pytest.mark.parametrize("noun", nouns())
def test_page_of_a_noun_has_each_verb_with_its_options_and_example(noun):
    text = shown(f"caregate-{noun}.1")
    for command in [words for words in commands() if words.split()[0] == noun]:
        told = caregate("help", *command.split())
        assert f"caregate {command}" in text
        for option in re.findall(r"^  (--[a-z0-9-]+)", told, re.M):
            assert option in text, (command, option)
        assert example(command) in text


def test_page_of_the_directives_has_each_with_its_example():
    text = shown("caregate-nginx.5")
    for name in re.findall(r"^### `(caregate_\w+)`", (DOCS / "DIRECTIVES.md").read_text(), re.M):
        assert name in text


def test_install_puts_pages_and_completion_where_they_are_looked_for(tmp_path):
    subprocess.run([str(TOOLS / "install"), os.environ["CAREGATE_BUILD"], str(tmp_path)],
                   check=True, capture_output=True, timeout=60)
    share = tmp_path / "share"
    assert {path.name for path in (share / "man" / "man1").iterdir()} == {
        "caregate.1", *(f"caregate-{noun}.1" for noun in nouns())}
    assert (share / "man" / "man8" / "caregate.8").is_file()
    assert {path.name for path in (share / "man" / "man5").iterdir()} == {
        "caregate-nginx.5", "caregate-registry.5"}
    assert (share / "bash-completion" / "completions" / "caregate.bash").is_file()


# Completion.

def completed(*words):
    """What bash offers for the last of the words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _caregate; ' \
             'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-u", "-c", script, "bash", str(page("caregate.bash")),
                           "caregate", *words], capture_output=True, text=True, check=True,
                          timeout=60, cwd="/")
    assert done.stderr == "", done.stderr
    return set(done.stdout.split())


def test_completion_is_bound_to_the_command():
    done = subprocess.run(["bash", "-c", f'source "{page("caregate.bash")}"; complete -p caregate'],
                          capture_output=True, text=True, check=True)
    assert "-F _caregate caregate" in done.stdout


def test_completion_offers_nouns_and_verbs():
    assert completed("") == {"help", *nouns()}
    assert completed("re") == {noun for noun in nouns() if noun.startswith("re")}
    assert completed("help", "cli") == {"client"}
    for noun in nouns():
        verbs = {words.split()[1] for words in commands()
                 if words.split()[0] == noun and len(words.split()) > 1}
        if verbs:
            assert completed(noun, "") == verbs


def test_completion_offers_second_words_of_verbs():
    assert completed("client", "key", "") == {"add", "list", "revoke"}
    assert completed("--dir", "client", "client", "upstream", "r") == {"remove"}


@pytest.mark.parametrize("command", commands())
def test_completion_offers_each_option(command):
    told = caregate("help", *command.split())
    options = set(re.findall(r"^  (--[a-z0-9-]+)", told, re.M))
    every = {"--dir", "--json", "--realm", "--help", "--version"}
    assert completed(*command.split(), "--") == options | every
    assert completed("--realm", "/x", *command.split(), "--js") == {"--json"}


def test_completion_offers_files_where_a_value_is_one():
    assert completed("apply", "--file", "/usr/sha") == {"/usr/share"}
    assert completed("apply", "-f", "/usr/sha") == {"/usr/share"}
    assert completed("agreement", "approve", "x", "--by", "") == set()
    assert completed("agreement", "approve", "x", "--by", "y", "--w") == {"--why"}


# Examples of commands.

class Day:
    """A house at which examples are run, and what they need first."""

    def __init__(self, house):
        self.house = house
        self.port = free_pair()
        house.add_to_http(f"server {{ listen 127.0.0.1:{self.port};\n"
                          f"location {house.realm}/ {{ caregate_issuer {house.realm}; }}\n"
                          f"location /plain/ {{ return 200 ok; }}\n"
                          f"location /api/ {{ caregate_api {API} realm={house.realm}; "
                          f"return 200 ok; }}\n}}")
        self.apply()
        house.start()
        self.secret = house.cli("secret", "issue", "--client", CLIENT)
        agreement = house.cli("agreement", "list", "--client", CLIENT)[0]["agreement_id"]
        house.cli("agreement", "approve", agreement, "--by", "Dr A")
        self.write("secret", self.secret["secret"])
        self.token()
        self.write("registry.yaml", house.cli("export", json=False))
        self.keys()

    def write(self, name, text):
        path = self.house.home / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def apply(self):
        house = self.house
        text = FIRST_DAY.format(realm=house.realm, api=API, client=CLIENT, server=SERVER)
        self.write("first-day.yaml", text)
        house.cli("apply", "-f", house.home / "first-day.yaml")

    def token(self):
        answer = self.house.request("POST", f"{self.house.realm}/oauth/token", data={
            "grant_type": "client_credentials", "client_id": CLIENT,
            "client_secret": self.secret["secret"]})
        assert answer.status_code == 200, answer.text
        self.write("response.json", answer.text)
        self.write("tokens", answer.json()["access_token"] + "\n")

    def keys(self):
        from jwcrypto import jwk

        key = jwk.JWK.generate(kty="EC", crv="P-256", kid="ward-1")
        self.write("public.jwks", json.dumps({"keys": [key.export_public(as_dict=True)]}))
        self.write("dpop.pem", key.export_to_pem(private_key=True, password=None).decode())

    def request(self):
        """A new agreement's id, requested."""
        return self.house.cli("agreement", "request", "--client", CLIENT, "--api", API,
                              "--scope", API, "--purpose", "direct_care")["agreement_id"]

    def agree(self):
        made = self.request()
        self.house.cli("agreement", "approve", made, "--by", "Dr A")
        return made

    def next_key(self):
        """The id of a signing key that does not sign yet."""
        self.house.run("key", "rotate")
        return next(key["kid"] for key in self.house.cli("key", "list")
                    if key["state"] == "announced")

    def exported(self):
        """An export of now, and a day before which all of it is."""
        self.house.run("audit", "export", self.house.home / "audit-now.jsonl", json=False)
        return {"audit-2026-01.jsonl": "audit-now.jsonl", "2026-01-01": "9999-01-01"}

    def upstream(self):
        self.house.run("upstream", "add", "nhs-login", "--kind", "nhs-login", "--issuer",
                       "https://auth.login.nhs.uk", "--jwks-uri",
                       "https://auth.login.nhs.uk/.well-known/jwks.json")

    def upstream_id(self):
        self.upstream()
        self.house.run("client", "upstream", "add", "--client", CLIENT, "--upstream", "nhs-login",
                       "--audience", "care-app")

    def key_id(self):
        return self.house.cli("client", "key", "add", "--client", CLIENT, "--tls-san-dns",
                              "other.example")["key_id"]

    def secret_id(self):
        return self.house.cli("secret", "issue", "--client", CLIENT)["secret_id"]

    def letters(self):
        """The folder of an agent, and one that waits for letters."""
        home = self.house.home
        (home / "letters").mkdir()
        made = self.house.run("--dir", home / "sender", "agent", "init", "record", "--token-url",
                              "https://id.example/token", "--client", "ward", "--secret-file",
                              home / "secret", "--at", "/record/", "--upstream",
                              "https://api.example/")
        assert made.code == 0, made.err
        return {"--dir agent": "--dir sender", "/var/spool/letters": "letters"}

    def suspend(self):
        self.house.run("client", "suspend", CLIENT)

# What an example needs first, and what stands in its place.
NEEDS = {
    "agreement approve": lambda day: {"agr_7f3k9q2xabcd": day.request()},
    "agreement refuse": lambda day: {"agr_7f3k9q2xabcd": day.request()},
    "agreement withdraw": lambda day: {"agr_7f3k9q2xabcd": day.agree()},
    "agreement limit": lambda day: {"agr_7f3k9q2xabcd": day.agree()},
    "agreement show": lambda day: {"agr_7f3k9q2xabcd": day.request()},
    "api add": lambda day: {API: "documents.list", "care.example/documents": "care.example/list"},
    "audit prune": lambda day: day.exported(),
    "batch": lambda day: day.letters(),
    "bench gate": lambda day: {"8080": str(day.port), "/plain/": "/plain/ --seconds 1"},
    "bench token": lambda day: {"8080": str(day.port), "-file secret": "-file secret --seconds 1"},
    "client key revoke": lambda day: {"key_7f3k9q2xabcd": day.key_id()},
    "client resume": lambda day: day.suspend(),
    "client upstream add": lambda day: day.upstream(),
    "client upstream remove": lambda day: day.upstream_id(),
    "init": lambda day: {"caregate init": "caregate --dir fresh init",
                         "8443": str(free_pair())},
    "key retire": lambda day: {"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs": day.next_key()},
    "org add": lambda day: {"RX809": "RX810"},
    "secret revoke": lambda day: {"sec_7f3k9q2xabcd": day.secret_id()},
    "token request": lambda day: {"https://localhost:8443": day.house.url,
                                  "caregate-data/tls/ca.pem": str(day.house.ca)},
    "upstream add": lambda day: {"nhs-login --kind": "nhs-app --kind",
                                 "auth.login.nhs.uk": "auth.app.nhs.uk"},
    "upstream retire": lambda day: day.upstream(),
    "upstream set": lambda day: day.upstream(),
    "upstream show": lambda day: day.upstream(),
}
# These run by themselves, or end what the others need.
LAST = ["client suspend", "client resume", "client set", "upstream retire", "client retire",
        "api retire", "key reseal", "realm add", "reload", "stop", "serve", "agent serve"]
ALONE = ("stop", "serve", "agent serve")


@pytest.fixture(scope="module")
def day(echo_shared):
    house = House()
    try:
        yield Day(house)
    finally:
        house.close()


def in_order():
    told = commands()
    return [words for words in told if words not in LAST] + [
        words for words in LAST if words in told and words not in ALONE]


def run_example(day, command):
    text = example(command)
    assert text, f"`caregate {command}` has no example"
    for place, value in (NEEDS.get(command, lambda day: None)(day) or {}).items():
        assert place in text, (place, text)
        text = text.replace(place, value)
    words = shlex.split(text)
    assert words[0] == "caregate"
    return subprocess.run([str(build() / "cli" / "caregate"), *words[1:]], cwd=day.house.home,
                          capture_output=True, text=True, check=False, timeout=60,
                          env=environment(CAREGATE_DIR=str(day.house.dir)))


@pytest.mark.parametrize("command", in_order())
def test_example_of_each_command_runs(day, command):
    done = run_example(day, command)
    assert done.returncode == 0, done.stderr + done.stdout


def test_examples_of_serve_and_stop_run(make_house):
    house = make_house(furnish=False, start=False)
    assert example("serve") == "caregate serve" and example("stop") == "caregate stop"
    house.start()
    house.cli("stop", json=False)
    assert house.server.wait(30) == 0
    house.server = None


# Examples of directives.

# What an example names that is elsewhere on a real machine; what goes with one alone.
FILES = {"/etc/caregate/master.key": "master.key", "/etc/caregate/pkcs11.pin": "pkcs11.pin",
         "tls/authorities.pem": "tls/ca.pem", "clients-ca.pem": "tls/ca.pem",
         "/etc/caregate/ward.secret": "gate.secret",
         "https://api.example.nhs.uk": "https://localhost"}
PAIRS = {"caregate_pkcs11_module": "caregate_pkcs11_pin pkcs11.pin;",
         "caregate_pkcs11_pin": "caregate_pkcs11_module /usr/lib/softhsm/libsofthsm2.so;"}
# A gate without a store has none of these beside it.
STORE = r"caregate_store|caregate_master_key|include realms"
LOCATION = "location /example/ {{ caregate_api documents realm=/vtest/page; {0} }}"


@pytest.fixture(scope="module")
def conf():
    """Takes an example and where it may stand, and says what `nginx -t` says of it."""
    house = House(realm="/vtest/page")
    for file in ("pkcs11.pin", "gate.secret"):
        (house.dir / file).write_text("1234\n")
        (house.dir / file).chmod(0o600)
        shutil.chown(house.dir / file, house.owner())
    original = (house.dir / "nginx.conf").read_text(encoding="utf-8")

    def judge(text, place, name):
        for path, there in FILES.items():
            text = text.replace(path, there)
        changed = original
        if place.startswith("http") and "{" not in text:
            for known in set(re.findall(r"^(caregate_\w+)", text, re.M)):
                changed = re.sub(rf"(?m)^ *{known} .*;$", "", changed)
            if name == "caregate_trust":
                changed = re.sub(rf"(?m)^ *(?:{STORE}).*;$", "", changed)
            text += PAIRS.get(name, "")
        elif "{" not in text:
            smart = "" if name == "caregate_fhir" else "caregate_fhir on; caregate_smart on; "
            text = LOCATION.format(smart + text)
        (house.dir / "nginx.conf").write_text(changed, encoding="utf-8")
        inside = "location" in text and "server {" not in text
        (house.add_to_server if inside else house.add_to_http)(text)
        return house.test_conf()

    yield judge
    house.close()


def sections():
    """Each directive of docs/DIRECTIVES.md with where it may stand and its examples."""
    text = (DOCS / "DIRECTIVES.md").read_text(encoding="utf-8")
    for part in re.split(r"^### ", text, flags=re.M)[1:]:
        part = part.split("\n## ")[0]
        name = re.match(r"`(caregate_\w+)`", part)
        if name:
            yield name[1], part


@pytest.mark.parametrize("name, text", sections(), ids=[name for name, _ in sections()])
def test_directive_has_an_example_that_nginx_takes(name, text, conf):
    examples = re.findall(r"```nginx\n(.*?)```", text, re.S)
    assert any(name in one for one in examples), f"{name} has no example"
    place = re.search(r"^\| Context \| (.*?) \|", text, re.M)[1]
    for one in examples:
        done = conf(one, place, name)
        assert done.code == 0, done.err
