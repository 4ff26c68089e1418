/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "audit/report.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "crypto/certificate.h"
#include "crypto/certificate_facts.h"
#include "registry/client_key.h"
#include "test.h"

#define TOKEN_PATH HOUSE_REALM "/oauth/token"
#define LIFE_S INT64_C(86400)
#define MADE_S (HOUSE_NOW_S + 7200)
#define SUBJECT "CN=Caregate development server"
#define HOST "ward.example"

/* A certificate of the host, valid from an hour before it was made. */
struct made {
    struct cg_span pem;
    struct cg_span der;
};

static struct made make_at(struct house *house, int64_t now_s)
{
    static const struct cg_span hosts[] = {CG_SPAN(HOST), CG_SPAN("second.example")};
    struct cg_dev_certificate dev;
    struct made made;
    assert_ok(cg_certificate_make(hosts, TEST_COUNT(hosts), now_s, LIFE_S, house->arena, &dev));
    made.pem = dev.certificate_pem;
    assert_ok(cg_certificate_decode_pem(made.pem, house->arena, &made.der));
    return made;
}

static struct made make(struct house *house)
{
    return make_at(house, HOUSE_NOW_S);
}

static void set_client(struct house *house, enum cg_client_auth auth, enum cg_client_bind bind,
                       const char *profile)
{
    struct cg_client client;
    assert_ok(cg_client_find(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                             house->arena, &client));
    client.auth = auth;
    client.bind = bind;
    client.profile = profile != NULL ? test_span(profile) : (struct cg_span){NULL, 0};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_set(house->registry, &client, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static struct cg_span add_key(struct house *house, enum cg_client_key_kind kind,
                              struct cg_span value)
{
    struct cg_client_key key = {.realm = test_span(HOUSE_REALM),
                                .client = test_span(house->client),
                                .kind = kind,
                                .value = value,
                                .created_s = HOUSE_NOW_S};
    struct cg_span id;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_key_add(house->registry, &key, &house->random, house->arena, NULL, &id));
    assert_ok(cg_store_commit(house->registry));
    return id;
}

static void revoke_key(struct house *house, struct cg_span id)
{
    const struct cg_client_key named = {.realm = test_span(HOUSE_REALM), .id = id};
    struct cg_client_key revoked;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_client_key_revoke(house->registry, &named, HOUSE_NOW_S, house->arena, NULL, &revoked));
    assert_ok(cg_store_commit(house->registry));
}

static const struct cg_response *ask(struct house *house,
                                     const struct cg_client_certificate *certificate,
                                     const char *body)
{
    const struct cg_request request = {
        .method = CG_SPAN("POST"),
        .path = CG_SPAN(TOKEN_PATH),
        .request_id = CG_SPAN("req-1"),
        .address = CG_SPAN("127.0.0.1"),
        .content_type = CG_SPAN("application/x-www-form-urlencoded"),
        .body = test_span(body),
        .certificate = *certificate,
    };
    return house_ask_with(house, &request);
}

/* By the client's id alone. */
static const struct cg_response *ask_by_id(struct house *house,
                                           const struct cg_client_certificate *certificate)
{
    static char body[256];
    (void)snprintf(body, sizeof(body), "grant_type=client_credentials&client_id=%s", house->client);
    return ask(house, certificate, body);
}

static const struct cg_response *ask_by_secret(struct house *house,
                                               const struct cg_client_certificate *certificate)
{
    static char body[256];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s", house->client,
                   house->secret);
    return ask(house, certificate, body);
}

static enum cg_status keep_last(void *context, struct cg_span record, int64_t time_s)
{
    char *text = context;
    (void)time_s;
    (void)snprintf(text, 4096, "%.*s", CG_SPAN_ARGS(record));
    return CG_OK;
}

/* What the audit says of the last refusal. */
static void assert_audit_says(struct house *house, const char *label, const char *detail)
{
    static char last[4096];
    struct cg_store *audit = NULL;
    const struct cg_audit_filter filter = {.until_s = INT64_MAX, .kind = CG_SPAN("token_refused")};
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    assert_ok(cg_audit_list(audit, &filter, keep_last, last));
    (void)cg_store_free(audit);
    if (strstr(last, detail) == NULL) {
        print_error("%s: \"%s\" is not in %s\n", label, detail, last);
        fail();
    }
}

static void assert_answer(const char *label, const struct cg_response *response, unsigned status,
                          enum cg_reason reason)
{
    if (response->http_status != status || response->reason != reason) {
        print_error("%s: got %u %s %.*s\n", label, response->http_status,
                    cg_reason_name(response->reason), CG_SPAN_ARGS(response->body));
        fail();
    }
}

static void assert_refused(struct house *house, const char *label,
                           const struct cg_response *response, const char *detail)
{
    assert_answer(label, response, 401, CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    assert_audit_says(house, label, detail);
}

/* cnf.x5t#S256 of the token in a response; absent when it is not bound. */
static struct cg_span bound_to(struct house *house, const struct cg_response *response)
{
    struct cg_json *body = NULL;
    struct cg_span compact;
    struct cg_span payload;
    assert_int_equal(response->http_status, 200);
    assert_ok(cg_json_parse(response->body, 16384, &body));
    assert_ok(cg_json_member_string(cg_json_root(body), "access_token", &compact));
    size_t first = cg_span_find(compact, '.', 0);
    size_t second = cg_span_find(compact, '.', first + 1);
    assert_ok(cg_base64url_decode_arena(cg_span_part(compact, first + 1, second - first - 1),
                                        house->arena, &payload));
    (void)cg_json_free(body);
    struct cg_json *claims = NULL;
    assert_ok(cg_json_parse(payload, 16384, &claims));
    const struct cg_json_value *cnf = cg_json_member(cg_json_root(claims), "cnf");
    struct cg_span thumbprint = {NULL, 0};
    if (cnf != NULL) {
        assert_ok(cg_json_member_string(cnf, "x5t#S256", &thumbprint));
        assert_ok(cg_arena_copy(house->arena, thumbprint, &thumbprint));
    }
    (void)cg_json_free(claims);
    return thumbprint;
}

static struct cg_span thumbprint_of(struct house *house, struct cg_span der)
{
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_buf buf;
    struct cg_span text;
    assert_ok(cg_sha256(der, digest));
    cg_buf_init_arena(&buf, house->arena, 64);
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static const struct cg_client_certificate none = {.verified = 0};

static void tls_client_is_known_by_what_is_registered_of_its_certificate(void **state)
{
    static const struct {
        const char *label;
        enum cg_client_key_kind kind;
        const char *value;
        const char *refusal; /* NULL: let in */
    } rows[] = {
        {"its subject", CG_CLIENT_KEY_TLS_SUBJECT, SUBJECT, NULL},
        {"its DNS name", CG_CLIENT_KEY_TLS_SAN_DNS, HOST, NULL},
        {"its second DNS name", CG_CLIENT_KEY_TLS_SAN_DNS, "second.example", NULL},
        {"another subject", CG_CLIENT_KEY_TLS_SUBJECT, "CN=Another server", "neither the subject"},
        {"its subject in another case", CG_CLIENT_KEY_TLS_SUBJECT, "CN=Caregate Development Server",
         "neither the subject"},
        {"its subject and more", CG_CLIENT_KEY_TLS_SUBJECT, SUBJECT ",O=Trust",
         "neither the subject"},
        {"another DNS name", CG_CLIENT_KEY_TLS_SAN_DNS, "other.example", "nor the DNS name"},
        {"a name beneath", CG_CLIENT_KEY_TLS_SAN_DNS, "a.ward.example", "nor the DNS name"},
    };
    struct house *house = *state;
    struct made made = make(house);
    const struct cg_client_certificate shown = {.der = made.der, .verified = 1};
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = add_key(house, rows[i].kind, test_span(rows[i].value));
        const struct cg_response *response = ask_by_id(house, &shown);
        if (rows[i].refusal == NULL) {
            assert_answer(rows[i].label, response, 200, CG_REASON_NONE);
        } else {
            assert_refused(house, rows[i].label, response, rows[i].refusal);
        }
        revoke_key(house, id);
        assert_refused(house, "revoked", ask_by_id(house, &shown), "neither the subject");
    }
}

static void tls_client_needs_a_chain_that_is_trusted(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    (void)add_key(house, CG_CLIENT_KEY_TLS_SUBJECT, CG_SPAN_OF(SUBJECT));
    (void)add_key(house, CG_CLIENT_KEY_CERTIFICATE, made.pem);
    const struct cg_client_certificate unverified = {.der = made.der};
    assert_refused(house, "unverified", ask_by_id(house, &unverified), "no authority");
}

static void self_signed_client_is_known_by_its_very_certificate(void **state)
{
    struct house *house = *state;
    struct made old = make(house);
    struct made new = make(house);
    struct made other = make(house);
    set_client(house, CG_CLIENT_AUTH_SELF_SIGNED_TLS, CG_CLIENT_BIND_NONE, NULL);
    (void)add_key(house, CG_CLIENT_KEY_CERTIFICATE, old.pem);
    (void)add_key(house, CG_CLIENT_KEY_CERTIFICATE, new.pem);
    (void)add_key(house, CG_CLIENT_KEY_TLS_SUBJECT, CG_SPAN_OF(SUBJECT));
    assert_answer("old", ask_by_id(house, &(struct cg_client_certificate){.der = old.der}), 200,
                  CG_REASON_NONE);
    assert_answer("new", ask_by_id(house, &(struct cg_client_certificate){.der = new.der}), 200,
                  CG_REASON_NONE);
    assert_refused(
        house, "other, of the same name and trusted",
        ask_by_id(house, &(struct cg_client_certificate){.der = other.der, .verified = 1}),
        "none of those registered");
}

static void certificate_proves_a_client_within_its_life_only(void **state)
{
    static const struct {
        const char *label;
        int64_t now_s;
        bool good;
    } rows[] = {
        {"before", MADE_S - 3601, false},
        {"first second", MADE_S - 3600, true},
        {"last second", MADE_S + LIFE_S, true},
        {"after", MADE_S + LIFE_S + 1, false},
    };
    static const enum cg_client_auth auths[] = {CG_CLIENT_AUTH_TLS, CG_CLIENT_AUTH_SELF_SIGNED_TLS};
    struct house *house = *state;
    struct made made = make_at(house, MADE_S);
    const struct cg_client_certificate shown = {.der = made.der, .verified = 1};
    (void)add_key(house, CG_CLIENT_KEY_TLS_SUBJECT, CG_SPAN_OF(SUBJECT));
    (void)add_key(house, CG_CLIENT_KEY_CERTIFICATE, made.pem);
    for (size_t auth = 0; auth < TEST_COUNT(auths); auth++) {
        set_client(house, auths[auth], CG_CLIENT_BIND_NONE, NULL);
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            house->now_s = rows[i].now_s;
            const struct cg_response *response = ask_by_id(house, &shown);
            if (rows[i].good) {
                assert_answer(rows[i].label, response, 200, CG_REASON_NONE);
            } else {
                assert_refused(house, rows[i].label, response, "not valid yet, or no longer");
            }
        }
    }
}

static void certificate_goes_with_a_client_id(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    const struct cg_client_certificate shown = {.der = made.der, .verified = 1};
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    const struct cg_response *response = ask(house, &shown, "grant_type=client_credentials");
    assert_answer("no id", response, 401, CG_REASON_CREDENTIALS_MISSING);
    char text[1024];
    (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(response->body));
    assert_non_null(strstr(text, "send client_id in the form"));
    assert_answer("no certificate", ask_by_id(house, &none), 401, CG_REASON_CREDENTIALS_MISSING);
}

static void certificate_of_an_unknown_client_is_refused_as_that_of_a_known_one(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    const struct cg_client_certificate shown = {.der = made.der, .verified = 1};
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    char known[1024];
    const struct cg_response *response = ask_by_id(house, &shown);
    assert_refused(house, "known", response, "neither the subject");
    (void)snprintf(known, sizeof(known), "%.*s", CG_SPAN_ARGS(response->body));
    response = ask(house, &shown, "grant_type=client_credentials&client_id=nobody-0000000");
    assert_refused(house, "unknown", response, "no such client");
    assert_span_text(response->body, known);
}

static void client_proves_itself_in_the_way_it_is_registered_for(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    const struct cg_client_certificate shown = {.der = made.der, .verified = 1};
    (void)add_key(house, CG_CLIENT_KEY_TLS_SUBJECT, CG_SPAN_OF(SUBJECT));
    (void)add_key(house, CG_CLIENT_KEY_CERTIFICATE, made.pem);
    assert_refused(house, "a secret's client by certificate", ask_by_id(house, &shown),
                   "another way of authentication");
    assert_answer("a secret beside a certificate", ask_by_secret(house, &shown), 200,
                  CG_REASON_NONE);
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    assert_refused(house, "a certificate's client by secret", ask_by_secret(house, &shown),
                   "another way of authentication");
}

static void certificate_that_cannot_be_read_proves_nothing(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    (void)add_key(house, CG_CLIENT_KEY_TLS_SUBJECT, CG_SPAN_OF(SUBJECT));
    const struct cg_client_certificate cut = {.der = cg_span_part(made.der, 0, made.der.len - 1),
                                              .verified = 1};
    const struct cg_client_certificate header = {.header = CG_SPAN(":AAA:"), .verified = 1};
    assert_refused(house, "cut", ask_by_id(house, &cut), "cannot be read");
    assert_refused(house, "header", ask_by_id(house, &header), "cannot be read");
}

static void token_is_bound_to_the_certificate_where_the_client_says_so(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    const struct cg_client_certificate shown = {.der = made.der};
    struct cg_span thumbprint = thumbprint_of(house, made.der);
    assert_null(bound_to(house, ask_by_secret(house, &shown)).data);
    set_client(house, CG_CLIENT_AUTH_SECRET, CG_CLIENT_BIND_MTLS, NULL);
    assert_span_equal(bound_to(house, ask_by_secret(house, &shown)), thumbprint);
    assert_answer("without", ask_by_secret(house, &none), 400, CG_REASON_CERTIFICATE_MISSING);
    const struct cg_client_certificate bad = {.header = CG_SPAN("no certificate")};
    assert_answer("malformed", ask_by_secret(house, &bad), 400, CG_REASON_CERTIFICATE_MALFORMED);
}

static void token_is_bound_to_the_certificate_where_the_profile_says_so(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    const struct cg_client_certificate shown = {.der = made.der, .verified = 1};
    (void)add_key(house, CG_CLIENT_KEY_TLS_SUBJECT, CG_SPAN_OF(SUBJECT));
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, NULL);
    assert_null(bound_to(house, ask_by_id(house, &shown)).data);
    set_client(house, CG_CLIENT_AUTH_TLS, CG_CLIENT_BIND_NONE, "fapi2");
    assert_span_equal(bound_to(house, ask_by_id(house, &shown)), thumbprint_of(house, made.der));
}

/* Base64 as PEM has it, less its line ends, between colons. */
static struct cg_span as_sequence(struct house *house, struct cg_span pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, house->arena, 16384);
    cg_buf_put_byte(&buf, ':');
    for (size_t i = sizeof(begin) - 1; pem.data[i] != '-'; i++) {
        if (pem.data[i] != '\n') {
            cg_buf_put_byte(&buf, pem.data[i]);
        }
    }
    cg_buf_put_byte(&buf, ':');
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

/* As nginx's $ssl_client_escaped_cert. */
static struct cg_span as_escaped(struct house *house, struct cg_span pem)
{
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, house->arena, 16384);
    for (size_t i = 0; i < pem.len; i++) {
        char escape[4];
        (void)snprintf(escape, sizeof(escape), "%%%02X", pem.data[i]);
        if (strchr(" +/=\n", pem.data[i]) != NULL) {
            cg_buf_put_string(&buf, escape);
        } else {
            cg_buf_put_byte(&buf, pem.data[i]);
        }
    }
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static void certificate_may_come_in_either_form_of_a_proxys_header(void **state)
{
    struct house *house = *state;
    struct made made = make(house);
    struct cg_span thumbprint = thumbprint_of(house, made.der);
    set_client(house, CG_CLIENT_AUTH_SELF_SIGNED_TLS, CG_CLIENT_BIND_MTLS, NULL);
    (void)add_key(house, CG_CLIENT_KEY_CERTIFICATE, made.pem);
    struct cg_client_certificate shown = {.header = as_escaped(house, made.pem)};
    assert_span_equal(bound_to(house, ask_by_id(house, &shown)), thumbprint);
    shown.header = as_sequence(house, made.pem);
    assert_span_equal(bound_to(house, ask_by_id(house, &shown)), thumbprint);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSE_TEST(tls_client_is_known_by_what_is_registered_of_its_certificate),
    HOUSE_TEST(tls_client_needs_a_chain_that_is_trusted),
    HOUSE_TEST(self_signed_client_is_known_by_its_very_certificate),
    HOUSE_TEST(certificate_proves_a_client_within_its_life_only),
    HOUSE_TEST(certificate_goes_with_a_client_id),
    HOUSE_TEST(certificate_of_an_unknown_client_is_refused_as_that_of_a_known_one),
    HOUSE_TEST(client_proves_itself_in_the_way_it_is_registered_for),
    HOUSE_TEST(certificate_that_cannot_be_read_proves_nothing),
    HOUSE_TEST(token_is_bound_to_the_certificate_where_the_client_says_so),
    HOUSE_TEST(token_is_bound_to_the_certificate_where_the_profile_says_so),
    HOUSE_TEST(certificate_may_come_in_either_form_of_a_proxys_header),
};
TEST_MAIN(tests)
