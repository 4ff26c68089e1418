/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Realms as a slot uses them: settings, a prepared signer, the JWKS and metadata documents as ready
 * text. Rebuilt when the registry's version changes or a key's time comes; a request costs no
 * query. One thread.
 */
#ifndef CG_ISSUER_REALM_TABLE_H
#define CG_ISSUER_REALM_TABLE_H

#include "oauth/context.h"
#include "registry/signing_key.h"

struct cg_realm_table;

CG_MUST_USE enum cg_status cg_realm_table_new(struct cg_realm_table **ret_table);
struct cg_realm_table *cg_realm_table_free(struct cg_realm_table *table);

/* Forgets all. */
void cg_realm_table_clear(struct cg_realm_table *table);

struct cg_realm_query {
    struct cg_span path;
    struct cg_registry_version version;
    struct cg_key_means means;
    int64_t now_s;
};

/*
 * The realm of a path, valid until the next call. A realm without a key that can be unsealed has
 * signer NULL; one whose key a module does not sign with is looked at again after a
 * second, then after longer, up to 16.
 * CG_ERR_NOT_FOUND, CG_ERR_STORE, CG_ERR_LIMIT.
 */
CG_MUST_USE enum cg_status cg_realm_table_find(struct cg_realm_table *table,
                                               struct cg_store *registry,
                                               const struct cg_realm_query *query,
                                               const struct cg_issuing_realm **ret_realm);

#endif
