# SPDX-License-Identifier: Apache-2.0
"""A realm that signs with one algorithm after another."""
import json
import time

from jwcrypto.jws import JWS

from .forge import Forge, jwk_of
from .form import claims, header

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
TAKEOVER_S = 15.0


class Walk:
    """A realm that went from RS256 through the others, with a token of each key."""

    def __init__(self, house):
        self.house = house
        self.refused = []
        self.client = house.onboard("Walker", "results", "results.read")
        self.tokens = {"RS256": house.token(self.client)}
        self.said = {}
        for alg in ALGORITHMS[1:]:
            self.said[alg] = house.run("realm", "set", house.realm, "--alg", alg).err
            self.step(alg)
        self.kids = {alg: header(token)["kid"] for alg, token in self.tokens.items()}
        self.keys = {alg: Forge(house.dir, house.realm, kid) for alg, kid in self.kids.items()}

    def step(self, alg):
        """To the next algorithm, asking for tokens and using all the while."""
        self.house.cli("key", "rotate", "--now")
        deadline = time.monotonic() + TAKEOVER_S
        while alg not in self.tokens:
            assert time.monotonic() < deadline, f"no key of {alg} signs"
            fresh = self.house.token(self.client)
            if header(fresh)["alg"] == alg:
                self.tokens[alg] = fresh
            self.refused += [header(token) for token in (*self.tokens.values(), fresh)
                             if self.house.gate("/results/1", token).status_code != 200]

    def key_set(self):
        return self.house.request("GET", f"{self.house.realm}/oauth/jwks").json()

    def forged(self, signer, said=None, **changes):
        """The claims of a true token, or others, signed by the realm's key of an algorithm, under a
        header that is changed."""
        forged = JWS(json.dumps(said or claims(self.tokens[signer])))
        forged.allowed_algs = ["RS256", "RS384", "PS256", "PS512", "ES256", "EdDSA"]
        given = {**header(self.tokens[signer]), **changes}
        forged.add_signature(jwk_of(self.keys[signer].key), None, json.dumps(given))
        return forged.serialize(compact=True)
