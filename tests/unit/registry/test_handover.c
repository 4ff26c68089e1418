/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/handover.h"

#include "base/span.h"
#include "base/status.h"
#include "desk.h"

#define DAY_S INT64_C(86400)

static struct cg_handover_order sample(const struct desk *desk)
{
    return (struct cg_handover_order){
        .secret = {.realm = desk->realm,
                   .client = desk->client,
                   .now_s = DESK_NOW_S,
                   .expires_s = DESK_NOW_S + 365 * DAY_S,
                   .random = &desk->random},
        .until_s = DESK_NOW_S + 3 * DAY_S,
    };
}

/* The token lives in the desk's arena. */
static enum cg_status make(struct desk *desk, const struct cg_handover_order *order,
                           struct cg_span *ret_token, struct cg_span *ret_id)
{
    struct cg_secret token = {.len = 0};
    CG_TRY(cg_handover_make(desk->store, order, desk->arena, &desk->fault, &token, ret_id));
    enum cg_status status = cg_arena_copy(desk->arena, cg_secret_span(&token), ret_token);
    cg_secret_release(&token);
    return status;
}

static struct cg_span make_sample(struct desk *desk, struct cg_span *ret_id)
{
    struct cg_handover_order order = sample(desk);
    struct cg_span token = {NULL, 0};
    assert_ok(make(desk, &order, &token, ret_id));
    return token;
}

static enum cg_status find(struct desk *desk, struct cg_span token, int64_t now_s,
                           struct cg_handover *ret_handover)
{
    return cg_handover_find(desk->store, desk->realm, token, now_s, desk->arena, ret_handover);
}

static enum cg_status cannot_find(struct desk *desk, struct cg_span token, int64_t now_s)
{
    struct cg_handover handover;
    CG_TRY(find(desk, token, now_s, &handover));
    return handover.opens ? CG_OK : CG_ERR_NOT_FOUND;
}

static enum cg_status open_link(struct desk *desk, const struct cg_handover *handover,
                                int64_t now_s, struct cg_span *ret_secret)
{
    return cg_handover_open(desk->store, handover, now_s, &desk->random, desk->arena, ret_secret);
}

static enum cg_status keep(void *context, const void *row)
{
    struct cg_credential *kept = context;
    *kept = *(const struct cg_credential *)row;
    return CG_OK;
}

static struct cg_credential only_secret(struct desk *desk)
{
    struct cg_credential found = {.id = {NULL, 0}};
    assert_ok(cg_secret_list(desk->store, desk->realm, desk->client, desk->arena, keep, &found));
    return found;
}

static void link_shows_what_it_is_for_and_opens_once(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = make_sample(desk, &id);
    assert_int_equal(token.len, CG_HANDOVER_TOKEN_CHARS);
    struct cg_handover handover;
    assert_ok(find(desk, token, DESK_NOW_S + DAY_S, &handover));
    assert_true(handover.opens);
    assert_span_equal(handover.id, id);
    assert_span_equal(handover.client, desk->client);
    assert_span_text(handover.organisation, "RYG");
    struct cg_span secret = {NULL, 0};
    struct cg_registry_version before = desk_version(desk);
    assert_ok(open_link(desk, &handover, DESK_NOW_S + DAY_S, &secret));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_true(cg_secret_is_well_formed(secret));
    struct cg_credential made = only_secret(desk);
    assert_span_equal(made.id, id);
    assert_int_equal(made.created_s, DESK_NOW_S + DAY_S);
    assert_int_equal(made.expires_s, DESK_NOW_S + 365 * DAY_S);
    assert_int_equal(made.link_until_s, 0);
}

static void link_that_was_opened_opens_no_more(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = make_sample(desk, &id);
    struct cg_handover handover;
    struct cg_span secret = {NULL, 0};
    assert_ok(find(desk, token, DESK_NOW_S, &handover));
    assert_ok(open_link(desk, &handover, DESK_NOW_S, &secret));
    assert_status(cannot_find(desk, token, DESK_NOW_S), CG_ERR_NOT_FOUND);
    /* Who found it before somebody else opened it comes too late, too. */
    assert_status(open_link(desk, &handover, DESK_NOW_S, &secret), CG_ERR_NOT_FOUND);
}

static void link_opens_until_its_time_and_not_after(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = make_sample(desk, &id);
    struct cg_handover handover;
    struct cg_span secret = {NULL, 0};
    assert_ok(find(desk, token, DESK_NOW_S + 3 * DAY_S - 1, &handover));
    assert_status(cannot_find(desk, token, DESK_NOW_S + 3 * DAY_S), CG_ERR_NOT_FOUND);
    assert_status(open_link(desk, &handover, DESK_NOW_S + 3 * DAY_S, &secret), CG_ERR_NOT_FOUND);
}

static void link_of_another_realm_or_retired_client_opens_nothing(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = make_sample(desk, &id);
    struct cg_handover handover;
    assert_status(cg_handover_find(desk->store, CG_SPAN_OF("/vtest/hpca"), token, DESK_NOW_S,
                                   desk->arena, &handover),
                  CG_ERR_NOT_FOUND);
    assert_ok(cg_client_retire(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_status(cannot_find(desk, token, DESK_NOW_S), CG_ERR_NOT_FOUND);
}

TEST(token_of_another_form_is_unknown_without_a_look_at_the_store)
{
    static const char *const rows[] = {"",
                                       "cgl_",
                                       "cgl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "cgl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "cgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "cgl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
                                       "cgl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+"};
    struct cg_handover handover;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i],
                          cg_handover_find(NULL, CG_SPAN_OF(DESK_REALM), test_span(rows[i]),
                                           DESK_NOW_S, NULL, &handover),
                          CG_ERR_NOT_FOUND);
    }
}

static void unopened_link_is_listed_and_can_be_cancelled(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = make_sample(desk, &id);
    struct cg_credential listed = only_secret(desk);
    assert_span_equal(listed.id, id);
    assert_int_equal(listed.link_until_s, DESK_NOW_S + 3 * DAY_S);
    assert_string_equal(cg_secret_state_name(&listed, DESK_NOW_S), "unopened");
    struct cg_secret_revocation revocation = {.realm = desk->realm, .id = id, .now_s = DESK_NOW_S};
    struct cg_credential cancelled;
    struct cg_handover handover;
    struct cg_span secret = {NULL, 0};
    assert_ok(find(desk, token, DESK_NOW_S, &handover));
    assert_ok(cg_secret_revoke(desk->store, &revocation, desk->arena, NULL, &cancelled));
    assert_status(cannot_find(desk, token, DESK_NOW_S), CG_ERR_NOT_FOUND);
    assert_status(open_link(desk, &handover, DESK_NOW_S, &secret), CG_ERR_NOT_FOUND);
    listed = only_secret(desk);
    assert_string_equal(cg_secret_state_name(&listed, DESK_NOW_S), "revoked");
}

static void link_that_leaked_unopened_takes_no_tokens_with_it(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = make_sample(desk, &id);
    struct cg_secret_revocation revocation = {
        .realm = desk->realm, .id = id, .now_s = DESK_NOW_S, .leaked = true};
    struct cg_credential cancelled;
    assert_ok(cg_secret_revoke(desk->store, &revocation, desk->arena, NULL, &cancelled));
    assert_status(cannot_find(desk, token, DESK_NOW_S), CG_ERR_NOT_FOUND);
    struct cg_client client;
    assert_ok(cg_client_find(desk->store, desk->realm, desk->client, desk->arena, &client));
    assert_int_equal(client.epoch, 0);
}

static void unopened_links_count_among_the_secrets_of_a_client(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_span token = {NULL, 0};
    for (int i = 0; i < CG_LIMIT_CLIENT_SECRETS; i++) {
        token = make_sample(desk, &id);
    }
    struct cg_handover_order order = sample(desk);
    assert_refused(desk, "one more", make(desk, &order, &token, &id), CG_ERR_LIMIT);
    order.secret.now_s = DESK_NOW_S + 3 * DAY_S;
    order.until_s = DESK_NOW_S + 4 * DAY_S;
    assert_ok(make(desk, &order, &token, &id));
}

static void link_that_cannot_be_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_handover_order rows[] = {sample(desk), sample(desk), sample(desk), sample(desk)};
    rows[0].until_s = DESK_NOW_S;
    rows[1].until_s = DESK_NOW_S + CG_HANDOVER_LIFE_MAX_S + 1;
    rows[2].secret.expires_s = rows[2].until_s;
    rows[3].secret.client = CG_SPAN_OF("nobody");
    static const enum cg_status statuses[] = {CG_ERR_INPUT, CG_ERR_INPUT, CG_ERR_INPUT,
                                              CG_ERR_NOT_FOUND};
    struct cg_span id = {NULL, 0};
    struct cg_span token = {NULL, 0};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, "order", make(desk, &rows[i], &token, &id), statuses[i]);
    }
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(link_shows_what_it_is_for_and_opens_once),
    DESK_TEST(link_that_was_opened_opens_no_more),
    DESK_TEST(link_opens_until_its_time_and_not_after),
    DESK_TEST(link_of_another_realm_or_retired_client_opens_nothing),
    cmocka_unit_test(token_of_another_form_is_unknown_without_a_look_at_the_store),
    DESK_TEST(unopened_link_is_listed_and_can_be_cancelled),
    DESK_TEST(link_that_leaked_unopened_takes_no_tokens_with_it),
    DESK_TEST(unopened_links_count_among_the_secrets_of_a_client),
    DESK_TEST(link_that_cannot_be_is_refused),
};
TEST_MAIN(tests)
