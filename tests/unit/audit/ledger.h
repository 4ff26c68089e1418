/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit to test: a folder with the database in it, a journal of the writer "node1/worker0", and
 * a key that signs checkpoints.
 */
#ifndef CG_TEST_LEDGER_H
#define CG_TEST_LEDGER_H

#include "audit/report.h"
#include "disk.h"
#include "folder.h"

#define LEDGER_NOW_S 1800000000
#define LEDGER_WRITER "node1/worker0"
#define LEDGER_KID "kid-1"

struct ledger {
    struct folder folder;
    char path[160]; /* of audit.db */
    struct disk disk;
    struct cg_journal *journal; /* on the disk that can fail */
    struct cg_signer *signer;
    struct cg_verifier *verifier;
    struct cg_audit_verdict verdict;
};

/* cmocka's set-up and tear-down; *state is a struct ledger. */
int ledger_set_up(void **state);
int ledger_tear_down(void **state);

/* Another journal of the same audit. */
struct cg_journal *ledger_open(struct ledger *ledger, const char *writer);

/* Appends `count` events, one transaction each, of the times LEDGER_NOW_S + 0, 1, 2, ... */
void ledger_append(struct cg_journal *journal, int count);

/* Makes a checkpoint, whatever its age. */
bool ledger_checkpoint(struct ledger *ledger, int64_t now_s);

/* Verifies; the verdict is in the ledger. */
enum cg_status ledger_verify(struct ledger *ledger);

/* Changes the database behind the audit's back. */
void ledger_tamper(struct ledger *ledger, const char *script);

/* The one number that a query gives. */
int64_t ledger_number(struct ledger *ledger, const char *query);

#endif
