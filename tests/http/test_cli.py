# SPDX-License-Identifier: Apache-2.0
"""The command line as people and scripts meet it: help, exit codes, JSON, files and owners."""
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from support.house import House, build, environment
from support.ports import free_pair

NOUNS = ["init", "serve", "reload", "stop", "check", "realm", "api", "org", "client", "upstream",
         "agreement", "secret", "key", "token", "audit", "apply", "export", "explain"]
ALONE = ["init", "serve", "reload", "stop", "check", "apply", "export", "explain"]
VERBS = ["realm add", "realm list", "realm show", "realm set", "realm mtls-url", "api add",
         "api list", "api show", "api retire", "api protect", "org add", "org list", "client add",
         "client list", "client show", "client suspend", "client resume", "client retire",
         "client upstream add", "client upstream list", "client upstream remove", "upstream add",
         "upstream list", "upstream show", "upstream set", "upstream retire", "agreement request",
         "agreement approve", "agreement refuse", "agreement withdraw", "agreement limit",
         "agreement list", "secret issue", "secret rotate", "secret list", "secret revoke",
         "key list", "key rotate", "key retire", "key reseal", "token request", "token decode",
         "token verify", "token revoke", "audit list", "audit export", "audit verify",
         "audit prune", *ALONE]


def plain(*words, **more):
    """caregate without a data folder."""
    return subprocess.run([str(build() / "cli" / "caregate"), *words], capture_output=True,
                          text=True, timeout=60, check=False, env=environment(), **more)


@pytest.fixture(scope="module")
def still(echo_shared):
    """A furnished house that does not run."""
    house = House()
    try:
        yield house.furnish(echo_shared.url, echo_shared.url)
    finally:
        house.close()


@pytest.fixture()
def folder():
    """Where an unprivileged user can get to."""
    import pathlib
    import tempfile

    path = pathlib.Path(tempfile.mkdtemp(prefix="caregate-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_help_lists_every_command_of_the_contract():
    done = plain("help")
    assert done.returncode == 0 and done.stderr == ""
    for verb in VERBS:
        assert re.search(rf"^  {verb}\b", done.stdout, re.M), verb


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_command_shows_usage_options_and_an_example(verb):
    done = plain("help", *verb.split())
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"usage: caregate {verb}")
    assert "example:" in done.stdout
    assert done.stdout == plain(*verb.split(), "--help").stdout


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun not in ALONE])
def test_help_of_a_noun_lists_its_verbs(noun):
    done = plain("help", noun)
    assert done.returncode == 0
    for verb in VERBS:
        if verb.startswith(noun + " "):
            assert verb in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_no_option_takes_a_secret(verb):
    """A secret on a command line is in the shell's history and in everybody's list of processes."""
    options = re.findall(r"^  --([a-z-]+)", plain("help", *verb.split()).stdout, re.M)
    assert not [name for name in options if re.search("secret|password|token$|key$", name)
                and name not in ("secret-file", "token")], options


@pytest.mark.parametrize("words", [["--secret", "cgs_hush"], ["--secret=cgs_hush"],
                                   ["--password", "cgs_hush"], ["--password=cgs_hush"]])
def test_secret_given_as_an_option_is_refused_and_not_echoed(still, words):
    refused = still.run("token", "request", "--issuer", still.issuer, "--client", "x", *words)
    assert refused.code == 2
    assert words[0].partition("=")[0] in refused.err
    assert "cgs_hush" not in refused.err + refused.out


WRONG_USAGE = [
    pytest.param([], id="nothing"),
    pytest.param(["frob"], id="unknown-noun"),
    pytest.param(["client"], id="noun-without-verb"),
    pytest.param(["client", "frob"], id="unknown-verb"),
    pytest.param(["client", "list", "--bogus"], id="unknown-option"),
    pytest.param(["--bogus", "client", "list"], id="unknown-global-option"),
    pytest.param(["client", "add", "--org", "RX809"], id="missing-option"),
    pytest.param(["client", "add", "--org", "RX809", "--na", "x"], id="half-an-option"),
    pytest.param(["client", "add", "--org"], id="missing-value"),
    pytest.param(["client", "show"], id="missing-argument"),
    pytest.param(["client", "show", "a", "b"], id="one-argument-too-many"),
    pytest.param(["client", "add", "--org", "A", "--org", "B", "--name", "x"], id="twice"),
    pytest.param(["api", "add", "x", "--audience", "https://x.example", "--scope", "x",
                  "--approvals", "many"], id="no-number"),
    pytest.param(["realm", "set", "/vlive/hpca"], id="nothing-to-change"),
    pytest.param(["realm", "mtls-url", "http://care.example"], id="certificates-without-tls"),
    pytest.param(["realm", "mtls-url", "https://care.example/x"], id="origin-with-a-path"),
    pytest.param(["realm", "mtls-url", "care.example:8445"], id="origin-without-a-scheme"),
    pytest.param(["realm", "set", "/vlive/hpca", "--token-life", "86401"], id="life-over-a-day"),
    pytest.param(["realm", "set", "/vlive/hpca", "--token-life", "0"], id="no-life"),
    pytest.param(["realm", "set", "/vlive/hpca", "--token-response", "odd"], id="unknown-shape"),
    pytest.param(["agreement", "approve", "agr_aaaaaaaaaaaa"], id="nobody-decides"),
    pytest.param(["api", "protect", "results", "--at", "results", "--upstream",
                  "http://127.0.0.1:1"], id="place-without-slashes"),
    pytest.param(["api", "protect", "results", "--at", "/x/", "--upstream", "ftp://a"],
                 id="upstream-of-another-scheme"),
    pytest.param(["api", "protect", "results", "--at", "/x/;evil", "--upstream",
                  "http://127.0.0.1:1"], id="place-with-a-semicolon"),
    pytest.param(["api", "protect", "results", "--at", "/x/", "--upstream",
                  "http://127.0.0.1:1/;}"], id="upstream-with-a-brace"),
]


@pytest.mark.parametrize("words", WRONG_USAGE)
def test_wrong_usage_ends_with_2_and_one_word_of_what_is_right(still, words):
    done = still.run(*words, json=False)
    assert done.code == 2, done
    assert done.out == ""
    assert done.err.startswith(("caregate", "usage")), done.err


REFUSED = [
    pytest.param(["client", "show", "nobody"], id="not-there"),
    pytest.param(["org", "add", "RX809", "--name", "Again"], id="conflict"),
    pytest.param(["api", "protect", "results", "--at", "/other/", "--upstream",
                  "http://127.0.0.1:1"], id="protected-already"),
    pytest.param(["api", "protect", "documents", "--at", "/d/", "--upstream", "http://127.0.0.1:1",
                  "--replace", "--require", "results.read"], id="rule-that-no-token-can-meet"),
    pytest.param(["api", "protect", "documents", "--at", "/d/", "--upstream", "http://127.0.0.1:1",
                  "--replace", "--require", "GET,FETCH=documents.read"], id="method-of-no-rule"),
    pytest.param(["api", "protect", "results", "--at", "/vlive/hpca/", "--upstream",
                  "http://127.0.0.1:1", "--replace"], id="place-of-the-issuer"),
    pytest.param(["api", "protect", "results", "--at", "/vlive/hpca/oauth/token/", "--upstream",
                  "http://127.0.0.1:1", "--replace"], id="place-of-the-token-endpoint"),
    pytest.param(["reload"], id="reload-of-nothing"),
    pytest.param(["stop"], id="stop-of-nothing"),
    pytest.param(["--dir", "/nowhere/at/all", "client", "list"], id="no-data-folder"),
]


@pytest.mark.parametrize("words", REFUSED)
def test_refusal_ends_with_1_and_a_reason_on_standard_error(still, words):
    done = still.run(*words, json=False)
    assert done.code == 1, done
    assert done.out == ""
    assert done.err.startswith("caregate ")


LISTS = ["realm list", "api list", "org list", "client list", "agreement list", "secret list",
         "key list", "audit list"]


@pytest.mark.parametrize("verb", LISTS)
def test_lists_are_arrays_of_objects_with_the_same_members(still, verb):
    found = still.cli(*verb.split())
    assert isinstance(found, list)
    if verb != "audit list":
        assert len({tuple(row) for row in found}) <= 1
    done = still.run(*verb.split())
    assert done.out.endswith("\n") and done.out.count("\n") == 1


def test_results_go_to_standard_output_and_talk_to_standard_error(still):
    done = still.run("client", "add", "--org", "RX809", "--name", "Talk", json=True)
    assert set(json.loads(done.out)) == {"client_id"}
    done = still.run("agreement", "request", "--client", done.json["client_id"], "--api", "results",
                     "--scope", "results.read", "--purpose", "direct_care")
    assert set(json.loads(done.out)) == {"agreement_id", "state"}
    assert "next:" in done.err


def test_folder_comes_from_the_environment_when_no_option_names_it(still):
    command = [str(build() / "cli" / "caregate"), "--json", "realm", "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True,
                          env=environment(CAREGATE_DIR=str(still.dir)))
    assert json.loads(done.stdout)[0]["realm"] == still.realm


def test_life_of_more_than_an_hour_is_set_with_a_warning(still):
    done = still.run("client", "add", "--org", "RX809", "--name", "Long", "--token-life", "7200")
    assert done.code == 0
    assert "warning" in done.err


def test_names_of_several_scripts_are_kept(still):
    names = ["Ysbyty Gwynedd — Ŵy", "病院", "Ward \"7\" 'B' \\ <b>", "O’Neill & Söhne"]
    for name in names:
        made = still.cli("client", "add", "--org", "RX809", "--name", name)
        assert still.cli("client", "show", made["client_id"])["name"] == name


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "", " x", "x" * 5000, "\t"],
                         ids=["line-feed", "escape", "empty", "blank-first", "endless", "tab"])
def test_names_that_could_forge_a_line_are_refused(still, name):
    done = still.run("client", "add", "--org", "RX809", "--name", name)
    assert done.code in (1, 2)
    assert "\x1b" not in done.err


# init


def init(path, *words, **more):
    port = free_pair()
    return plain("--dir", str(path), "--json", "init", "--listen", f"127.0.0.1:{port}", *words,
                 **more)


def test_init_makes_a_folder_that_only_its_owner_reads(folder):
    done = init(folder / "data")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert set(made) == {"dir", "realm", "issuer", "listen", "status", "trust"}
    data = folder / "data"
    owner = data.stat().st_uid
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("master.key", "registry.db", "audit.db", "tls/server.key", "nginx.conf"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
        assert (data / name).stat().st_uid == owner
    if os.getuid() == 0:
        assert owner != 0, "run as root, it belongs to an unprivileged user"
    assert (data / "tls" / "ca.pem").is_file()


def test_init_leaves_a_folder_that_is_there_as_it_is(folder):
    data = folder / "data"
    data.mkdir()
    (data / "mine").write_text("mine")
    done = init(data)
    assert done.returncode == 1
    assert [path.name for path in data.iterdir()] == ["mine"]
    assert init(folder / "new").returncode == 0
    key = (folder / "new" / "master.key").read_bytes()
    assert init(folder / "new").returncode == 1
    assert (folder / "new" / "master.key").read_bytes() == key


@pytest.mark.parametrize("words", [
    ["--realm", "vlive"], ["--realm", "/Vlive"], ["--realm", "/a//b"], ["--realm", "/a/../b"],
    ["--listen", "8443"], ["--listen", "127.0.0.1:0"], ["--listen", "127.0.0.1:65536"],
    ["--url", "care.example"], ["--url", "https://care.example/path"], ["--url", "ftp://a"],
])
def test_init_refuses_a_wrong_value_before_it_makes_anything(folder, words):
    done = plain("--dir", str(folder / "data"), *(words if words[0] == "--realm" else []), "init",
                 *(words if words[0] != "--realm" else []))
    assert done.returncode == 2, done
    assert words[0] in done.stderr
    assert not (folder / "data").exists()


def test_configuration_made_by_init_is_short_commented_and_accepted_by_nginx(still):
    text = (still.dir / "nginx.conf").read_text()
    assert len(text.splitlines()) < 100
    assert text.count("#") >= 8
    assert still.test_conf().code == 0


def test_certificate_of_init_is_for_this_machine_and_signed_by_its_own_authority(still):
    tls = still.dir / "tls"
    done = subprocess.run(["openssl", "verify", "-CAfile", str(tls / "ca.pem"), "-verify_hostname",
                           "localhost", str(tls / "server.pem")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(tls.glob("ca*key*")), "the authority's key is not kept"


# serve


def test_serve_runs_once_and_says_so_the_second_time(house):
    done = house.run("serve", json=False)
    assert done.code == 1
    assert "runs already" in done.err


def test_serve_says_where_tokens_are_issued(house):
    assert f"{house.issuer}/oauth/token" in house.log()


def test_serve_stops_by_command_and_ends_well(own_house):
    own_house.cli("stop", json=False)
    assert own_house.server.wait(20) == 0
    own_house.server = None


def test_serve_refuses_a_configuration_that_nginx_refuses(make_house):
    house = make_house(start=False)
    house.edit("caregate_store", "caregate_stoer")
    done = house.run("serve", json=False)
    assert done.code == 1
    assert "nginx.conf" in done.err and "caregate_stoer" in done.err


def test_reload_of_a_refused_configuration_leaves_the_old_one_running(own_house):
    house = own_house
    client = house.onboard("Still served", "results", "results.read")
    house.edit("caregate_store", "caregate_stoer")
    assert house.cli("reload", ok=False).code == 1
    assert house.token_response(client).status_code == 200


def test_secret_is_in_no_process_list(house):
    client = house.onboard("Hidden", "results", "results.read")
    started = subprocess.Popen(
        [str(build() / "cli" / "caregate"), "--dir", str(house.dir), "token", "request",
         "--issuer", house.issuer, "--client", client.id, "--ca-file", str(house.ca)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
    line = open(f"/proc/{started.pid}/cmdline", "rb").read()
    answer, _ = started.communicate(client.secret, timeout=30)
    assert client.secret.encode() not in line
    assert json.loads(answer)["token_type"] == "Bearer"


def test_two_people_may_on_board_at_once(still):
    """Commands that write wait for each other; none is lost."""
    commands = [[str(build() / "cli" / "caregate"), "--dir", str(still.dir), "--json", "client",
                 "add", "--org", "RX809", "--name", f"At once {number}"] for number in range(8)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
               for command in commands]
    made = [json.loads(process.communicate(timeout=60)[0])["client_id"] for process in running]
    assert len(set(made)) == 8
    assert set(made) <= {row["client_id"] for row in still.cli("client", "list")}
    assert still.cli("audit", "verify")["verified"] is True
