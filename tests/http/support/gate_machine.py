# SPDX-License-Identifier: Apache-2.0
"""A gate on another machine: nginx without a store, whose keys and rules come from an issuer."""
import re
import shutil

import requests

from .house import Client, House
from .key_server import KeyServer
from .ports import free_pair
from .wait import wait_until


def add_gate(house, name="Gate", *options):
    """A client of the issuer's that is a gate, with a secret."""
    made = house.cli("client", "add", "--org", "RX809", "--name", name, "--grant", "gate",
                     *options)
    secret = house.cli("secret", "issue", "--client", made["client_id"])
    return Client(made["client_id"], secret["secret"], secret["secret_id"], [])


def ask_bundle(house, gate, **form):
    """The answer to a gate that asks for the bundle."""
    return house.request("POST", f"{house.realm}/oauth/gate-bundle", timeout=70,
                         data={"client_id": gate.id, "client_secret": gate.secret, **form})


class FalseIssuer(KeyServer):
    """Stands at the port of an issuer that was stopped, with its certificate."""

    def __init__(self, house):
        self.house = house
        self.certificate = house.home / "both.pem"
        self.certificate.write_text((house.dir / "tls" / "server.pem").read_text() +
                                    (house.dir / "tls" / "server.key").read_text())
        self.answers, self.seen, self.server, self.port = {}, [], None, house.port
        self.start()

    def answer(self, end, body):
        self.answers[f"{self.house.realm}/oauth/{end}"] = (200, {}, body.encode())


class GateMachine(House):
    """`issuer_house` is where its APIs are protected, too; `trust` more of the directive;
    `directives` more lines for http."""

    def __init__(self, issuer_house, gate, credential=None, issuer=None, directives=()):
        self.issuer_house = issuer_house
        self.gate_client = gate
        self.credential = credential
        self.trusted = issuer or issuer_house.issuer
        self.directives = directives
        super().__init__(realm=issuer_house.realm)

    def init(self):
        self.port = free_pair()
        secret = self.home / "secret"
        secret.write_text((self.gate_client.secret or "") + "\n", encoding="utf-8")
        secret.chmod(0o600)
        made = self.cli("init", "--trust", self.trusted, "--client", self.gate_client.id,
                        "--secret-file", secret, "--ca", self.issuer_house.ca,
                        "--listen", f"127.0.0.1:{self.port}")
        self.url = f"https://localhost:{self.port}"
        self.issuer, self.status = made["issuer"], made["status"]
        self.ca = self.dir / "tls" / "ca.pem"
        self.http.verify = str(self.ca)
        if self.credential:
            self.edit(f'"secret_file={self.dir}/gate.secret"', self.credential)
        self.add_to_http("".join(f"    {line};\n" for line in self.directives))
        for part in ("apis", "upstreams"):
            shutil.copytree(self.issuer_house.dir / part, self.dir / part, dirs_exist_ok=True)
        self.give_away()

    def directive(self):
        """`caregate_trust` as it stands in nginx.conf, and its words."""
        conf = (self.dir / "nginx.conf").read_text(encoding="utf-8")
        text = re.search(r"caregate_trust [^;]*;", conf).group()
        return text, [word.strip('"') for word in text.rstrip(";").split()[1:]]

    def give_away(self):
        for path in (self.dir, *self.dir.rglob("*")):
            shutil.chown(path, self.owner())

    @property
    def state(self):
        return self.dir / "state" / "bundle"

    def metric(self, name):
        """The value of a metric, None where it is not told."""
        page = requests.get(f"{self.status}/metrics", timeout=10).text
        found = re.search(rf"^{name} (\S+)$", page, re.MULTILINE)
        return float(found.group(1)) if found else None

    def status_of(self, token, path="/results/x"):
        return self.gate(path, token).status_code

    def wait_for(self, token, status, timeout_s=10.0):
        """Until the gate answers so."""
        wait_until(lambda: self.status_of(token) == status, timeout_s, f"{status} of the gate")
