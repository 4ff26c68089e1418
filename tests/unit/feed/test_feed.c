/* SPDX-License-Identifier: Apache-2.0 */
#include <caregate/feed.h>

#include "feed_test.h"
#include "folder.h"
#include "registry/denial.h"
#include "token/snapshot.h"

#include <stdio.h>
#include <unistd.h>

struct line {
    struct folder folder;
    struct desk *desk;
    struct cg_feed *feed;
};

static struct desk *open_desk(const struct folder *folder)
{
    struct desk *desk = desk_new(folder->uri);
    desk_furnish(desk);
    feed_test_set_base_url(desk);
    desk_commit(desk);
    return desk;
}

static int lay(void **state)
{
    struct line *line = calloc(1, sizeof(*line));
    assert_non_null(line);
    folder_make(&line->folder);
    line->desk = open_desk(&line->folder);
    assert_ok(cg_feed_new(test_span(line->folder.uri), &line->feed));
    *state = line;
    return 0;
}

static int take_up(void **state)
{
    struct line *line = *state;
    (void)cg_feed_free(line->feed);
    if (line->desk != NULL) {
        desk_free(line->desk);
    }
    folder_remove(&line->folder);
    free(line);
    return 0;
}

static struct cg_snapshot *poll(struct line *line, int64_t now_s)
{
    struct cg_snapshot *snapshot = NULL;
    assert_ok(cg_feed_poll(line->feed, now_s, &snapshot));
    return snapshot;
}

/* True when the poll gave a snapshot, which is freed. */
static bool changes_at(struct line *line, int64_t now_s)
{
    struct cg_snapshot *snapshot = poll(line, now_s);
    bool changed = snapshot != NULL;
    (void)cg_snapshot_free(snapshot);
    return changed;
}

static void first_poll_gives_a_snapshot_and_the_next_nothing(void **state)
{
    struct line *line = *state;
    struct cg_snapshot *snapshot = poll(line, DESK_NOW_S);
    assert_non_null(snapshot);
    assert_int_equal(cg_snapshot_version(snapshot), desk_version(line->desk).registry);
    assert_non_null(cg_snapshot_only_realm(snapshot));
    (void)cg_snapshot_free(snapshot);
    assert_false(changes_at(line, DESK_NOW_S + 1));
    assert_false(changes_at(line, DESK_NOW_S + 1000000));
}

static void change_is_seen_at_the_next_poll(void **state)
{
    struct line *line = *state;
    assert_true(changes_at(line, DESK_NOW_S));
    desk_add_api(line->desk, "letters", "letters.read", 1);
    assert_false(changes_at(line, DESK_NOW_S));
    desk_commit(line->desk);
    struct cg_snapshot *snapshot = poll(line, DESK_NOW_S);
    assert_non_null(snapshot);
    assert_non_null(cg_snapshot_find_api(cg_snapshot_only_realm(snapshot), CG_SPAN_OF("letters")));
    (void)cg_snapshot_free(snapshot);
    assert_false(changes_at(line, DESK_NOW_S));
}

static void withdrawal_is_seen_at_the_next_poll(void **state)
{
    struct line *line = *state;
    struct cg_span id = desk_agree(line->desk, "documents", "documents.read");
    desk_commit(line->desk);
    assert_true(changes_at(line, DESK_NOW_S));
    struct cg_decision decision = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S};
    assert_ok(cg_agreement_withdraw(line->desk->store, line->desk->realm, id, &decision, NULL));
    desk_commit(line->desk);
    struct cg_snapshot *snapshot = poll(line, DESK_NOW_S);
    assert_non_null(snapshot);
    assert_true(cg_snapshot_denies_agreement(cg_snapshot_only_realm(snapshot), id));
    (void)cg_snapshot_free(snapshot);
}

static void denial_that_lapses_is_a_change(void **state)
{
    struct line *line = *state;
    struct cg_snapshot_denial denial = {CG_DENIAL_TOKEN, CG_SPAN("jti-1"), 0, DESK_NOW_S + 300};
    assert_ok(cg_denial_add(line->desk->store, line->desk->realm, &denial, DESK_NOW_S));
    desk_commit(line->desk);
    assert_true(changes_at(line, DESK_NOW_S));
    assert_false(changes_at(line, DESK_NOW_S + 299));
    struct cg_snapshot *snapshot = poll(line, DESK_NOW_S + 300);
    assert_non_null(snapshot);
    assert_false(cg_snapshot_denies_token(cg_snapshot_only_realm(snapshot), denial.subject));
    (void)cg_snapshot_free(snapshot);
}

static void key_that_goes_by_time_is_a_change(void **state)
{
    struct line *line = *state;
    struct cg_span kid = feed_test_add_key(line->desk, CG_KEY_START_FIRST, DESK_NOW_S);
    (void)feed_test_add_key(line->desk, CG_KEY_START_NOW, DESK_NOW_S);
    desk_commit(line->desk);
    int64_t gone_s = DESK_NOW_S + CG_KEY_PROPAGATION_S + DESK_KEPT_S;
    assert_true(changes_at(line, DESK_NOW_S));
    assert_false(changes_at(line, gone_s - 1));
    struct cg_snapshot *snapshot = poll(line, gone_s);
    assert_non_null(snapshot);
    struct cg_verifier *verifier;
    assert_null(
        cg_key_ring_find(cg_snapshot_realm_keys(cg_snapshot_only_realm(snapshot)), kid, &verifier));
    (void)cg_snapshot_free(snapshot);
}

static void assert_away(struct line *line)
{
    struct cg_snapshot *snapshot = NULL;
    assert_status(cg_feed_poll(line->feed, DESK_NOW_S, &snapshot), CG_ERR_STORE);
    assert_null(snapshot);
}

static void remove_store(struct line *line)
{
    static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-shm"};
    desk_free(line->desk);
    line->desk = NULL;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char path[160];
        folder_file(&line->folder, names[i], path);
        (void)unlink(path);
    }
}

static void store_that_is_away_is_told_and_found_again(void **state)
{
    struct line *line = *state;
    assert_true(changes_at(line, DESK_NOW_S));
    remove_store(line);
    assert_away(line);
    assert_away(line);
    line->desk = open_desk(&line->folder);
    assert_true(changes_at(line, DESK_NOW_S));
    assert_false(changes_at(line, DESK_NOW_S));
}

/* Its numbers may be those of the file before it. */
static void store_that_was_replaced_is_read_anew(void **state)
{
    struct line *line = *state;
    struct cg_snapshot *before = poll(line, DESK_NOW_S);
    remove_store(line);
    line->desk = open_desk(&line->folder);
    struct cg_snapshot *after = poll(line, DESK_NOW_S);
    assert_non_null(after);
    assert_int_equal(cg_snapshot_version(after), cg_snapshot_version(before));
    (void)cg_snapshot_free(before);
    (void)cg_snapshot_free(after);
}

static void file_that_is_no_store_is_told(void **state)
{
    struct line *line = *state;
    remove_store(line);
    char path[160];
    folder_file(&line->folder, "registry.db", path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        assert_true(fputs("not a database\n", file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_away(line);
}

/* What no snapshot can hold must not pass for "nothing changed". */
static void registry_past_the_limit_of_a_snapshot_is_told(void **state)
{
    struct line *line = *state;
    assert_true(changes_at(line, DESK_NOW_S));
    struct cg_statement *statement = NULL;
    for (int i = 0; i < 60000; i++) {
        char subject[65];
        (void)snprintf(subject, sizeof(subject), "%064d", i);
        assert_ok(cg_store_start(line->desk->store, CG_SQL_DENIAL_ADD, &statement));
        cg_bind_text(statement, "realm", line->desk->realm);
        cg_bind_text(statement, "kind", CG_SPAN_OF("token"));
        cg_bind_text(statement, "subject", test_span(subject));
        cg_bind_null(statement, "client");
        cg_bind_number(statement, "epoch", 0);
        cg_bind_number(statement, "now", DESK_NOW_S);
        cg_bind_number(statement, "expires", DESK_NOW_S + 300);
        assert_ok(cg_store_run(statement, NULL));
    }
    assert_ok(cg_registry_touch(line->desk->store, CG_TOUCH_DENYLIST));
    desk_commit(line->desk);
    struct cg_snapshot *snapshot = NULL;
    assert_status(cg_feed_poll(line->feed, DESK_NOW_S, &snapshot), CG_ERR_LIMIT);
    assert_null(snapshot);
}

TEST(feed_wants_a_uri)
{
    struct cg_feed *feed = NULL;
    assert_status(cg_feed_new((struct cg_span){NULL, 0}, &feed), CG_ERR_INPUT);
    static char uri[CG_LIMIT_URI_BYTES + 2];
    memset(uri, 'a', sizeof(uri) - 1);
    assert_status(cg_feed_new(test_span(uri), &feed), CG_ERR_INPUT);
    assert_null(cg_feed_free(NULL));
}

TEST(feed_of_a_malformed_uri_has_no_store)
{
    struct cg_feed *feed = NULL;
    struct cg_snapshot *snapshot = NULL;
    assert_ok(cg_feed_new(CG_SPAN_OF("mysql://nowhere"), &feed));
    assert_status(cg_feed_poll(feed, DESK_NOW_S, &snapshot), CG_ERR_STORE);
    (void)cg_feed_free(feed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(first_poll_gives_a_snapshot_and_the_next_nothing, lay, take_up),
    cmocka_unit_test_setup_teardown(change_is_seen_at_the_next_poll, lay, take_up),
    cmocka_unit_test_setup_teardown(withdrawal_is_seen_at_the_next_poll, lay, take_up),
    cmocka_unit_test_setup_teardown(denial_that_lapses_is_a_change, lay, take_up),
    cmocka_unit_test_setup_teardown(key_that_goes_by_time_is_a_change, lay, take_up),
    cmocka_unit_test_setup_teardown(store_that_is_away_is_told_and_found_again, lay, take_up),
    cmocka_unit_test_setup_teardown(store_that_was_replaced_is_read_anew, lay, take_up),
    cmocka_unit_test_setup_teardown(file_that_is_no_store_is_told, lay, take_up),
    cmocka_unit_test_setup_teardown(registry_past_the_limit_of_a_snapshot_is_told, lay, take_up),
    cmocka_unit_test(feed_wants_a_uri),
    cmocka_unit_test(feed_of_a_malformed_uri_has_no_store),
};
TEST_MAIN(tests)
