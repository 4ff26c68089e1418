/* SPDX-License-Identifier: Apache-2.0 */
/* Our allocations and SQLite's fail in turn; the audit must verify after each run. */
#include "audit/report.h"
#include "base/span.h"
#include "base/status.h"
#include "sqlite_memory.h"
#include "test.h"
#include "torture.h"

#define NOW_S INT64_C(1800000000)
#define KID CG_SPAN_OF("kid-1")
#define ACCEPTED                                                                                   \
    (TORTURE_ACCEPT(CG_OK) | TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_STORE))

struct scene {
    struct cg_signer *signer;
    struct cg_verifier *verifier;
    struct cg_journal *journal;
    int64_t durable; /* records that were said to be on disk */
};

static enum cg_status append(struct scene *scene, int64_t count)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_TOKEN_ISSUED,
                                   .time_s = NOW_S,
                                   .client_id = CG_SPAN("ward-system"),
                                   .detail = CG_SPAN("of a length that makes the buffer grow")};
    const struct cg_audit_event *events[] = {&event, &event, &event};
    CG_TRY(cg_journal_append(scene->journal, events, (size_t)count));
    scene->durable += count;
    return CG_OK;
}

static enum cg_status find(void *context, struct cg_span kid, struct cg_verifier **ret_verifier)
{
    struct scene *scene = context;
    (void)kid;
    *ret_verifier = scene->verifier;
    return CG_OK;
}

static enum cg_status count_record(void *context, struct cg_span record, int64_t time_s)
{
    int64_t *count = context;
    (void)record;
    (void)time_s;
    (*count)++;
    return CG_OK;
}

static enum cg_status look(struct scene *scene)
{
    struct cg_store *store = cg_journal_store(scene->journal);
    struct cg_audit_verdict verdict;
    struct cg_audit_filter filter = {
        .until_s = INT64_MAX, .newest = 99, .kind = CG_SPAN("token_issued")};
    int64_t count = 0;
    CG_TRY(cg_audit_verify(store, find, scene, &verdict));
    CG_TRY(cg_audit_list(store, &filter, count_record, &count));
    return count == scene->durable ? CG_OK : CG_ERR_INTERNAL;
}

static enum cg_status checkpoint(struct scene *scene)
{
    return cg_audit_checkpoint(scene->journal, scene->signer, KID, NOW_S, 0, NULL);
}

static enum cg_status write_and_look(struct scene *scene)
{
    enum cg_status first = append(scene, 2);
    enum cg_status second = checkpoint(scene);
    enum cg_status third = append(scene, 3);
    CG_TRY(look(scene));
    CG_TRY(first);
    CG_TRY(second);
    return third;
}

static enum cg_status prune_and_look(struct scene *scene)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_PRUNED, .time_s = NOW_S};
    int64_t removed = 0;
    enum cg_status status =
        cg_audit_prune(scene->journal, scene->signer, KID, &event, INT64_MAX, &removed);
    scene->durable -= status == CG_OK ? 2 : 0;
    CG_TRY(look(scene));
    return status;
}

static enum cg_status use(void *context)
{
    struct scene *scene = context;
    struct cg_store *store = NULL;
    CG_CLEANUP(cg_journal_free_at) struct cg_journal *journal = NULL;
    CG_TRY(cg_store_open(CG_SPAN_OF("sqlite::memory:"), CG_STORE_AUDIT, CG_STORE_CREATE, &store));
    CG_TRY(cg_journal_new(store, CG_SPAN_OF("node1/worker0"), &journal));
    scene->journal = journal;
    scene->durable = 0;
    CG_TRY(write_and_look(scene));
    return prune_and_look(scene);
}

TEST(audit_survives_every_failed_allocation)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct scene scene = {0};
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, 2048, &key));
    assert_ok(cg_signer_new(key, &scene.signer));
    assert_ok(cg_verifier_new(key, &scene.verifier));
    struct torture_scenario scenario = {"audit", use, &scene, ACCEPTED};
    torture(&scenario);
    (void)cg_signer_free(scene.signer);
    (void)cg_verifier_free(scene.verifier);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(audit_survives_every_failed_allocation),
};

static int set_up(void **state)
{
    (void)state;
    sqlite_memory_install();
    return 0;
}

TEST_MAIN_WITH(tests, set_up, NULL)
