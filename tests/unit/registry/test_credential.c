/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/credential.h"

#include "base/span.h"
#include "desk.h"

#define DAY_S 86400

static struct cg_secret_order sample(const struct desk *desk)
{
    return (struct cg_secret_order){
        .realm = desk->realm, .client = desk->client, .now_s = DESK_NOW_S, .random = &desk->random};
}

static enum cg_status issue(struct desk *desk, const struct cg_secret_order *order)
{
    struct cg_secret secret;
    struct cg_span id;
    enum cg_status status =
        cg_secret_issue(desk->store, order, desk->arena, &desk->fault, &secret, &id);
    if (status == CG_OK) {
        cg_secret_release(&secret);
    }
    return status;
}

static enum cg_status zero_bytes(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    memset(bytes, 0, len);
    return CG_OK;
}

/* The checksum was worked out with Python: base64.urlsafe_b64encode(hashlib.sha256(…).digest()). */
#define ZERO_CHECKSUM "1VHUdi"
#define ZERO_SECRET "cgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" ZERO_CHECKSUM

static void secret_has_its_documented_form(void **state)
{
    struct desk *desk = *state;
    struct cg_random zeros = {zero_bytes, NULL};
    struct cg_secret_order order = sample(desk);
    order.random = &zeros;
    struct cg_secret secret;
    struct cg_span id;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_span_text(cg_secret_span(&secret), ZERO_SECRET);
    assert_span_text(id, "sec_aaaaaaaaaaaa");
    cg_secret_release(&secret);
}

static void issued_secrets_are_well_formed_and_differ(void **state)
{
    struct desk *desk = *state;
    struct cg_secret_order order = sample(desk);
    struct cg_secret first;
    struct cg_secret second;
    struct cg_span first_id;
    struct cg_span second_id;
    assert_ok(cg_secret_issue(desk->store, &order, desk->arena, NULL, &first, &first_id));
    assert_ok(cg_secret_issue(desk->store, &order, desk->arena, NULL, &second, &second_id));
    assert_true(cg_secret_is_well_formed(cg_secret_span(&first)));
    assert_true(cg_secret_is_well_formed(cg_secret_span(&second)));
    assert_false(cg_span_equal(cg_secret_span(&first), cg_secret_span(&second)));
    assert_false(cg_span_equal(first_id, second_id));
    cg_secret_release(&first);
    cg_secret_release(&second);
}

TEST(only_the_right_form_and_checksum_are_well_formed)
{
    static const struct {
        const char *text;
        bool well_formed;
    } rows[] = {
        {ZERO_SECRET, true},
        {"", false},
        {"cgs_", false},
        {ZERO_SECRET "A", false},
        {"cgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" ZERO_CHECKSUM, false},
        {"cgs_BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" ZERO_CHECKSUM, false},
        {"cgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "xxxxxx",
         false},
        {"cgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+" ZERO_CHECKSUM, false},
        {"cgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB" ZERO_CHECKSUM, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (cg_secret_is_well_formed(test_span(rows[i].text)) != rows[i].well_formed) {
            fail_msg("%s", rows[i].text);
        }
    }
}

static void secret_that_cannot_be_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_secret_order rows[] = {sample(desk), sample(desk), sample(desk), sample(desk)};
    rows[0].now_s = 0;
    rows[1].expires_s = DESK_NOW_S;
    rows[2].expires_s = INT64_MAX;
    rows[3].client = CG_SPAN_OF("nobody");
    static const enum cg_status statuses[] = {CG_ERR_INPUT, CG_ERR_INPUT, CG_ERR_INPUT,
                                              CG_ERR_NOT_FOUND};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, "order", issue(desk, &rows[i]), statuses[i]);
    }
    assert_ok(cg_client_retire(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    rows[0].now_s = DESK_NOW_S;
    assert_refused(desk, "retired", issue(desk, &rows[0]), CG_ERR_CONFLICT);
}

static void client_has_a_bounded_number_of_valid_secrets(void **state)
{
    struct desk *desk = *state;
    struct cg_secret_order order = sample(desk);
    order.expires_s = DESK_NOW_S + 100;
    for (int i = 0; i < CG_LIMIT_CLIENT_SECRETS; i++) {
        assert_ok(issue(desk, &order));
    }
    assert_refused(desk, "one more", issue(desk, &order), CG_ERR_LIMIT);
    order.now_s = DESK_NOW_S + 100;
    order.expires_s = 0;
    assert_ok(issue(desk, &order));
}

static enum cg_status keep(void *context, const void *row)
{
    struct cg_credential *kept = context;
    *kept = *(const struct cg_credential *)row;
    return CG_OK;
}

static void list_tells_the_times_of_secrets(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 100);
    struct cg_credential found;
    assert_ok(cg_secret_list(desk->store, desk->realm, desk->client, desk->arena, keep, &found));
    assert_span_equal(found.id, id);
    assert_span_equal(found.realm, desk->realm);
    assert_span_equal(found.client, desk->client);
    assert_int_equal(found.created_s, DESK_NOW_S);
    assert_int_equal(found.expires_s, DESK_NOW_S + 100);
    assert_int_equal(found.revoked_s, 0);
    assert_int_equal(found.last_used_s, 0);
}

static void last_use_only_moves_forward_and_touches_nothing(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_secret_note_use(desk->store, id, DESK_NOW_S + 50));
    assert_ok(cg_secret_note_use(desk->store, id, DESK_NOW_S + 40));
    struct cg_credential found;
    assert_ok(cg_secret_list(desk->store, desk->realm, desk->client, desk->arena, keep, &found));
    assert_int_equal(found.last_used_s, DESK_NOW_S + 50);
    assert_int_equal(desk_version(desk).registry, before.registry);
}

static enum cg_status revoke(struct desk *desk, struct cg_span id, int64_t now_s, bool force)
{
    struct cg_secret_revocation revocation = {
        .realm = desk->realm, .id = id, .now_s = now_s, .force = force};
    struct cg_credential credential;
    enum cg_status status =
        cg_secret_revoke(desk->store, &revocation, desk->arena, &desk->fault, &credential);
    if (status == CG_OK) {
        assert_span_equal(credential.id, id);
        assert_int_equal(credential.revoked_s, now_s);
    }
    return status;
}

static void last_valid_secret_is_revoked_by_force_only(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    assert_refused(desk, "last", revoke(desk, id, DESK_NOW_S, false), CG_ERR_CONFLICT);
    struct cg_registry_version before = desk_version(desk);
    assert_ok(revoke(desk, id, DESK_NOW_S, true));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_refused(desk, "again", revoke(desk, id, DESK_NOW_S, true), CG_ERR_CONFLICT);
}

static void secret_used_within_a_day_is_revoked_by_force_only(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    assert_ok(cg_secret_note_use(desk->store, id, DESK_NOW_S));
    assert_refused(desk, "same day", revoke(desk, id, DESK_NOW_S + DAY_S - 1, false),
                   CG_ERR_CONFLICT);
    assert_ok(revoke(desk, id, DESK_NOW_S + DAY_S, false));
}

static void expired_secret_is_revoked_without_force(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 10);
    assert_ok(cg_secret_note_use(desk->store, id, DESK_NOW_S + 9));
    assert_ok(revoke(desk, id, DESK_NOW_S + 10, false));
}

static void one_of_two_valid_secrets_is_revoked_without_force(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    struct cg_span other = desk_add_secret(desk, DESK_NOW_S, 0);
    assert_ok(revoke(desk, id, DESK_NOW_S, false));
    assert_refused(desk, "now the last", revoke(desk, other, DESK_NOW_S, false), CG_ERR_CONFLICT);
}

static void unknown_secret_is_not_found(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    assert_refused(desk, "id", revoke(desk, CG_SPAN_OF("sec_x"), DESK_NOW_S, true),
                   CG_ERR_NOT_FOUND);
    desk->realm = CG_SPAN_OF("/none");
    assert_refused(desk, "realm", revoke(desk, id, DESK_NOW_S, true), CG_ERR_NOT_FOUND);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(secret_has_its_documented_form, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(issued_secrets_are_well_formed_and_differ, desk_open,
                                    desk_close),
    cmocka_unit_test(only_the_right_form_and_checksum_are_well_formed),
    cmocka_unit_test_setup_teardown(secret_that_cannot_be_is_refused, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_has_a_bounded_number_of_valid_secrets, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(list_tells_the_times_of_secrets, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(last_use_only_moves_forward_and_touches_nothing, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(last_valid_secret_is_revoked_by_force_only, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(secret_used_within_a_day_is_revoked_by_force_only, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(expired_secret_is_revoked_without_force, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(one_of_two_valid_secrets_is_revoked_without_force, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(unknown_secret_is_not_found, desk_open, desk_close),
};
TEST_MAIN(tests)
