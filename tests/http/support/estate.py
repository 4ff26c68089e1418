# SPDX-License-Identifier: Apache-2.0
"""Houses of each profile, and somebody with a certificate that they trust."""
from . import certificates
from .house import House
from .wait import wait_until

SUBJECT = (("C", "GB"), ("O", "Example Trust"), ("CN", "batch"))
DN = "CN=batch,O=Example Trust,C=GB"


def signing_key(house):
    """The kid of the one that signs."""
    return next(key["kid"] for key in house.cli("key", "list") if key["state"] == "active" and
                key["realm"] == house.realm)


class Estate:
    """A house for each profile, which asks for certificates on a port of its own."""

    def __init__(self, echo, fhir, folder):
        self.echo, self.fhir, self.folder = echo, fhir, folder
        self.authority = certificates.make(("CN", "Clients' authority"), is_ca=True)
        self.holder = certificates.make(*SUBJECT, signer=self.authority)
        self.files = certificates.write(self.holder, folder, "batch")
        self.houses = {}

    def house(self, profile):
        if profile not in self.houses:
            own = self.houses[profile] = House(mtls=True)
            certificates.trust(own, self.authority)
            own.cli("realm", "set", own.realm, "--profile", profile)
            own.furnish(self.echo.url, self.fhir.url)
            kid = own.cli("key", "rotate", "--now")["kid"]
            own.start()
            wait_until(lambda: signing_key(own) == kid, 20, "the key of the profile's algorithm")
        return self.houses[profile]

    def close(self):
        for own in self.houses.values():
            own.close()

    @staticmethod
    def mtls_url(house, path):
        """Where certificates are asked for."""
        return f"https://localhost:{house.mtls_port}{path}"

    @staticmethod
    def enrol_by_certificate(house):
        """A client that `files` prove, with bound tokens."""
        client = house.onboard("Batch", "results", "results.read")
        house.cli("client", "set", client.id, "--auth", "tls_client_auth", "--bind", "mtls")
        house.cli("client", "key", "add", "--client", client.id, "--tls-subject", DN)
        return client
