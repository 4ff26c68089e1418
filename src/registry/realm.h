/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Realms: each an issuer with its own path, keys, APIs, clients and agreements. See
 * registry/registry.h for what is common.
 */
#ifndef CG_REGISTRY_REALM_H
#define CG_REGISTRY_REALM_H

#include "registry/profile.h"
#include "registry/registry.h"

/* What a new realm has, and the least that it may have. */
#define CG_KEY_LIFE_S (INT64_C(90) * 86400)
#define CG_KEY_LIFE_MIN_S INT64_C(3600)

struct cg_realm {
    struct cg_span path;    /* "/vlive/hpca" */
    struct cg_span profile; /* "documented" */
    struct cg_span alg;     /* "RS256" */
    struct cg_span typ;     /* "JWT" or "at+jwt" */
    struct cg_span
        issuer; /* base URL + path, absent while the base URL is not set; ignored by add and set */
    struct cg_span mtls_issuer; /* the same where client certificates are asked for, if anywhere */
    int64_t token_life_s;       /* 1 .. CG_LIMIT_TOKEN_LIFE_MAX_S */
    enum cg_token_response token_response;
    int64_t key_life_s; /* a signing key signs for so long; 0: until it is rotated by hand */
    int64_t created_s;
};

/* A realm of a profile with that profile's defaults (documented: 300 s, RS256, JWT, documented
 * response). */
CG_MUST_USE enum cg_status cg_realm_defaults(struct cg_span profile, struct cg_fault *fault,
                                             struct cg_realm *ret_realm);
CG_MUST_USE enum cg_status cg_realm_add(struct cg_store *store, const struct cg_realm *realm,
                                        struct cg_fault *fault);
/* Writes all fields but path and created_s. */
CG_MUST_USE enum cg_status cg_realm_set(struct cg_store *store, const struct cg_realm *realm,
                                        struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_realm_find(struct cg_store *store, struct cg_span path,
                                         struct cg_arena *arena, struct cg_realm *ret_realm);
CG_MUST_USE enum cg_status cg_realm_list(struct cg_store *store, struct cg_arena *arena,
                                         cg_registry_visit visit, void *context);

/*
 * The longest life that any token of the realm may have had, by realm, API or client, now or
 * before, and what clocks may differ by: how long keys and denials are kept.
 */
CG_MUST_USE enum cg_status cg_realm_longest_life_s(struct cg_store *store, struct cg_span path,
                                                   int64_t *ret_life_s);

#endif
