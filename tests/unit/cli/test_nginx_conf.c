/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx_conf.h"
#include "cli/nginx_parse.h"
#include "cli_test.h"

TEST(nginx_value_stays_one_word)
{
    static const struct {
        const char *value;
        const char *written;
    } rows[] = {
        {"plain", "\"plain\""},       {"", "\"\""},
        {"a b; c {", "\"a b; c {\""}, {"a\" ; return 200; \"", "\"a\\\" ; return 200; \\\"\""},
        {"back\\", "\"back\\\\\""},   {"two\nlines\r\x7f", "\"two lines  \""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_buf_release) struct cg_buf buf;
        struct cg_span written;
        cg_buf_init(&buf, 256);
        cg_nginx_put_value(&buf, test_span(rows[i].value));
        assert_ok(cg_buf_finish(&buf, &written));
        assert_span_text_row(rows[i].value, written, rows[i].written);
    }
}

TEST(nginx_plain_refuses_what_nginx_reads_differently)
{
    static const char *const refused[] = {"",      "/a$b",  "/a\"b", "/a'b",  "/a\\b",
                                          "/a*/b", "/a?b=", "/a[b]", "/a\nb", "/\xc3\xa9"};
    assert_true(cg_nginx_is_plain(test_span("/srv/care gate;{}/data-1_2.3")));
    for (size_t i = 0; i < TEST_COUNT(refused); i++) {
        assert_false(cg_nginx_is_plain(test_span(refused[i])));
    }
}

TEST(nginx_location_is_a_folder_of_safe_segments)
{
    static const char *const good[] = {"/fhir/", "/a/b-c/_~./", "/R4/"};
    static const char *const bad[] = {"",       "/",        "//",    "fhir/", "/fhir",
                                      "/a//b/", "/a/../b/", "/./",   "/a b/", "/a;/",
                                      "/a$b/",  "/a{/",     "/a\"/", "/%2e/", "/a\n/"};
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        assert_true(cg_nginx_is_location(test_span(good[i])));
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(cg_nginx_is_location(test_span(bad[i])));
    }
}

TEST(nginx_origin_is_scheme_host_and_port)
{
    static const char *const bad[] = {"",
                                      "care.example",
                                      "https://",
                                      "ftp://a",
                                      "https://a/x",
                                      "https://a//",
                                      "https://a?b",
                                      "https://u@a",
                                      "https://a$b"};
    struct cg_span origin;
    struct cg_uri uri;
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_status_row(bad[i], cg_nginx_origin_parse(test_span(bad[i]), &origin, &uri),
                          CG_ERR_INPUT);
    }
    assert_ok(cg_nginx_origin_parse(CG_SPAN_OF("https://care.example:8445/"), &origin, &uri));
    assert_span_text(origin, "https://care.example:8445");
    assert_span_text(uri.host, "care.example");
}

TEST(listen_wants_an_address_and_a_port)
{
    static const struct {
        const char *text;
        enum cg_status status;
        const char *host;
        int64_t port;
    } rows[] = {
        {"127.0.0.1:8443", CG_OK, "127.0.0.1", 8443},
        {"[::1]:443", CG_OK, "[::1]", 443},
        {"*:65535", CG_OK, "*", 65535},
        {"care.example:1", CG_OK, "care.example", 1},
        {"8443", CG_ERR_INPUT, NULL, 0},
        {":8443", CG_ERR_INPUT, NULL, 0},
        {"127.0.0.1:0", CG_ERR_INPUT, NULL, 0},
        {"127.0.0.1:65536", CG_ERR_INPUT, NULL, 0},
        {"127.0.0.1:", CG_ERR_INPUT, NULL, 0},
        {"a b:1", CG_ERR_INPUT, NULL, 0},
        {"x;:1", CG_ERR_INPUT, NULL, 0},
        {"::1:80", CG_ERR_INPUT, NULL, 0},
        {"[::1;]:80", CG_ERR_INPUT, NULL, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_listen listen;
        assert_status_row(rows[i].text, cg_listen_parse(test_span(rows[i].text), &listen),
                          rows[i].status);
        if (rows[i].status == CG_OK) {
            assert_span_text_row(rows[i].text, listen.host, rows[i].host);
            assert_int_equal(listen.port, rows[i].port);
        }
    }
}

/* What was written, read again as nginx reads it. */
static const struct cg_directive *read_back(struct cg_buf *buf, struct cg_arena *arena)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf dump;
    struct cg_directive *root = NULL;
    struct cg_span kept;
    struct cg_span written;
    struct cg_span all;
    cg_buf_init(&dump, 65536);
    assert_ok(cg_buf_finish(buf, &written));
    cg_buf_put_string(&dump, "# configuration file /d/x.conf:\n");
    cg_buf_put(&dump, written);
    assert_ok(cg_buf_finish(&dump, &all));
    assert_ok(cg_arena_copy(arena, all, &kept));
    assert_ok(cg_nginx_parse(kept, CG_SPAN_OF("/d"), arena, &root));
    return root;
}

static void assert_words(const struct cg_directive *block, const char *name, const char *words)
{
    char text[512] = "";
    const struct cg_directive *found = cg_directive_in(block, name, NULL);
    assert_non_null(found);
    for (size_t i = 1; i < found->word_count; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof(text) - len, "%s%.*s", i > 1 ? "|" : "",
                       CG_SPAN_ARGS(found->words[i]));
    }
    assert_string_equal(text, words);
}

TEST(nginx_api_verifies_https_upstreams)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    struct cg_span rules[] = {CG_SPAN("GET,HEAD=a b"), CG_SPAN("c\";d")};
    struct cg_nginx_api api = {
        .realm = CG_SPAN("/vlive/hpca"),
        .name = CG_SPAN("documents.write"),
        .at = CG_SPAN("/fhir/"),
        .https = true,
        .host = CG_SPAN("api.example"),
        .authority = CG_SPAN("api.example:9443"),
        .port = 9443,
        .path = CG_SPAN("/R4;{x}/"),
        .ca = CG_SPAN("/etc/ca.pem"),
        .rules = rules,
        .rule_count = 2,
        .fhir = true,
        .smart = true,
    };
    cg_buf_init(&buf, 16384);
    assert_ok(cg_arena_new(1 << 20, &arena));
    cg_nginx_api_write(&api, &buf);
    const struct cg_directive *root = read_back(&buf, arena);
    assert_words(root, "location", "/fhir/");
    const struct cg_directive *location = cg_directive_in(root, "location", NULL);
    assert_null(location->next);
    assert_words(location, "caregate_api", "documents.write|realm=/vlive/hpca");
    assert_words(location, "caregate_require", "GET,HEAD=a|b");
    const struct cg_directive *second = cg_directive_in(
        location, "caregate_require", cg_directive_in(location, "caregate_require", NULL));
    assert_span_text(cg_directive_word(second, 0), "c\";d");
    assert_words(location, "caregate_fhir", "on");
    assert_words(location, "caregate_smart", "on");
    assert_words(location, "proxy_pass", "https://caregate_vlive_hpca_documents.write/R4;{x}/");
    assert_words(location, "proxy_ssl_verify", "on");
    assert_words(location, "proxy_ssl_server_name", "on");
    assert_words(location, "proxy_ssl_name", "api.example");
    assert_words(location, "proxy_ssl_trusted_certificate", "/etc/ca.pem");
    cg_buf_clear(&buf);
    cg_nginx_upstream_write(&api, &buf);
    root = read_back(&buf, arena);
    assert_words(root, "upstream", "caregate_vlive_hpca_documents.write");
    assert_words(cg_directive_in(root, "upstream", NULL), "server", "api.example:9443");
}

TEST(nginx_api_with_smart_scopes_has_a_place_for_their_discovery)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    struct cg_nginx_api api = {
        .realm = CG_SPAN("/vlive/hpca"),
        .name = CG_SPAN("fhir"),
        .at = CG_SPAN("/fhir/R4/"),
        .host = CG_SPAN("127.0.0.1"),
        .authority = CG_SPAN("127.0.0.1:9090"),
        .port = 9090,
        .discovery = true,
    };
    cg_buf_init(&buf, 16384);
    assert_ok(cg_arena_new(1 << 20, &arena));
    cg_nginx_api_write(&api, &buf);
    const struct cg_directive *root = read_back(&buf, arena);
    const struct cg_directive *location = cg_directive_in(root, "location", NULL);
    const struct cg_directive *discovery = cg_directive_in(root, "location", location);
    assert_non_null(discovery);
    assert_span_text(cg_directive_word(discovery, 0), "=");
    assert_span_text(cg_directive_word(discovery, 1), "/fhir/R4/.well-known/smart-configuration");
    assert_words(discovery, "caregate_issuer", "/vlive/hpca");
    assert_words(discovery, "rewrite", "^|/vlive/hpca/.well-known/smart-configuration|break");
    assert_null(cg_directive_in(discovery, "caregate_api", NULL));
    assert_null(discovery->next);
}

TEST(nginx_realm_has_the_four_places_of_its_issuer)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    size_t count = 0;
    cg_buf_init(&buf, 16384);
    assert_ok(cg_arena_new(1 << 20, &arena));
    cg_nginx_realm_write(CG_SPAN_OF("/vlive/hpca"), &buf);
    const struct cg_directive *root = read_back(&buf, arena);
    assert_words(root, "location", "/vlive/hpca/");
    for (const struct cg_directive *at = root->first; at != NULL; at = at->next) {
        assert_words(at, "caregate_issuer", "/vlive/hpca");
        count++;
    }
    assert_int_equal(count, 4);
    assert_words(cg_directive_in(root, "location", NULL), "client_max_body_size", "0");
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

TEST(nginx_asks_for_certificates_on_the_listener_for_them_only)
{
    for (unsigned round = 0; round < 2; round++) {
        struct cg_nginx_conf conf = {.dir = CG_SPAN("/srv/care"),
                                     .module = CG_SPAN("/m.so"),
                                     .listen = CG_SPAN("127.0.0.1:8443"),
                                     .status_port = 8444};
        if (round == 1) {
            conf.mtls_listen = CG_SPAN_OF("127.0.0.1:8445");
        }
        CG_CLEANUP(cg_buf_release) struct cg_buf buf;
        char text[16384];
        struct cg_span written;
        cg_buf_init(&buf, sizeof(text) - 1);
        cg_nginx_conf_write(&conf, &buf);
        assert_ok(cg_buf_finish(&buf, &written));
        (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(written));
        assert_int_equal(count_of(text, "ssl_verify_client optional_no_ca;"), round);
        assert_int_equal(count_of(text, " ssl http2;"), 1 + round);
        assert_int_equal(count_of(text, "include realms/*.conf;"), 1 + round);
        assert_int_equal(count_of(text, "include apis/*/*.conf;"), 1 + round);
        if (round == 1) {
            assert_true(strstr(text, "listen 127.0.0.1:8443 ") <
                        strstr(text, "listen 127.0.0.1:8445 "));
            assert_true(strstr(text, "listen 127.0.0.1:8445 ") < strstr(text, "ssl_verify_client"));
        }
    }
}

TEST(nginx_knows_what_clients_call_on_each_listener_where_it_was_told)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(1 << 20, &arena));
    for (unsigned round = 0; round < 2; round++) {
        struct cg_nginx_conf conf = {.dir = CG_SPAN("/srv/care"),
                                     .module = CG_SPAN("/m.so"),
                                     .listen = CG_SPAN("0.0.0.0:443"),
                                     .mtls_listen = CG_SPAN("0.0.0.0:8445"),
                                     .status_port = 8444};
        if (round == 1) {
            conf.origin = CG_SPAN_OF("https://care.example.org");
            conf.mtls_origin = CG_SPAN_OF("https://care.example.org:8445");
        }
        CG_CLEANUP(cg_buf_release) struct cg_buf buf;
        cg_buf_init(&buf, 16384);
        cg_nginx_conf_write(&conf, &buf);
        const struct cg_directive *http = cg_directive_in(read_back(&buf, arena), "http", NULL);
        const struct cg_directive *server = cg_directive_in(http, "server", NULL);
        const struct cg_directive *mtls = cg_directive_in(http, "server", server);
        if (round == 0) {
            assert_null(cg_directive_in(server, "caregate_origin", NULL));
            assert_null(cg_directive_in(mtls, "caregate_origin", NULL));
        } else {
            assert_words(server, "caregate_origin", "https://care.example.org");
            assert_words(mtls, "caregate_origin", "https://care.example.org:8445");
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nginx_knows_what_clients_call_on_each_listener_where_it_was_told),
    cmocka_unit_test(nginx_asks_for_certificates_on_the_listener_for_them_only),
    cmocka_unit_test(nginx_value_stays_one_word),
    cmocka_unit_test(nginx_plain_refuses_what_nginx_reads_differently),
    cmocka_unit_test(nginx_location_is_a_folder_of_safe_segments),
    cmocka_unit_test(nginx_origin_is_scheme_host_and_port),
    cmocka_unit_test(listen_wants_an_address_and_a_port),
    cmocka_unit_test(nginx_api_verifies_https_upstreams),
    cmocka_unit_test(nginx_api_with_smart_scopes_has_a_place_for_their_discovery),
    cmocka_unit_test(nginx_realm_has_the_four_places_of_its_issuer),
};
TEST_MAIN(tests)
