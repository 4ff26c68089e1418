/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an endpoint works with: the realm as the registry is now, the slot's tools, the exchange,
 * and what it will tell the audit. Made by the issuer for each exchange; lives in the exchange's
 * arena.
 */
#ifndef CG_OAUTH_CONTEXT_H
#define CG_OAUTH_CONTEXT_H

#include "audit/event.h"
#include "base/params.h"
#include "base/status.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "registry/client_record.h"
#include "registry/realm.h"

#include <caregate/exchange.h>

/* A realm as one slot holds it between version changes. */
struct cg_issuing_realm {
    struct cg_realm realm;
    struct cg_span jws_header; /* base64url protected header of the signing key */
    struct cg_signer *signer;  /* NULL: no usable key */
    struct cg_span jwks;       /* JWKS document as of now */
    struct cg_span metadata;   /* RFC 8414 document */
};

struct cg_oauth_context {
    struct cg_exchange *exchange;
    struct cg_arena *arena; /* the exchange's */
    const struct cg_issuing_realm *issuing;
    struct cg_store *registry;
    struct cg_client_cache *clients;
    int64_t registry_version;
    const struct cg_random *random;
    int64_t now_s;
    struct cg_params params; /* the decoded form */
    struct cg_fault fault;
    struct cg_audit_event event; /* filled as things become known */
    bool has_event;
    struct cg_span used_secret; /* id of the secret that proved the client: last-used */
};

#endif
