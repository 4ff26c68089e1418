/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client secrets: 256 bits made by us, "cgs_" + 43 base64url characters + 6 characters of checksum,
 * stored as SHA-256 of the whole. The checksum is the first 6 characters of the base64url form of
 * the SHA-256 of the 47 before it: secret scanners tell a leaked secret from chance by it, without
 * asking anybody. Several may be valid at once. A link that is not opened yet (registry/handover.h)
 * is listed, found and revoked among them. See registry/registry.h.
 */
#ifndef CG_REGISTRY_CREDENTIAL_H
#define CG_REGISTRY_CREDENTIAL_H

#include "base/secret.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "registry/registry.h"

#define CG_CLIENT_SECRET_CHARS 53

struct cg_credential {
    struct cg_span id; /* "sec_…", public */
    struct cg_span realm;
    struct cg_span client;
    int64_t created_s;
    int64_t expires_s;    /* 0: no end */
    int64_t revoked_s;    /* 0: not revoked */
    int64_t last_used_s;  /* 0: never; coarse, a minute */
    int64_t link_until_s; /* 0: a secret; else a link to one, that opens nothing from then on */
};

/* "good", "ends_soon" (within CG_LIMIT_SOON_S), "ended", "revoked"; of a link "unopened", "lapsed",
 * "revoked". Static, zero-terminated. */
const char *cg_secret_state_name(const struct cg_credential *credential, int64_t now_s);

struct cg_secret_order {
    struct cg_span realm;
    struct cg_span client;
    int64_t now_s;
    int64_t expires_s;    /* 0: no end */
    int64_t others_end_s; /* 0: the client's other secrets stay as they are; else none of them
                           * outlives this, and CG_ERR_CONFLICT when there are none */
    const struct cg_random *random;
};

/* Makes a secret, stores its digest, returns the text once. CG_ERR_LIMIT past
 * CG_LIMIT_CLIENT_SECRETS valid ones, links that may still be opened among them. */
CG_MUST_USE enum cg_status cg_secret_issue(struct cg_store *store,
                                           const struct cg_secret_order *order,
                                           struct cg_arena *arena, struct cg_fault *fault,
                                           struct cg_secret *ret_secret, struct cg_span *ret_id);
CG_MUST_USE enum cg_status cg_secret_list(struct cg_store *store, struct cg_span realm,
                                          struct cg_span client, struct cg_arena *arena,
                                          cg_registry_visit visit, void *context);
struct cg_secret_revocation {
    struct cg_span realm;
    struct cg_span id;
    int64_t now_s;
    bool force;
    bool leaked; /* somebody else has it */
};

/*
 * Revokes. The last valid one, or one used within the last day, needs `force`: else
 * CG_ERR_CONFLICT. One that leaked needs none, may be revoked already, and takes all tokens with it
 * that its client was issued until now; the client stays as it is. A link is cancelled.
 */
CG_MUST_USE enum cg_status cg_secret_revoke(struct cg_store *store,
                                            const struct cg_secret_revocation *revocation,
                                            struct cg_arena *arena, struct cg_fault *fault,
                                            struct cg_credential *ret_credential);

/* True when the text has the form and checksum of a secret of ours. Says nothing about its being
 * right. */
bool cg_secret_is_well_formed(struct cg_span text);

/* When secrets of active clients end: the soonest (0: none has an end), and how many do within
 * CG_LIMIT_SOON_S. */
struct cg_secret_ends {
    int64_t next_s;
    int64_t soon_count;
};
CG_MUST_USE enum cg_status cg_secret_ends_read(struct cg_store *store, int64_t now_s,
                                               struct cg_secret_ends *ret_ends);

/* Those that end within CG_LIMIT_SOON_S, the soonest first, at most `most` of them. */
CG_MUST_USE enum cg_status cg_secret_list_ending(struct cg_store *store, int64_t now_s,
                                                 int64_t most, struct cg_arena *arena,
                                                 cg_registry_visit visit, void *context);

/* Writes a last-used time, unless a later one stands there. Needs a transaction; does not touch the
 * version. */
CG_MUST_USE enum cg_status cg_secret_note_use(struct cg_store *store, struct cg_span id,
                                              int64_t used_s);

#endif
