# SPDX-License-Identifier: Apache-2.0
"""The registry as a file: what docs/REGISTRY.md shows is applied, and people still approve."""
import pathlib
import re

import pytest
import yaml

from support.house import Client, House

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "REGISTRY.md"
# A file with a key that there is not, at each place where a map stands; by its heading there.
PLACES = {
    "The file": "caregate: 1\nrealms: []\nodd: x\n",
    "A realm": "realms: [{path: /a, odd: x}]\n",
    "An organisation": "realms: [{organisations: [{odd: x}]}]\n",
    "An identity provider": "realms: [{upstreams: [{odd: x}]}]\n",
    "An API": "realms: [{apis: [{odd: x}]}]\n",
    "A client": "realms: [{clients: [{odd: x}]}]\n",
    "A key of a client": "realms: [{clients: [{keys: [{odd: x}]}]}]\n",
    "An id of a client at an identity provider":
        "realms: [{clients: [{upstreams: [{odd: x}]}]}]\n",
    "An agreement": "realms: [{agreements: [{odd: x}]}]\n",
}


@pytest.fixture(scope="module")
def still():
    """A house that does not run."""
    house = House()
    try:
        yield house
    finally:
        house.close()


def example():
    """The file that the documentation shows."""
    return re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)[1]


def apply(house, text, *options, **more):
    path = house.home / "registry.yaml"
    path.write_text(text, encoding="utf-8")
    return house.cli("apply", "-f", path, *options, **more)


def test_example_of_the_documentation_is_applied_and_then_nothing_is_left_to_do(still):
    made = apply(still, example())
    assert {row["change"] for row in made} == {"add", "change"}
    assert apply(still, example()) == []
    states = {row["client_id"]: row["state"] for row in still.cli("agreement", "list")}
    assert states == {"ward-system": "requested"}


def test_export_is_yaml_that_others_read_too(still):
    text = still.cli("export", json=False)
    assert yaml.safe_load(text) == still.cli("export")
    assert yaml.safe_load(text)["realms"][0]["path"] == still.realm
    assert apply(still, text) == []


@pytest.mark.parametrize("heading", PLACES)
def test_documentation_names_each_key(still, heading):
    refused = apply(still, PLACES[heading], ok=False)
    told = re.search(r'there is no key "odd" here: .*? has (.*)', refused.err)
    section = DOCS.read_text(encoding="utf-8").split(f"### {heading}\n")[1].split("\n#")[0]
    assert re.findall(r"^\| \**`([a-z-]+)`", section, re.M) == told[1].split(", "), refused.err


def test_applied_client_gets_a_token_once_people_approved(house):
    apply(house, f"""
caregate: 1
realms:
  - path: {house.realm}
    clients: [{{id: from-a-file, organisation: RX809, name: From a file}}]
    agreements:
      - {{client: from-a-file, api: results, scopes: [results.read], purpose: direct_care}}
""")
    secret = house.cli("secret", "issue", "--client", "from-a-file")
    client = Client("from-a-file", secret["secret"], secret["secret_id"], [])
    assert house.token_response(client).status_code >= 400
    agreement = house.cli("agreement", "list", "--client", "from-a-file")[0]
    house.cli("agreement", "approve", agreement["agreement_id"], "--by", "Dr Example")
    assert house.gate("/results/1", house.token(client)).status_code == 200


def test_realm_of_a_file_lives_after_reload_with_a_key_of_its_own(own_house):
    apply(own_house, "caregate: 1\nrealms: [{path: /vtest/file}]\n", "--dry-run")
    assert not list((own_house.dir / "realms").glob("*file*"))
    apply(own_house, "caregate: 1\nrealms: [{path: /vtest/file}]\n")
    own_house.reload()
    keys = own_house.request("GET", "/vtest/file/oauth/jwks")
    assert keys.status_code == 200 and len(keys.json()["keys"]) >= 1


def test_file_that_fails_late_leaves_no_realm_behind(still):
    text = "caregate: 1\nrealms:\n  - path: /vtest/late\n  - path: /vtest/late/x\n    alg: HS256\n"
    refused = apply(still, text, ok=False)
    assert "registry.yaml:4: realm /vtest/late/x: " in refused.err
    assert not list((still.dir / "realms").glob("*late*"))
    assert "/vtest/late" not in [row["realm"] for row in still.cli("realm", "list")]


def test_apply_reads_standard_input(still):
    done = still.run("apply", "-f", "-", stdin="caregate: 1\nrealms: []\nodd: x\n")
    assert done.code == 1 and "standard input:3: there is no key" in done.err


@pytest.mark.parametrize("line", [
    'apis: [{name: "a\\e[31m", audience: "https://a.example/b", scopes: [a]}]',
    'clients: [{id: "a\\e[31m", organisation: RX809, name: a}]'])
def test_what_a_file_says_does_not_reach_the_terminal(still, line):
    path = still.home / "registry.yaml"
    path.write_text(f"caregate: 1\nrealms:\n  - path: {still.realm}\n    {line}\n",
                    encoding="utf-8")
    done = still.run("apply", "-f", path, "--dry-run")
    assert done.code == 1 and "registry.yaml:4: " in done.err and "?[31m" in done.err, done
    assert "\x1b" not in done.err
