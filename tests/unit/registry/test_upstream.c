/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upstream.h"

#include "base/span.h"
#include "desk.h"
#include "registry/client_upstream.h"

/* Coordinates of RFC 7515 appendix A.3. */
#define EC_NUMBERS                                                                                 \
    "\"kty\":\"EC\",\"crv\":\"P-256\","                                                            \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define SET(members) "{\"keys\":[{" EC_NUMBERS members "}]}"
#define ISSUER "https://auth.login.example"
#define JWKS_URI "https://auth.login.example/jwks.json"

static struct cg_upstream sample(const struct desk *desk)
{
    return (struct cg_upstream){
        .realm = desk->realm,
        .name = CG_SPAN("nhs-login"),
        .kind = CG_SPAN("nhs-login"),
        .issuer = CG_SPAN(ISSUER),
        .jwks_uri = CG_SPAN(JWKS_URI),
        .created_s = DESK_NOW_S,
    };
}

static enum cg_status add(struct desk *desk, const struct cg_upstream *upstream)
{
    return cg_upstream_add(desk->store, upstream, &desk->random, desk->arena, &desk->fault);
}

static struct cg_upstream named(struct desk *desk, const char *name)
{
    struct cg_upstream upstream;
    assert_ok(cg_upstream_named(desk->store, desk->realm, test_span(name), desk->arena, &upstream));
    return upstream;
}

static void let(struct desk *desk, struct cg_span client, const char *upstream,
                const char *audience)
{
    struct cg_client_upstream row = {desk->realm, client, test_span(upstream), test_span(audience),
                                     DESK_NOW_S};
    assert_ok(cg_client_upstream_add(desk->store, &row, desk->arena, NULL));
}

static enum cg_status find(struct desk *desk, struct cg_span client, const char *issuer,
                           struct cg_upstream_trust *ret_trust)
{
    return cg_upstream_find(desk->store, desk->realm, client, test_span(issuer), desk->arena,
                            ret_trust);
}

static void upstream_has_what_its_kind_has_where_nothing_else_was_said(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *kind;
        const char *alg;
        const char *levels;
    } rows[] = {
        {"nhs-login", "RS512", "P9"}, {"cis2", "RS256", "AAL2 AAL3"}, {"oidc", "RS256", ""}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char issuer[64];
        struct cg_upstream upstream = sample(desk);
        struct cg_registry_version before = desk_version(desk);
        (void)snprintf(issuer, sizeof(issuer), ISSUER "/%zu", i);
        upstream.name = upstream.kind = test_span(rows[i].kind);
        upstream.issuer = test_span(issuer);
        assert_ok(add(desk, &upstream));
        assert_touched(desk, before, CG_TOUCH_REGISTRY);
        upstream = named(desk, rows[i].kind);
        assert_span_text(upstream.kind, rows[i].kind);
        assert_span_text(upstream.issuer, issuer);
        assert_span_text(upstream.alg, rows[i].alg);
        assert_span_text(upstream.levels, rows[i].levels);
        assert_span_text(upstream.jwks_uri, JWKS_URI);
        assert_null(upstream.jwks.data);
        assert_int_equal(upstream.created_s, DESK_NOW_S);
        assert_int_equal(upstream.retired_s, 0);
    }
    size_t count = 0;
    assert_ok(cg_upstream_list(desk->store, desk->realm, desk->arena, desk_count, &count));
    assert_int_equal(count, TEST_COUNT(rows));
}

/* One field of the sample made wrong; those that are NULL stay as they are. */
struct wrong {
    const char *label;
    const char *says; /* in the sentence */
    const char *name;
    const char *kind;
    const char *issuer;
    const char *alg;
    const char *levels;
    const char *jwks;
};

static void put(struct cg_span *field, const char *text)
{
    *field = text != NULL ? test_span(text) : *field;
}

static void upstream_that_is_malformed_is_refused_with_what_to_mend(void **state)
{
    struct desk *desk = *state;
    static const struct wrong rows[] = {
        {"no name", "lower-case", .name = ""},
        {"capitals", "lower-case", .name = "NHS"},
        {"colon", "lower-case", .name = "nhs:login"},
        {"long name", "1 to 32", .name = "a23456789012345678901234567890123"},
        {"unknown kind", "nhs-login, cis2 or oidc", .kind = "saml"},
        {"http", "https", .issuer = "http://auth.login.example"},
        {"no URL", "https", .issuer = "auth.login.example"},
        {"query", "query", .issuer = ISSUER "/?a=1"},
        {"empty query", "query", .issuer = ISSUER "/?"},
        {"fragment", "fragment", .issuer = ISSUER "#a"},
        {"user name", "user name", .issuer = "https://me@auth.login.example"},
        {"alg of another kind", "RS512 alone", .alg = "RS256"},
        {"alg of CIS2", "RS256 or RS512", .kind = "cis2", .alg = "ES256"},
        {"HS256", "HS256 would", .kind = "oidc", .alg = "HS256"},
        {"none", "HS256 would", .kind = "oidc", .alg = "none"},
        {"level unknown", "P0, P5 and P9", .levels = "P9 P7"},
        {"level with credential", "P0, P5 and P9", .levels = "P9.Cp"},
        {"level of CIS2", "AAL1, AAL2 and AAL3", .kind = "cis2", .levels = "P9"},
        {"two spaces", "acr", .kind = "oidc", .levels = "a  b"},
        {"quote", "acr", .kind = "oidc", .levels = "\"a\""},
        {"both keys", "either", .jwks = SET("")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_upstream upstream = sample(desk);
        put(&upstream.name, rows[i].name);
        put(&upstream.kind, rows[i].kind);
        put(&upstream.issuer, rows[i].issuer);
        put(&upstream.alg, rows[i].alg);
        put(&upstream.levels, rows[i].levels);
        put(&upstream.jwks, rows[i].jwks);
        assert_refused(desk, rows[i].label, add(desk, &upstream), CG_ERR_INPUT);
        if (strstr(desk->fault.text, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].label, desk->fault.text);
        }
    }
    size_t count = 0;
    assert_ok(cg_upstream_list(desk->store, desk->realm, desk->arena, desk_count, &count));
    assert_int_equal(count, 0);
}

static void upstream_keys_must_be_public_and_fit_the_algorithm(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *jwks; /* NULL: neither keys nor address */
        const char *says;
    } rows[] = {
        {NULL, "either"},
        {"-----BEGIN PUBLIC KEY-----", "PEM"},
        {SET(",\"kid\":\"a\",\"d\":\"AA\""), "PRIVATE"},
        {SET(""), "kid"},
        {SET(",\"kid\":\"a\",\"alg\":\"ES384\""), "malformed"},
    };
    struct cg_upstream upstream = sample(desk);
    upstream.kind = CG_SPAN_OF("oidc");
    upstream.alg = CG_SPAN_OF("ES256");
    upstream.jwks_uri = (struct cg_span){NULL, 0};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        upstream.jwks = cg_span_of_string(rows[i].jwks);
        assert_refused(desk, rows[i].says, add(desk, &upstream), CG_ERR_INPUT);
        assert_non_null(strstr(desk->fault.text, rows[i].says));
    }
    upstream.jwks = CG_SPAN_OF(SET(",\"kid\":\"a\""));
    upstream.alg = CG_SPAN_OF("ES384");
    assert_refused(desk, "another curve", add(desk, &upstream), CG_ERR_INPUT);
    upstream.alg = CG_SPAN_OF("ES256");
    upstream.jwks = CG_SPAN_OF(" " SET(",\"kid\":\"a\"") "\n");
    assert_ok(add(desk, &upstream));
    assert_span_text(named(desk, "nhs-login").jwks, SET(",\"kid\":\"a\""));
}

static void upstream_name_and_issuer_are_one_providers(void **state)
{
    struct desk *desk = *state;
    struct cg_upstream first = sample(desk);
    struct cg_upstream other_name = first;
    struct cg_upstream other_issuer = first;
    other_name.name = CG_SPAN_OF("another");
    other_issuer.issuer = CG_SPAN_OF(ISSUER "/");
    assert_ok(add(desk, &first));
    assert_refused(desk, "issuer taken", add(desk, &other_name), CG_ERR_CONFLICT);
    assert_refused(desk, "name taken", add(desk, &other_issuer), CG_ERR_CONFLICT);
    assert_ok(
        cg_upstream_retire(desk->store, desk->realm, first.name, DESK_NOW_S, desk->arena, NULL));
    assert_refused(desk, "name was taken", add(desk, &other_issuer), CG_ERR_CONFLICT);
    assert_ok(add(desk, &other_name));
    first.realm = CG_SPAN_OF("/vnowhere");
    assert_refused(desk, "no realm", add(desk, &first), CG_ERR_NOT_FOUND);
}

static void realm_has_a_bounded_number_of_upstreams(void **state)
{
    struct desk *desk = *state;
    struct cg_upstream upstream = sample(desk);
    char name[16];
    char issuer[64];
    for (int i = 0; i <= CG_LIMIT_REALM_UPSTREAMS; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        (void)snprintf(issuer, sizeof(issuer), ISSUER "/%d", i);
        upstream.name = test_span(name);
        upstream.issuer = test_span(issuer);
        if (i < CG_LIMIT_REALM_UPSTREAMS) {
            assert_ok(add(desk, &upstream));
        }
    }
    assert_refused(desk, "one too many", add(desk, &upstream), CG_ERR_LIMIT);
    assert_ok(cg_upstream_retire(desk->store, desk->realm, CG_SPAN_OF("p0"), DESK_NOW_S,
                                 desk->arena, NULL));
    assert_ok(add(desk, &upstream));
}

static void upstream_that_is_changed_has_another_id(void **state)
{
    struct desk *desk = *state;
    struct cg_upstream upstream = sample(desk);
    assert_ok(add(desk, &upstream));
    upstream = named(desk, "nhs-login");
    struct cg_span first = upstream.id;
    struct cg_registry_version before = desk_version(desk);
    upstream.levels = CG_SPAN_OF("P5 P9");
    upstream.jwks_uri = CG_SPAN_OF("https://auth.login.example/keys");
    assert_ok(cg_upstream_set(desk->store, &upstream, &desk->random, desk->arena, &desk->fault));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    upstream = named(desk, "nhs-login");
    assert_span_text(upstream.levels, "P5 P9");
    assert_span_text(upstream.jwks_uri, "https://auth.login.example/keys");
    assert_span_text(upstream.issuer, ISSUER);
    assert_false(cg_span_equal(upstream.id, first));
    upstream.levels = CG_SPAN_OF("P7");
    assert_refused(
        desk, "malformed",
        cg_upstream_set(desk->store, &upstream, &desk->random, desk->arena, &desk->fault),
        CG_ERR_INPUT);
    upstream.name = CG_SPAN_OF("nobody");
    assert_refused(
        desk, "not there",
        cg_upstream_set(desk->store, &upstream, &desk->random, desk->arena, &desk->fault),
        CG_ERR_NOT_FOUND);
}

static void upstream_is_retired_once_and_for_good(void **state)
{
    struct desk *desk = *state;
    struct cg_upstream upstream = sample(desk);
    assert_ok(add(desk, &upstream));
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_upstream_retire(desk->store, desk->realm, upstream.name, DESK_NOW_S + 1,
                                 desk->arena, &desk->fault));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    upstream = named(desk, "nhs-login");
    assert_int_equal(upstream.retired_s, DESK_NOW_S + 1);
    assert_refused(desk, "retired twice",
                   cg_upstream_retire(desk->store, desk->realm, upstream.name, DESK_NOW_S,
                                      desk->arena, &desk->fault),
                   CG_ERR_CONFLICT);
    assert_refused(
        desk, "changed",
        cg_upstream_set(desk->store, &upstream, &desk->random, desk->arena, &desk->fault),
        CG_ERR_CONFLICT);
    assert_refused(desk, "nobody",
                   cg_upstream_retire(desk->store, desk->realm, CG_SPAN_OF("nobody"), DESK_NOW_S,
                                      desk->arena, &desk->fault),
                   CG_ERR_NOT_FOUND);
}

static void trust_is_what_was_registered(void **state)
{
    struct desk *desk = *state;
    struct cg_upstream upstream = sample(desk);
    struct cg_upstream_trust trust;
    assert_ok(add(desk, &upstream));
    let(desk, desk->client, "nhs-login", "phone");
    let(desk, desk->client, "nhs-login", "browser");
    assert_ok(find(desk, desk->client, ISSUER, &trust));
    assert_span_equal(trust.id, named(desk, "nhs-login").id);
    assert_span_text(trust.name, "nhs-login");
    assert_span_text(trust.kind, "nhs-login");
    assert_span_text(trust.issuer, ISSUER);
    assert_span_text(trust.alg, "RS512");
    assert_span_text(trust.levels, "P9");
    assert_span_text(trust.jwks_uri, JWKS_URI);
    assert_null(trust.jwks.data);
    assert_int_equal(trust.audience_count, 2);
    assert_span_text(trust.audiences[0], "browser");
    assert_span_text(trust.audiences[1], "phone");
}

static void trust_is_not_found_for_others(void **state)
{
    struct desk *desk = *state;
    struct cg_upstream upstream = sample(desk);
    struct cg_upstream_trust trust;
    struct cg_span other = desk_add_client(desk, "Other");
    assert_ok(add(desk, &upstream));
    assert_status(find(desk, desk->client, ISSUER, &trust), CG_ERR_NOT_FOUND);
    let(desk, desk->client, "nhs-login", "browser");
    assert_ok(find(desk, desk->client, ISSUER, &trust));
    assert_status(find(desk, other, ISSUER, &trust), CG_ERR_NOT_FOUND);
    assert_status(find(desk, desk->client, ISSUER "/", &trust), CG_ERR_NOT_FOUND);
    assert_status(find(desk, desk->client, "https://AUTH.login.example", &trust), CG_ERR_NOT_FOUND);
    assert_status(cg_upstream_find(desk->store, CG_SPAN_OF("/vother"), desk->client,
                                   CG_SPAN_OF(ISSUER), desk->arena, &trust),
                  CG_ERR_NOT_FOUND);
    assert_ok(
        cg_upstream_retire(desk->store, desk->realm, upstream.name, DESK_NOW_S, desk->arena, NULL));
    assert_status(find(desk, desk->client, ISSUER, &trust), CG_ERR_NOT_FOUND);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(upstream_has_what_its_kind_has_where_nothing_else_was_said),
    DESK_TEST(upstream_that_is_malformed_is_refused_with_what_to_mend),
    DESK_TEST(upstream_keys_must_be_public_and_fit_the_algorithm),
    DESK_TEST(upstream_name_and_issuer_are_one_providers),
    DESK_TEST(realm_has_a_bounded_number_of_upstreams),
    DESK_TEST(upstream_that_is_changed_has_another_id),
    DESK_TEST(upstream_is_retired_once_and_for_good),
    DESK_TEST(trust_is_what_was_registered),
    DESK_TEST(trust_is_not_found_for_others),
};
TEST_MAIN(tests)
