/* SPDX-License-Identifier: Apache-2.0 */
/* When a document is fetched, waited for, used although it is old, or done without. */
#include "net/remote_parts.h"

#include "test.h"

#define NOW_S 1000000
#define LIFE_S 400

static struct cg_document fetched(void)
{
    struct cg_document document = {.version = 7};
    cg_document_renew(&document, LIFE_S, NOW_S);
    return document;
}

static void assert_judged(struct cg_document *document, uint64_t lacking, int64_t now_s,
                          enum cg_remote_state state, bool fetch)
{
    bool does_fetch = false;
    assert_int_equal(cg_document_judge(document, lacking, now_s, &does_fetch), state);
    assert_int_equal(does_fetch, fetch);
}

TEST(an_unknown_document_is_fetched_and_waited_for)
{
    struct cg_document document = {.version = 0};
    assert_judged(&document, 0, NOW_S, CG_REMOTE_COMING, true);
    document.state = CG_DOCUMENT_RUNNING;
    assert_judged(&document, 0, NOW_S, CG_REMOTE_COMING, false);
}

TEST(a_failure_is_remembered_for_a_time)
{
    struct cg_document document = {.failed_s = NOW_S};
    assert_judged(&document, 0, NOW_S, CG_REMOTE_AWAY, false);
    assert_judged(&document, 0, NOW_S + CG_LIMIT_REMOTE_RETRY_S, CG_REMOTE_COMING, true);
}

TEST(a_fresh_document_is_there_and_fetched_anew_before_its_end)
{
    struct cg_document document = fetched();
    assert_judged(&document, 0, NOW_S, CG_REMOTE_THERE, false);
    assert_judged(&document, 0, NOW_S + LIFE_S * 3 / 4 - 1, CG_REMOTE_THERE, false);
    assert_judged(&document, 0, NOW_S + LIFE_S * 3 / 4, CG_REMOTE_THERE, true);
    document.state = CG_DOCUMENT_QUEUED;
    assert_judged(&document, 0, NOW_S + LIFE_S * 3 / 4, CG_REMOTE_THERE, false);
}

/* SMART App Launch 2.2: a set is not used past what its Cache-Control says, but while its host is
 * away. */
TEST(an_old_document_is_used_only_while_its_host_is_away_and_not_for_ever)
{
    struct cg_document document = fetched();
    int64_t end_s = NOW_S + LIFE_S;
    assert_judged(&document, 0, end_s, CG_REMOTE_COMING, true);
    document.failed_s = end_s;
    assert_judged(&document, 0, end_s, CG_REMOTE_THERE, false);
    document.failed_s = end_s + CG_LIMIT_REMOTE_STALE_S - 1;
    assert_judged(&document, 0, end_s + CG_LIMIT_REMOTE_STALE_S - 1, CG_REMOTE_THERE, false);
    assert_judged(&document, 0, end_s + CG_LIMIT_REMOTE_STALE_S, CG_REMOTE_AWAY, false);
}

TEST(nobody_waits_for_a_host_that_failed_lately_who_has_an_old_document)
{
    struct cg_document document = fetched();
    int64_t failed_s = NOW_S + LIFE_S;
    document.failed_s = failed_s;
    assert_judged(&document, 0, failed_s + CG_LIMIT_REMOTE_RETRY_S - 1, CG_REMOTE_THERE, false);
    assert_judged(&document, 0, failed_s + CG_LIMIT_REMOTE_RETRY_S, CG_REMOTE_THERE, true);
    document.state = CG_DOCUMENT_RUNNING;
    assert_judged(&document, 0, failed_s + CG_LIMIT_REMOTE_RETRY_S, CG_REMOTE_THERE, false);
    assert_judged(&document, 0, failed_s + CG_LIMIT_REMOTE_DOUBT_S, CG_REMOTE_COMING, false);
    document.state = CG_DOCUMENT_IDLE;
    assert_judged(&document, 0, failed_s + CG_LIMIT_REMOTE_DOUBT_S, CG_REMOTE_COMING, true);
}

TEST(what_is_lacking_has_a_document_fetched_once_a_minute)
{
    struct cg_document document = fetched();
    assert_judged(&document, 6, NOW_S, CG_REMOTE_THERE, false);
    assert_judged(&document, 7, NOW_S, CG_REMOTE_COMING, true);
    assert_judged(&document, 7, NOW_S + CG_LIMIT_REMOTE_FORCE_S - 1, CG_REMOTE_THERE, false);
    assert_judged(&document, 7, NOW_S + CG_LIMIT_REMOTE_FORCE_S, CG_REMOTE_COMING, true);
}

/* What was asked for in vain may be there by now: that it is lacking cannot be said. */
TEST(what_is_lacking_is_not_to_be_had_while_the_host_is_away)
{
    struct cg_document document = fetched();
    assert_judged(&document, 7, NOW_S, CG_REMOTE_COMING, true);
    document.failed_s = NOW_S;
    assert_judged(&document, 7, NOW_S + CG_LIMIT_REMOTE_RETRY_S - 1, CG_REMOTE_AWAY, false);
    assert_judged(&document, 7, NOW_S + CG_LIMIT_REMOTE_RETRY_S, CG_REMOTE_COMING, true);
    document.state = CG_DOCUMENT_RUNNING;
    assert_judged(&document, 7, NOW_S + CG_LIMIT_REMOTE_RETRY_S, CG_REMOTE_COMING, false);
    assert_judged(&document, 0, NOW_S + CG_LIMIT_REMOTE_RETRY_S, CG_REMOTE_THERE, false);
}

TEST(the_servers_word_on_caching_is_kept_within_bounds)
{
    static const struct {
        int64_t max_age_s;
        int64_t life_s;
    } rows[] = {
        {-1, CG_LIMIT_REMOTE_DEFAULT_S}, {0, CG_LIMIT_REMOTE_LEAST_S},
        {59, CG_LIMIT_REMOTE_LEAST_S},   {3600, 3600},
        {86401, CG_LIMIT_REMOTE_MOST_S}, {INT64_MAX, CG_LIMIT_REMOTE_MOST_S},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_document document = {.version = 1};
        cg_document_renew(&document, rows[i].max_age_s, NOW_S);
        assert_int_equal(document.fresh_until_s, NOW_S + rows[i].life_s);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_unknown_document_is_fetched_and_waited_for),
    cmocka_unit_test(a_failure_is_remembered_for_a_time),
    cmocka_unit_test(a_fresh_document_is_there_and_fetched_anew_before_its_end),
    cmocka_unit_test(an_old_document_is_used_only_while_its_host_is_away_and_not_for_ever),
    cmocka_unit_test(nobody_waits_for_a_host_that_failed_lately_who_has_an_old_document),
    cmocka_unit_test(what_is_lacking_has_a_document_fetched_once_a_minute),
    cmocka_unit_test(what_is_lacking_is_not_to_be_had_while_the_host_is_away),
    cmocka_unit_test(the_servers_word_on_caching_is_kept_within_bounds),
};

TEST_MAIN(tests)
