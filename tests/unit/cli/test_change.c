/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"
#include "cli/change.h"
#include "cli_test.h"
#include "registry/realm.h"

static void add_realm(struct cg_change *change, const char *path)
{
    struct cg_realm realm;
    assert_ok(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = test_span(path);
    realm.created_s = 1800000000;
    assert_ok(cg_realm_add(cg_change_store(change), &realm, NULL));
}

/* One committed realm, as init makes it. */
static void make_store(struct cli_test *test, const char *path)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    assert_ok(cg_change_begin_with(&test->context, CG_CHANGE_NO_REALM | CG_CHANGE_CREATE, &change));
    add_realm(change, path);
    assert_ok(cg_change_note(change, CG_AUDIT_REALM_ADDED, &event));
    event->realm = test_span(path);
    assert_ok(cg_change_commit(change));
}

struct seen {
    size_t count;
    char last[1024];
};

static enum cg_status see(void *context, struct cg_span record, int64_t time_s)
{
    struct seen *seen = context;
    (void)time_s;
    seen->count++;
    (void)snprintf(seen->last, sizeof(seen->last), "%.*s", CG_SPAN_ARGS(record));
    return CG_OK;
}

static void read_audit(struct cli_test *test, struct seen *seen)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *audit = NULL;
    struct cg_audit_filter filter = {.until_s = INT64_MAX};
    *seen = (struct seen){.count = 0};
    assert_ok(cg_context_open_store(&test->context, CG_STORE_AUDIT, CG_STORE_OPEN, &audit));
    assert_ok(cg_audit_list(audit, &filter, see, seen));
}

static bool has_realm(struct cli_test *test, const char *path)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_realm realm;
    assert_ok(cg_context_open_store(&test->context, CG_STORE_REGISTRY, CG_STORE_OPEN, &store));
    return cg_realm_find(store, test_span(path), test->context.arena, &realm) == CG_OK;
}

TEST(change_and_its_event_are_both_kept)
{
    struct cli_test test;
    struct seen seen;
    cli_test_start(&test, false);
    make_store(&test, "/vlive/hpca");
    assert_true(has_realm(&test, "/vlive/hpca"));
    read_audit(&test, &seen);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.last, "\"realm_added\""));
    assert_non_null(strstr(seen.last, "\"operator:"));
    cli_test_end(&test);
}

TEST(change_dropped_leaves_nothing)
{
    struct cli_test test;
    struct seen seen;
    struct cg_audit_event *event = NULL;
    struct cg_change *change = NULL;
    cli_test_start(&test, false);
    make_store(&test, "/vlive/hpca");
    assert_ok(cg_change_begin(&test.context, &change));
    add_realm(change, "/vtest/hpca");
    assert_ok(cg_change_note(change, CG_AUDIT_REALM_ADDED, &event));
    assert_null(cg_change_free(change));
    assert_false(has_realm(&test, "/vtest/hpca"));
    read_audit(&test, &seen);
    assert_int_equal(seen.count, 1);
    cli_test_end(&test);
}

TEST(change_without_an_event_cannot_be_committed)
{
    struct cli_test test;
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    cli_test_start(&test, false);
    make_store(&test, "/vlive/hpca");
    assert_ok(cg_change_begin(&test.context, &change));
    add_realm(change, "/vtest/hpca");
    assert_status(cg_change_commit(change), CG_ERR_INTERNAL);
    change = cg_change_free(change);
    assert_false(has_realm(&test, "/vtest/hpca"));
    cli_test_end(&test);
}

TEST(change_names_who_decided_and_who_entered_it)
{
    struct cli_test test;
    struct seen seen;
    struct cg_audit_event *event = NULL;
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    cli_test_start(&test, false);
    make_store(&test, "/vlive/hpca");
    test.context.by = CG_SPAN_OF("Dr A. Example");
    assert_ok(cg_change_begin(&test.context, &change));
    assert_span_text(cg_change_realm(change), "/vlive/hpca");
    add_realm(change, "/vtest/hpca");
    assert_ok(cg_change_note(change, CG_AUDIT_REALM_ADDED, &event));
    event->time_s += 1;
    assert_ok(cg_change_commit(change));
    read_audit(&test, &seen);
    assert_non_null(strstr(seen.last, "\"operator:Dr A. Example\""));
    assert_non_null(strstr(seen.last, "entered by "));
    change = cg_change_free(change);
    cli_test_end(&test);
}

TEST(change_asks_which_realm_when_there_are_several)
{
    struct cli_test test;
    struct cg_audit_event *event = NULL;
    struct cg_change *change = NULL;
    cli_test_start(&test, false);
    make_store(&test, "/vlive/hpca");
    assert_ok(cg_change_begin(&test.context, &change));
    add_realm(change, "/vtest/hpca");
    assert_ok(cg_change_note(change, CG_AUDIT_REALM_ADDED, &event));
    assert_ok(cg_change_commit(change));
    change = cg_change_free(change);
    assert_status(cg_change_begin(&test.context, &change), CG_ERR_INPUT);
    assert_non_null(strstr(cli_test_talk(&test), "--realm: /vlive/hpca, /vtest/hpca"));
    assert_int_equal(test.context.exit_code, CG_EXIT_USAGE);
    test.context.realm = CG_SPAN_OF("/other");
    assert_status(cg_change_begin(&test.context, &change), CG_ERR_NOT_FOUND);
    assert_null(change);
    cli_test_end(&test);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(change_and_its_event_are_both_kept),
    cmocka_unit_test(change_dropped_leaves_nothing),
    cmocka_unit_test(change_without_an_event_cannot_be_committed),
    cmocka_unit_test(change_names_who_decided_and_who_entered_it),
    cmocka_unit_test(change_asks_which_realm_when_there_are_several),
};
TEST_MAIN(tests)
