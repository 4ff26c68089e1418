# SPDX-License-Identifier: Apache-2.0
"""Identity providers: oidc-provider of npm, signed in to by its own pages, and one made by hand
whose ID tokens look like those of NHS login."""
import base64
import hashlib
import html
import json
import re
import secrets
import subprocess
import time
import urllib.parse

import requests
from jwcrypto import jws

from . import process
from .assertion import make_key
from .key_server import make_certificate
from .ports import free_pair
from .wait import wait_until

FORM = re.compile(r'action="([^"]+)"')
REDIRECT_URI = "https://ward.example/callback"
STEPS = 12  # redirects and forms between "sign in" and the code


def challenge_of(verifier):
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Provider:
    """`issuer` is its URL, `ca` what to trust, `audience` the client's id there."""

    audience = "ward-app"

    def __init__(self, node, folder, alg="RS256"):
        self.pem, self.ca = make_certificate(folder, "provider")
        self.secret = secrets.token_hex(16)
        port = free_pair()
        self.host = f"127.0.0.1:{port}"
        self.issuer = f"https://{self.host}"
        question = {"port": port, "pem": str(self.pem), "client_id": self.audience,
                    "client_secret": self.secret, "redirect_uri": REDIRECT_URI, "alg": alg}
        self.log = folder / "provider.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["node", str(node / "provider.mjs"), json.dumps(question)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: b"ready" in self.log.read_bytes() or self.process.poll() is not None,
                   30, "a provider that listens")
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")

    def close(self):
        process.end(self.process)

    def metadata(self):
        url = self.issuer + "/.well-known/openid-configuration"
        return requests.get(url, verify=str(self.ca), timeout=20).json()

    def _submit(self, http, page):
        """Sends a page's form: the name, where it asks for one, or consent."""
        action = html.unescape(FORM.search(page.text).group(1))
        asks = 'name="login"' in page.text
        fields = ({"prompt": "login", "login": self.person, "password": "any"} if asks
                  else {"prompt": "consent"})
        return http.post(action, data=fields, allow_redirects=False, timeout=20)

    def sign_in(self, person="ann"):
        """The ID token of a person who signed in, by the authorisation code flow."""
        self.person = person
        http = requests.Session()
        http.verify, http.trust_env = str(self.ca), False
        known = self.metadata()
        verifier, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(8)
        answer = http.get(known["authorization_endpoint"], allow_redirects=False, timeout=20, params={
            "client_id": self.audience, "redirect_uri": REDIRECT_URI, "response_type": "code",
            "scope": "openid", "state": "s", "nonce": nonce,
            "code_challenge": challenge_of(verifier), "code_challenge_method": "S256"})
        for _ in range(STEPS):
            to = answer.headers.get("Location", "")
            if to.startswith(REDIRECT_URI):
                break
            answer = (http.get(urllib.parse.urljoin(self.issuer, to), allow_redirects=False,
                               timeout=20) if to else self._submit(http, answer))
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(to).query)["code"][0]
        token = http.post(known["token_endpoint"], auth=(self.audience, self.secret), timeout=20,
                          data={"grant_type": "authorization_code", "code": code,
                                "redirect_uri": REDIRECT_URI, "code_verifier": verifier})
        assert token.status_code == 200, token.text
        return token.json()["id_token"]


class NhsLogin:
    """Makes ID tokens as NHS login does (RS512, vot, vtm). Nobody signs in."""

    issuer = "https://auth.login.example"
    audience = "ward-app"

    def __init__(self):
        self.key = make_key("RS512", "login-1")

    def claims(self, **changed):
        now = int(time.time())
        made = {"iss": self.issuer, "sub": secrets.token_hex(16), "aud": self.audience,
                "exp": now + 3600, "iat": now, "jti": secrets.token_hex(16), "nonce": "n",
                "auth_time": now - 5, "vot": "P9.Cp.Cd", "token_use": "id",
                "vtm": f"{self.issuer}/trustmark/auth.login.example",
                "identity_proofing_level": "P9", **changed}
        return {name: value for name, value in made.items() if value is not None}

    def id_token(self, claims=None, key=None, **header):
        key = key or self.key
        named = {"alg": "RS512", "typ": "JWT", "kid": key["kid"], **header}
        named = {name: value for name, value in named.items() if value is not None}
        token = jws.JWS(json.dumps(claims if claims is not None else self.claims()))
        token.allowed_algs = [named["alg"]]
        token.add_signature(key, None, json.dumps(named))
        return token.serialize(compact=True)
