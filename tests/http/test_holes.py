# SPDX-License-Identifier: Apache-2.0
"""Every way that nginx offers around a check in the access phase is closed at the gate."""

import subprocess

import pytest
from support.grounds import GATE, Grounds
from support.wait import wait_until
from support.wire import Wire, exchange, head

LET_IN = "let in"
SECRET = "for the gate's callers only"
FILES = (
    ("public/hello.txt", "for everybody"),
    ("public/include.shtml", '[<!--#include virtual="/closed/secret.txt" -->]'),
    ("public/index/place", ""),
    ("closed/secret.txt", SECRET),
    ("closed/index.html", SECRET),
    ("dav/there.txt", SECRET),
)

# A label, its locations, a path, and what somebody with a good token finds there.
HOLES = [
    ("return", "location /return/ { %(gate)s return 200 'let in'; }", "/return/", LET_IN),
    ("rewrite_last", """
        location /last/ { %(gate)s rewrite ^ /answer last; }
        location = /answer { return 200 'let in'; }""", "/last/x", LET_IN),
    ("rewrite_break", "location /break/ { %(gate)s rewrite ^ /closed/secret.txt break; }",
     "/break/x", SECRET),
    ("rewrite_redirect", "location /moved/ { %(gate)s rewrite ^ /public/hello.txt redirect; }",
     "/moved/x", "302"),
    ("rewrite_into_it", "location /into/ { rewrite ^/into/(.*)$ /closed/$1 last; }",
     "/into/secret.txt", SECRET),
    ("set_and_if", """
        location /if/ { %(gate)s set $x 1; if ($x) { return 200 'let in'; } }""", "/if/", LET_IN),
    ("if_proxy_pass", """
        location /if-proxy/ { %(gate)s if ($arg_x) { proxy_pass %(api)s; } }""",
     "/if-proxy/?x=1", '"method": "GET"'),
    ("satisfy_any", """
        location /satisfy/ { %(gate)s satisfy any; allow all; alias %(www)s/closed/; }""",
     "/satisfy/secret.txt", SECRET),
    ("satisfy_any_with_auth_request", """
        location /satisfy-too/ { %(gate)s satisfy any; deny all; auth_request /yes;
                                 alias %(www)s/closed/; }
        location = /yes { return 204; }""", "/satisfy-too/secret.txt", SECRET),
    ("auth_request_to_it", """
        location /asks/ { auth_request /closed/secret.txt; alias %(www)s/closed/; }""",
     "/asks/secret.txt", SECRET),
    ("auth_request_beside_it", """
        location /beside/ { %(gate)s auth_request /yes; alias %(www)s/closed/; }""",
     "/beside/secret.txt", SECRET),
    ("named_location", """
        location /named/ { error_page 418 =200 @named; return 418; }
        location @named { %(gate)s return 200 'let in'; }""", "/named/", LET_IN),
    ("try_files_to_it", "location /try/ { try_files /none /closed/secret.txt; }", "/try/x",
     SECRET),
    ("try_files_to_named", """
        location /try-named/ { try_files /none @try; }
        location @try { %(gate)s return 200 'let in'; }""", "/try-named/x", LET_IN),
    ("try_files_from_it", """
        location /try-out/ { %(gate)s try_files /none /public/hello.txt; }""", "/try-out/x",
     "for everybody"),
    ("error_page_to_it", """
        location /error/ { error_page 404 =200 /closed/secret.txt; return 404; }""", "/error/",
     SECRET),
    ("error_page_of_proxy_to_it", """
        location /error-proxy/ { proxy_pass %(api)s; proxy_intercept_errors on;
                                 error_page 404 =200 /closed/secret.txt; }""",
     "/error-proxy/answer?status=404", SECRET),
    ("error_page_out_of_it", """
        location /error-out/ { %(gate)s error_page 401 403 400 =200 /public/hello.txt;
                               alias %(www)s/closed/; }""", "/error-out/secret.txt", SECRET),
    ("error_page_named_out_of_it", """
        location /error-named/ { %(gate)s error_page 401 = @open; return 200 'let in'; }
        location @open { return 200 'let in'; }""", "/error-named/", LET_IN),
    ("x_accel_redirect", "location /accel/ { proxy_pass %(api)s; }",
     "/accel/accel?to=/closed/secret.txt", SECRET),
    ("x_accel_redirect_named", """
        location /accel-named/ { proxy_pass %(api)s; }""", "/accel-named/accel?to=@named",
     LET_IN),
    ("nested_location", """
        location /nest/ { %(gate)s location /nest/in/ { return 200 'let in'; } }""", "/nest/in/",
     LET_IN),
    ("nested_regex", r"""
        location /nest-regex/ { %(gate)s location ~ \.txt$ { return 200 'let in'; } }""",
     "/nest-regex/a.txt", LET_IN),
    ("nested_exact", """
        location /nest-exact/ { %(gate)s location = /nest-exact/a { return 200 'let in'; } }""",
     "/nest-exact/a", LET_IN),
    ("limit_except", """
        location /limit/ { %(gate)s limit_except POST { allow all; } alias %(www)s/closed/; }""",
     "/limit/secret.txt", SECRET),
    ("index", "location /index/ { index /closed/secret.txt; alias %(www)s/public/index/; }",
     "/index/", SECRET),
    ("index_of_it", "location /index-in/ { %(gate)s alias %(www)s/closed/; }", "/index-in/",
     SECRET),
    ("autoindex", "location /auto/ { %(gate)s autoindex on; index none; alias %(www)s/closed/; }",
     "/auto/", "secret.txt"),
    ("alias", "location /alias/ { %(gate)s alias %(www)s/closed/; }", "/alias/secret.txt", SECRET),
    ("slice", """
        location /slice/ { %(gate)s slice 8; proxy_set_header Range $slice_range;
                           proxy_pass http://127.0.0.1:%(port)d/origin/; }
        location /origin/ { alias %(www)s/closed/; allow 127.0.0.1; deny all; }""",
     "/slice/secret.txt", SECRET),
    ("sub_filter", """
        location /sub/ { %(gate)s sub_filter_types *; sub_filter gate's gate's;
                         alias %(www)s/closed/; }""", "/sub/secret.txt", SECRET),
    ("empty_gif", "location /gif/ { %(gate)s empty_gif; }", "/gif/x.gif", "GIF89a"),
    ("secure_link", """
        location /link/ { %(gate)s secure_link_secret x; if ($secure_link = '') { return 200
                          'let in'; } }""", "/link/", LET_IN),
    ("internal", """
        location /jump/ { rewrite ^ /inside last; }
        location = /inside { internal; %(gate)s return 200 'let in'; }""", "/jump/", LET_IN),
]

# Locations for the tests that stand alone.
OTHERS = """
        underscores_in_headers on;
        location /public/ { }
        location /closed/ { %(gate)s }
        location /api/ { %(gate)s proxy_pass %(api)s; }
        location /ssi/ { ssi on; ssi_types *; alias %(www)s/public/; }
        location /added/ { add_after_body /closed/secret.txt; addition_types *;
                           alias %(www)s/public/; }
        location /mirror/ { mirror /mirrored; alias %(www)s/public/; }
        location = /mirrored { internal; %(gate)s proxy_pass %(api)s; }
        location /mirror-in/ { %(gate)s mirror /copied; alias %(www)s/closed/; }
        location = /copied { internal; proxy_pass %(api)s; }
        location /dav/ { %(gate)s dav_methods PUT DELETE MKCOL COPY MOVE; }
        location /cached/ { %(gate)s proxy_cache answers; proxy_cache_valid 200 1m;
                            proxy_cache_use_stale error; proxy_pass %(api)s; }
        location /post-action/ { post_action /mirrored; alias %(www)s/public/; }
        location /fhir-proxy/ { %(gate)s proxy_pass %(api)s/; }
        error_page 400 405 494 495 496 /closed/secret.txt;
"""
HTTP = """    proxy_cache_path %(cache)s keys_zone=answers:1m;
"""


@pytest.fixture(scope="module")
def grounds():
    locations = "\n".join(hole[1] for hole in HOLES) + OTHERS
    made = Grounds(locations, HTTP, FILES).start()
    yield made
    made.close()


def assert_refused(answer, reason="token_missing"):
    assert answer.status == 401, answer
    assert answer.header("WWW-Authenticate").startswith("Bearer realm="), answer
    assert answer.json()["reason"] == reason
    assert_keeps_secret(answer)


def assert_keeps_secret(answer):
    for text in (SECRET, LET_IN, "for everybody", "GIF"):
        assert text.encode() not in answer.body, answer


def named(table):
    return pytest.mark.parametrize("path, found", [row[2:] for row in table],
                                   ids=[row[0] for row in table])


# What auth_request answers is nginx's own page, with the gate's challenge.
HTML_REFUSALS = ("/asks/secret.txt",)


@named(HOLES)
def test_a_location_refuses_without_a_token(grounds, path, found):
    before = len(grounds.api.seen)
    answer = grounds.ask(path)
    assert_keeps_secret(answer)
    if path in HTML_REFUSALS:
        assert answer.status == 401 and answer.header("WWW-Authenticate"), answer
    else:
        assert_refused(answer)
    if "proxy" not in path and "accel" not in path:
        assert len(grounds.api.seen) == before


@named(HOLES)
def test_a_location_refuses_a_token_with_a_broken_signature(grounds, path, found):
    answer = grounds.ask(path, grounds.token[:-8] + "AAAAAAAA")
    assert answer.status == 401, answer
    assert found == "302" or found.encode() not in answer.body
    assert 'error="invalid_token"' in answer.header("WWW-Authenticate")


@named(HOLES)
def test_a_location_opens_with_a_good_token(grounds, path, found):
    answer = grounds.ask(path, grounds.token)
    if found == "302":
        assert answer.status == 302
    else:
        assert answer.status == 200 and found.encode() in answer.body, answer


@named([row for row in HOLES if "limit" not in row[0]])
def test_a_location_refuses_without_a_token_over_http2(grounds, path, found):
    done = subprocess.run(
        ["curl", "-s", "-S", "--http2-prior-knowledge", "-w", "\n%{http_code} %{http_version}",
         f"http://127.0.0.1:{grounds.h2_port}{path}"], capture_output=True, check=True, timeout=20)
    body, _, tail = done.stdout.rpartition(b"\n")
    assert tail == b"401 2", done.stdout
    assert found == "302" or found.encode() not in body
    assert SECRET.encode() not in body


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "LOCK", "MKCOL",
           "COPY", "MOVE", "QUERY", "get", "G-ET", "CONNECT", "TRACE", "TRACK")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/api/x", "/return/", "/dav/there.txt", "/limit/secret.txt"])
def test_a_method_opens_nothing_without_a_token(grounds, method, path):
    before = len(grounds.api.seen)
    answer = grounds.ask(path, method=method, headers=["Destination: /public/stolen.txt"])
    # nginx itself refuses methods that it does not know or has turned off.
    assert answer.status in (401, 400, 405), answer
    assert_keeps_secret(answer)
    assert len(grounds.api.seen) == before
    assert (grounds.www / "dav" / "there.txt").read_text(encoding="utf-8") == SECRET
    assert not (grounds.www / "public" / "stolen.txt").exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_reaches_the_api_with_a_good_token(grounds, method):
    answer = grounds.ask("/api/" + method, grounds.token, method)
    assert answer.status == 200
    assert [one["method"] for one in grounds.seen("/api/" + method)] == [method]


# However it is spelt, it is either the protected path or no path at all.
PATHS = ("/closed/secret.txt", "//closed/secret.txt", "/closed//secret.txt",
         "/./closed/secret.txt",
         "/public/../closed/secret.txt", "/public/%2e%2e/closed/secret.txt",
         "/public/..%2fclosed/secret.txt", "/%63losed/secret.txt", "/closed%2fsecret.txt",
         "/closed/secret.txt%00", "/closed/secret.txt%00.gif", "/closed/%2e/secret.txt",
         "/closed/secret.txt/", "/closed/secret.txt?a=b", "/closed/secret.txt#x",
         "/CLOSED/secret.txt", "/closed;x/secret.txt", "/closed/secret.txt;x",
         "\\closed\\secret.txt",
         "/public/..;/closed/secret.txt", "/public\\..\\closed\\secret.txt", "/closed",
         "http://localhost/closed/secret.txt", "http://other/closed/secret.txt", "/closed/.",
         "/public/../../closed/secret.txt", "/%2563losed/secret.txt", "closed/secret.txt", "*",
         "/closed/secret.txt%20", "/%2fclosed/secret.txt", "/closed/%c0%ae/secret.txt")


@pytest.mark.parametrize("path", PATHS)
def test_a_spelling_of_the_path_opens_nothing_without_a_token(grounds, path):
    answer = grounds.ask(path)
    assert answer.status in (301, 400, 401, 404), answer
    assert_keeps_secret(answer)


@pytest.mark.parametrize("path", ["/public/../api/x", "/public/%2e%2e/api/x",
                                  "/public%2f..%2fapi/x", "/api/..;/public/x",
                                  "/api/..\\public", "/api/a/%2e%2e/x"])
def test_a_path_that_climbs_is_not_passed_on_even_with_a_good_token(grounds, path):
    answer = grounds.ask(path, grounds.token)
    assert (answer.status, answer.json()["reason"]) == (400, "path_ambiguous")
    assert not grounds.seen(path)


@pytest.mark.parametrize("line", [
    b"GET /closed/secret.txt\r\n\r\n",
    b"GET /closed/secret.txt HTTP/0.9\r\n\r\n",
    b"GET /closed/secret.txt HTTP/1.0\r\n\r\n",
    b"GET /closed/secret.txt HTTP/2.0\r\nHost: localhost\r\n\r\n",
    b"GET /closed/secret.txt HTTP/1.1\r\n\r\n",
    b"GET /public/hello.txt HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /public/hello.txt HTTP/1.1\r\nHost: localhost\r\nbad header\r\nX: " + b"y" * 40000,
    b"\x16\x03\x01\x00\x05hello\r\n\r\n",
], ids=["no_version", "http09", "http10", "http20", "no_host", "two_hosts", "too_long", "tls"])
def test_a_request_in_error_opens_nothing(grounds, line):
    with Wire(grounds.port) as wire:
        wire.send(line)
        got = b""
        while part := wire.socket.recv(65536):
            got += part
    assert SECRET.encode() not in got, got


def test_an_included_part_is_missing_without_a_token(grounds):
    assert SECRET.encode() not in grounds.ask("/ssi/include.shtml").body
    assert f"[{SECRET}]".encode() in grounds.ask("/ssi/include.shtml", grounds.token).body


def test_an_added_part_is_missing_without_a_token(grounds):
    answer = grounds.ask("/added/hello.txt")
    assert answer.status == 200 and SECRET.encode() not in answer.body
    assert SECRET.encode() in grounds.ask("/added/hello.txt", grounds.token).body


def test_a_mirror_reaches_a_protected_api_only_with_a_token(grounds):
    assert grounds.ask("/mirror/hello.txt").status == 200
    assert grounds.ask("/mirror/hello.txt", grounds.token).status == 200
    wait_until(lambda: grounds.seen("/mirrored"), what="the mirrored request")
    seen = grounds.seen("/mirrored")
    assert len(seen) == 1
    assert ["Caregate-Client-Id", grounds.client.id] in [list(pair) for pair in seen[0]["headers"]]


def test_a_refused_request_is_not_mirrored(grounds):
    assert_refused(grounds.ask("/mirror-in/secret.txt"))
    assert not grounds.seen("/copied")
    assert grounds.ask("/mirror-in/secret.txt", grounds.token).status == 200
    wait_until(lambda: grounds.seen("/copied"), what="the copy")


def test_a_post_action_reaches_a_protected_api_only_with_a_token(grounds):
    grounds.api.seen.clear()
    assert grounds.ask("/post-action/hello.txt").status == 200
    assert grounds.ask("/public/hello.txt").status == 200
    assert not grounds.seen("/mirrored")
    assert grounds.ask("/post-action/hello.txt", grounds.token).status == 200
    wait_until(lambda: grounds.seen("/mirrored"), what="the request after the answer")
    assert len(grounds.seen("/mirrored")) == 1


def test_a_file_is_neither_written_nor_removed_without_a_token(grounds):
    file = grounds.www / "dav" / "there.txt"
    assert_refused(grounds.ask("/dav/new.txt", method="PUT", body=b"planted"))
    assert_refused(grounds.ask("/dav/there.txt", method="DELETE"))
    assert file.exists() and not (grounds.www / "dav" / "new.txt").exists()


@pytest.mark.parametrize("value", ["bytes=0-3", "bytes=-4", "bytes=0-0,2-3", "bytes=0-1000000"])
def test_a_range_gives_nothing_without_a_token(grounds, value):
    assert_refused(grounds.ask("/closed/secret.txt", headers=[("Range", value)]))
    answer = grounds.ask("/closed/secret.txt", grounds.token, headers=[("Range", value)])
    assert answer.status in (200, 206)


@pytest.mark.parametrize("header", [
    "If-None-Match: *", "If-Modified-Since: Tue, 01 Jan 2030 00:00:00 GMT", "If-Match: *",
    "X-Original-URL: /public/hello.txt", "X-Rewrite-URL: /public/hello.txt",
    "X-HTTP-Method-Override: OPTIONS", "X-Accel-Redirect: /public/hello.txt",
    "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Prefix: /public", "Upgrade: websocket",
    "Upgrade: h2c", "Accept: */*", "Cookie: access_token=x", "Proxy-Authorization: Bearer x"])
def test_a_header_opens_nothing_without_a_token(grounds, header):
    assert_refused(grounds.ask("/closed/secret.txt", headers=[header]))
    assert_refused(grounds.ask("/api/x", headers=[header]))


def test_a_cached_answer_is_not_given_without_a_token(grounds):
    assert grounds.ask("/cached/x", grounds.token).status == 200
    assert grounds.ask("/cached/x", grounds.token).status == 200
    assert len(grounds.seen("/cached/x")) == 1  # it is in the cache
    assert_refused(grounds.ask("/cached/x"))


def test_requests_after_a_good_one_on_the_same_connection_need_their_own_token(grounds):
    good = head("GET", "/closed/secret.txt", [("Authorization", f"Bearer {grounds.token}")])
    bare = head("GET", "/closed/secret.txt")
    with Wire(grounds.port) as wire:
        wire.send(good + bare + good + bare)
        assert [wire.answer().status for _ in range(4)] == [200, 401, 200, 401]


def test_a_refused_body_is_not_taken_for_the_next_request(grounds):
    inner = head("GET", "/public/hello.txt")
    body = head("POST", "/api/x", [("Content-Length", len(inner))]) + inner
    with Wire(grounds.port) as wire:
        wire.send(body + head("GET", "/return/"))
        assert [wire.answer().status for _ in range(2)] == [401, 401]


CONFIGURATIONS = [
    ("require_without_api", "location /r/ { caregate_require documents.read; return 200; }",
     "caregate_require"),
    ("api_in_if", "location /r/ { if ($arg_x) { " + GATE + " } }", "caregate_api"),
    ("api_in_limit_except", "location /r/ { limit_except GET { " + GATE + " } }", "caregate_api"),
    ("api_in_server", GATE, "caregate_api"),
    ("api_twice", "location /r/ { " + GATE + " " + GATE + " }", "caregate_api"),
    ("api_and_issuer", "location /r/ { " + GATE + " caregate_issuer /vlive/hpca; }",
     "caregate_issuer"),
    ("issuer_within_api", "location /r/ { " + GATE +
     " location /r/s/ { caregate_issuer /vlive/hpca; } }", "caregate_issuer"),
    ("issuer_and_proxy", "location /r/ { caregate_issuer /vlive/hpca; proxy_pass http://[::1]; }",
     "caregate_issuer"),
    ("require_unknown_method", "location /r/ { " + GATE + " caregate_require GTE=a; }",
     "caregate_require"),
]


@pytest.mark.parametrize("text, directive", [row[1:] for row in CONFIGURATIONS],
                         ids=[row[0] for row in CONFIGURATIONS])
def test_what_cannot_be_guarded_is_refused_by_nginx_t(grounds, text, directive):
    file = grounds.house.dir / "apis" / "more" / "trial.conf"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")
    try:
        done = grounds.house.test_conf()
    finally:
        file.unlink()
    assert done.code != 0 and f'"{directive}"' in done.err and "trial.conf:" in done.err, done.err


def test_the_path_without_its_final_slash_answers_without_the_api(grounds):
    grounds.api.seen.clear()
    answer = exchange(grounds.port, "GET", "/fhir-proxy")
    assert answer.status in (301, 404) and not grounds.api.seen
