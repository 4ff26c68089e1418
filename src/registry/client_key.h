/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client's proofs are checked against: public keys by value or by address, certificates, and
 * the names that a certificate must bear (RFC 7591 §2, RFC 8705 §2). Several may be in force at
 * once, so that they can be changed without a gap. See registry/registry.h for what is common.
 */
#ifndef CG_REGISTRY_CLIENT_KEY_H
#define CG_REGISTRY_CLIENT_KEY_H

#include "crypto/random.h"
#include "registry/profile.h"
#include "registry/registry.h"

enum cg_client_key_kind {
    CG_CLIENT_KEY_JWKS,        /* value: a JWK set, JSON */
    CG_CLIENT_KEY_JWKS_URI,    /* value: where the client publishes one */
    CG_CLIENT_KEY_CERTIFICATE, /* value: PEM, self-signed or not */
    CG_CLIENT_KEY_TLS_SUBJECT, /* value: subject DN, RFC 4514 */
    CG_CLIENT_KEY_TLS_SAN_DNS, /* value: a dNSName */
    CG_CLIENT_KEY_KIND_COUNT
};

struct cg_client_key {
    struct cg_span id; /* "key_…" */
    struct cg_span realm;
    struct cg_span client;
    enum cg_client_key_kind kind;
    struct cg_span value;
    int64_t created_s;
    int64_t revoked_s; /* 0: in force */
};

/* "jwks", "jwks_uri", ...; and back: CG_ERR_INPUT for another word. */
struct cg_span cg_client_key_kind_name(enum cg_client_key_kind kind);
CG_MUST_USE enum cg_status cg_client_key_kind_find(struct cg_span name,
                                                   enum cg_client_key_kind *ret_kind);

/* The kinds of which a client that proves itself this way needs one: bits by kind; none for a
 * secret. */
unsigned cg_client_key_kinds_for(enum cg_client_auth auth);

/*
 * Adds one; its id is made here. The value has been checked by the caller, who knows its grammar.
 * CG_ERR_LIMIT past CG_LIMIT_CLIENT_KEYS in force, CG_ERR_CONFLICT for a certificate's name of one
 * kind beside one of the other.
 */
CG_MUST_USE enum cg_status cg_client_key_add(struct cg_store *store,
                                             const struct cg_client_key *key,
                                             const struct cg_random *random, struct cg_arena *arena,
                                             struct cg_fault *fault, struct cg_span *ret_id);
/* Those of a client, revoked ones too. */
CG_MUST_USE enum cg_status cg_client_key_list(struct cg_store *store, struct cg_span realm,
                                              struct cg_span client, struct cg_arena *arena,
                                              cg_registry_visit visit, void *context);
/* The one of named->realm and named->id. CG_ERR_NOT_FOUND, CG_ERR_CONFLICT when it is revoked
 * already. */
CG_MUST_USE enum cg_status cg_client_key_revoke(struct cg_store *store,
                                                const struct cg_client_key *named, int64_t now_s,
                                                struct cg_arena *arena, struct cg_fault *fault,
                                                struct cg_client_key *ret_key);

#endif
