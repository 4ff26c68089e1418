/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a slot: what one thread at a time needs to answer requests. Opened at first use, closed
 * and opened anew after a failure or when the file behind was replaced.
 */
#ifndef CG_ISSUER_SLOT_H
#define CG_ISSUER_SLOT_H

#include "audit/journal.h"
#include "audit/single_use.h"
#include "base/limits.h"
#include "base/tally.h"
#include "issuer/realm_table.h"
#include "issuer/use_notes.h"
#include "registry/client_record.h"
#include "token/proof_keys.h"

#include <caregate/issuer.h>

/* A look at the keys of all realms, one after the other, over as many seconds as it takes. */
struct cg_key_round {
    bool is_begun;
    int64_t due_s;                            /* when the next begins, if nothing changes before */
    int64_t version;                          /* of the registry, as this one began */
    uint8_t after[CG_LIMIT_REALM_PATH_BYTES]; /* the realm that was looked at last */
    size_t after_len;
};

struct cg_issuer_slot {
    struct cg_arena *arena; /* the configuration's copies */
    struct cg_span store_uri;
    struct cg_span writer;
    const uint8_t *master_key;    /* borrowed */
    struct cg_pkcs11 *pkcs11;     /* borrowed, or NULL */
    struct cg_throttle *throttle; /* borrowed, or NULL */
    struct cg_rate token_rate;
    struct cg_random_stock random_stock;
    struct cg_random random;    /* of the stock */
    struct cg_store *registry;  /* NULL while it is away */
    struct cg_journal *journal; /* NULL while it is away */
    struct cg_client_cache *clients;
    struct cg_client_keys *client_keys;
    struct cg_proof_keys *proof_keys;
    struct cg_realm_table *realms;
    struct cg_tally *refusals;      /* of the issuer: past a rate they are counted only */
    struct cg_use_notes *uses;      /* last-used times that wait to be written */
    struct cg_signer *audit_signer; /* signs checkpoints; NULL until the first */
    struct cg_span audit_kid;
    struct cg_arena *audit_arena; /* of audit_kid */
    int64_t registry_looked_s;    /* when the files were last looked at */
    int64_t checkpoint_due_s;
    int64_t summaries_due_s; /* when a commit next writes them */
    struct cg_key_round key_round;
    int64_t forget_due_s; /* when what nobody can use any more is next forgotten */
};

/*
 * Opens the registry unless it is open, and closes both stores first when its file was replaced.
 * Writers that it waits for are waited for CG_LIMIT_REGISTRY_WAIT_MS at most: tokens wait behind.
 * CG_ERR_STORE when the registry is away.
 */
CG_MUST_USE enum cg_status cg_slot_open(struct cg_issuer_slot *slot, int64_t now_s);

/*
 * Opens the audit unless it is open, and anew when its file was replaced. CG_ERR_STORE when it is
 * away: documents can still be served.
 */
CG_MUST_USE enum cg_status cg_slot_open_audit(struct cg_issuer_slot *slot);

/* Whether a thing is spent already. Opens the audit; CG_ERR_STORE when it is away. */
CG_MUST_USE enum cg_status cg_slot_look_if_spent(struct cg_issuer_slot *slot,
                                                 const struct cg_single_use *use, bool *ret_spent);

/* Closes both stores and forgets what came from them. */
void cg_slot_close(struct cg_issuer_slot *slot);

#endif
