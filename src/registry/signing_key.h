/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys of a realm, and the one that signs audit checkpoints (realm "audit"). All by times,
 * no state machine: a key is published from publish_from_s until retain_until_s and signs from
 * sign_from_s until the next one does. Private halves are sealed under the master key with realm
 * and kid as context. See registry/registry.h.
 */
#ifndef CG_REGISTRY_SIGNING_KEY_H
#define CG_REGISTRY_SIGNING_KEY_H

#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "registry/registry.h"

#define CG_KEY_ANNOUNCE_S 600 /* a next key is published at least this long before it signs */
/* And never signs sooner than gates can know it: 2 s to poll, the rest to make and commit it. */
#define CG_KEY_PROPAGATION_S 5
#define CG_AUDIT_KEY_REALM "audit"

struct cg_signing_key {
    struct cg_span kid;
    struct cg_span realm;
    struct cg_span alg;
    struct cg_span sealed;    /* the private half; empty: it is elsewhere, or destroyed */
    struct cg_span reference; /* where else, as jose/key_reference.h has it; absent: nowhere */
    bool is_made_there;       /* in the module at `reference`, by us: ours to destroy */
    struct cg_span public_jwk;
    int64_t publish_from_s;
    int64_t sign_from_s;
    int64_t retain_until_s; /* 0: no successor yet */
    int64_t created_s;
};

/* False once its private half was destroyed, or the reference to it: it neither signs nor is
 * published. */
bool cg_signing_key_is_usable(const struct cg_signing_key *key);

/* "announced", "active", "retained", "gone" as of now_s, given the key that signs then. Static,
 * zero-terminated. */
const char *cg_signing_key_state_name(const struct cg_signing_key *key, bool signs, int64_t now_s);

/* When the new key signs. FIRST: at once (a realm's first key); NEXT: after CG_KEY_ANNOUNCE_S; NOW:
 * after CG_KEY_PROPAGATION_S. */
enum cg_key_start { CG_KEY_START_FIRST, CG_KEY_START_NEXT, CG_KEY_START_NOW };

/* What key is wanted. `start` says when it signs; master_key has CG_SEALED_KEY_BYTES. */
struct cg_signing_key_order {
    struct cg_span realm; /* a realm's path or CG_AUDIT_KEY_REALM */
    struct cg_span alg;   /* of jose/alg.h */
    enum cg_key_start start;
    const uint8_t *master_key; /* not used with a reference */
    const struct cg_random *random;
    int64_t now_s;
    struct cg_span reference; /* the key that is there is taken; absent: one is made and sealed */
    bool make_there; /* one is made in the token of `reference`, as cg_key_reference_parse_place */
    struct cg_pkcs11 *pkcs11; /* for a reference; NULL: no module is configured */
};

/*
 * Makes a key, seals and stores it. The key that signed until then is retained until its last token
 * has expired. kid is the RFC 7638 thumbprint. CG_ERR_CONFLICT for FIRST when the realm has a key,
 * for NEXT and NOW when it has none that signs, for NEXT when a rotation is announced already. NOW
 * takes the place of an announced one, which is never used.
 */
/* With a reference the key is CG_ERR_CONFLICT when it is or was one of the store's already, and the
 * fault says why a module does not sign with it. */
CG_MUST_USE enum cg_status cg_signing_key_create(struct cg_store *store,
                                                 const struct cg_signing_key_order *order,
                                                 struct cg_arena *arena, struct cg_fault *fault,
                                                 struct cg_span *ret_kid);

/* Withdraws a key at once: its tokens are refused from now on, its private half is destroyed; one
 * that was made in a module is left to registry/key_schedule.h. An announced one is taken back.
 * CG_ERR_CONFLICT for the one that signs. */
CG_MUST_USE enum cg_status cg_signing_key_retire(struct cg_store *store, struct cg_span realm,
                                                 struct cg_span kid, int64_t now_s,
                                                 struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_signing_key_list(struct cg_store *store, struct cg_span realm,
                                               struct cg_arena *arena, cg_registry_visit visit,
                                               void *context);

/* The key that signs as of now_s, and until when that holds (*ret_until_s; INT64_MAX when nothing
 * is announced). */
CG_MUST_USE enum cg_status cg_signing_key_current(struct cg_store *store, struct cg_span realm,
                                                  int64_t now_s, struct cg_arena *arena,
                                                  struct cg_signing_key *ret_key,
                                                  int64_t *ret_until_s);

/* What private halves are reached with. */
struct cg_key_means {
    const uint8_t *master_key; /* CG_SEALED_KEY_BYTES */
    struct cg_pkcs11 *pkcs11;  /* NULL: no module is configured */
};

/*
 * What signs with a key. For one in a module `arena` and module live as long as the signer, and
 * CG_ERR_NOT_FOUND, CG_ERR_CONFLICT and CG_ERR_CRYPTO are as in crypto/sign.h. Else as
 * cg_signing_key_unseal.
 */
CG_MUST_USE enum cg_status cg_signing_key_signer(const struct cg_signing_key *key,
                                                 const struct cg_key_means *means,
                                                 struct cg_arena *arena,
                                                 struct cg_signer **ret_signer);

/* Opens the private half. CG_ERR_AUTHENTICATION when the master key is not the one it was sealed
 * under. */
CG_MUST_USE enum cg_status cg_signing_key_unseal(const struct cg_signing_key *key,
                                                 const uint8_t *master_key,
                                                 struct cg_key **ret_key);

/* Seals all keys anew under another master key. Raises no version: issuers go on with what they
 * have unsealed, and need the new master key when they next load keys. */
CG_MUST_USE enum cg_status cg_signing_key_reseal(struct cg_store *store, const uint8_t *old_key,
                                                 const uint8_t *new_key,
                                                 const struct cg_random *random,
                                                 struct cg_arena *arena, int64_t *ret_count);

/* Writes the JWKS published as of now_s; *ret_changes_s is when that set changes next by time alone
 * (INT64_MAX: never). */
CG_MUST_USE enum cg_status cg_signing_key_jwks(struct cg_store *store, struct cg_span realm,
                                               int64_t now_s, struct cg_arena *arena,
                                               struct cg_buf *buf, int64_t *ret_changes_s);

#endif
