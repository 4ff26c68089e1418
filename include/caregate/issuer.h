/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuer: everything under a realm's path, behind two functions: answer, then commit.
 *
 * A slot holds what one thread needs at a time: store connections, unsealed keys with prepared
 * signing contexts, a cache of clients. Make one slot per concurrent task, after the fork.
 * A slot may move between threads but is used by one at a time. All functions may block: they run
 * on pool threads, never on an event loop.
 */
#ifndef CAREGATE_ISSUER_H
#define CAREGATE_ISSUER_H

#include <caregate/exchange.h>
#include <caregate/key_fetcher.h>
#include <caregate/pkcs11.h>
#include <caregate/refusal.h>
#include <caregate/throttle.h>
#include <caregate/types.h>

#define CG_MASTER_KEY_BYTES 32

/* Exchanges that cg_issuer_answer takes at once, and the largest body that it looks at. */
#define CG_ISSUER_BATCH_MAX 32
#define CG_ISSUER_BODY_MAX_BYTES 8192

struct cg_issuer_slot;

struct cg_issuer_config {
    struct cg_span store_uri; /* "sqlite:/path/registry.db" */
    struct cg_span writer; /* name of this audit writer: "node1/worker0"; [A-Za-z0-9._/-]{1,64} */
    const uint8_t *master_key; /* CG_MASTER_KEY_BYTES, borrowed until the slot is freed */
    struct cg_pkcs11 *pkcs11;  /* borrowed until the slot is freed; NULL: no key is in a module */
    struct cg_throttle *throttle; /* borrowed until the slot is freed; NULL: nobody is throttled */
    struct cg_rate token_rate;    /* of each client; count 0: no limit */
    struct cg_key_fetcher *fetcher; /* borrowed until the slot is freed; NULL: nothing is fetched */
};

/*
 * Makes a slot. Opens nothing yet: stores are opened at first use and again after they failed,
 * so that a slot can be made while the store is away. Copies the configuration's spans, not the
 * master key. CG_ERR_INPUT for a malformed URI or writer; CG_ERR_LIMIT when memory is short.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_issuer_slot_new(const struct cg_issuer_config *config,
                                                        struct cg_issuer_slot **ret_slot);

/* Wipes keys, closes stores, frees. Accepts NULL. Returns NULL. */
CG_EXPORT struct cg_issuer_slot *cg_issuer_slot_free(struct cg_issuer_slot *slot);

/*
 * Answers `count` exchanges (1 .. CG_ISSUER_BATCH_MAX) as of now_s (Unix seconds). The answers are
 * not final, and none may be sent, until cg_issuer_commit was called with the same exchanges; this
 * half uses the processor, that one waits for the disk, so that a caller with two slots can let one
 * sign while the other waits. Cannot fail otherwise than by what it answers.
 */
CG_EXPORT void cg_issuer_answer(struct cg_issuer_slot *slot, struct cg_exchange *const exchanges[],
                                size_t count, int64_t now_s);

/*
 * On return each exchange has its final response, and what it reports is durable in the audit: if
 * it could not be made durable the response is 503 temporarily_unavailable. The slot may be another
 * than the one that answered, which must rest until then: where one slot commits for several, its
 * connection knows the audit as it left it, and reads nothing again.
 */
CG_EXPORT void cg_issuer_commit(struct cg_issuer_slot *slot, struct cg_exchange *const exchanges[],
                                size_t count);

/*
 * Upkeep, called about once a second by one worker at least: writes coalesced last-used times,
 * the summaries of refusals whose window is over, and once a minute the audit's signed checkpoint.
 * CG_ERR_STORE when the store is away; what was due stays due.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_issuer_upkeep(struct cg_issuer_slot *slot, int64_t now_s);

/* A secret of an active client that ends within 30 days. */
struct cg_secret_end {
    struct cg_span secret_id;
    struct cg_span client_id;
    struct cg_span realm;
    int64_t ends_s;
};

/* All that have an end. */
struct cg_secret_ends_sum {
    int64_t next_s;     /* the soonest end; 0: none has one */
    int64_t soon_count; /* how many end within 30 days */
};

/* Told at most so many, the soonest first. */
#define CG_ISSUER_SECRET_ENDS_MAX 20

/* Looks when secrets end, and shows those that do soon; spans live for the call. CG_ERR_STORE when
 * the store is away. */
CG_EXPORT CG_MUST_USE enum cg_status cg_issuer_secret_ends(
    struct cg_issuer_slot *slot, int64_t now_s,
    void (*visit)(void *context, const struct cg_secret_end *end), void *context,
    struct cg_secret_ends_sum *ret_sum);

/* Writes the gate's refusals to the audit, durable on return. CG_ERR_STORE when it cannot. */
CG_EXPORT CG_MUST_USE enum cg_status cg_issuer_report_refusals(struct cg_issuer_slot *slot,
                                                               const struct cg_refusal *refusals,
                                                               size_t count);

/* Writes "this process started" to the audit, durable on return. CG_ERR_STORE when it cannot. */
CG_EXPORT CG_MUST_USE enum cg_status cg_issuer_report_start(struct cg_issuer_slot *slot,
                                                            int64_t now_s);

/*
 * Whose turn it is in a queue of requests (caregate/fair_queue.h): a number from the caller's
 * address and the client that the request claims to be, as it is spelt there. Nothing of it is
 * proven; who spells itself in many ways is told by its rate once it is. Does not block: any
 * thread.
 */
CG_EXPORT unsigned cg_issuer_lane(const struct cg_throttle *throttle,
                                  const struct cg_request *request);

/*
 * A ready answer for a request that could not be run (queue full, out of memory): 503
 * temporarily_unavailable with Retry-After, static text only. Fills exchange->response. Any thread.
 */
CG_EXPORT void cg_issuer_answer_unavailable(struct cg_exchange *exchange, enum cg_reason reason);

#endif
