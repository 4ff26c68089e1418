/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an endpoint works with: the realm as the registry is now, the slot's tools, the exchange,
 * and what it will tell the audit. Made by the issuer for each exchange; lives in the exchange's
 * arena.
 */
#ifndef CG_OAUTH_CONTEXT_H
#define CG_OAUTH_CONTEXT_H

#include "audit/event.h"
#include "audit/single_use.h"
#include "base/limits.h"
#include "base/params.h"
#include "base/status.h"
#include "base/throttle.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "oauth/client_keys.h"
#include "registry/client_record.h"
#include "registry/realm.h"
#include "token/key_ring.h"
#include "token/proof_keys.h"

#include <caregate/exchange.h>

/* A realm as one slot holds it between version changes. */
struct cg_issuing_realm {
    struct cg_realm realm;
    struct cg_span jws_header;           /* base64url protected header of the signing key */
    struct cg_signer *signer;            /* NULL: no usable key */
    struct cg_span jwks;                 /* JWKS document as of now */
    struct cg_span metadata;             /* RFC 8414 document */
    struct cg_span smart_metadata;       /* SMART's */
    struct cg_span introspection_header; /* as jws_header, of RFC 9701's type */
    struct cg_span bundle_header;        /* and of token/gate_bundle.h's */
    struct cg_kept_bundle *bundle;       /* the realm as gates elsewhere get it; the issuer's own */
    struct cg_key_ring **keys; /* those of jwks; NULL until oauth/presented_token.h needs them */
    struct cg_span token_url;
    struct cg_span mtls_token_url; /* the same among mtls_endpoint_aliases; absent: none */
};

/* Something that this request uses up, and what it is refused for when that was used before. */
struct cg_spending {
    struct cg_single_use use;
    enum cg_reason if_spent;
};

struct cg_oauth_context;

/* Whether a thing is spent already, as far as is known before the batch is committed. CG_ERR_STORE
 * when the audit is away. `slot` is the issuer's own. */
typedef enum cg_status (*cg_spent_look)(void *slot, const struct cg_single_use *use,
                                        bool *ret_spent);

/*
 * A change of the registry that an answer rests on. It runs when the batch is committed, after what
 * the request uses up was spent, inside a transaction of its own on context->registry; it may
 * complete the response. Records, realm and signer are out of its reach by then. The request's
 * event is on disk before the change is. On failure context->fault says why (none: the store is
 * away).
 */
typedef enum cg_status (*cg_deed)(struct cg_oauth_context *context);

/* What oauth/lockout knows of the client that is being proven. */
struct cg_lockout {
    struct cg_throttle_parts parts; /* realm, client, block of the address */
    uint64_t pair;
    bool is_known; /* the client was proven from this address before */
    uint8_t block[8];
};

struct cg_oauth_context {
    struct cg_exchange *exchange;
    struct cg_arena *arena; /* the exchange's */
    const struct cg_issuing_realm *issuing;
    struct cg_store *registry;
    struct cg_client_cache *clients;
    struct cg_client_keys *client_keys;
    struct cg_proof_keys *proof_keys;
    int64_t registry_version;
    const struct cg_random *random;
    int64_t now_s;
    int64_t now_ms; /* when the request came: finer than now_s, which answers its batch */
    struct cg_throttle *throttle; /* NULL: nobody is throttled */
    struct cg_rate token_rate;    /* of one client */
    struct cg_lockout lockout;
    struct cg_params params; /* the decoded form */
    struct cg_fault fault;
    struct cg_audit_event event; /* filled as things become known */
    bool has_event;
    const struct cg_audit_event **told; /* what another tells of itself, beside the event */
    size_t told_count;
    struct cg_span issued_token_type; /* of an exchange (RFC 8693 §2.2.1), else absent */
    struct cg_span used_secret;       /* id of the secret that proved the client: last-used */
    size_t verification_count;        /* of assertions, for tests of equal work */
    struct cg_spending spendings[CG_LIMIT_SPENDINGS];
    size_t spending_count;
    cg_spent_look look_if_spent;
    void *slot;     /* for it */
    bool has_spent; /* the issuer's own */
    cg_deed deed;   /* NULL: none */
    /* Makes a page of the refusal that is answered as JSON otherwise. NULL: none. */
    void (*refuse_by_page)(struct cg_oauth_context *context);
    void *order; /* what the deed works on, in the arena */
};

/* Adds what is used up by this request, in the order of the kinds: the first that was spent before
 * spares those behind it. CG_ERR_LIMIT, with the fault set, past CG_LIMIT_SPENDINGS. */
CG_MUST_USE enum cg_status cg_context_spend(struct cg_oauth_context *context,
                                            const struct cg_single_use *use,
                                            enum cg_reason if_spent);

/*
 * Whether what this request would use up is spent already: for what is decided before the batch is
 * committed. Who spends it is decided there. CG_ERR_STORE, with the fault set, when the audit is
 * away.
 */
CG_MUST_USE enum cg_status cg_context_is_spent(struct cg_oauth_context *context,
                                               const struct cg_single_use *use, bool *ret_spent);

/* The key that is wanted may be in a set that is `missing`: the exchange waits for it, or is
 * refused for the reason. CG_ERR_STORE. */
CG_MUST_USE enum cg_status cg_context_put_off(struct cg_oauth_context *context,
                                              const struct cg_key_answer *answer,
                                              enum cg_reason reason);

/* Forgets what of this kind is to be used up, when it was of no use. */
void cg_context_spare(struct cg_oauth_context *context, enum cg_single_use_kind kind);

/* The record of a client, until the next call but one; CG_ERR_NOT_FOUND when there is none; or
 * another failure, with the fault set. */
CG_MUST_USE enum cg_status cg_context_find_client(struct cg_oauth_context *context,
                                                  struct cg_span id,
                                                  const struct cg_client_record **ret_record);

#endif
