# SPDX-License-Identifier: Apache-2.0
"""Realms whose signing keys stay in a security module behind PKCS #11, which SoftHSM is here: other
libraries verify their tokens, a rotation into it and out of it refuses nothing, a token that is
away costs a 503 and comes back, and the PIN is nowhere."""
import re
import time

import pytest
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT
from support.form import header
from support.house import House
from support.store import ask, change
from support.token_box import MODULE, PIN, TokenBox
from support.wait import wait_until

TAKEOVER_S = 15.0
# The realm's algorithm, the type of key that it wants.
WAYS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


class Lodge:
    """A house with a token box."""

    def __init__(self, echo, fhir):
        self.house = House()
        self.house.furnish(echo.url, fhir.url)
        self.box = TokenBox(self.house)
        self.box.configure()
        self.client = self.house.onboard("Lodger", "results", "results.read")

    def close(self):
        try:
            self.house.close()
        finally:
            self.box.close()

    def rotate(self, *options, alg=None):
        """To a key that signs within seconds, with a token of it; valid ones are let in."""
        if alg:
            self.house.cli("realm", "set", self.house.realm, "--alg", alg)
        before = self.house.token(self.client)
        kid = self.house.cli("key", "rotate", "--now", *options)["kid"]
        deadline = time.monotonic() + TAKEOVER_S
        while True:
            assert time.monotonic() < deadline, f"{kid} does not sign"
            token = self.house.token(self.client)
            for valid in (before, token):
                assert self.house.gate("/results/1", valid).status_code == 200
            if header(token)["kid"] == kid:
                return token


@pytest.fixture(scope="module")
def lodge(echo_shared, fhir_api):
    made = Lodge(echo_shared, fhir_api)
    try:
        made.house.start()
        yield made
    finally:
        made.close()


@pytest.fixture()
def fresh(echo_shared, fhir_api):
    """One that is not started yet."""
    made = Lodge(echo_shared, fhir_api)
    try:
        yield made
    finally:
        made.close()


def is_true(dumped, attribute):
    """Of a boolean attribute of an object, as SoftHSM dumps it."""
    return re.search(rf"{attribute}\n.* boolean attribute\n.*TRUE", dumped) is not None


def held_in(house, kid):
    return next(key["held_in"] for key in house.cli("key", "list") if key["kid"] == kid)


def generate(lodge, alg="ES256"):
    """A token by a key that was made in the module."""
    return lodge.rotate("--pkcs11", "pkcs11:token=box", "--generate", alg=alg)


@pytest.mark.parametrize("alg", WAYS)
def test_a_key_in_a_module_signs_what_others_verify(lodge, alg):
    uri = lodge.box.add_key(f"signs {alg}", WAYS[alg])
    token = lodge.rotate("--pkcs11", uri, alg=alg)
    keys = JWKSet.from_json(lodge.house.request(
        "GET", f"{lodge.house.realm}/oauth/jwks").text)
    assert header(token)["alg"] == alg
    JWT(jwt=token, key=keys, algs=[alg])
    assert lodge.house.gate("/results/1", token).status_code == 200


def test_a_realm_goes_into_a_module_and_back_and_no_token_is_refused(lodge):
    lodge.rotate(alg="RS256")
    uri = lodge.box.add_key("there", "RSA")
    there = lodge.rotate("--pkcs11", uri)
    back = lodge.rotate()
    for token in (there, back):
        assert lodge.house.gate("/results/1", token).status_code == 200
    held = {key["kid"]: key["held_in"] for key in lodge.house.cli("key", "list")}
    assert held[header(there)["kid"]] == uri
    assert held[header(back)["kid"]] == "store"


@pytest.mark.parametrize("alg", WAYS)
def test_a_key_that_is_made_in_a_module_signs_and_never_leaves_it(lodge, alg):
    before = lodge.box.objects()
    token = generate(lodge, alg)
    keys = JWKSet.from_json(lodge.house.request(
        "GET", f"{lodge.house.realm}/oauth/jwks").text)
    JWT(jwt=token, key=keys, algs=[alg])
    assert held_in(lodge.house, header(token)["kid"]).startswith(
        "pkcs11:token=box;object=caregate-")
    made = [text for path, text in lodge.box.objects().items() if path not in before]
    assert len(made) == 2
    private, = [text for text in made if is_true(text, "CKA_PRIVATE")]
    assert is_true(private, "CKA_SENSITIVE") and is_true(private, "CKA_NEVER_EXTRACTABLE")
    assert not is_true(private, "CKA_EXTRACTABLE")


def test_a_key_that_is_made_in_a_module_has_the_label_that_was_asked_for(lodge):
    token = lodge.rotate("--pkcs11", "pkcs11:token=box;object=ward%201", "--generate", alg="ES256")
    assert ";object=ward%201;id=" in held_in(lodge.house, header(token)["kid"])


def test_what_was_made_in_a_module_is_destroyed_there_and_what_was_brought_is_not(lodge):
    brought = lodge.rotate("--pkcs11", lodge.box.add_key("brought", "EC"), alg="ES256")
    left = set(lodge.box.objects())
    made = generate(lodge)
    assert len(lodge.box.objects()) == len(left) + 2
    lodge.rotate()
    for token in (brought, made):
        lodge.house.cli("key", "retire", "--", header(token)["kid"])
    wait_until(lambda: set(lodge.box.objects()) == left, TAKEOVER_S, "its end in the module")
    wait_until(lambda: lodge.house.gate("/results/1", made).status_code == 401,
               what="the refusal of a retired key's token")
    destroyed = lodge.house.cli("audit", "list", "--kind", "key_destroyed")
    assert destroyed[-1]["detail"] == header(made)["kid"]


def test_an_announced_key_of_a_module_that_is_overtaken_is_destroyed_there(lodge):
    generate(lodge)
    before = set(lodge.box.objects())
    lodge.house.cli("key", "rotate", "--pkcs11", "pkcs11:token=box", "--generate")
    announced = set(lodge.box.objects()) - before
    assert len(announced) == 2
    lodge.rotate()
    wait_until(lambda: not announced & set(lodge.box.objects()), TAKEOVER_S, "its end")


def test_a_key_whose_making_could_not_be_recorded_is_destroyed_there(fresh):
    house, before = fresh.house, set(fresh.box.objects())
    house.cli("realm", "set", house.realm, "--alg", "ES256")
    change(house.dir / "audit.db", "alter table audit_record rename to lost")
    done = house.cli("key", "rotate", "--pkcs11", "pkcs11:token=box", "--generate", ok=False)
    change(house.dir / "audit.db", "alter table lost rename to audit_record")
    assert done.code == 1 and "nothing was changed" in done.err
    assert set(fresh.box.objects()) == before


@pytest.mark.parametrize("first", ["made", "brought"])
def test_keys_of_a_module_change_by_themselves_and_stay_in_it(fresh, first):
    """The realm's keys are made to look old; the workers that run do the rest."""
    house = fresh.house
    house.start()
    if first == "made":
        generate(fresh)
    else:
        fresh.rotate("--pkcs11", fresh.box.add_key("first", "EC"), alg="ES256")
    change(house.dir / "registry.db", "update signing_key set sign_from_s = sign_from_s - ? "
                                      "where realm = ?", 2 * 86400, house.realm)
    house.cli("realm", "set", house.realm, "--key-life", "2d")
    known = {key["kid"] for key in house.cli("key", "list")}
    wait_until(lambda: len(house.cli("key", "list")) > len(known), TAKEOVER_S, "the next key")
    following, = [key for key in house.cli("key", "list") if key["kid"] not in known]
    assert following["state"] == "announced"
    assert following["held_in"].startswith("pkcs11:token=box;object=caregate-")


def test_check_says_who_changes_a_key_of_a_module_that_is_past_its_life(fresh):
    house = fresh.house
    house.cli("key", "rotate", "--now", "--pkcs11", "pkcs11:token=box", "--generate")
    change(house.dir / "registry.db", "update signing_key set sign_from_s = sign_from_s - ?",
           3 * 86400)
    house.cli("realm", "set", house.realm, "--key-life", "2d")
    told = house.run("check", json=False)
    assert "more than the realm allows" in told.out + told.err
    assert "says in its log why not" in told.out + told.err


@pytest.mark.parametrize("uri, why", [
    ("pkcs11:token=box;id=%01", "has no id="), ("pkcs11:object=x", "needs token="),
    ("pkcs11:token=nowhere", "no such token")])
def test_generate_says_what_is_wrong_with_a_uri(lodge, uri, why):
    before = set(lodge.box.objects())
    done = lodge.house.cli("key", "rotate", "--now", "--pkcs11", uri, "--generate", ok=False)
    assert why in done.err
    assert "--pkcs11" in lodge.house.cli("key", "rotate", "--generate", ok=False).err
    assert set(lodge.box.objects()) == before


def test_the_private_half_is_not_in_the_store(lodge):
    generate(lodge)
    held = [sealed for sealed, in ask(lodge.house.dir / "registry.db",
                                      "select sealed from signing_key where reference is not null")]
    assert held and not any(held)


def test_reseal_leaves_keys_of_a_module(lodge):
    uri = lodge.box.add_key("resealed", "EC")
    lodge.rotate("--pkcs11", uri, alg="ES256")
    before = ask(lodge.house.dir / "registry.db",
                 "select kid, reference from signing_key where reference is not null")
    lodge.house.cli("key", "reseal")
    lodge.house.reload()
    assert ask(lodge.house.dir / "registry.db",
               "select kid, reference from signing_key where reference is not null") == before
    wait_until(lambda: lodge.house.token_response(lodge.client).status_code == 200,
               what="a token after the reload")


def test_a_retired_key_of_a_module_is_forgotten(lodge):
    uri = lodge.box.add_key("retired", "EC")
    token = lodge.rotate("--pkcs11", uri, alg="ES256")
    lodge.rotate()
    lodge.house.cli("key", "retire", "--", header(token)["kid"])
    wait_until(lambda: lodge.house.gate("/results/1", token).status_code == 401,
               what="the refusal of a retired key's token")
    assert {key["kid"]: key["held_in"] for key in lodge.house.cli("key", "list")}[
        header(token)["kid"]] == "-"
    assert "is or was" in lodge.house.cli("key", "rotate", "--now", "--pkcs11", uri, ok=False).err


@pytest.mark.parametrize("uri, why", [
    ("pkcs11:token=box;object=nowhere", "no such key"),
    ("pkcs11:token=nowhere;object=x", "no such token"),
    ("pkcs11:object=x", "needs token="),
    ("pkcs11:token=box;object=x?pin-value=1", "malformed"),
    ("pkcs11:token=box;object=x;pin-value=1", "nothing else"),
    ("https://box/x", "pkcs11:token="),
])
def test_rotate_says_what_is_wrong_with_a_uri(lodge, uri, why):
    done = lodge.house.cli("key", "rotate", "--now", "--pkcs11", uri, ok=False)
    assert why in done.err


@pytest.mark.parametrize("alg, kind, why", [
    ("RS256", "EC", "another type"), ("ES256", "RSA", "another type"),
    ("EdDSA", "EC", "another type"),
    ("ES256", "P-384", "size or curve"),
])
def test_rotate_refuses_a_key_that_does_not_fit_the_algorithm(lodge, alg, kind, why):
    uri = lodge.box.add_key(f"misfit {alg} {kind}", kind)
    lodge.house.cli("realm", "set", lodge.house.realm, "--alg", alg)
    done = lodge.house.cli("key", "rotate", "--now", "--pkcs11", uri, ok=False)
    assert why in done.err
    lodge.house.cli("realm", "set", lodge.house.realm, "--alg", "ES256")


def test_rotate_refuses_the_audits_key_in_a_module(lodge):
    done = lodge.house.cli("key", "rotate", "--audit", "--now", "--pkcs11",
                           "pkcs11:token=box;object=there", ok=False)
    assert "sealed in the store" in done.err


def test_a_token_that_is_away_costs_503_and_comes_back(lodge):
    uri = lodge.box.add_key("away", "EC")
    token = lodge.rotate("--pkcs11", uri, alg="ES256")
    lodge.box.take_out()
    try:
        wait_until(lambda: lodge.house.token_response(lodge.client).status_code == 503,
                   what="a refusal while the token is away")
        assert lodge.house.gate("/results/1", token).status_code == 200
        assert lodge.house.request("GET", f"{lodge.house.realm}/oauth/jwks").status_code == 200
        wait_until(lambda: "PKCS #11 module: no such token" in lodge.house.log(),
                   what="a word in the log")
        check = lodge.house.run("check")
        assert "no such token is present" in check.out + check.err
    finally:
        lodge.box.put_in()
    wait_until(lambda: lodge.house.token_response(lodge.client).status_code == 200,
               what="tokens again")


def test_a_key_that_was_replaced_in_its_token_signs_nothing(fresh):
    fresh.house.cli("realm", "set", fresh.house.realm, "--alg", "ES256")
    uri = fresh.box.add_key("replaced", "EC")
    fresh.house.start()
    fresh.rotate("--pkcs11", uri)
    fresh.house.stop()
    fresh.box.delete_keys()
    fresh.box.add_key("replaced", "EC")
    fresh.house.start()
    answer = fresh.house.token_response(fresh.client)
    assert answer.status_code == 503
    wait_until(lambda: "not the one that the store knows" in fresh.house.log(),
               what="a word in the log")


def test_a_wrong_pin_is_said_and_tried_once(fresh):
    uri = fresh.box.add_key("locked", "RSA")
    fresh.house.start()
    fresh.rotate("--pkcs11", uri)
    fresh.box.write_pin("wrongPin0815")
    done = fresh.house.cli("key", "rotate", "--now", "--pkcs11", uri, ok=False)
    assert "refuses the PIN" in done.err
    fresh.house.reload()
    wait_until(lambda: fresh.house.token_response(fresh.client).status_code == 503,
               what="a refusal under a wrong PIN")
    time.sleep(3)
    assert fresh.house.token_response(fresh.client).status_code == 503
    # The module is asked again when a token is wanted, though not for each.
    wait_until(lambda: fresh.house.token_response(fresh.client).status_code != 503
               or "not tried again" in fresh.house.log(), what="a word in the log")
    assert "not tried again" in fresh.house.log()
    fresh.box.write_pin(PIN)
    fresh.house.reload()
    wait_until(lambda: fresh.house.token_response(fresh.client).status_code == 200,
               what="tokens under the right PIN")
    assert "wrongPin0815" not in fresh.house.log()


def test_a_module_that_is_missing_is_said(fresh):
    uri = fresh.box.add_key("orphan", "RSA")
    fresh.house.start()
    fresh.rotate("--pkcs11", uri)
    fresh.house.edit(MODULE, "/usr/lib/softhsm/missing.so")
    done = fresh.house.cli("key", "rotate", "--now", "--pkcs11", uri, ok=False)
    assert "cannot be loaded" in done.err
    check = fresh.house.run("check")
    assert "cannot be loaded" in check.out + check.err
    fresh.house.reload()
    wait_until(lambda: fresh.house.token_response(fresh.client).status_code == 503,
               what="a refusal without a module")


@pytest.mark.parametrize("change, why", [
    (lambda lodge: lodge.box.pin_file.chmod(0o644), "chmod 0600"),
    (lambda lodge: lodge.box.pin_file.write_text("", encoding="utf-8"), "other than one PIN"),
    (lambda lodge: lodge.box.pin_file.write_text("1\n2\n", encoding="utf-8"), "other than one PIN"),
    (lambda lodge: lodge.house.edit(f"caregate_pkcs11_module {MODULE};", ""), "go together"),
])
def test_nginx_refuses_half_a_configuration(fresh, change, why):
    change(fresh)
    assert why in fresh.house.test_conf().err


def test_without_a_module_rotate_says_what_to_configure(fresh):
    fresh.house.edit(f"caregate_pkcs11_module {MODULE};", "")
    fresh.house.edit(f"caregate_pkcs11_pin \"{fresh.box.pin_file}\";", "")
    done = fresh.house.cli("key", "rotate", "--now", "--pkcs11", "pkcs11:token=box;object=x",
                           ok=False)
    assert "caregate_pkcs11_module" in done.err


def test_the_pin_is_nowhere(lodge):
    lodge.house.token(lodge.client)
    lodge.house.run("check")
    written = [path.read_bytes() for path in lodge.house.dir.rglob("*") if path.is_file()]
    written += [lodge.house.log().encode(), lodge.house.access_log().encode()]
    for pid in [lodge.house.nginx_pid(), *lodge.house.workers()]:
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                written.append(file.read())
    assert not [text for text in written if PIN.encode() in text]
