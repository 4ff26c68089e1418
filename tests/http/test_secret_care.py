# SPDX-License-Identifier: Apache-2.0
"""The life of a secret: the next one, the end of the last one, one that leaked, one that is handed
over by a link that opens once."""
import concurrent.futures
import html.parser
import re
import time
import urllib.parse

import pytest

from support.store import change
from support.wait import wait_until
from support.wire import exchange

FORM = "application/x-www-form-urlencoded"
GATE_WAIT_S = 2.0
RACERS = 64
DAY_S = 86400


def issue(house, client, *options):
    made = house.cli("secret", "issue", "--client", client.id, *options)
    return client._replace(secret=made["secret"], secret_id=made["secret_id"])


def state(house, client, secret_id):
    rows = house.cli("secret", "list", "--client", client.id)
    return next(row["state"] for row in rows if row["secret_id"] == secret_id)


def events(house, kind, client):
    rows = house.cli("audit", "list", "--kind", kind)
    return [row for row in rows if row.get("client_id") == client.id]


# Rotation.


def test_nothing_is_refused_while_a_system_moves_to_the_next_secret(house):
    client = house.onboard("Rotating", "results", "results.read")
    token = house.token(client)
    made = house.cli("secret", "rotate", "--client", client.id)
    moved = client._replace(secret=made["secret"])
    for one in (client, moved):
        assert house.token_response(one).status_code == 200
    assert house.gate("/results/1", token).status_code == 200
    assert abs(made["others_end_at"] - time.time() - 7 * DAY_S) < 60
    assert state(house, client, client.secret_id) == "ends_soon"
    assert state(house, client, made["secret_id"]) == "good"


def test_a_rotated_secret_ends_with_the_overlap(house):
    client = house.onboard("Rotated", "results", "results.read")
    made = house.cli("secret", "rotate", "--client", client.id, "--overlap", "2s")
    moved = client._replace(secret=made["secret"])
    wait_until(lambda: house.token_response(client).status_code == 401, 5, "the end of the overlap")
    assert house.token_response(moved).status_code == 200


def test_a_rotation_is_audited_without_the_secret(house):
    client = house.onboard("Audited", "results", "results.read")
    made = house.cli("secret", "rotate", "--client", client.id)
    row, = events(house, "secret_rotated", client)
    assert row["detail"] == made["secret_id"]
    assert made["secret"] not in house.cli("audit", "list", json=False)


# Taking one back.


def test_a_secret_in_use_is_revoked_only_by_force(make_house):
    house = make_house(start=False)
    client = house.onboard("In use", "results", "results.read")
    issue(house, client)
    change(house.dir / "registry.db", "update credential set last_used_at_s = ? where id = ?",
           int(time.time()) - 60, client.secret_id)
    refused = house.cli("secret", "revoke", client.secret_id, ok=False)
    assert refused.code == 1
    assert "used within the last day" in refused.err and "force" in refused.err
    assert state(house, client, client.secret_id) == "good"
    house.cli("secret", "revoke", client.secret_id, "--force")
    assert state(house, client, client.secret_id) == "revoked"


def test_a_leaked_secret_takes_the_clients_tokens_with_it(house):
    client = house.onboard("Leaking", "results", "results.read")
    second = issue(house, client)
    tokens = [house.token(client), house.token(second)]
    assert all(house.gate("/results/1", token).status_code == 200 for token in tokens)
    house.cli("secret", "revoke", client.secret_id, "--leaked")
    assert house.token_response(client).status_code == 401, "the issuer refuses it at once"
    for token in tokens:
        wait_until(lambda: house.gate("/results/1", token).status_code == 401, GATE_WAIT_S,
                   "refusal")
        assert house.gate("/results/1", token).json()["reason"] == "client_suspended"
    assert house.gate("/results/1", house.token(second)).status_code == 200
    assert house.cli("client", "show", client.id)["state"] == "active"
    row, = events(house, "secret_leaked", client)
    assert row["detail"] == client.secret_id


def test_tokens_of_other_clients_outlive_a_leak(house):
    client = house.onboard("Leak here", "results", "results.read")
    other = house.onboard("Not here", "results", "results.read")
    token = house.token(other)
    house.cli("secret", "revoke", client.secret_id, "--leaked")
    time.sleep(GATE_WAIT_S)
    assert house.gate("/results/1", token).status_code == 200


# Ends.


def samples(house):
    text = house.request("GET", "/metrics", base=house.status).text
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_secrets_that_end_soon_are_told_in_metrics_and_log(make_house):
    house = make_house(start=False)
    client = house.onboard("Ends soon", "results", "results.read")
    for expires in ("5d", "9d", "never"):
        last = issue(house, client, "--expires", expires)
    suspended = house.onboard("Suspended", "results", "results.read")
    silent = issue(house, suspended, "--expires", "2d")
    house.cli("client", "suspend", suspended.id)
    house.start()
    wait_until(lambda: "caregate_secrets_ending_soon" in samples(house), 10, "a look at the ends")
    found = samples(house)
    assert found["caregate_secrets_ending_soon"] == "2"
    assert abs(int(found["caregate_secret_next_end_seconds"]) - 5 * DAY_S) < 60
    wait_until(lambda: house.log().count("caregate: the secret sec_") == 2, 10, "two lines")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 5 * DAY_S))
    assert f"of {client.id} in /vlive/hpca ends on {day}" in house.log()
    assert "[warn]" in next(line for line in house.log().splitlines() if "secret sec_" in line)
    assert last.secret_id not in house.log() and silent.secret_id not in house.log()


def test_a_flood_of_ends_is_twenty_lines_a_day_and_a_count(make_house):
    house = make_house(start=False)
    for name in ("First", "Second"):
        client = house.onboard(name, "results", "results.read")
        for _ in range(12):
            issue(house, client, "--expires", "5d")
    house.start()
    wait_until(lambda: "more secrets end soon" in house.log(), 10, "the count")
    house.reload()
    time.sleep(3)
    assert house.log().count("caregate: the secret sec_") == 20
    assert "caregate: and 4 more secrets end soon" in house.log()


# Links.


class Page(html.parser.HTMLParser):
    """What a page is made of: tags with attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def make_link(house, name, *options):
    """A client without a secret, and the link to its first."""
    client = house.onboard(name, "results", "results.read")
    house.cli("secret", "revoke", client.secret_id, "--force")
    made = house.cli("secret", "issue", "--client", client.id, "--link", *options)
    return client, made


def path_of(link):
    return link[link.index("/", len("https://")):]


def token_of(link):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["link"][0]


def press(house, link, **headers):
    """What the button does."""
    return house.request("POST", path_of(link).partition("?")[0], data={"link": token_of(link)},
                         headers={"Accept": "text/html", **headers})


def test_a_link_is_opened_by_its_button_and_gives_a_secret_that_works(house):
    client, made = make_link(house, "By link")
    look = house.request("GET", path_of(made["link"]))
    page = Page(look.text)
    form, = page.all("form")
    field = next(one for one in page.all("input") if one["name"] == "link")
    answer = house.request(form["method"].upper(),
                           urllib.parse.urljoin(path_of(made["link"]), form["action"]),
                           data={"link": field["value"]}, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    secret = re.search(r"cgs_[A-Za-z0-9_-]{49}", answer.text)[0]
    assert house.token_response(client._replace(secret=secret)).status_code == 200
    assert state(house, client, made["secret_id"]) == "good"
    row, = events(house, "secret_link_opened", client)
    assert row["detail"] == made["secret_id"]
    assert row["address"] == "127.0.0.1" and row["request_id"] == answer.headers["X-Request-ID"]


def test_who_opens_links_to_look_for_malware_opens_no_secret(house):
    """Scanners of mail: many a GET and HEAD, from anywhere, before the person comes."""
    client, made = make_link(house, "Scanned")
    for method in ("GET", "HEAD", "GET"):
        look = house.request(method, path_of(made["link"]))
        assert look.status_code == 200
        assert "cgs_" not in look.text
    assert state(house, client, made["secret_id"]) == "unopened"
    assert "cgs_" in press(house, made["link"]).text


def test_a_link_opens_once_and_then_shows_one_page_whatever_it_was(house):
    client, made = make_link(house, "Once")
    assert "cgs_" in press(house, made["link"]).text
    _, cancelled = make_link(house, "Cancelled")
    house.cli("secret", "revoke", cancelled["secret_id"])
    _, over = make_link(house, "Over", "--link-life", "1s")
    unknown = made["link"][:-43] + "A" * 43
    time.sleep(1.5)
    answers = [press(house, link) for link in
               (made["link"], cancelled["link"], over["link"], unknown)]
    answers += [house.request("GET", path_of(made["link"]))]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "Ask who sent the link for a new one" in answers[0].text
    row, *_ = events(house, "secret_link_refused", client)
    assert row["reason"] == "link_unusable" and row["detail"] == made["secret_id"]


def test_of_64_who_open_a_link_at_once_one_gets_a_secret(house):
    client, made = make_link(house, "Raced")
    with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(lambda _: exchange(
            house.port, "POST", path_of(made["link"]).partition("?")[0],
            [("Content-Type", FORM)], f"link={token_of(made['link'])}".encode(), house.ca),
            range(RACERS)))
    winners = [answer for answer in answers if answer.status == 200]
    assert len(winners) == 1
    assert {answer.status for answer in answers} == {200, 404}
    assert len(events(house, "secret_link_opened", client)) == 1
    rows = house.cli("secret", "list", "--client", client.id)
    assert len([row for row in rows if row["state"] == "good"]) == 1


def test_a_link_of_one_realm_opens_nothing_in_another(make_house):
    house = make_house()
    house.cli("realm", "add", "/vtest/hpca")
    house.reload()
    _, made = make_link_in(house, "/vlive/hpca")
    path = "/vtest/hpca/oauth/handover"
    wait_until(lambda: house.request("GET", "/vtest/hpca/oauth/jwks").status_code == 200, 5,
               "the other realm")
    answer = house.request("POST", path, data={"link": token_of(made["link"])})
    assert answer.status_code == 404
    assert "cgs_" in press(house, made["link"]).text


def make_link_in(house, realm):
    made = house.cli("--realm", realm, "client", "add", "--org", "RX809", "--name", "Of one realm")
    return made, house.cli("--realm", realm, "secret", "issue", "--client", made["client_id"],
                           "--link")


@pytest.mark.parametrize("step", ["look", "open", "dead"])
def test_a_page_is_kept_nowhere_runs_nothing_and_reads_well(house, step):
    _, made = make_link(house, f"Page {step}")
    answer = house.request("GET", path_of(made["link"]))
    for _ in range({"look": 0, "open": 1, "dead": 2}[step]):
        answer = press(house, made["link"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(one.strip().split(" ", 1) for one in
                  answer.headers["Content-Security-Policy"].split(";"))
    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == {"default-src": "'none'", "form-action": "'self'", "base-uri": "'none'",
                      "frame-ancestors": "'none'"}
    page = Page(answer.text)
    assert page.all("html")[0]["lang"] == "en-GB"
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert not page.all("script") and not page.all("img") and not page.all("link")
    assert not [1 for _, attributes in page.tags if "style" in attributes
                or any(name.startswith("on") or name in ("src", "href") for name in attributes)]
    assert answer.text.isascii() and answer.text.startswith("<!doctype html>")
    ratios = [contrast(*colours) for colours in colours_of(answer.text)]
    assert ratios and min(ratios) >= 7


def colours_of(text):
    """(colour, background) of each rule; a rule without a background stands on white."""
    for rule in re.findall(r"{([^}]*)}", text):
        own = dict(one.split(":", 1) for one in rule.split(";") if ":" in one)
        if "color" in own or "background" in own:
            yield own.get("color", "#fff"), own.get("background", "#fff")


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at:at + 2], 16) / 255 for at in (0, 2, 4)]
    parts = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(colour, background):
    lighter, darker = sorted((luminance(colour), luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_program_that_accepts_json_gets_the_secret_as_json(house):
    client, made = make_link(house, "Program")
    answer = press(house, made["link"], Accept="application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.json()
    assert given["client_id"] == client.id and given["secret_id"] == made["secret_id"]
    assert given["client_secret_expires_at"] == made["expires_at"]
    assert house.token_response(client._replace(secret=given["client_secret"])).status_code == 200
    assert press(house, made["link"], Accept="application/json").json()["error"] == \
        "invalid_request"


def test_a_link_opens_nothing_for_a_client_that_was_retired(house):
    client, made = make_link(house, "Retired before")
    house.cli("client", "retire", client.id)
    assert press(house, made["link"]).status_code == 404


def test_the_store_holds_no_link_and_nothing_of_a_secret_before_it_is_opened(make_house):
    house = make_house(start=False)
    client, made = make_link(house, "Stored")
    token = token_of(made["link"])
    assert re.fullmatch(r"cgl_[A-Za-z0-9_-]{43}", token)
    for path in house.home.rglob("*"):
        if path.is_file():
            assert token[4:].encode() not in path.read_bytes(), path
    states = [row["state"] for row in house.cli("secret", "list", "--client", client.id)]
    assert sorted(states) == ["revoked", "unopened"]  # of one second, in either order
