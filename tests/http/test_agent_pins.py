# SPDX-License-Identifier: Apache-2.0
"""The agent: where a token may go, who may have one attached, and that nobody gets to see it."""
import ctypes
import json
import os
import pathlib
import pwd
import subprocess
import sys

import pytest
from support.agent import Scene
from support.odd_api import OddApi
from support.wait import wait_until

CALL_BY_SOCKET = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
link = socket.socket(socket.AF_UNIX)
link.settimeout(20)
link.connect(sys.argv[1])
link.sendall(b"GET /record/x HTTP/1.0\\r\\nHost: agent\\r\\n\\r\\n")
print(link.recv(65536).split(b" ")[1].decode())
"""


# What nginx -t refuses.

def fault(scene, upstream=None, **changed):
    """What `nginx -t` says of a changed configuration."""
    if upstream is not None:
        changed["upstream"] = upstream
    scene.agent.parts |= changed
    done = scene.agent.test_conf()
    assert done.code != 0, "nginx takes it"
    assert "nginx.conf:" in done.err, done.err
    return done.err


def lines(scene, *more, without=()):
    return [line for line in scene.agent.parts["profile"]
            if line.split()[0] not in without] + list(more)


@pytest.fixture(scope="module")
def still():
    """A scene whose configurations are read but not run."""
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture
def idle(still):
    before = dict(still.agent.parts)
    yield still
    still.agent.parts = before


def test_the_scenes_configuration_is_taken(idle):
    assert idle.agent.test_conf().code == 0


VERIFIED = "proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;"


@pytest.mark.parametrize("upstream, location, http, said", [
    ("http://$host/", "resolver 127.0.0.1;", "", "without variables"),
    ("http://192.0.2.7:8080/", "", "", "in the clear"),
    ("http://127.0.0.1:9/", "", "", "do not let a token go"),
    ("https://localhost/", "", "", "proxy_ssl_verify on"),
    ("https://localhost/", VERIFIED, "", "do not let a token go"),
    ("https://localhost/", VERIFIED + "proxy_ssl_name $host;", "", "without variables"),
    ("http://group/", "", "upstream group { server 192.0.2.7; }", "in the clear"),
    ("http://group/", "", "upstream group { server 127.0.0.1:9; server 192.0.2.7; }",
     "in the clear"),
    ("http://group/", "", "upstream group { server 127.0.0.1:9; }", "do not let a token go"),
    ("http://group/", "", "upstream group { server localhost:{api}; server 127.0.0.1:9; }",
     "do not let a token go"),
    (None, "fastcgi_pass 127.0.0.1:9;", "", "passes requests on"),
    (None, "proxy_pass_request_headers off;", "", "proxy_pass_request_headers on"),
    (None, "caregate_attach record;", "", "given twice"),
    (None, "error_log logs/debug.log debug;", "", "written to the log"),
    (None, "error_log logs/debug.log debug_http;", "", "written to the log"),
    (None, "", "error_log logs/debug.log debug;", "written to the log"),
    (None, "if ($args) { proxy_pass http://127.0.0.1:9; }", "", "do not let a token go"),
    (None, "limit_except GET { proxy_pass http://127.0.0.1:9; }", "", "do not let a token go"),
])
def test_a_place_that_a_token_must_not_go_to_is_refused(idle, upstream, location, http, said):
    http = http.replace("{api}", str(idle.api.port))
    assert said in fault(idle, upstream, location=location, http=http)


def test_a_debugged_connection_is_refused(idle):
    assert "written to the log" in fault(idle, events="debug_connection 127.0.0.1;")


@pytest.mark.parametrize("upstream, location, http, destination", [
    ("https://localhost/", VERIFIED, "", "https://localhost"),
    ("https://LOCALHOST:444/", VERIFIED, "", "https://localhost:444"),
    ("https://127.0.0.1:444/", VERIFIED + "proxy_ssl_name api.example;", "",
     "https://api.example:444"),
    ("https://group/", VERIFIED + "proxy_ssl_name api.example;",
     "upstream group { server 192.0.2.7:443; server 192.0.2.8:443; }", "https://api.example"),
    ("http://group/", "", "upstream group { server 127.0.0.1:9; server [::1]:9; }",
     "http://127.0.0.1:9 http://[::1]:9"),
    ("http://unix:/run/api.sock:/", "", "", "http://unix:/run/api.sock"),
    ("http://localhost:9/", "", "", "http://127.0.0.1:8 http://localhost:9"),
])
def test_a_place_that_it_may_go_to_is_taken(idle, upstream, location, http, destination):
    idle.agent.parts |= {"upstream": upstream, "location": location, "http": http,
                         "profile": lines(idle, f"destinations {destination}",
                                          without=["destinations"])}
    done = idle.agent.test_conf()
    assert done.code == 0, done.err


@pytest.mark.parametrize("destination", ["ftp://x", "https://", "https://a/b", "https://a:0",
                                         "https://a:99999", "https://a b;x", "api.example",
                                         "https://user@host", "https://host?"])
def test_a_destination_is_scheme_host_and_port_alone(idle, destination):
    assert '"destinations" in "caregate_profile"' in fault(
        idle, profile=lines(idle, f'destinations "{destination}"', without=["destinations"]))


@pytest.mark.parametrize("without, more, said", [
    (["token_url"], [], 'needs "token_url"'),
    (["client_id"], [], 'needs "client_id"'),
    (["destinations"], [], 'needs "destinations"'),
    (["secret_file"], [], "by what the client proves itself"),
    ([], ["client_id other"], "given twice"),
    ([], ["colour red"], 'no setting "colour"'),
    ([], ["scope"], "number of values"),
    ([], ["scope a b"], "number of values"),
    ([], ["secret_method none"], "no such method"),
    ([], ["kid one"], "go with key_file"),
    ([], ["dpop maybe"], "neither on nor off"),
    ([], ["timeout 1h"], "too long"),
    ([], ["allow 300.1.1.1"], "no address"),
    ([], ["allow 10.0.0.1/8"], "no address"),
    ([], ["allow_user nobody-of-this-name"], "no such user"),
    ([], ["certificate_file nginx.conf"], "half of a certificate"),
    ([], ["ca_file nowhere.pem"], "cannot be read"),
    (["token_url"], ["token_url http://id.example/token"], "https"),
    (["token_url"], ["token_url ftp://id.example/token"], "https"),
    (["secret_file"], ["secret_file nowhere"], "cannot be opened"),
    (["secret_file"], ["secret_file credential:ward"], "CREDENTIALS_DIRECTORY"),
    (["secret_file"], ["secret_file keyring:not-there"], '"secret_file" in "caregate_profile"'),
    (["secret_file"], ["key_file secret"], "key"),
])
def test_a_profile_that_cannot_be_is_refused_with_its_place(idle, without, more, said):
    assert said in fault(idle, profile=lines(idle, *more, without=without))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_could_read_is_refused(idle, mode):
    path = idle.agent.put("open-secret", "x\n", mode)
    assert "chmod 0600" in fault(
        idle, profile=lines(idle, f"secret_file {path}", without=["secret_file"]))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_secret_of_another_user_is_refused(idle):
    path = idle.agent.put("strange-secret", "x\n")
    os.chown(path, 12345, 12345)
    assert "of another user" in fault(
        idle, profile=lines(idle, f"secret_file {path}", without=["secret_file"]))


def test_a_profile_that_is_not_there_cannot_be_attached(idle):
    assert "no such profile" in fault(
        idle, server="location /other/ { caregate_attach other; proxy_pass http://127.0.0.1:9; }")


def test_the_agent_does_not_stand_where_the_gate_does(idle):
    assert "location of its own" in fault(
        idle, location="caregate_api documents realm=/vlive/hpca;")


def test_a_secret_comes_from_systemds_credentials(make_agent_scene, monkeypatch):
    scene = make_agent_scene(start=False)
    folder = scene.agent.home / "credentials"
    folder.mkdir()
    scene.agent.put("credentials/ward", "secret-of-systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    scene.agent.parts["profile"] = lines(scene, "secret_file credential:ward",
                                         without=["secret_file"])
    scene.start()
    assert scene.agent.call().status_code == 200
    assert scene.issuer.seen[0][0]["client_secret"] == "secret-of-systemd"


ADD_KEY, SESSION_KEYRING = 248, -3  # of x86-64; add_key(2)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the call has another number")
def test_a_secret_comes_from_the_kernels_keyring(make_agent_scene):
    secret = b"secret-of-the-kernel"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ADD_KEY, b"user", b"ward-of-test", secret, len(secret), SESSION_KEYRING) < 0:
        pytest.skip(f"no keyrings here: {os.strerror(ctypes.get_errno())}")
    scene = make_agent_scene(start=False)
    scene.agent.parts["profile"] = lines(scene, "secret_file keyring:ward-of-test",
                                         without=["secret_file"])
    scene.start()
    assert scene.agent.call().status_code == 200
    assert scene.issuer.seen[0][0]["client_secret"] == secret.decode()


# While it runs.

def jumps(other):
    return f"""
        location /leave/ {{ proxy_pass {other}; }}
        location @named {{ proxy_pass {other}; }}
        location /mirror {{ internal; proxy_pass {other}; }}
        location /static/ {{ return 200 "[$http_authorization]"; }}
    """


@pytest.fixture
def odd():
    api = OddApi()
    yield api
    api.close()


def authorization(api):
    return [value for one in api.seen for name, value in one["headers"]
            if name.lower() in ("authorization", "dpop")]


@pytest.mark.parametrize("location, reply", [
    ("", (200, [("X-Accel-Redirect", "/leave/x")], b"")),
    ("error_page 500 = @named; proxy_intercept_errors on;", (500, [], b"")),
    ("error_page 500 = /leave/x; proxy_intercept_errors on;", (500, [], b"")),
    ("mirror /mirror;", None),
    ("rewrite ^/record/(.*)$ /leave/$1 last;", None),
    ("auth_request /mirror;", None),
    ("post_action @named;", None),
], ids=["accel", "named", "error page", "mirror", "rewrite", "auth_request", "post_action"])
def test_a_token_does_not_go_along_to_another_location(make_agent_scene, odd, location, reply):
    scene = make_agent_scene(location=location, server=jumps(odd.url))
    scene.api.reply = reply
    scene.agent.call()
    scene.agent.call()
    wait_until(lambda: odd.seen, 20, "a call of the other place")
    assert authorization(odd) == []


def test_a_token_is_no_variable(make_agent_scene):
    scene = make_agent_scene(location='add_header X-Seen "[$http_authorization]" always;',
                       server=jumps("http://127.0.0.1:9"))
    scene.api.reply = (200, [("X-Accel-Redirect", "/static/x")], b"")
    assert scene.agent.call().text == "[]"
    scene.api.reply = None
    assert scene.agent.call().headers["X-Seen"] == "[]"


def test_the_variable_is_nginxs_own_where_nothing_is_attached(make_agent_scene):
    scene = make_agent_scene(server='location /plain { return 200 "[$http_authorization]"; }')
    assert scene.agent.call("/plain", headers={"Authorization": "Basic abc"}).text == "[Basic abc]"
    assert scene.agent.call("/plain").text == "[]"


def test_a_header_of_the_answer_does_not_give_the_token_back(make_agent_scene):
    scene = make_agent_scene()
    assert scene.agent.call().status_code == 200
    token = scene.issuer.given[0]
    scene.api.reply = (200, [("Authorization", f"Bearer {token}"), ("X-Debug", f"got {token}!"),
                             ("X-Other", "stays")], b"")
    answer = scene.agent.call()
    assert token not in str(answer.headers)
    assert answer.headers["X-Other"] == "stays"
    assert "gave the token back" in scene.agent.log()


def test_a_redirect_of_the_api_is_the_callers_to_follow(make_agent_scene, odd):
    scene = make_agent_scene()
    scene.api.reply = (302, [("Location", odd.url + "/x")], b"")
    assert scene.agent.call().status_code == 302
    assert not odd.seen


def test_nested_locations_attach_nothing_by_themselves(make_agent_scene, odd):
    scene = make_agent_scene(location=f"location /record/open/ {{ proxy_pass {odd.url}; }}")
    assert scene.agent.call("/record/open/x").status_code == 200
    assert authorization(odd) == []
    assert not scene.issuer.seen


def test_an_if_in_the_location_keeps_what_is_attached(make_agent_scene):
    scene = make_agent_scene(location='if ($arg_x) { set $caregate_test 1; }')
    assert scene.agent.call("/record/y?x=1").status_code == 200


# Who may call.

def test_other_machines_may_not_call_unless_they_are_allowed(make_agent_scene):
    scene = make_agent_scene(profile=["allow 192.0.2.1 10.0.0.0/8"])
    answer = scene.agent.call()
    assert answer.status_code == 403
    assert answer.json()["reason"] == "caller_not_allowed"
    assert not scene.issuer.seen and not scene.api.seen


def test_an_allowed_network_may_call(make_agent_scene):
    scene = make_agent_scene(profile=["allow 192.0.2.1", "allow 127.0.0.0/8"])
    assert scene.agent.call().status_code == 200
    assert scene.agent.call_by_socket() == 403


def socket_status(scene, user):
    done = subprocess.run([sys.executable, "-c", CALL_BY_SOCKET,
                           str(scene.agent.home / "agent.sock"), str(pwd.getpwnam(user).pw_uid)],
                          capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_by_a_unix_socket_only_allowed_users_may_call(make_agent_scene):
    scene = make_agent_scene(profile=["allow_user nobody daemon"])
    assert socket_status(scene, "nobody") == 200
    assert socket_status(scene, "daemon") == 200
    assert socket_status(scene, "mail") == 403
    assert socket_status(scene, "root") == 403
    assert scene.agent.call().status_code == 403


# Secrets.

def texts(scene, answers):
    """All that came out of a run, by name."""
    yield "answers", "\n".join(f"{one.headers} {one.text}" for one in answers)
    for path in scene.agent.home.rglob("*"):
        if path.is_file() and path.name != "secret":
            yield str(path), path.read_bytes().decode("latin-1")
    for pid in (scene.agent.process.pid, *scene.agent.workers()):
        for name in ("cmdline", "environ"):
            try:
                text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes().decode("latin-1")
            except PermissionError:  # what may not be dumped shows nothing to its own user
                assert os.geteuid() != 0
                continue
            yield f"{name} of {pid}", text


def test_no_secret_and_no_token_comes_out_of_the_agent(make_agent_scene):
    scene = make_agent_scene(location="proxy_connect_timeout 1s;")
    scene.api.reply = (200, [], b"a record")
    answers = [scene.agent.call()]
    good, scene.api.good = scene.api.good, ["none"]
    answers += [scene.agent.call(), scene.agent.call(method="POST", data=b"x")]
    scene.api.good = good
    scene.api.stop()
    answers += [scene.agent.call(), scene.agent.call("/record/%00")]
    token = scene.issuer.token()
    for told in ({"error": "invalid_client", "error_description": f"{scene.secret} {token}"},
                 {"access_token": f"{token} {scene.secret}", "token_type": "Bearer"}):
        scene.issuer.answer = lambda form, told=told: (
            400 if "error" in told else 200, [("Content-Type", "application/json")],
            json.dumps(told).encode())
        scene.agent.reload(main=f"# {told['token_type'] if 'token_type' in told else 'error'}",
                           profile=[line.replace("ward-1", f"ward-{len(told)}")
                                    for line in scene.agent.parts["profile"]])
        answers.append(scene.agent.call(headers={"Connection": "close"}))
    scene.issuer.stop()
    answers.append(scene.agent.call())
    assert {one.status_code for one in answers} >= {200, 401, 502}
    found = dict(texts(scene, answers))
    assert "issuer_" in found[str(scene.agent.home / "logs/access.log")]
    for name, text in found.items():
        assert scene.secret not in text, f"the secret stands in {name}"
        for one in scene.issuer.given:
            assert one not in text, f"a token stands in {name}"


def test_a_worker_with_tokens_leaves_no_core_dump_and_is_closed_to_its_user(make_agent_scene):
    scene = make_agent_scene()
    assert scene.agent.call().status_code == 200
    pid, = scene.agent.workers()
    with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
        line = next(one for one in limits if one.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]
    if os.geteuid() == 0:
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0  # dumpable ones are their user's
