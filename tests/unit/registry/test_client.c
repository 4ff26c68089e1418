/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client.h"

#include "base/span.h"
#include "desk.h"

/* The id is the name's words and eight random characters. */
static void client_id_is_made_from_its_name(void **state)
{
    static const struct {
        const char *name;
        const char *slug;
    } rows[] = {
        {"Ward system", "ward-system-"},
        {"PACS/RIS (North)", "pacs-ris-north-"},
        {"7th ward", "client-7th-ward-"},
        {"Z\xc3\xbcrich", "z-rich-"},
        {"\xe2\x82\xac", "client-"},
        {"a name that is much longer than an id could ever hold",
         "a-name-that-is-much-longer-than-an-id-co-"},
        {"ends---", "ends-"},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = desk_add_client(desk, rows[i].name);
        struct cg_span slug = test_span(rows[i].slug);
        assert_span_equal_row(rows[i].name, cg_span_part(id, 0, slug.len), slug);
        assert_int_equal(id.len, slug.len + 8);
        assert_true(cg_registry_is_client_id(id));
    }
}

static void two_clients_of_one_name_differ(void **state)
{
    struct desk *desk = *state;
    struct cg_span first = desk_add_client(desk, "Ward system");
    struct cg_span second = desk_add_client(desk, "Ward system");
    assert_false(cg_span_equal(first, second));
}

static struct cg_client sample(const struct desk *desk)
{
    return (struct cg_client){.realm = desk->realm,
                              .organisation = CG_SPAN("RYG"),
                              .name = CG_SPAN("Letters"),
                              .grants = CG_SPAN("client_credentials"),
                              .created_s = DESK_NOW_S};
}

static void client_is_found_as_it_was_added(void **state)
{
    struct desk *desk = *state;
    struct cg_client client = sample(desk);
    client.token_life_s = 60;
    client.has_token_response = true;
    client.token_response = CG_TOKEN_RESPONSE_RFC;
    struct cg_registry_version before = desk_version(desk);
    struct cg_span id;
    assert_ok(cg_client_add(desk->store, &client, &desk->random, desk->arena, NULL, &id));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_client found;
    assert_ok(cg_client_find(desk->store, desk->realm, id, desk->arena, &found));
    assert_span_equal(found.id, id);
    assert_span_text(found.organisation, "RYG");
    assert_span_text(found.name, "Letters");
    assert_span_text(found.grants, "client_credentials");
    assert_int_equal(found.state, CG_CLIENT_ACTIVE);
    assert_int_equal(found.epoch, 0);
    assert_int_equal(found.token_life_s, 60);
    assert_true(found.has_token_response);
    assert_int_equal(found.token_response, CG_TOKEN_RESPONSE_RFC);
    size_t count = 0;
    assert_ok(cg_client_list(desk->store, desk->realm, desk->arena, desk_count, &count));
    assert_int_equal(count, 2);
}

static void client_keeps_the_id_that_it_is_given(void **state)
{
    static const char *const bad[] = {"",      "Ward",    "1ward",    "ward-",
                                      "-ward", "ward--x", "ward_one", "nhs-login:1"};
    struct desk *desk = *state;
    struct cg_client client = sample(desk);
    struct cg_span id;
    client.id = CG_SPAN_OF("ward-system-2");
    assert_ok(cg_client_add(desk->store, &client, &desk->random, desk->arena, NULL, &id));
    assert_span_text(id, "ward-system-2");
    assert_status(
        cg_client_add(desk->store, &client, &desk->random, desk->arena, &desk->fault, &id),
        CG_ERR_CONFLICT);
    assert_ok(cg_client_retire(desk->store, desk->realm, client.id, DESK_NOW_S, NULL));
    assert_status(
        cg_client_add(desk->store, &client, &desk->random, desk->arena, &desk->fault, &id),
        CG_ERR_CONFLICT);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        client.id = test_span(bad[i]);
        assert_status_row(
            bad[i],
            cg_client_add(desk->store, &client, &desk->random, desk->arena, &desk->fault, &id),
            CG_ERR_INPUT);
    }
}

static void client_starts_with_what_its_profile_allows(void **state)
{
    static const struct {
        const char *profile;
        enum cg_client_auth auth;
        enum cg_client_auth becomes;
        enum cg_status status;
    } rows[] = {
        {NULL, 0, CG_CLIENT_AUTH_SECRET, CG_OK},
        {"smart", 0, CG_CLIENT_AUTH_PRIVATE_KEY_JWT, CG_OK},
        {"fapi2", CG_CLIENT_AUTH_TLS, CG_CLIENT_AUTH_TLS, CG_OK},
        {"smart", CG_CLIENT_AUTH_SECRET, 0, CG_ERR_INPUT},
        {"nhs", CG_CLIENT_AUTH_TLS, 0, CG_ERR_INPUT},
        {"fapi2", CG_CLIENT_AUTH_SECRET, 0, CG_ERR_INPUT},
        {"fapi", CG_CLIENT_AUTH_TLS, 0, CG_ERR_INPUT},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_client client = sample(desk);
        client.auth = rows[i].auth;
        client.profile = rows[i].profile == NULL ? client.profile : test_span(rows[i].profile);
        struct cg_span id;
        assert_int_equal(
            cg_client_add(desk->store, &client, &desk->random, desk->arena, &desk->fault, &id),
            rows[i].status);
        if (rows[i].status != CG_OK) {
            assert_non_null(desk->fault.text);
            continue;
        }
        assert_ok(cg_client_find(desk->store, desk->realm, id, desk->arena, &client));
        assert_int_equal(client.auth, rows[i].becomes);
        assert_int_equal(client.bind, CG_CLIENT_BIND_NONE);
    }
}

static void client_set_changes_what_it_names_only(void **state)
{
    struct desk *desk = *state;
    struct cg_client client;
    assert_ok(cg_client_find(desk->store, desk->realm, desk->client, desk->arena, &client));
    struct cg_client changed = client;
    changed.profile = CG_SPAN_OF("fapi2");
    changed.auth = CG_CLIENT_AUTH_PRIVATE_KEY_JWT;
    changed.bind = CG_CLIENT_BIND_DPOP;
    changed.token_life_s = 120;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_client_set(desk->store, &changed, desk->arena, &desk->fault));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_client found;
    assert_ok(cg_client_find(desk->store, desk->realm, desk->client, desk->arena, &found));
    assert_span_text(found.profile, "fapi2");
    assert_int_equal(found.auth, CG_CLIENT_AUTH_PRIVATE_KEY_JWT);
    assert_int_equal(found.bind, CG_CLIENT_BIND_DPOP);
    assert_int_equal(found.token_life_s, 120);
    assert_span_equal(found.name, client.name);
    assert_int_equal(found.epoch, client.epoch);
    changed.auth = CG_CLIENT_AUTH_SECRET;
    assert_refused(desk, "auth of the profile",
                   cg_client_set(desk->store, &changed, desk->arena, &desk->fault), CG_ERR_INPUT);
    changed = client;
    changed.id = CG_SPAN_OF("nobody-7f3k9q2x");
    assert_refused(desk, "unknown", cg_client_set(desk->store, &changed, desk->arena, &desk->fault),
                   CG_ERR_NOT_FOUND);
}

struct refusal {
    const char *label;
    struct cg_client client;
    enum cg_status status;
};

static void client_that_cannot_be_is_refused(void **state)
{
    struct desk *desk = *state;
    struct refusal rows[] = {
        {"no name", sample(desk), CG_ERR_INPUT},
        {"no grants", sample(desk), CG_ERR_INPUT},
        {"unknown grant", sample(desk), CG_ERR_INPUT},
        {"two spaces", sample(desk), CG_ERR_INPUT},
        {"a word for people", sample(desk), CG_ERR_INPUT},
        {"life", sample(desk), CG_ERR_INPUT},
        {"no time", sample(desk), CG_ERR_INPUT},
        {"organisation", sample(desk), CG_ERR_NOT_FOUND},
        {"realm", sample(desk), CG_ERR_NOT_FOUND},
    };
    rows[0].client.name = CG_SPAN_OF("");
    rows[1].client.grants = CG_SPAN_OF("");
    rows[2].client.grants = CG_SPAN_OF("client_credentials password");
    rows[3].client.grants = CG_SPAN_OF("client_credentials  client_credentials");
    rows[4].client.grants = CG_SPAN_OF("token-exchange");
    rows[5].client.token_life_s = -1;
    rows[6].client.created_s = 0;
    rows[7].client.organisation = CG_SPAN_OF("RX1");
    rows[8].client.realm = CG_SPAN_OF("/none");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = {NULL, 0};
        assert_refused(desk, rows[i].label,
                       cg_client_add(desk->store, &rows[i].client, &desk->random, desk->arena,
                                     &desk->fault, &id),
                       rows[i].status);
        assert_null(id.data);
    }
}

static enum cg_status same_bytes(void *context, uint8_t *bytes, size_t len)
{
    memset(bytes, *(const int *)context, len);
    return CG_OK;
}

static enum cg_status no_bytes(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
    return CG_ERR_CRYPTO;
}

static void id_that_is_taken_is_refused(void **state)
{
    struct desk *desk = *state;
    int byte = 7;
    struct cg_random random = {same_bytes, &byte};
    struct cg_client client = sample(desk);
    struct cg_span id;
    assert_ok(cg_client_add(desk->store, &client, &random, desk->arena, NULL, &id));
    assert_refused(desk, "same",
                   cg_client_add(desk->store, &client, &random, desk->arena, &desk->fault, &id),
                   CG_ERR_CONFLICT);
}

static void no_client_without_randomness(void **state)
{
    struct desk *desk = *state;
    struct cg_random random = {no_bytes, NULL};
    struct cg_client client = sample(desk);
    struct cg_span id;
    assert_status(cg_client_add(desk->store, &client, &random, desk->arena, NULL, &id),
                  CG_ERR_CRYPTO);
}

static struct cg_client find(struct desk *desk)
{
    struct cg_client client;
    assert_ok(cg_client_find(desk->store, desk->realm, desk->client, desk->arena, &client));
    return client;
}

static void suspending_raises_the_epoch_and_denies(void **state)
{
    struct desk *desk = *state;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_touched(desk, before, CG_TOUCH_DENYLIST);
    assert_int_equal(find(desk).state, CG_CLIENT_SUSPENDED);
    assert_int_equal(find(desk).epoch, 1);
}

static void resuming_keeps_the_epoch(void **state)
{
    struct desk *desk = *state;
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_client_resume(desk->store, desk->realm, desk->client, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_int_equal(find(desk).state, CG_CLIENT_ACTIVE);
    assert_int_equal(find(desk).epoch, 1);
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S + 9, NULL));
    assert_int_equal(find(desk).epoch, 2);
}

enum act { SUSPEND, RESUME, RETIRE };

static enum cg_status act_on(struct desk *desk, enum act act, struct cg_span id)
{
    switch (act) {
    case SUSPEND: return cg_client_suspend(desk->store, desk->realm, id, DESK_NOW_S, &desk->fault);
    case RESUME: return cg_client_resume(desk->store, desk->realm, id, &desk->fault);
    case RETIRE:
    default: return cg_client_retire(desk->store, desk->realm, id, DESK_NOW_S, &desk->fault);
    }
}

static void client_state_allows_only_its_next_steps(void **state)
{
    static const struct {
        const char *label;
        enum act before[2];
        size_t before_count;
        enum act act;
        enum cg_status status;
    } rows[] = {
        {"suspend an active one", {SUSPEND}, 0, SUSPEND, CG_OK},
        {"resume an active one", {SUSPEND}, 0, RESUME, CG_ERR_CONFLICT},
        {"retire an active one", {SUSPEND}, 0, RETIRE, CG_OK},
        {"suspend a suspended one", {SUSPEND}, 1, SUSPEND, CG_ERR_CONFLICT},
        {"resume a suspended one", {SUSPEND}, 1, RESUME, CG_OK},
        {"retire a suspended one", {SUSPEND}, 1, RETIRE, CG_OK},
        {"suspend a retired one", {RETIRE}, 1, SUSPEND, CG_ERR_CONFLICT},
        {"resume a retired one", {RETIRE}, 1, RESUME, CG_ERR_CONFLICT},
        {"retire a retired one", {RETIRE}, 1, RETIRE, CG_ERR_CONFLICT},
        {"suspend a resumed one", {SUSPEND, RESUME}, 2, SUSPEND, CG_OK},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = desk_add_client(desk, "Another");
        for (size_t step = 0; step < rows[i].before_count; step++) {
            assert_ok(act_on(desk, rows[i].before[step], id));
        }
        desk->fault.text = NULL;
        assert_status_row(rows[i].label, act_on(desk, rows[i].act, id), rows[i].status);
        assert_true((desk->fault.text != NULL) == (rows[i].status != CG_OK));
    }
    assert_refused(desk, "unknown", act_on(desk, SUSPEND, CG_SPAN_OF("nobody")), CG_ERR_NOT_FOUND);
}

TEST(client_states_have_words)
{
    assert_string_equal(cg_client_state_name(CG_CLIENT_ACTIVE), "active");
    assert_string_equal(cg_client_state_name(CG_CLIENT_SUSPENDED), "suspended");
    assert_string_equal(cg_client_state_name(CG_CLIENT_RETIRED), "retired");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(client_keeps_the_id_that_it_is_given, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_id_is_made_from_its_name, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(two_clients_of_one_name_differ, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_is_found_as_it_was_added, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_starts_with_what_its_profile_allows, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(client_set_changes_what_it_names_only, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_that_cannot_be_is_refused, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(id_that_is_taken_is_refused, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(no_client_without_randomness, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(suspending_raises_the_epoch_and_denies, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(resuming_keeps_the_epoch, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_state_allows_only_its_next_steps, desk_open, desk_close),
    cmocka_unit_test(client_states_have_words),
};
TEST_MAIN(tests)
