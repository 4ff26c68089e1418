/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is verified that others signed: the key sets of clients, for their assertions, and of
 * issuers whose ID tokens are exchanged; parsed, with prepared verifiers, so that a token request
 * parses no key. Remembered by the id of the registered row, whose value never
 * changes; bounded, the longest unused goes first. One thread at a time.
 */
#ifndef CG_OAUTH_CLIENT_KEYS_H
#define CG_OAUTH_CLIENT_KEYS_H

#include "crypto/sign.h"
#include "jose/alg.h"
#include "net/remote.h"
#include "registry/client_record.h"

#include <stdbool.h>

struct cg_client_keys;

/* `remote` fetches what is registered by address; borrowed; NULL: nothing is fetched. */
CG_MUST_USE enum cg_status cg_client_keys_new(struct cg_remote *remote,
                                              struct cg_client_keys **ret_keys);
struct cg_client_keys *cg_client_keys_free(struct cg_client_keys *keys);
CG_DEFINE_CLEANUP(cg_client_keys_free_at, struct cg_client_keys *, cg_client_keys_free)

/* Of what comes without kid, so many keys are tried. */
#define CG_CLIENT_KEYS_TRIED 4

/* Whose keys are asked for: what is said of them is said in other words. */
enum cg_key_owner { CG_KEY_OWNER_CLIENT, CG_KEY_OWNER_ISSUER };

struct cg_key_question {
    const struct cg_record_key *rows; /* key sets and addresses of some; others are passed over */
    size_t row_count;
    const struct cg_alg *alg;
    struct cg_span kid; /* absent: each key that fits the algorithm */
    enum cg_key_owner owner;
};

/* Verifiers live until the next call. */
struct cg_key_answer {
    struct cg_verifier *verifiers[CG_CLIENT_KEYS_TRIED];
    size_t count;
    const char *refusal; /* why there is none, for the audit; NULL when there is one */
    /* Why a set could not be had that may hold the key, if none of these is it; else NULL. */
    const char *missing;
    uint64_t waits; /* not 0: it is being fetched; cg_remote_turns before that, plus one */
};

/*
 * The verifiers that may prove a signature. With a kid there is one at most: of the keys that have
 * it the one that fits the algorithm; where two do, none is taken (SMART App Launch 2.2, "exactly
 * one"). A set that is fetched passes through the arena. CG_ERR_LIMIT when memory is short,
 * CG_ERR_CRYPTO when OpenSSL fails.
 */
CG_MUST_USE enum cg_status cg_client_keys_find(struct cg_client_keys *keys,
                                               const struct cg_key_question *question,
                                               struct cg_arena *arena,
                                               struct cg_key_answer *ret_answer);

/*
 * A verifier of a key that belongs to nobody, whose verdict is not used: so that a client without a
 * fitting key, or none at all, costs what a wrong signature costs.
 */
CG_MUST_USE enum cg_status cg_client_keys_of_nobody(struct cg_client_keys *keys,
                                                    const struct cg_alg *alg,
                                                    struct cg_verifier **ret_verifier);

#endif
