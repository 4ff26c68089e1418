/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_upstream.h"

#include "base/span.h"
#include "desk.h"
#include "registry/upstream.h"

/* Every desk of these tests has the providers nhs-login and cis2. */
static int open_with_upstreams(void **state)
{
    (void)desk_open(state);
    struct desk *desk = *state;
    static const char *const names[] = {"nhs-login", "cis2"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char issuer[64];
        (void)snprintf(issuer, sizeof(issuer), "https://%s.example", names[i]);
        struct cg_upstream upstream = {.realm = desk->realm,
                                       .name = test_span(names[i]),
                                       .kind = test_span(names[i]),
                                       .issuer = test_span(issuer),
                                       .jwks_uri = CG_SPAN("https://keys.example/jwks"),
                                       .created_s = DESK_NOW_S};
        assert_ok(cg_upstream_add(desk->store, &upstream, &desk->random, desk->arena, NULL));
    }
    return 0;
}

static struct cg_client_upstream of(const struct desk *desk, struct cg_span client,
                                    const char *upstream, const char *audience)
{
    return (struct cg_client_upstream){desk->realm, client, test_span(upstream),
                                       test_span(audience), DESK_NOW_S};
}

static enum cg_status add(struct desk *desk, const struct cg_client_upstream *row)
{
    return cg_client_upstream_add(desk->store, row, desk->arena, &desk->fault);
}

static enum cg_status write_row(void *context, const void *row)
{
    const struct cg_client_upstream *one = row;
    cg_buf_put(context, one->upstream);
    cg_buf_put_string(context, " ");
    cg_buf_put(context, one->audience);
    cg_buf_put_string(context, ";");
    return CG_OK;
}

static void assert_listed(struct desk *desk, const char *want)
{
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init_arena(&buf, desk->arena, 4096);
    assert_ok(cg_client_upstream_list(desk->store, desk->realm, desk->arena, write_row, &buf));
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text(text, want);
}

static int64_t clients_at(struct desk *desk, const char *upstream)
{
    int64_t count = -1;
    assert_ok(cg_client_upstream_clients(desk->store, desk->realm, test_span(upstream), &count));
    return count;
}

static void client_upstream_is_listed_until_it_is_removed(void **state)
{
    struct desk *desk = *state;
    struct cg_client_upstream phone = of(desk, desk->client, "nhs-login", "phone");
    struct cg_client_upstream browser = of(desk, desk->client, "nhs-login", "browser");
    struct cg_client_upstream staff = of(desk, desk->client, "cis2", "phone");
    struct cg_registry_version before = desk_version(desk);
    assert_ok(add(desk, &phone));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_ok(add(desk, &browser));
    assert_ok(add(desk, &staff));
    assert_listed(desk, "cis2 phone;nhs-login browser;nhs-login phone;");
    assert_int_equal(clients_at(desk, "nhs-login"), 1);
    before = desk_version(desk);
    assert_ok(cg_client_upstream_remove(desk->store, &phone, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_listed(desk, "cis2 phone;nhs-login browser;");
    phone.client = desk_add_client(desk, "Second");
    assert_ok(add(desk, &phone));
    assert_int_equal(clients_at(desk, "nhs-login"), 2);
    assert_int_equal(clients_at(desk, "nothing"), 0);
    assert_ok(cg_client_upstream_remove(desk->store, &phone, NULL));
    assert_refused(desk, "removed twice",
                   cg_client_upstream_remove(desk->store, &phone, &desk->fault), CG_ERR_NOT_FOUND);
}

static void client_upstream_joins_a_client_and_a_provider_in_service(void **state)
{
    struct desk *desk = *state;
    struct cg_span gone = desk_add_client(desk, "Gone");
    struct cg_span other = desk_add_client(desk, "Other");
    struct cg_client_upstream good = of(desk, desk->client, "nhs-login", "browser");
    const struct {
        const char *label;
        struct cg_client_upstream row;
        enum cg_status status;
    } rows[] = {
        {"twice", good, CG_ERR_CONFLICT},
        {"another client's", of(desk, other, "nhs-login", "browser"), CG_ERR_CONFLICT},
        {"no such client", of(desk, CG_SPAN_OF("nobody"), "nhs-login", "a"), CG_ERR_NOT_FOUND},
        {"no such provider", of(desk, desk->client, "nothing", "a"), CG_ERR_NOT_FOUND},
        {"client retired", of(desk, gone, "nhs-login", "a"), CG_ERR_CONFLICT},
        {"provider retired", of(desk, desk->client, "cis2", "a"), CG_ERR_CONFLICT},
        {"no id", of(desk, desk->client, "nhs-login", ""), CG_ERR_INPUT},
        {"space", of(desk, desk->client, "nhs-login", "a b"), CG_ERR_INPUT},
    };
    assert_ok(cg_client_retire(desk->store, desk->realm, gone, DESK_NOW_S, NULL));
    assert_ok(cg_upstream_retire(desk->store, desk->realm, CG_SPAN_OF("cis2"), DESK_NOW_S,
                                 desk->arena, NULL));
    assert_ok(add(desk, &good));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, rows[i].label, add(desk, &rows[i].row), rows[i].status);
    }
    assert_listed(desk, "nhs-login browser;");
}

static void client_has_a_bounded_number_of_ids_at_one_provider(void **state)
{
    struct desk *desk = *state;
    char audience[CG_LIMIT_UPSTREAM_ID_BYTES + 2];
    memset(audience, 'a', sizeof(audience));
    audience[CG_LIMIT_UPSTREAM_ID_BYTES + 1] = '\0';
    struct cg_client_upstream row = of(desk, desk->client, "nhs-login", audience);
    assert_refused(desk, "too long", add(desk, &row), CG_ERR_INPUT);
    row.audience.len = CG_LIMIT_UPSTREAM_ID_BYTES;
    for (int i = 0; i < CG_LIMIT_CLIENT_UPSTREAM_IDS; i++) {
        audience[0] = (char)('a' + i);
        assert_ok(add(desk, &row));
    }
    audience[0] = 'z';
    assert_refused(desk, "one too many", add(desk, &row), CG_ERR_LIMIT);
    row.upstream = CG_SPAN_OF("cis2");
    assert_ok(add(desk, &row));
    struct cg_upstream_trust trust;
    assert_ok(cg_upstream_find(desk->store, desk->realm, desk->client,
                               CG_SPAN_OF("https://nhs-login.example"), desk->arena, &trust));
    assert_int_equal(trust.audience_count, CG_LIMIT_CLIENT_UPSTREAM_IDS);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_with_upstreams, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(client_upstream_is_listed_until_it_is_removed),
    DESK_TEST(client_upstream_joins_a_client_and_a_provider_in_service),
    DESK_TEST(client_has_a_bounded_number_of_ids_at_one_provider),
};
TEST_MAIN(tests)
