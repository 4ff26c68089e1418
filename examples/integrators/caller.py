#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls each URL that it reads from standard input, and writes the status that came back. With
requests; REQUESTS_CA_BUNDLE=ca.pem for a development certificate."""
import os
import sys
import threading
import time

import requests


class Tokens:
    """One token at a time, for all threads."""

    def __init__(self, url, client_id, secret):
        self.url = url
        self.form = {"grant_type": "client_credentials",
                     "client_id": client_id, "client_secret": secret}
        self.lock, self.token, self.renew_at = threading.Lock(), None, 0.0

    def get(self, refused=None):
        """A good token, and not the one that an API refused."""
        with self.lock:
            if self.token in (None, refused) or time.monotonic() >= self.renew_at:
                asked = time.monotonic()
                answer = requests.post(self.url, data=self.form, timeout=10,
                                       allow_redirects=False)
                if answer.status_code != 200:
                    raise RuntimeError(f"no token: {answer.status_code} {answer.text}")
                body = answer.json()
                life = body["expires_in"]
                self.token, self.renew_at = body["access_token"], asked + life - min(30, life / 5)
            return self.token


def call(tokens, method, url, **options):
    """One request, once more when the token was refused."""
    def send(token):
        return requests.request(method, url, timeout=30, allow_redirects=False, **options,
                                headers={"Authorization": f"Bearer {token}"})
    token = tokens.get()
    answer = send(token)
    if 'error="invalid_token"' in answer.headers.get("WWW-Authenticate", ""):
        answer = send(tokens.get(refused=token))
    return answer


def main():
    with open(os.environ["SECRET_FILE"], encoding="ascii") as file:
        secret = file.read().strip()
    tokens = Tokens(os.environ["TOKEN_URL"], os.environ["CLIENT_ID"], secret)
    for line in iter(sys.stdin.readline, ""):
        print(call(tokens, "GET", line.strip()).status_code, flush=True)


main()
