/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that issuing needs to know of one client, read at once; and a bounded cache of such
 * records, keyed to the registry's version, so that a token costs no query but the version's. What
 * holds "at that second" is judged by the caller from the times in the record. A record is
 * immutable and outlives the next find of the cache, if that is under the same version, but not the
 * one after it: a request may hold two clients at once.
 */
#ifndef CG_REGISTRY_CLIENT_RECORD_H
#define CG_REGISTRY_CLIENT_RECORD_H

#include "crypto/digest.h"
#include "registry/client.h"
#include "registry/client_key.h"

struct cg_record_secret {
    struct cg_span id;
    uint8_t digest[CG_SHA256_BYTES];
    int64_t expires_s; /* 0: no end */
};

/* An approved agreement, with what its API says. */
struct cg_record_agreement {
    struct cg_span id;
    struct cg_span api;
    struct cg_span audience;
    struct cg_span scope;          /* space-separated: agreed and still declared by the API */
    struct cg_span document_types; /* space-separated; empty: all */
    struct cg_span organisations;
    int64_t from_s;
    int64_t until_s;          /* 0: no end */
    int64_t api_token_life_s; /* 0: the realm's */
};

/* A key, certificate or name in force. */
struct cg_record_key {
    struct cg_span id;
    enum cg_client_key_kind kind;
    struct cg_span value;
    uint8_t digest[CG_SHA256_BYTES]; /* of a certificate: SHA-256 of its DER */
};

/* Whether its time has begun and is not over. */
bool cg_record_agreement_is_in_force(const struct cg_record_agreement *agreement, int64_t now_s);

struct cg_client_record {
    struct cg_client client;
    const struct cg_record_secret *secrets; /* neither revoked nor, when read, expired */
    size_t secret_count;
    const struct cg_record_key *keys; /* not revoked when read */
    size_t key_count;
    const struct cg_record_agreement *agreements; /* approved, API in service, not over when read */
    size_t agreement_count;
    bool is_narrowed; /* some agreement names document types or organisations */
};

struct cg_client_cache;

/* CG_ERR_INPUT for less than two places, or more than CG_LIMIT_CLIENT_CACHE. */
CG_MUST_USE enum cg_status cg_client_cache_new(size_t places, struct cg_client_cache **ret_cache);
/* Forgets all: the registry may be another one. */
void cg_client_cache_forget(struct cg_client_cache *cache);
struct cg_client_cache *cg_client_cache_free(struct cg_client_cache *cache);
CG_DEFINE_CLEANUP(cg_client_cache_free_at, struct cg_client_cache *, cg_client_cache_free)

struct cg_client_query {
    int64_t version; /* the registry's, as of the read that this request began with */
    struct cg_span realm;
    struct cg_span id;
    int64_t now_s;
};

/*
 * The record of a client. Forgets all when the version is not the one it was filled under.
 * CG_ERR_NOT_FOUND for an unknown client (not remembered, so that guessing cannot push out real
 * ones; an unknown id costs the same statements as a known one that is not yet remembered).
 * CG_ERR_LIMIT when the client has more agreements or secrets than base/limits.h allows.
 */
CG_MUST_USE enum cg_status cg_client_cache_find(struct cg_client_cache *cache,
                                                struct cg_store *store,
                                                const struct cg_client_query *query,
                                                const struct cg_client_record **ret_record);

/*
 * Whether the last find was answered from memory, without a statement. A caller that then refuses
 * the client spends what a miss costs, so that a remembered client cannot be told from an unknown
 * one.
 */
bool cg_client_cache_was_remembered(const struct cg_client_cache *cache);

#endif
