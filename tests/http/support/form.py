# SPDX-License-Identifier: Apache-2.0
"""Token requests in all shapes, and a look into the tokens, unverified."""
import base64
import json
import urllib.parse


def basic(client_id, secret):
    """An Authorization header of RFC 6749 §2.3.1."""
    pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def post(house, fields, headers=None, realm=None, path="/oauth/token"):
    """A form; `fields` is a dict, a list of pairs, or text as it goes over the wire."""
    given = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    return house.request("POST", (realm or house.realm) + path, data=fields, headers=given)


def token_request(house, client, headers=None, **more):
    """The documented request with further form fields; None leaves one out."""
    fields = {"grant_type": "client_credentials", "client_id": client.id,
              "client_secret": client.secret, **more}
    return post(house, {name: value for name, value in fields.items() if value is not None},
                headers)


def part(token, index):
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def header(token):
    return part(token, 0)


def claims(token):
    return part(token, 1)
