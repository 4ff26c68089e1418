/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "audit/report.h"
#include "base/span.h"
#include "registry/denial.h"
#include "test.h"

#define REVOKE HOUSE_REALM "/oauth/revoke"
#define INTROSPECT HOUSE_REALM "/oauth/introspect"

static const struct cg_response *revoke(struct house *house, const struct house_client *client,
                                        struct cg_span token)
{
    return house_present(house, REVOKE, client, token, NULL);
}

static bool is_active(struct house *house, struct cg_span token)
{
    struct house_client own = house_own_client(house);
    const struct cg_response *response = house_present(house, INTROSPECT, &own, token, NULL);
    assert_int_equal(response->http_status, 200);
    return memmem(response->body.data, response->body.len, "\"active\":true", 13) != NULL;
}

/* RFC 7009 §2.2: 200, whether there was something to revoke or not. */
static void assert_done(const struct cg_response *response)
{
    assert_int_equal(response->http_status, 200);
    assert_int_equal(response->reason, CG_REASON_NONE);
    assert_span_text(response->body, "{}");
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
    assert_null(response->token_id.data);
}

static int64_t count_denials(struct house *house)
{
    int64_t count = 0;
    assert_ok(cg_denial_count_of_client(house->registry, CG_SPAN_OF(HOUSE_REALM),
                                        test_span(house->client), house->now_s, &count));
    return count;
}

static void client_revokes_its_own_token_and_no_other(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    struct cg_span other = house_token(house, "");
    assert_true(is_active(house, token));
    assert_done(revoke(house, &own, token));
    assert_false(is_active(house, token));
    assert_true(is_active(house, other));
    assert_int_equal(count_denials(house), 1);
}

static enum cg_status keep_record(void *context, struct cg_span record, int64_t time_s)
{
    (void)time_s;
    (void)snprintf(context, CG_LIMIT_AUDIT_RECORD_BYTES, "%.*s", CG_SPAN_ARGS(record));
    return CG_OK;
}

static void revocation_is_recorded_with_the_client(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    char record[CG_LIMIT_AUDIT_RECORD_BYTES];
    char want[256];
    assert_done(revoke(house, &own, house_token(house, "")));
    assert_int_equal(house_count_events(house, "token_revoked"), 1);
    struct cg_store *audit = NULL;
    struct cg_audit_filter filter = {.until_s = INT64_MAX, .kind = CG_SPAN("token_revoked")};
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    assert_ok(cg_audit_list(audit, &filter, keep_record, record));
    (void)cg_store_free(audit);
    (void)snprintf(want, sizeof(want),
                   "\"actor\":\"%s\",\"realm\":\"" HOUSE_REALM "\",\"client_id\":\"%s\"", own.id,
                   own.id);
    assert_non_null(strstr(record, want));
    assert_non_null(strstr(record, "\"token_id\":"));
    assert_null(strstr(record, "\"detail\":"));
}

static void revoking_again_is_done_and_recorded_again(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    assert_done(revoke(house, &own, token));
    struct cg_registry_version before;
    struct cg_registry_version after;
    assert_ok(cg_registry_version_read(house->registry, &before));
    assert_done(revoke(house, &own, token));
    assert_ok(cg_registry_version_read(house->registry, &after));
    assert_int_equal(after.denylist, before.denylist);
    assert_int_equal(house_count_events(house, "token_revoked"), 2);
}

static void revocation_touches_the_denylist_alone(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    struct cg_registry_version before;
    struct cg_registry_version after;
    assert_ok(cg_registry_version_read(house->registry, &before));
    assert_done(revoke(house, &own, token));
    assert_ok(cg_registry_version_read(house->registry, &after));
    assert_int_equal(after.registry, before.registry);
    assert_int_equal(after.denylist, before.denylist + 1);
}

/* RFC 7009 §2.1: the request is refused and the client is informed of the error. */
static void token_of_another_client_is_refused_without_effect(void **state)
{
    struct house *house = *state;
    struct house_client stranger = house_add_client(house, "Stranger");
    struct cg_span token = house_token(house, "");
    const struct cg_response *response = revoke(house, &stranger, token);
    assert_int_equal(response->http_status, 400);
    assert_int_equal(response->reason, CG_REASON_TOKEN_OF_ANOTHER_CLIENT);
    assert_non_null(memmem(response->body.data, response->body.len, "\"invalid_grant\"", 15));
    assert_true(is_active(house, token));
    assert_int_equal(count_denials(house), 0);
    assert_int_equal(house_count_events(house, "token_revoked"), 0);
    assert_int_equal(house_count_events(house, "token_refused"), 1);
}

static void invalid_token_is_revoked_already(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    assert_done(revoke(house, &own, CG_SPAN_OF("garbage")));
    house->now_s += 300;
    assert_done(revoke(house, &own, token));
    assert_int_equal(count_denials(house), 0);
    assert_int_equal(house_count_events(house, "token_revoked"), 0);
}

static void request_without_a_token_is_refused(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    const struct cg_response *response = revoke(house, &own, CG_SPAN_OF(""));
    assert_int_equal(response->http_status, 400);
    assert_int_equal(response->reason, CG_REASON_TOKEN_NOT_PRESENTED);
}

static void denial_outlives_its_token(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    assert_done(revoke(house, &own, house_token(house, "")));
    house->now_s += 300 + CG_DENIAL_MARGIN_S - 1;
    assert_int_equal(count_denials(house), 1);
    house->now_s++;
    assert_int_equal(count_denials(house), 0);
}

static void denial_is_forgotten_when_its_token_is_over(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    assert_done(revoke(house, &own, house_token(house, "")));
    assert_ok(cg_issuer_upkeep(house->slot, HOUSE_NOW_S + 300));
    assert_int_equal(count_denials(house), 1);
    assert_ok(cg_issuer_upkeep(house->slot, HOUSE_NOW_S + 300 + CG_DENIAL_MARGIN_S + 61));
    assert_int_equal(count_denials(house), 0);
}

static void deny_many(struct house *house, int count)
{
    char id[32];
    assert_ok(cg_store_begin(house->registry));
    for (int i = 0; i < count; i++) {
        (void)snprintf(id, sizeof(id), "jti-%d", i);
        struct cg_denied_token token = {test_span(id), test_span(house->client), HOUSE_NOW_S + 300};
        assert_ok(
            cg_denial_add_token(house->registry, CG_SPAN_OF(HOUSE_REALM), &token, HOUSE_NOW_S));
    }
    assert_ok(cg_store_commit(house->registry));
}

static void client_cannot_fill_the_denylist(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    deny_many(house, CG_LIMIT_CLIENT_REVOCATIONS);
    const struct cg_response *response = revoke(house, &own, token);
    assert_int_equal(response->http_status, 429);
    assert_int_equal(response->reason, CG_REASON_RATE_EXCEEDED);
    assert_true(house_header(response, "Retry-After").len > 0);
    assert_int_equal(count_denials(house), CG_LIMIT_CLIENT_REVOCATIONS);
    assert_int_equal(house_count_events(house, "token_revoked"), 0);
    assert_int_equal(house_count_events(house, "token_refused"), 1);
    assert_true(is_active(house, token));
}

static void revocation_is_not_done_when_it_cannot_be_recorded(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    char path[128];
    char aside[128];
    (void)snprintf(path, sizeof(path), "%s/audit.db", house->folder);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", house->folder);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(revoke(house, &own, token)->http_status, 503);
    assert_true(is_active(house, token));
    assert_int_equal(rename(aside, path), 0);
    assert_done(revoke(house, &own, token));
    assert_false(is_active(house, token));
    assert_int_equal(house_count_events(house, "token_revoked"), 1);
}

#define IN_HOUSE(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    IN_HOUSE(client_revokes_its_own_token_and_no_other),
    IN_HOUSE(revocation_is_recorded_with_the_client),
    IN_HOUSE(revoking_again_is_done_and_recorded_again),
    IN_HOUSE(revocation_touches_the_denylist_alone),
    IN_HOUSE(token_of_another_client_is_refused_without_effect),
    IN_HOUSE(invalid_token_is_revoked_already),
    IN_HOUSE(request_without_a_token_is_refused),
    IN_HOUSE(denial_outlives_its_token),
    IN_HOUSE(denial_is_forgotten_when_its_token_is_over),
    IN_HOUSE(client_cannot_fill_the_denylist),
    IN_HOUSE(revocation_is_not_done_when_it_cannot_be_recorded),
};
TEST_MAIN(tests)
