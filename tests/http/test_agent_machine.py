# SPDX-License-Identifier: Apache-2.0
"""`caregate agent init` and `serve`, with our own issuer and gate, by each kind of credential."""
import re
import shutil

import pytest
from support import certificates
from support.agent_machine import AgentMachine
from support.assertion import KeyClient, make_key
from support.wait import wait_until


@pytest.fixture
def make_agent(house):
    made = []

    def make(client=None, **options):
        client = client or house.onboard("Agent", "results", "results.read results.write")
        agent = AgentMachine(house, client, **options)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.close()


def test_an_agent_is_made_and_attaches_tokens(make_agent, echo):
    agent = make_agent().start()
    assert agent.made["profile"] == "record"
    answer = agent.call("/record/x?y=1", "POST", data=b"a letter")
    assert answer.status_code == 200
    seen = echo.seen[-1]
    assert seen["method"] == "POST" and seen["length"] == 8
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert headers["caregate-client-id"] == agent.client.id
    assert "authorization" not in headers
    for _ in range(20):
        assert agent.call().status_code == 200
    assert 'caregate_agent_tokens_total{profile="record"} 1' in agent.metrics()
    assert agent.call("/other").status_code == 404


def test_a_revoked_token_is_replaced_and_the_call_repeated(house, make_agent, echo):
    agent = make_agent().start()
    assert agent.call().status_code == 200
    house.cli("client", "suspend", agent.client.id)
    wait_until(lambda: agent.call().status_code in (401, 502), 10, "a refusal")
    house.cli("client", "resume", agent.client.id)
    wait_until(lambda: agent.call().status_code == 200, 70, "a new token")
    assert 'caregate_agent_tokens_rejected_total{profile="record"}' in agent.metrics()


def test_the_folder_of_an_agent_is_checked(make_agent):
    agent = make_agent()
    found = agent.run("check")
    assert found.code == 0, found.out + found.err
    (agent.dir / "agent.secret").chmod(0o644)
    found = agent.run("check")
    assert found.code == 1 and "agent.secret" in found.out


def test_a_page_whose_name_leads_here_finds_nothing(make_agent):
    agent = make_agent().start()
    assert agent.call(headers={"Host": f"evil.example:{agent.port}"}).status_code == 421
    assert agent.call(headers={"Host": f"localhost:{agent.port}"}).status_code == 200


@pytest.mark.parametrize("change, said", [
    ({"--token-url": "http://id.example/token"}, "--token-url"),
    ({"--upstream": "http://api.example/"}, "--upstream"),
    ({"--upstream": "https://api.example/?x"}, "--upstream"),
    ({"--at": "record"}, "--at"),
    ({"--at": "/a;b/"}, "--at"),
    ({"--listen": "8700"}, "--listen"),
    ({"--client": "a$b"}, "--client"),
    ({"PROFILE": "A b"}, "PROFILE"),
])
def test_what_cannot_be_is_refused_before_anything_is_made(house, change, said):
    secret = house.home / "agent-secret"
    secret.write_text("x\n")
    secret.chmod(0o600)
    words = {"--token-url": "https://id.example/token", "--client": "ward", "--secret-file": secret,
             "--at": "/record/", "--upstream": "https://api.example/"} | change
    profile = words.pop("PROFILE", "record")
    folder = house.home / "refused-agent"
    given = [str(word) for pair in words.items() for word in pair]
    done = house.run("--dir", folder, "agent", "init", profile, *given)
    assert done.code == 2 and said in done.err, done.err
    assert not folder.exists()


def test_a_secret_is_needed_and_never_an_argument(house):
    done = house.run("--dir", house.home / "none", "agent", "init", "record", "--token-url",
                     "https://id.example/token", "--client", "ward", "--at", "/record/",
                     "--upstream", "https://api.example/")
    assert done.code == 2 and "--secret-file" in done.err
    assert "--secret " not in house.run("help", "agent", "init", json=False).out


def test_the_example_of_serve_is_how_an_agent_is_run(house):
    assert "caregate --dir agent agent serve" in house.run("help", "agent", "serve", json=False).out


# Other credentials.

def test_an_agent_proves_itself_by_a_key(house, make_agent, echo):
    key = make_key("ES256", "agent-1")
    client = house.onboard("Agent by key", "results", "results.read")
    KeyClient(house, client, key).add_keys(key)
    house.cli("client", "set", client.id, "--auth", "private_key_jwt")
    pem = key.export_to_pem(private_key=True, password=None).decode()
    agent = make_agent(client=client, credential=("--key-file", pem))
    agent.edit("key_file ", "kid agent-1;\n        key_file ")
    assert agent.start().call().status_code == 200
    assert "BEGIN" not in agent.log()
    assert agent.run("check").code == 0


def test_an_agent_proves_possession_for_each_call(house, make_agent, echo):
    client = house.onboard("Agent with proofs", "results", "results.read results.write",
                           options=["--bind", "dpop"])
    agent = make_agent(client=client)
    base = f"base={house.base()}/results/"
    # A call that waited for more than the nonce would outlast the caller.
    agent.edit("        # Tokens go nowhere else,\n", "        dpop on;\n        timeout 30s;\n")
    agent.edit("caregate_attach record;", f"caregate_attach record {base};")
    agent.start()
    for path in ("/record/x", "/record/x?y=1", "/record/a%20b", "/record/a%2Fb", "/record/%C3%A9"):
        answer = agent.call(path)
        assert answer.status_code == 200, (path, answer.text, answer.headers)
        assert "DPoP-Nonce" not in answer.headers
    assert agent.call("/record/x", "POST", data=b"z" * 20000).status_code == 200
    headers = {name.lower(): value for name, value in echo.seen[-1]["headers"]}
    assert headers["caregate-client-id"] == client.id
    assert 'caregate_agent_tokens_total{profile="record"} 1' in agent.metrics()
    log = (agent.dir / "logs/access.log").read_text()
    # The first brought the nonce. Where localhost has two addresses, nobody listens at one.
    assert re.search(r"upstream=(502, )?401( :|,) 200", log)
    assert log.count("401") == 1


@pytest.mark.parametrize("base", ["", "base=", "base=api.example/", "base=https://api.example",
                                  "base=https://api.example/?x=/", "other=https://api.example/"])
def test_proofs_need_to_know_how_the_api_is_called(make_agent, base):
    agent = make_agent()
    agent.edit("        # Tokens go nowhere else,\n", "        dpop on;\n")
    agent.edit("caregate_attach record;", f"caregate_attach record {base};")
    done = agent.test_conf()
    assert done.code != 0 and "base" in done.err


def test_an_agent_proves_itself_by_a_certificate(make_house, tmp_path, echo):
    own = make_house(mtls=True, start=False)
    authority = certificates.make(("CN", "Authority"), is_ca=True)
    holder = certificates.make(("CN", "agent"), signer=authority, dns=["agent.example"])
    certificates.trust(own, authority)
    own.start()
    client = own.onboard("Agent by certificate", "results", "results.read")
    own.cli("client", "key", "add", "--client", client.id, "--tls-san-dns", "agent.example")
    own.cli("client", "set", client.id, "--auth", "tls_client_auth")
    agent = AgentMachine(own, client)
    try:
        certificate, key = certificates.write(holder, agent.home, "agent")
        for path in (certificate, key):
            shutil.chown(path, agent.owner())
        agent.edit(f'"{own.issuer}/oauth/token"',
                   f'"https://localhost:{own.mtls_port}{own.realm}/oauth/token"')
        agent.edit(f'secret_file "{agent.dir}/agent.secret";',
                   f'certificate_file "{certificate}";\n certificate_key_file "{key}";')
        assert agent.start().call().status_code == 200
    finally:
        agent.close()
