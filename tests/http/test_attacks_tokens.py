# SPDX-License-Identifier: Apache-2.0
"""Tokens as attackers make them, at the gate. The classes are those of RFC 8725 §2 and §3, of the
JSON Web Token attacks that libraries fell to, and of RFC 9068 §4."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.forge import (b64, claims_of, header_of, hs256, other_key, part, rs256, unb64)
from support.grounds import Grounds

LOCATIONS = "        location /api/ { %(gate)s proxy_pass %(api)s; }\n"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Craft:
    """The grounds with what an attacker has: a token, the public key, a key of their own."""

    def __init__(self):
        self.grounds = Grounds(LOCATIONS).start()
        self.forge = self.grounds.forge
        self.token = self.grounds.token
        self.claims = claims_of(self.token)
        self.header, self.payload, self.signature = self.token.split(".")
        self.key = other_key()
        self.jwk = json.loads(self.forge.jwk)
        numbers = self.key.public_key().public_numbers()
        self.own_jwk = {"kty": "RSA", "alg": "RS256", "kid": self.forge.kid,
                        "n": b64(numbers.n.to_bytes(256, "big")), "e": "AQAB"}

    def public_forms(self):
        """What libraries have used as an HMAC secret when they took it for one."""
        pem = self.forge.public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        yield from {
            "pem": pem, "pem_stripped": pem.strip(), "pem_one_line": pem.replace(b"\n", b""),
            "pem_crlf": pem.replace(b"\n", b"\r\n"),
            "pkcs1_pem": self.forge.public(Encoding.PEM, PublicFormat.PKCS1),
            "der": self.forge.public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "pkcs1_der": self.forge.public(Encoding.DER, PublicFormat.PKCS1),
            "ssh": self.forge.public(Encoding.OpenSSH, PublicFormat.OpenSSH),
            "n": unb64(self.jwk["n"]), "n_text": self.jwk["n"].encode(),
            "jwk": self.forge.jwk.encode(), "empty": b"", "kid": self.forge.kid.encode(),
            "zeros": b"\0" * 32}.items()

    def hmac(self, secret, **header):
        data = f"{part({'alg': 'HS256', **header})}.{part(self.claims)}"
        return f"{data}.{b64(hs256(secret, data.encode()))}"

    def own(self, **header):
        """Signed with the attacker's key."""
        return self.forge.sign(self.claims, self.forge.header(**header), self.key)

    def true(self, **header):
        """Signed with the realm's key: only the header is wrong."""
        return self.forge.sign(self.claims, self.forge.header(**header))

    def text(self, payload):
        """A payload as it stands, truly signed."""
        return self.forge.sign(payload)


@pytest.fixture(scope="module")
def craft():
    made = Craft()
    yield made
    made.grounds.close()


def assert_refused(craft, token, reasons):
    before = len(craft.grounds.api.seen)
    answer = craft.grounds.ask("/api/x", token)
    assert answer.status == 401, (token, answer)
    assert 'error="invalid_token"' in answer.header("WWW-Authenticate")
    assert answer.json()["reason"] in reasons.split(), answer
    assert len(craft.grounds.api.seen) == before
    assert craft.grounds.ask("/api/x", craft.token).status == 200


FORMS = ("pem", "pem_stripped", "pem_one_line", "pem_crlf", "pkcs1_pem", "der", "pkcs1_der", "ssh",
         "n", "n_text", "jwk", "empty", "kid", "zeros")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512", "hs256"])
def test_the_public_key_is_no_hmac_secret(craft, form, alg):
    secret = dict(craft.public_forms())[form]
    token = craft.hmac(secret, alg=alg, typ="JWT", kid=craft.forge.kid)
    assert_refused(craft, token, "token_algorithm_refused")


# RFC 8725 §3.1: the algorithm is that of the key, whatever the header says.
ALGORITHMS = ("none", "None", "NONE", "nOnE", "none ", " none", "none\u0000", "", "RS384", "RS512",
              "PS256", "ES256", "ES384", "EdDSA", "rs256", "RS256 ", "RSA1_5", "RSA-OAEP", "dir",
              "A256KW", "A128GCMKW", "PBES2-HS256+A128KW", "HS256", "RS1", "MD5", None, 1, True,
              [], ["RS256"], {"name": "RS256"}, 256)


@pytest.mark.parametrize("alg", ALGORITHMS, ids=repr)
@pytest.mark.parametrize("ending", ["signed", "unsigned", "old_signature"])
def test_an_algorithm_that_is_not_the_keys_is_refused(craft, alg, ending):
    header = {**craft.forge.header(), "alg": alg}
    if alg is None:
        del header["alg"]
    token = craft.forge.sign(craft.claims, header)
    if ending == "unsigned":
        token = token.rpartition(".")[0] + "."
    if ending == "old_signature":
        token = token.rpartition(".")[0] + "." + craft.signature
    vague = ending == "unsigned" or "\0" in str(alg)
    assert_refused(craft, token, "token_algorithm_refused" + " token_malformed" * vague)


SHAPES = {
    "no_signature": lambda c: f"{c.header}.{c.payload}.",
    "two_segments": lambda c: f"{c.header}.{c.payload}",
    "one_segment": lambda c: c.header,
    "no_payload": lambda c: f"{c.header}..{c.signature}",
    "no_header": lambda c: f".{c.payload}.{c.signature}",
    "only_dots": lambda c: "..",
    "four_segments": lambda c: c.token + ".",
    "four_full_segments": lambda c: f"{c.token}.{c.signature}",
    "five_segments": lambda c: f"{c.header}.{c.payload}.{c.signature}.{c.payload}.{c.signature}",
    "leading_dot": lambda c: "." + c.token,
    "jwe": lambda c: ".".join([part({"alg": "dir", "enc": "A256GCM"}), "", b64(b"i" * 12),
                               b64(b"text"), b64(b"t" * 16)]),
    "jwe_of_the_key": lambda c: ".".join([part({**c.forge.header(), "alg": "RSA-OAEP",
                                                "enc": "A256GCM"}), b64(b"k" * 256),
                                          b64(b"i" * 12), b64(b"text"), b64(b"t" * 16)]),
    "json_serialisation": lambda c: json.dumps({"payload": c.payload, "protected": c.header,
                                                "signature": c.signature}),
    "trailing_byte": lambda c: c.token + "A",
    "trailing_bytes": lambda c: c.token + "AAAA",
    "padding": lambda c: c.token + "==",
    "padded_segments": lambda c: f"{c.header}=.{c.payload}=.{c.signature}==",
    "plus": lambda c: f"{c.header}.{c.payload}.+{c.signature[1:]}",
    "slash": lambda c: f"{c.header}.{c.payload}./{c.signature[1:]}",
    "tilde": lambda c: f"{c.header}.{c.payload}.~{c.signature[1:]}",
    "standard_base64": lambda c: ".".join(base64.b64encode(unb64(one)).decode()
                                          for one in c.token.split(".")),
    "doubled": lambda c: c.token + c.token,
    "percent": lambda c: c.token.replace(".", "%2e"),
    "signature_of_zeros": lambda c: f"{c.header}.{c.payload}.{b64(bytes(256))}",
    "signature_of_one": lambda c: f"{c.header}.{c.payload}.{b64(bytes(255) + bytes([1]))}",
    "short_signature": lambda c: f"{c.header}.{c.payload}.{b64(unb64(c.signature)[:-1])}",
    "long_signature": lambda c: f"{c.header}.{c.payload}.{b64(unb64(c.signature) + bytes(1))}",
    "zero_before_signature": lambda c: f"{c.header}.{c.payload}." + b64(
        bytes(1) + unb64(c.signature)),
    "reversed_signature": lambda c: f"{c.header}.{c.payload}.{b64(unb64(c.signature)[::-1])}",
    "signature_of_payload": lambda c: f"{c.header}.{c.payload}." + b64(
        rs256(c.key, c.payload.encode())),
    "huge_signature": lambda c: f"{c.header}.{c.payload}." + "A" * 2500,
    "past_the_bound": lambda c: f"{c.header}.{c.payload}." + "A" * 4200,
    "only_letters": lambda c: "A" * 5000,
}


@pytest.mark.parametrize("label", SHAPES)
def test_a_token_of_another_shape_is_refused(craft, label):
    assert_refused(craft, SHAPES[label](craft),
                   "token_malformed token_algorithm_refused token_signature_invalid")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_another_spelling_of_the_same_bytes_is_refused(craft, place):
    """RFC 4648 §3.5: unused bits of the last character must be zero."""
    parts = craft.token.split(".")
    if len(parts[place]) % 4 == 0:
        header = craft.forge.header(typ="JWT", x="" if place else "1")
        parts = craft.forge.sign({**craft.claims, "x": "1"}, header).split(".")
    if len(parts[place]) % 4 == 0:
        parts = craft.forge.sign({**craft.claims, "x": "11"},
                                 craft.forge.header(x="11")).split(".")
    assert len(parts[place]) % 4 != 0
    last = ALPHABET.index(parts[place][-1])
    parts[place] = parts[place][:-1] + ALPHABET[last ^ 1]
    assert unb64(parts[place]) is not None
    assert_refused(craft, ".".join(parts), "token_malformed")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_no_changed_byte_passes(craft, position):
    parts = craft.token.split(".")
    for at in range(0, len(parts[position]), 7):
        letter = parts[position][at]
        changed = list(parts)
        changed[position] = (parts[position][:at] + ("A" if letter != "A" else "B") +
                             parts[position][at + 1:])
        answer = craft.grounds.ask("/api/x", ".".join(changed))
        assert answer.status == 401, (position, at)


OWN_KEY_HEADERS = {
    "jwk": lambda c: {"jwk": c.own_jwk},
    "jwk_without_kid": lambda c: {"jwk": c.own_jwk, "kid": None},
    "jwk_with_own_kid": lambda c: {"jwk": {**c.own_jwk, "kid": "mine"}, "kid": "mine"},
    "jwk_of_secret": lambda c: {"jwk": {"kty": "oct", "k": b64(b"secret")}},
    "jku": lambda c: {"jku": c.grounds.api.url + "/keys.json"},
    "jku_without_kid": lambda c: {"jku": c.grounds.api.url + "/keys.json", "kid": None},
    "jku_unknown_kid": lambda c: {"jku": c.grounds.api.url + "/keys.json", "kid": "mine"},
    "x5u": lambda c: {"x5u": c.grounds.api.url + "/chain.pem"},
    "x5u_unknown_kid": lambda c: {"x5u": c.grounds.api.url + "/chain.pem", "kid": "mine"},
    "x5c": lambda c: {"x5c": [base64.b64encode(b"certificate").decode()], "x5t": "AAAA"},
    "x5c_without_kid": lambda c: {"x5c": [base64.b64encode(b"certificate").decode()], "kid": None},
    "iss_in_header": lambda c: {"iss": c.grounds.api.url},
    "nothing_else": lambda c: {},
}


@pytest.mark.parametrize("label", OWN_KEY_HEADERS)
def test_a_token_does_not_name_its_own_key(craft, label):
    token = craft.own(**OWN_KEY_HEADERS[label](craft))
    assert_refused(craft, token, "token_signature_invalid token_key_unknown")


@pytest.mark.parametrize("kid", [
    "../../../../dev/null", "/dev/null", "/proc/sys/kernel/randomize_va_space", "file:///dev/null",
    "' or '1'='1", "x' union select 'AA==' --", "1; drop table signing_key", "${jndi:ldap://x}",
    "http://127.0.0.1/key", "|touch /tmp/x", "$(id)", "%s%s%n", "a\u0000b", "", " ", "*", "%",
    "\u00e9", "x" * 64, "x" * 65, "x" * 2000, "\r\nX: y", "0", "null"], ids=repr)
def test_a_kid_is_only_ever_compared(craft, kid):
    assert_refused(craft, craft.own(kid=kid), "token_key_unknown token_malformed")
    secret = craft.hmac(b"", typ="JWT", kid=kid)
    assert_refused(craft, secret, "token_algorithm_refused token_malformed")


@pytest.mark.parametrize("change", ["upper", "lower", "longer", "shorter", "spaced", "missing"])
def test_a_kid_that_is_nearly_right_is_wrong(craft, change):
    kid = craft.forge.kid
    other = {"upper": kid.upper(), "lower": kid.lower(), "longer": kid + "A", "shorter": kid[:-1],
             "spaced": " " + kid, "missing": None}[change]
    assert_refused(craft, craft.true(kid=other), "token_key_unknown")


@pytest.mark.parametrize("kid", [1, None, True, [], {}, ["x"]], ids=repr)
def test_a_kid_that_is_no_text_is_refused(craft, kid):
    token = craft.forge.sign(craft.claims, {**craft.forge.header(), "kid": kid})
    assert_refused(craft, token, "token_malformed token_key_unknown")


# RFC 7515 §4.1.11, RFC 7797: what changes a token's meaning is refused, not ignored.
@pytest.mark.parametrize("extra", [
    {"crit": []}, {"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False}, {"b64": False},
    {"b64": True}, {"crit": ["x"], "x": 1}, {"crit": "x"}, {"crit": None}, {"zip": "DEF"},
    {"enc": "A256GCM"}, {"crit": ["crit"]}], ids=repr)
def test_a_header_that_changes_the_meaning_is_refused(craft, extra):
    header = {**craft.forge.header(), **extra}
    assert_refused(craft, craft.forge.sign(craft.claims, header), "token_malformed")


@pytest.mark.parametrize("typ", [None, "", "at+jwt", "id_token", "ID+JWT", "dpop+jwt", "logout+jwt",
                                 "secevent+jwt", "JOSE", "JWE", "JWTS", "XJWT", 1, ["JWT"],
                                 "token-introspection+jwt", "application/at+jwt", "image/jwt"],
                         ids=repr)
def test_a_token_of_another_type_is_refused(craft, typ):
    assert_refused(craft, craft.true(typ=typ), "token_type_refused token_malformed")


@pytest.mark.parametrize("typ", ["jwt", "application/jwt", "APPLICATION/JWT"])
def test_the_type_is_a_media_type(craft, typ):
    """RFC 7515 §4.1.9: without regard to case, "application/" may stand there."""
    assert craft.grounds.ask("/api/x", craft.true(typ=typ)).status == 200


def now():
    return int(time.time())


MISSING = ("iss", "aud", "apis", "agreements", "exp", "iat", "jti", "client_id", "org", "scope",
           "sub", "epoch")


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("value", ["absent", None, [], {}, True, 1.5, ["x", 1], ""], ids=repr)
def test_a_claim_that_is_missing_or_of_another_kind_is_refused(craft, name, value):
    claims = {**craft.claims, name: value}
    if value == "absent":
        del claims[name]
    answer = craft.grounds.ask("/api/x", craft.forge.sign(claims))
    assert answer.status in (401, 403), answer


TIMES = {
    "exp_string": '"exp":"%d"' % (2**33), "exp_float": '"exp":9999999999.5',
    "exp_exponent": '"exp":1e12', "exp_whole_float": '"exp":9999999999.0',
    "exp_negative": '"exp":-1', "exp_minus_zero": '"exp":-0', "exp_zero": '"exp":0',
    "exp_huge": '"exp":' + "9" * 400, "exp_past_64_bits": '"exp":18446744073709551617',
    "exp_63_bits_over": '"exp":9223372036854775808', "exp_infinite": '"exp":Infinity',
    "exp_nan": '"exp":NaN', "exp_hex": '"exp":0xFFFFFFFF', "exp_octal": '"exp":09999999999',
    "exp_plus": '"exp":+9999999999', "exp_array": '"exp":[9999999999]',
    "exp_past": '"exp":%d' % (time.time() - 3600), "iat_far_ahead": '"iat":9999999000',
    "iat_string": '"iat":"1"', "iat_huge": '"iat":' + "9" * 400,
    "nbf_ahead": '"nbf":9999999000', "epoch_negative": '"epoch":-1',
}


@pytest.mark.parametrize("label", TIMES)
def test_a_time_that_is_not_a_good_number_is_refused(craft, label):
    name = TIMES[label].split('"')[1]
    claims = {**craft.claims, "exp": now() + 200}
    claims.pop(name, None)
    text = json.dumps(claims)[:-1] + "," + TIMES[label] + "}"
    assert_refused(craft, craft.text(text), "token_malformed token_expired token_issued_in_future")


def with_member(craft, member):
    return json.dumps(craft.claims)[:-1] + "," + member + "}"


PAYLOADS = {
    "exp_twice": lambda c: with_member(c, '"exp":9999999999'),
    "scope_twice": lambda c: with_member(c, '"scope":"documents.write"'),
    "aud_twice": lambda c: with_member(c, '"aud":[]'),
    "twice_by_escape": lambda c: with_member(c, '"\\u0065xp":9999999999'),
    "twice_inside": lambda c: with_member(c, '"more":{"a":1,"a":2}'),
    "trailing_text": lambda c: json.dumps(c.claims) + "{}",
    "trailing_comma": lambda c: json.dumps(c.claims)[:-1] + ",}",
    "comment": lambda c: "/**/" + json.dumps(c.claims),
    "byte_order_mark": lambda c: b"\xef\xbb\xbf" + json.dumps(c.claims).encode(),
    "utf16": lambda c: json.dumps(c.claims).encode("utf-16"),
    "not_utf8": lambda c: json.dumps(c.claims).encode()[:-1] + b',"x":"\xff"}',
    "single_quotes": lambda c: str(c.claims),
    "array": lambda c: json.dumps([c.claims]),
    "string": lambda c: json.dumps(json.dumps(c.claims)),
    "null": lambda c: "null", "empty_object": lambda c: "{}", "empty": lambda c: " ",
    "number": lambda c: "1", "zero_byte": lambda c: with_member(c, '"x":"\0"'),
    "unclosed": lambda c: json.dumps(c.claims)[:-1],
    "jwt_inside": lambda c: c.token,
}


@pytest.mark.parametrize("label", PAYLOADS)
def test_a_payload_that_is_not_plain_json_is_refused(craft, label):
    assert_refused(craft, craft.text(PAYLOADS[label](craft)), "token_malformed")


@pytest.mark.parametrize("deep", ["[" * 1000 + "]" * 1000, '{"a":' * 300 + "1" + "}" * 300,
                                  "[" * 2000, "[" * 17 + "]" * 17], ids=len)
def test_a_deep_payload_opens_nothing_and_harms_nothing(craft, deep):
    """Only who has the realm's key can send one; others are refused before it is read."""
    for text in (deep, with_member(craft, f'"x":{deep}')):
        assert craft.grounds.ask("/api/x", craft.text(text)).status in (401, 500)
        assert_refused(craft, craft.forge.sign(text, key=craft.key), "token_signature_invalid")


@pytest.mark.parametrize("header", [
    "{}", "null", "[]", "1", '"RS256"', '{"alg":"RS256"', '{"alg":"RS256","alg":"none"}', "",
    '{"alg":"RS256","typ":"JWT","kid":"x"} ', "[" * 2000, "{" * 500,
    '{"a":' * 200 + "1" + "}" * 200,
    '{"alg":"RS256","typ":"JWT","x":"' + "y" * 3000 + '"}'], ids=lambda text: text[:24] or "empty")
def test_a_header_that_is_not_plain_json_is_refused(craft, header):
    token = craft.forge.sign(craft.claims, header)
    assert_refused(craft, token, "token_malformed token_algorithm_refused token_key_unknown")


HOSTILE = ("a\r\nX-Evil: 1", "a\nb", "a\x00b", "a\tb", "\x7f", "a\x1bb", 'a"b', "a\\b", "a b", "")


@pytest.mark.parametrize("name", ["client_id", "org", "sub", "scope", "jti", "iss"])
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_claim_never_splits_a_header(craft, name, value):
    craft.grounds.api.seen.clear()
    answer = craft.grounds.ask("/api/x", craft.forge.sign({**craft.claims, name: value}))
    assert answer.header("X-Evil") is None
    for seen in craft.grounds.api.seen:
        names = [key for key, _ in seen["headers"]]
        assert "X-Evil" not in names and len(set(names)) == len(names)
    if any(ord(letter) < 32 or letter == "\x7f" for letter in value):
        assert answer.status in (401, 403) and not craft.grounds.api.seen


def test_an_id_token_is_no_access_token(craft):
    claims = craft.claims
    id_token = {"iss": claims["iss"], "sub": "person-1", "aud": claims["client_id"],
                "exp": now() + 300, "iat": now(), "nonce": "n", "auth_time": now(),
                "acr": "1", "at_hash": "AAAA"}
    for changes in ({}, {"aud": claims["aud"]}, {"jti": "x", "client_id": claims["client_id"]}):
        assert_refused(craft, craft.forge.sign({**id_token, **changes}), "token_malformed")


def test_a_client_assertion_is_no_access_token(craft):
    claims = {"iss": craft.claims["client_id"], "sub": craft.claims["client_id"],
              "aud": craft.claims["iss"] + "/oauth/token", "exp": now() + 60, "iat": now(),
              "jti": "x"}
    assert_refused(craft, craft.forge.sign(claims), "token_malformed")
    assert_refused(craft, craft.forge.sign(claims, key=craft.key),
                   "token_malformed token_signature_invalid")


@pytest.mark.parametrize("change", [
    str.upper, lambda text: text + "/", lambda text: text.replace("https", "http"),
    lambda text: text.replace("localhost", "LOCALHOST"), lambda text: text + "#", lambda text: "",
    lambda text: text.replace("/vlive", "/vtest"), lambda text: text + "?x", lambda text: text[:-1],
    lambda text: text.replace("/hpca", "/./hpca"), lambda text: "https://evil.example"])
def test_the_issuer_is_compared_byte_for_byte(craft, change):
    token = craft.forge.vary(craft.token, iss=change(craft.claims["iss"]))
    assert_refused(craft, token, "token_issuer_wrong token_malformed")


def test_a_token_too_long_to_be_ours_is_refused_before_it_is_read(craft):
    token = craft.forge.vary(craft.token, filler="x" * 4000)
    assert len(token) > 4096
    assert_refused(craft, token, "token_malformed")
    shorter = craft.forge.vary(craft.token, filler="x" * 1500)
    assert craft.grounds.ask("/api/x", shorter).status == 200


@pytest.mark.parametrize("size", [9000, 60000])
def test_a_header_larger_than_nginx_takes_is_refused(craft, size):
    answer = craft.grounds.ask("/api/x", "A" * size)
    assert answer.status in (400, 401, 431, 414), answer
    assert craft.grounds.ask("/api/x", craft.token).status == 200


def test_the_same_header_parses_as_issued(craft):
    """What the tables above change is otherwise right: unchanged it is let in."""
    assert header_of(craft.token) == craft.forge.header()
    assert craft.grounds.ask("/api/x", craft.forge.sign(craft.claims)).status == 200
    assert craft.grounds.ask("/api/x", craft.text(json.dumps(craft.claims))).status == 200
    assert craft.grounds.ask("/api/x", craft.true(jku="https://x", x5u="y", jwk={})).status == 200
