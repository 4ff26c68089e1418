/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the agent: a client, and what its functions share.
 */
#ifndef CG_AGENT_CLIENT_PARTS_H
#define CG_AGENT_CLIENT_PARTS_H

#include "base/locked.h"
#include "crypto/key.h"
#include "crypto/pkcs11.h"

#include <caregate/client.h>
#include <pthread.h>

struct cg_client {
    struct cg_locked *memory;       /* in which it lies itself, with all that it copied */
    struct cg_client_config config; /* complete: what was absent has its default */
    struct cg_key *proof_key;       /* NULL: tokens are bound to none */
    struct cg_pkcs11 *pkcs11;       /* in which its key is, or NULL */
    uint8_t tag[CG_CLIENT_TAG_BYTES];
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t turned; /* somebody came back from the server */
    struct cg_kept_token kept;
    struct cg_client_answer failure; /* the last one, without a token */
};

/* What is wrong with a configuration, static text; NULL: nothing. */
const char *cg_client_config_trouble(const struct cg_client_config *config);

/* Bytes that its copy takes up in locked memory. */
size_t cg_client_config_bytes(const struct cg_client_config *config);

/* Copies with defaults filled in. CG_ERR_LIMIT past the memory. */
CG_MUST_USE enum cg_status cg_client_config_copy(const struct cg_client_config *config,
                                                 struct cg_locked *memory,
                                                 struct cg_client_config *ret_copy);

#endif
