/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the agent: a client's key that stays in a security module (PKCS #11). Blocks. Any
 * thread.
 */
#ifndef CG_AGENT_MODULE_KEY_H
#define CG_AGENT_MODULE_KEY_H

#include "base/arena.h"
#include "crypto/pkcs11.h"
#include "crypto/sign.h"

#include <caregate/types.h>
#include <stdbool.h>

/* Whether a text is meant as such a key's URI. */
bool cg_module_key_is_named(struct cg_span key);

/* CG_ERR_INPUT, with *ret_trouble, unless it is one. */
CG_MUST_USE enum cg_status cg_module_key_check(struct cg_span uri, const char **ret_trouble);

struct cg_module_key {
    struct cg_pkcs11 *pkcs11;
    struct cg_span uri;
    struct cg_span algs; /* that it may sign by, space-separated; absent: all that modules do */
};

/*
 * What signs with it, by the first algorithm that fits; the signer borrows from module and arena.
 * Statuses as of cg_pkcs11_read_public and cg_signer_new_in_module; cg_pkcs11_trouble says why.
 */
CG_MUST_USE enum cg_status cg_module_key_open(const struct cg_module_key *key,
                                              struct cg_arena *arena,
                                              enum cg_key_algorithm *ret_algorithm,
                                              struct cg_signer **ret_signer);

#endif
