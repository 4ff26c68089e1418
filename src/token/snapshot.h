/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot: keys, rules and denylist as one immutable value, with its serialised form. Made by
 * the feed, or parsed from shared memory; read by the gate. The public part is in caregate/feed.h.
 * Any thread may read; nobody writes.
 *
 * Serialised form: one JSON object
 *   {"format":1,"version":N,"keys_generation":N,"denylist_generation":N,"made_at":S,
 *    "realms":[{"path","issuer","typ":"JWT","jwks":{"keys":[…]},
 *               "apis":[{"name","audience","scope":"a b"}],
 *               "limits":[["agreement",count,window_s],…],
 *               "denied":{"tokens":[["jti",expires_s],…],"agreements":[["id",expires_s],…],
 *                         "clients":[["id",epoch,expires_s],…]}}]}
 * A client entry denies tokens of that client whose epoch is less than the entry's. A limit is how
 * many requests may be made under an agreement in so many seconds. Parsing is
 * strict: these members and no other, numbers not negative, a realm path and an API's name once,
 * texts that may stand in a header.
 */
#ifndef CG_TOKEN_SNAPSHOT_H
#define CG_TOKEN_SNAPSHOT_H

#include "base/buf.h"
#include "crypto/sign.h"
#include "token/key_ring.h"

#include <caregate/feed.h>
#include <caregate/throttle.h>
#include <caregate/types.h>
#include <stdbool.h>

/* What the feed hands over; arrays borrow. */
struct cg_snapshot_api {
    struct cg_span name;
    struct cg_span audience;
    struct cg_span scope; /* space-separated: the scopes that belong to this API */
};

enum cg_denial { CG_DENIAL_TOKEN, CG_DENIAL_AGREEMENT, CG_DENIAL_CLIENT };

struct cg_snapshot_denial {
    enum cg_denial kind;
    struct cg_span subject; /* jti, agreement id or client id */
    int64_t epoch;          /* clients only */
    int64_t expires_s;      /* after this no token that it denies can be alive */
};

/* How often an agreement may be used; agreements without a limit have none of these. */
struct cg_snapshot_limit {
    struct cg_span agreement;
    struct cg_rate rate; /* as many at once as in its window */
};

struct cg_snapshot_realm_data {
    struct cg_span path;
    struct cg_span issuer;
    struct cg_span typ;
    struct cg_span jwks; /* a JWKS as JSON text */
    const struct cg_snapshot_api *apis;
    size_t api_count;
    const struct cg_snapshot_denial *denials;
    size_t denial_count;
    const struct cg_snapshot_limit *limits;
    size_t limit_count;
};

struct cg_snapshot_data {
    int64_t version;
    int64_t keys_generation;
    int64_t denylist_generation;
    int64_t made_s;
    const struct cg_snapshot_realm_data *realms;
    size_t realm_count;
};

/* Makes a snapshot from data: writes the text, then parses it, so that both ways agree. */
CG_MUST_USE enum cg_status cg_snapshot_new(const struct cg_snapshot_data *data,
                                           struct cg_snapshot **ret_snapshot);

/* When the feed made it. */
int64_t cg_snapshot_made_s(const struct cg_snapshot *snapshot);
int64_t cg_snapshot_keys_generation(const struct cg_snapshot *snapshot);
int64_t cg_snapshot_denylist_generation(const struct cg_snapshot *snapshot);

/* A realm inside a snapshot; lookups give NULL when there is none. */
struct cg_snapshot_realm;
const struct cg_snapshot_realm *cg_snapshot_find_realm(const struct cg_snapshot *snapshot,
                                                       struct cg_span path);
/* The only realm; NULL when there are none or several. */
const struct cg_snapshot_realm *cg_snapshot_only_realm(const struct cg_snapshot *snapshot);

struct cg_span cg_snapshot_realm_path(const struct cg_snapshot_realm *realm);
struct cg_span cg_snapshot_realm_issuer(const struct cg_snapshot_realm *realm);
struct cg_span cg_snapshot_realm_typ(const struct cg_snapshot_realm *realm);

/* Its verifiers make the snapshot single-threaded while verifying: a snapshot belongs to one event
 * loop. */
const struct cg_key_ring *cg_snapshot_realm_keys(const struct cg_snapshot_realm *realm);

const struct cg_snapshot_api *cg_snapshot_find_api(const struct cg_snapshot_realm *realm,
                                                   struct cg_span name);
bool cg_snapshot_has_audience(const struct cg_snapshot_realm *realm, struct cg_span audience);

/* The rate of an agreement; NULL when it has no limit. Lives as long as the snapshot. */
const struct cg_rate *cg_snapshot_find_limit(const struct cg_snapshot_realm *realm,
                                             struct cg_span agreement);
/* Whether any agreement of the realm has a limit. */
bool cg_snapshot_has_limits(const struct cg_snapshot_realm *realm);

/* Binary searches. What has lapsed is still denied: the feed leaves it out in time. */
bool cg_snapshot_denies_token(const struct cg_snapshot_realm *realm, struct cg_span token_id);
bool cg_snapshot_denies_agreement(const struct cg_snapshot_realm *realm, struct cg_span agreement);
bool cg_snapshot_denies_client(const struct cg_snapshot_realm *realm, struct cg_span client_id,
                               int64_t epoch);

#endif
