# SPDX-License-Identifier: Apache-2.0
"""`caregate check` finds what is wrong and says how to mend it."""
import re
import shutil
import subprocess
import time

import pytest

from support.house import House
from support.store import change, gather

LOCATION = "apis/vlive_hpca/documents.conf"


@pytest.fixture(scope="module")
def still_house(echo_shared):
    """A furnished house that does not run."""
    house = House()
    try:
        yield house.furnish(echo_shared.url, echo_shared.url)
    finally:
        house.close()


@pytest.fixture()
def still(still_house):
    """The same, put back as it was afterwards, owners and all."""
    kept = still_house.home / "kept"
    subprocess.run(["cp", "-a", str(still_house.dir), str(kept)], check=True)
    yield still_house
    shutil.rmtree(still_house.dir)
    kept.rename(still_house.dir)


def findings(house):
    """What is not well, and the exit code."""
    done = house.run("check")
    assert done.json is not None, done
    for row in done.json:
        assert set(row) == {"level", "subject", "finding", "mend"}
        assert bool(row["mend"]) == (row["level"] != "ok"), row
    bad = [row for row in done.json if row["level"] != "ok"]
    assert done.code == (1 if any(row["level"] == "error" for row in bad) else 0)
    return bad


def certificate(house, begin, end):
    """A certificate from begin to end (openssl's dates), at the place of the house's own."""
    tls = house.dir / "tls"
    config = house.home / "ca.cnf"
    config.write_text("[ca]\ndefault_ca = d\n[d]\ndatabase = index\nnew_certs_dir = .\n"
                      "rand_serial = yes\ndefault_md = sha256\npolicy = p\n[p]\n"
                      "commonName = supplied\n")
    (house.home / "index").write_text("")
    for command in (
            ["req", "-new", "-subj", "/CN=localhost", "-key", tls / "server.key", "-out", "csr"],
            ["ca", "-batch", "-notext", "-config", config, "-selfsign", "-keyfile",
             tls / "server.key", "-in", "csr", "-out", "new.pem", "-startdate", begin, "-enddate",
             end]):
        subprocess.run(["openssl", *map(str, command)], cwd=house.home, check=True,
                       capture_output=True)
    (tls / "server.pem").write_text((house.home / "new.pem").read_text())


def seal_differently(house):
    (house.dir / "master.key").write_text("A" * 43 + "\n")


def damage(house):
    """Spoils the last page of the registry."""
    path = house.dir / "registry.db"
    gather(path)
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096:page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)


def tamper(house):
    assert change(house.dir / "audit.db", "update audit_record set record = record || ' ' "
                                          "where writer = 'cli' and number = 4") == 1


def in_location(line):
    return lambda house: house.edit("    caregate_fhir on;", f"    caregate_fhir on;\n    {line}",
                                    LOCATION)


def in_http(line):
    return lambda house: house.add_to_http(f"    {line}")


def cache(house):
    house.add_to_http("    proxy_cache_path run/cache keys_zone=kept:1m;\n    proxy_cache kept;")


def way_around(house):
    upstream = re.search(r"proxy_pass (\S+);", (house.dir / LOCATION).read_text()).group(1)
    house.add_to_server(f"        location /open/ {{ proxy_pass {upstream}; }}")


def with_secret(house, name, expires):
    """A client with a secret that ends, for so long."""
    client = house.cli("client", "add", "--org", "RX809", "--name", name)["client_id"]
    return client, house.cli("secret", "issue", "--client", client, "--expires", expires)


def move_on(house, name):
    """A client whose system still uses the secret that was replaced."""
    client, secret = with_secret(house, name, "90d")
    house.cli("secret", "rotate", "--client", client)
    assert findings(house) == [], "what nobody uses may end"
    change(house.dir / "registry.db", "update credential set last_used_at_s = ? where id = ?",
           int(time.time()) - 3600, secret["secret_id"])


def age_key(house):
    """A key past its life, while nothing runs that would change it."""
    change(house.dir / "registry.db", "update signing_key set sign_from_s = sign_from_s - ? "
                                      "where realm <> 'audit'", 91 * 86400)


def publish_keys(house):
    """A client whose keys are at a host that nothing is fetched from."""
    client = house.cli("client", "add", "--org", "RX809", "--name", "Away", "--auth",
                       "private_key_jwt")["client_id"]
    house.cli("client", "key", "add", "--client", client, "--jwks-uri",
              "https://keys.supplier.example:8443/jwks")


def trust(house, *more, url="https://auth.login.example/jwks.json"):
    house.cli("upstream", "add", "login", "--kind", "nhs-login", "--issuer",
              "https://auth.login.example", "--jwks-uri", url, *more)


def rely(house, *grants):
    """A client that is to exchange the ID tokens of a provider."""
    house.add_to_http("    caregate_fetch_hosts auth.login.example;")
    trust(house)
    client, _ = with_secret(house, "Relying", "90d")
    house.cli("client", "set", client, "--grant", "client_credentials", *grants)
    house.cli("client", "upstream", "add", "--client", client, "--upstream", "login",
              "--audience", "care-app")


def trust_no_more(house):
    """A provider that is retired while a client relies on it."""
    rely(house, "--grant", "token-exchange")
    assert findings(house) == [], "a provider in force is well"
    house.cli("upstream", "retire", "login")


WRONG = [
    pytest.param(publish_keys, "warning", "away-", "caregate_fetch_hosts",
                 id="client-keys-that-may-not-be-fetched"),
    pytest.param(trust, "warning", "login", "caregate_fetch_hosts",
                 id="provider-keys-that-may-not-be-fetched"),
    pytest.param(lambda house: trust(house, "--level", "P0", "--level", "P9"), "warning", "login",
                 "upstream set", id="provider-trusted-to-know-nobody"),
    pytest.param(rely, "warning", "relying-", "--grant token-exchange",
                 id="client-that-may-not-exchange"),
    pytest.param(trust_no_more, "warning", "relying-", "client upstream remove",
                 id="client-of-a-retired-provider"),
    pytest.param(age_key, "warning", "/vlive/hpca", "caregate serve", id="key-past-its-life"),
    pytest.param(lambda house: (house.dir / "master.key").chmod(0o644), "error", "master.key",
                 "chmod", id="master-key-that-others-read"),
    pytest.param(lambda house: (house.dir / "registry.db").chmod(0o640), "error", "registry.db",
                 "chmod", id="registry-that-others-read"),
    pytest.param(lambda house: (house.dir / "audit.db").chmod(0o666), "error", "audit.db", "chmod",
                 id="audit-that-others-write"),
    pytest.param(lambda house: (house.dir / "tls" / "server.key").chmod(0o644), "error",
                 "tls/server.key", "chmod", id="tls-key-that-others-read"),
    pytest.param(lambda house: (house.dir / "nginx.conf").chmod(0o666), "error", "nginx.conf",
                 "chmod", id="configuration-that-others-write"),
    pytest.param(lambda house: house.dir.chmod(0o777), "error", "data", "chmod",
                 id="folder-that-others-write"),
    pytest.param(lambda house: certificate(house, "20200101000000Z", "20210101000000Z"), "error",
                 "tls/server.pem", "certificate", id="certificate-that-ended"),
    pytest.param(lambda house: certificate(
        house, "20260101000000Z", subprocess.run(
            ["date", "-u", "-d", "+5 days", "+%Y%m%d%H%M%SZ"], check=True, capture_output=True,
            text=True).stdout.strip()),
        "warning", "tls/server.pem", "certificate", id="certificate-that-ends-soon"),
    pytest.param(lambda house: (house.dir / "tls" / "server.pem").write_text("nothing\n"), "error",
                 "tls/server.pem", "PEM", id="no-certificate"),
    pytest.param(seal_differently, "error", "/vlive/hpca", "master.key", id="wrong-master-key"),
    pytest.param(damage, "error", "registry.db", "restore|copy|backup", id="damaged-registry"),
    pytest.param(tamper, "error", "audit", "", id="tampered-audit"),
    pytest.param(cache, "error", "documents.conf", "proxy_cache off",
                 id="proxy_cache-on-a-protected-location"),
    pytest.param(in_location("satisfy any;\n    allow all;"), "error", "documents.conf", "",
                 id="satisfy-any"),
    pytest.param(in_location("caregate_forward_token on;"), "warning", "documents.conf",
                 "forward_token", id="token-passed-on"),
    pytest.param(way_around, "warning", "nginx.conf", "caregate_api", id="way-around-the-gate"),
    pytest.param(in_http("log_format all '$request'; access_log logs/all.log all;"), "warning",
                 "nginx.conf", "log_format", id="log-of-request-lines"),
    pytest.param(in_location("access_log logs/more.log combined;"), "warning", "documents.conf",
                 "log_format", id="log-of-request-lines-in-a-location"),
    pytest.param(lambda house: house.edit("error_log stderr warn;", "error_log stderr info;"),
                 "warning", "nginx.conf", "error", id="talkative-error-log"),
    pytest.param(lambda house: house.edit("TLSv1.2 TLSv1.3", "TLSv1 TLSv1.2"), "error",
                 "nginx.conf", "TLSv1.2", id="old-tls"),
    pytest.param(lambda house: house.edit("        include apis/*/*.conf;\n", ""), "error",
                 "documents.conf", "include", id="protection-that-nginx-does-not-read"),
    pytest.param(lambda house: house.edit("caregate_fhir on;", "caregate_fhir of;", LOCATION),
                 "error", "nginx.conf", "line", id="configuration-that-nginx-refuses"),
    pytest.param(lambda house: with_secret(house, "Ending", "5d"), "warning", "ending-",
                 "secret rotate", id="last-secret-that-ends-soon"),
    pytest.param(lambda house: move_on(house, "In use"), "warning", "in-use-", "newer secret",
                 id="secret-in-use-that-ends-before-another"),
    pytest.param(lambda house: house.cli("client", "add", "--org", "RX809", "--name", "Bare"),
                 "warning", "bare-", "secret issue", id="client-without-a-secret"),
]


def test_new_house_is_well(still):
    assert findings(still) == []


@pytest.mark.parametrize("spoil, level, subject, mend", WRONG)
def test_what_is_wrong_is_found_with_how_to_mend_it(still, spoil, level, subject, mend):
    spoil(still)
    found = findings(still)
    assert any(row["level"] == level and subject in row["subject"] and re.search(mend, row["mend"])
               for row in found), found


def test_check_of_a_running_house_is_well(house):
    client = house.onboard("Checked", "documents", "documents.read")
    house.token(client)
    assert [row for row in findings(house) if row["level"] == "error"] == []


def test_keys_at_a_listed_host_are_well(still):
    still.add_to_http("    caregate_fetch_hosts other.example auth.login.example;\n"
                      "    caregate_fetch_hosts keys.supplier.example:8443;")
    publish_keys(still)
    trust(still)
    assert findings(still) == []


def test_check_without_a_data_folder_says_so(still, tmp_path):
    done = still.run("--dir", str(tmp_path / "nowhere"), "check")
    assert done.code in (1, 2)
    assert "init" in done.err + done.out


def test_findings_read_well_without_json(still):
    (still.dir / "master.key").chmod(0o644)
    done = still.run("check", json=False)
    assert done.code == 1
    assert "master.key" in done.out and "chmod" in done.out
