/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "audit/checkpoint.h"
#include "base/span.h"
#include "cli/master_key.h"

#include "test.h"

#include <unistd.h>

static enum cg_status checkpoint(struct cg_context *context)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *registry = NULL;
    CG_CLEANUP(cg_journal_free_at) struct cg_journal *journal = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    struct cg_store *audit = NULL;
    struct cg_span kid = {NULL, 0};
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &registry));
    CG_TRY(cg_master_key_audit_signer(context, registry, &kid, &signer));
    CG_TRY(cg_context_open_store(context, CG_STORE_AUDIT, CG_STORE_OPEN, &audit));
    CG_TRY(cg_journal_new(audit, CG_SPAN_OF("node/worker0"), &journal));
    return cg_audit_checkpoint(journal, signer, kid, context->now_s, 0, NULL);
}

/* As the issuer does once a minute; time goes on by as much. */
static void make_checkpoint(struct desk *desk)
{
    struct cg_context context = {.program = "caregate",
                                 .command = "test",
                                 .dir = desk->dir,
                                 .now_s = desk->now_s,
                                 .talk = stderr};
    assert_int_equal(cg_arena_new(1024UL * 1024, &context.arena), CG_OK);
    assert_int_equal(checkpoint(&context), CG_OK);
    (void)cg_arena_free(context.arena);
    desk->now_s += 60;
}

static const char *export_path(struct desk *desk)
{
    return desk_path(desk, "export.jsonl");
}

/* Some history, a checkpoint over it, an export of it, and some more. */
static void make_history(struct desk *desk)
{
    desk_agree(desk);
    make_checkpoint(desk);
    assert_int_equal(desk_run(desk, "audit", "export", export_path(desk), NULL), 0);
    assert_int_equal(desk_run(desk, "client", "suspend", desk->client, NULL), 0);
}

static int prune(struct desk *desk, const char *before)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s", export_path(desk));
    return desk_run(desk, "audit", "prune", "--json", "--before", before, "--exported", path, NULL);
}

static void list_filters(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    desk_run(desk, "audit", "list", "--json", NULL);
    size_t all = desk_count(desk);
    desk_run(desk, "audit", "list", "--json", "--client", desk->client, NULL);
    assert_int_equal(desk_count(desk), 4); /* added, requested, approved, in force */
    desk_run(desk, "audit", "list", "--json", "--limit", "2", NULL);
    assert_int_equal(desk_count(desk), 2);
    desk_run(desk, "audit", "list", "--json", "--until", "2027-01-15", NULL);
    assert_int_equal(desk_count(desk), 0);
    desk_run(desk, "audit", "list", "--json", "--since", "2027-01-15", NULL);
    assert_int_equal(desk_count(desk), all);
    desk_run(desk, "audit", "list", "--json", "--realm", "/elsewhere", NULL);
    assert_int_equal(desk_count(desk), 0);
}

static void list_names_the_kinds_there_are(void **state)
{
    assert_int_equal(desk_run(*state, "audit", "list", "--kind", "nonsense", NULL), CG_EXIT_USAGE);
    assert_non_null(strstr(((struct desk *)*state)->talk, "token_issued: "));
}

static void verify_tells_what_it_proved(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    assert_int_equal(desk_run(desk, "audit", "verify", "--json", NULL), 0);
    assert_int_equal(desk_number(desk, "checkpoints"), 1);
    assert_int_equal(desk_number(desk, "writers"), 2);
}

static void export_holds_records_keys_and_checkpoints(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    const char *text = desk_read(desk, "export.jsonl");
    assert_int_equal(strncmp(text, "{\"caregate_audit_export\":1,", 27), 0);
    assert_non_null(strstr(text, "\n{\"key\":{\"kty\":\"RSA\""));
    assert_non_null(strstr(text, "\n{\"chain\":{\"writer\":\"cli\",\"number\":0,"));
    assert_non_null(strstr(text, "\n{\"writer\":\"cli\",\"number\":1,"));
    assert_non_null(strstr(text, "\n{\"checkpoint\":{\"number\":1,"));
    assert_non_null(strstr(text, ",\"checkpoints\":1}}\n"));
}

static void export_overwrites_nothing(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    assert_int_equal(desk_run(desk, "audit", "export", export_path(desk), NULL), CG_EXIT_FAILED);
    assert_non_null(strstr(desk_read(desk, "export.jsonl"), "caregate_audit_export"));
}

static void prune_removes_what_is_exported_and_the_rest_verifies(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    assert_int_equal(prune(desk, "2027-01-15T08:00:30Z"), 0);
    assert_true(desk_number(desk, "removed") > 5);
    assert_int_equal(desk_run(desk, "audit", "verify", NULL), 0);
    assert_int_equal(desk_events(desk, "client_added", NULL), 0);
    assert_int_equal(desk_events(desk, "client_suspended", NULL), 1);
    assert_int_equal(desk_events(desk, "pruned", "before 2027-01-15T08:00:30Z"), 1);
}

static void prune_goes_on_from_a_later_export(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    assert_int_equal(prune(desk, "2027-01-15T08:00:30Z"), 0);
    make_checkpoint(desk);
    assert_int_equal(unlink(export_path(desk)), 0);
    assert_int_equal(desk_run(desk, "audit", "export", export_path(desk), NULL), 0);
    assert_int_equal(prune(desk, "2027-01-15T08:01:30Z"), 0);
    assert_true(desk_number(desk, "removed") > 0);
    assert_int_equal(desk_run(desk, "audit", "verify", NULL), 0);
}

static void prune_refuses_an_export_older_than_what_would_go(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    make_checkpoint(desk);
    assert_int_equal(prune(desk, "2027-01-15T08:01:30Z"), CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "are not all in it"));
    assert_int_equal(desk_events(desk, "client_added", NULL), 1);
}

/* Writes the export anew, with one thing in it replaced by another of the same length. */
static void spoil(struct desk *desk, const char *what, const char *by)
{
    static char text[1024 * 1024];
    (void)snprintf(text, sizeof(text), "%s", desk_read(desk, "export.jsonl"));
    char *place = strstr(text, what);
    assert_non_null(place);
    memcpy(place, by, strlen(by));
    desk_write(desk, "export.jsonl", text);
}

static void prune_refuses_an_export_that_is_not_this_audits(void **state)
{
    static const struct {
        const char *what;
        const char *by;
        const char *says;
    } rows[] = {
        {"\"organisation\":\"RX809\"", "\"organisation\":\"RX808\"", "are not all in it"},
        {"\n{\"writer\":\"cli\",\"number\":3,", "\n{\"writer\":\"cli\",\"number\":9,", "damaged"},
        {"\"chain\":{\"writer\":\"cli\",\"number\":0", "\"chain\":{\"writer\":\"cli\",\"number\":5",
         "damaged"},
        {"{\"caregate_audit_export\":1", "{\"caregate_audit_expert\":1", "no export"},
    };
    struct desk *desk = *state;
    make_history(desk);
    char whole[65536];
    (void)snprintf(whole, sizeof(whole), "%s", desk_read(desk, "export.jsonl"));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        desk_write(desk, "export.jsonl", whole);
        spoil(desk, rows[i].what, rows[i].by);
        assert_int_equal(prune(desk, "2027-01-15T08:00:30Z"), CG_EXIT_FAILED);
        if (strstr(desk->talk, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].by, desk->talk);
        }
    }
    assert_int_equal(desk_events(desk, "client_added", NULL), 1);
}

/* The chain line alone says where the chain is; it does not stand for the records before. */
static void prune_refuses_an_export_whose_chain_begins_at_its_end(void **state)
{
    struct desk *desk = *state;
    char text[8192];
    make_history(desk);
    make_checkpoint(desk);
    const char *payload = strstr(desk_read(desk, "export.jsonl"), "\\\"heads\\\":[{");
    assert_non_null(payload);
    const char *hash = strstr(payload, "\\\"hash\\\":\\\"") + strlen("\\\"hash\\\":\\\"");
    const char *number = strstr(payload, "\\\"number\\\":") + strlen("\\\"number\\\":");
    (void)snprintf(text, sizeof(text),
                   "{\"caregate_audit_export\":1,\"exported_at\":1}\n"
                   "{\"chain\":{\"writer\":\"cli\",\"number\":%ld,\"hash\":\"%.43s\"}}\n",
                   strtol(number, NULL, 10), hash);
    desk_write(desk, "export.jsonl", text);
    assert_int_equal(prune(desk, "2027-01-15T08:00:30Z"), CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "are not all in it"));
}

static void prune_wants_a_checkpoint_that_old(void **state)
{
    struct desk *desk = *state;
    make_history(desk);
    assert_int_equal(prune(desk, "2027-01-01"), CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "no signed checkpoint that old"));
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_clear)

static const struct CMUnitTest tests[] = {
    DESK_TEST(list_filters),
    DESK_TEST(list_names_the_kinds_there_are),
    DESK_TEST(verify_tells_what_it_proved),
    DESK_TEST(export_holds_records_keys_and_checkpoints),
    DESK_TEST(export_overwrites_nothing),
    DESK_TEST(prune_removes_what_is_exported_and_the_rest_verifies),
    DESK_TEST(prune_goes_on_from_a_later_export),
    DESK_TEST(prune_refuses_an_export_older_than_what_would_go),
    DESK_TEST(prune_refuses_an_export_that_is_not_this_audits),
    DESK_TEST(prune_refuses_an_export_whose_chain_begins_at_its_end),
    DESK_TEST(prune_wants_a_checkpoint_that_old),
};
TEST_MAIN(tests)
