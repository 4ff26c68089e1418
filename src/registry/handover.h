/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links by which a secret is handed over. A link has a token of 256 random bits, "cgl_" + 43
 * base64url characters, stored as SHA-256. It is opened once, by whoever comes first; the secret is
 * made at that moment, so that nothing is stored from which it could be had before. Until then the
 * link is one of the client's secrets (registry/credential.h lists and revokes it by the id that
 * the secret will have). See registry/registry.h.
 */
#ifndef CG_REGISTRY_HANDOVER_H
#define CG_REGISTRY_HANDOVER_H

#include "registry/credential.h"

#define CG_HANDOVER_TOKEN_CHARS 47

/* The longest that a link may wait: what lies about in a mailbox is not to open anything. */
#define CG_HANDOVER_LIFE_MAX_S (INT64_C(30) * 86400)

struct cg_handover_order {
    struct cg_secret_order secret; /* others_end_s is 0: nobody knows when the link is opened */
    int64_t until_s;               /* the link opens nothing from then on */
};

/* Makes a link; returns its token once. CG_ERR_LIMIT as for a secret. */
CG_MUST_USE enum cg_status cg_handover_make(struct cg_store *store,
                                            const struct cg_handover_order *order,
                                            struct cg_arena *arena, struct cg_fault *fault,
                                            struct cg_secret *ret_token, struct cg_span *ret_id);

struct cg_handover {
    struct cg_span id; /* of the secret: "sec_…" */
    struct cg_span realm;
    struct cg_span client;
    struct cg_span organisation; /* the client's ODS code */
    int64_t until_s;
    int64_t expires_s; /* of the secret; 0: no end */
    bool opens;        /* not opened yet, not cancelled, not past its time, client not retired */
};

/* CG_ERR_NOT_FOUND for a token that is malformed, unknown or of another realm. Needs no transaction
 * that writes. */
CG_MUST_USE enum cg_status cg_handover_find(struct cg_store *store, struct cg_span realm,
                                            struct cg_span token, int64_t now_s,
                                            struct cg_arena *arena,
                                            struct cg_handover *ret_handover);

/* Opens what was found: makes the secret and returns its text, in the arena. CG_ERR_NOT_FOUND, with
 * nothing done, for who comes too late. */
CG_MUST_USE enum cg_status cg_handover_open(struct cg_store *store,
                                            const struct cg_handover *handover, int64_t now_s,
                                            const struct cg_random *random, struct cg_arena *arena,
                                            struct cg_span *ret_secret);

#endif
