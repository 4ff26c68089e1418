# SPDX-License-Identifier: Apache-2.0
"""The agent: callers that others wrote, many at once, and an issuer that others wrote."""
import re
import resource
import socket
import subprocess

import pytest
from support import process
from support.ports import free_pair
from test_client_library import Authority

CALLERS = {
    "curl": ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d", "a=b"],
    "node": ["node", "-e", "fetch(process.argv[1], {method: 'POST', body: 'a=b'})"
                           ".then(answer => console.log(answer.status))"],
}
MANY = 1100


@pytest.mark.parametrize("caller", CALLERS)
def test_programs_of_others_call_without_a_token(make_agent_scene, caller):
    scene = make_agent_scene()
    done = subprocess.run([*CALLERS[caller], scene.agent.url + "/record/x"], capture_output=True,
                          text=True, timeout=60, check=True)
    assert done.stdout.strip() == "200"
    seen, = scene.api.seen
    assert seen["body"] == b"a=b" and seen["authorization"] == [f"Bearer {scene.issuer.given[0]}"]


def raise_open_files():
    """A session of a user may have 1024 open at first, here and in what is started here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def loaded(make_agent_scene, **options):
    """A scene whose API is nginx itself, for more calls at once than Python serves."""
    port = free_pair()
    raise_open_files()
    scene = make_agent_scene(start=False, http=(
        f"server {{ listen 127.0.0.1:{port} backlog=4096; access_log off; return 200 ok; }}"),
        **options)
    scene.agent.parts["upstream"] = f"http://127.0.0.1:{port}/"
    scene.agent.parts["profile"] = [
        line if not line.startswith("destinations") else f"destinations http://127.0.0.1:{port}"
        for line in scene.agent.parts["profile"]]
    return scene.start()


def test_a_thousand_connections_share_one_token(make_agent_scene):
    scene = loaded(make_agent_scene, workers=2)
    done = subprocess.run(["wrk", "-t1", "-c1000", "-d3s", "--timeout", "20s",
                           scene.agent.url + "/record/x"], capture_output=True, text=True,
                          timeout=90, check=True)
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    assert int(re.search(r"(\d+) requests in", done.stdout).group(1)) >= 1000
    assert len(scene.issuer.seen) == 1


def test_more_calls_than_may_wait_are_told_so(make_agent_scene):
    scene = loaded(make_agent_scene)
    scene.issuer.wait_s = 3
    links = [socket.create_connection(("127.0.0.1", scene.agent.port)) for _ in range(MANY)]
    try:
        for link in links:
            link.settimeout(30)
            link.sendall(b"GET /record/x HTTP/1.0\r\nHost: agent\r\n\r\n")
        answers = [link.makefile("rb").read() for link in links]
    finally:
        for link in links:
            link.close()
    good = [one for one in answers if one.startswith(b"HTTP/1.1 200 ")]
    full = [one for one in answers if b'"reason":"token_wait_full"' in one]
    assert len(good) == 1024 and len(full) == MANY - 1024
    assert all(b"\r\nRetry-After: 1\r\n" in one for one in full)
    assert len(scene.issuer.seen) == 1


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_the_issuer_may_be_anothers(make_agent_scene, node, tmp_path, method):
    authority = Authority(node, tmp_path)
    try:
        scene = make_agent_scene(start=False)
        scene.api.lets_in = lambda authorization: authorization.startswith("Bearer eyJ")
        scene.agent.put("secret", authority.secret + "\n")
        scene.agent.put("ca.pem", authority.ca.read_text(encoding="ascii"), 0o644)
        scene.agent.parts["profile"] = [
            f"token_url {authority.token_url}", f"client_id {method}", "secret_file secret",
            f"secret_method {method}", "scope results.read", "ca_file ca.pem",
            f"destinations {scene.api.url}"]
        scene.start()
        for _ in range(3):
            assert scene.agent.call().status_code == 200, scene.agent.log()
        assert len({one["authorization"][0] for one in scene.api.seen}) == 1
    finally:
        process.end(authority.process)
