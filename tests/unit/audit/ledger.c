/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include "test.h"

#include "base/span.h"

#include <sqlite3.h>

struct cg_journal *ledger_open(struct ledger *ledger, const char *writer)
{
    char uri[160];
    struct cg_store *store = NULL;
    struct cg_journal *journal = NULL;
    (void)snprintf(uri, sizeof(uri), "%s?vfs=disk", ledger->folder.uri);
    assert_ok(cg_store_open(test_span(uri), CG_STORE_AUDIT, CG_STORE_CREATE, &store));
    assert_ok(cg_journal_new(store, test_span(writer), &journal));
    return journal;
}

int ledger_set_up(void **state)
{
    struct ledger *ledger = test_calloc(1, sizeof(*ledger));
    struct cg_key *key = NULL;
    folder_make(&ledger->folder);
    folder_file(&ledger->folder, "audit.db", ledger->path);
    disk_register(&ledger->disk);
    ledger->journal = ledger_open(ledger, LEDGER_WRITER);
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, 2048, &key));
    assert_ok(cg_signer_new(key, &ledger->signer));
    assert_ok(cg_verifier_new(key, &ledger->verifier));
    (void)cg_key_free(key);
    *state = ledger;
    return 0;
}

int ledger_tear_down(void **state)
{
    struct ledger *ledger = *state;
    disk_reset(&ledger->disk);
    (void)cg_journal_free(ledger->journal);
    (void)cg_signer_free(ledger->signer);
    (void)cg_verifier_free(ledger->verifier);
    disk_unregister();
    folder_remove(&ledger->folder);
    test_free(ledger);
    return 0;
}

void ledger_append(struct cg_journal *journal, int count)
{
    for (int i = 0; i < count; i++) {
        struct cg_audit_event event = {.kind = CG_AUDIT_TOKEN_ISSUED,
                                       .time_s = LEDGER_NOW_S + i,
                                       .count = 1,
                                       .client_id = CG_SPAN_OF("ward-system")};
        const struct cg_audit_event *events[] = {&event};
        assert_ok(cg_journal_append(journal, events, 1));
    }
}

bool ledger_checkpoint(struct ledger *ledger, int64_t now_s)
{
    bool made = false;
    assert_ok(cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID), now_s, 0,
                                  &made));
    return made;
}

static enum cg_status find_verifier(void *context, struct cg_span kid,
                                    struct cg_verifier **ret_verifier)
{
    struct ledger *ledger = context;
    if (!cg_span_equal_string(kid, LEDGER_KID)) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_verifier = ledger->verifier;
    return CG_OK;
}

enum cg_status ledger_verify(struct ledger *ledger)
{
    return cg_audit_verify(cg_journal_store(ledger->journal), find_verifier, ledger,
                           &ledger->verdict);
}

void ledger_tamper(struct ledger *ledger, const char *script)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(ledger->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, script, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", script, message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t ledger_number(struct ledger *ledger, const char *query)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(ledger->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}
