/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: may this request pass to the API behind?
 *
 * A gate belongs to one event loop (one thread). Nothing here blocks, reads a file, or reaches a
 * store or the network. Routes are made while configuration is read and never change.
 */
#ifndef CAREGATE_GATE_H
#define CAREGATE_GATE_H

#include <caregate/exchange.h>
#include <caregate/feed.h>
#include <caregate/reason.h>
#include <caregate/refusal.h>
#include <caregate/throttle.h>
#include <caregate/types.h>

struct cg_gate;
struct cg_gate_route;

/* HTTP methods as bits, for rules; methods of other names are CG_METHOD_OTHER. */
enum cg_method {
    CG_METHOD_GET = 1 << 0,
    CG_METHOD_HEAD = 1 << 1,
    CG_METHOD_POST = 1 << 2,
    CG_METHOD_PUT = 1 << 3,
    CG_METHOD_PATCH = 1 << 4,
    CG_METHOD_DELETE = 1 << 5,
    CG_METHOD_OPTIONS = 1 << 6,
    CG_METHOD_OTHER = 1 << 7,
    CG_METHOD_ANY = 0xff,
};

/* The bit of a method's name; CG_METHOD_OTHER for one that is not in the list. */
CG_EXPORT enum cg_method cg_method_of(struct cg_span name);

/* For these methods one of these scopes. */
struct cg_gate_rule {
    unsigned methods; /* enum cg_method bits */
    const struct cg_span *scopes;
    size_t scope_count;
};

/* An operation of a FHIR API that the gate does not know by itself, and what a token needs for it.
 */
struct cg_gate_operation {
    struct cg_span name;          /* "$submit", wherever it is called, or "Claim/$submit" */
    const struct cg_span *scopes; /* SMART scopes of systems, each of which is needed */
    size_t scope_count;
};

struct cg_gate_route_config {
    struct cg_span realm; /* "/vlive/hpca"; absent: the only realm there is */
    struct cg_span api;
    const struct cg_gate_rule *rules; /* caregate_require, in order; may be none */
    size_t rule_count;
    unsigned fhir; /* 1: refusals are OperationOutcomes */
    /* Path of the FHIR API's base, "/fhir/": SMART scopes decide; absent: they do not. */
    struct cg_span smart_base;
    const struct cg_gate_operation *operations; /* caregate_operation; may be none */
    size_t operation_count;
    uint64_t body_max_bytes; /* of a body that decides (caregate_bundle_max) */
};

/*
 * Makes a route; copies all. CG_ERR_INPUT, with *ret_message a static sentence, when a name or
 * scope is malformed. A request passes the rules when every rule that covers its method has one
 * of its scopes in the token; a method that no rule covers needs one of the API's scopes. Only
 * scopes that belong to the API of this route count. A rule for GET covers HEAD too, which would
 * otherwise tell what GET may not. Where SMART scopes decide they do so besides the rules: a method
 * that no rule covers needs what the FHIR request reaches, and no other scope.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_gate_route_new(const struct cg_gate_route_config *config,
                                                       struct cg_gate_route **ret_route,
                                                       const char **ret_message);
/* After the gates that it was used with, which remember tokens by it. Accepts NULL. Returns NULL.
 */
CG_EXPORT struct cg_gate_route *cg_gate_route_free(struct cg_gate_route *route);

/*
 * What the gates of all workers of a machine share, to know a proof of possession (RFC 9449) that
 * was used before, and a nonce that one of them gave. Both are of no use elsewhere, nor after the
 * next start.
 */
struct cg_gate_shared;

#define CG_GATE_SHARED_BYTES_MIN ((size_t)16448)

/*
 * Makes it in `len` bytes of zeroed memory that the caller shares among its processes before they
 * are forked, aligned for any type, and keeps for as long as one of them runs. Larger remembers
 * more: one proof a second for each 900 bytes that it uses, at least half of `len`. Nothing is to
 * be released. CG_ERR_INPUT when it is too small or not aligned; CG_ERR_CRYPTO without randomness.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_gate_shared_init(void *memory, size_t len,
                                                         struct cg_gate_shared **ret_shared);

struct cg_gate_config {
    uint32_t cache_tokens;         /* verified tokens kept, 16 .. CG_LIMIT_CACHE_TOKENS */
    int64_t snapshot_max_age_s;    /* how long a snapshot is trusted after it was last current */
    struct cg_throttle *throttle;  /* by agreement; borrowed until the gate is freed; NULL: none */
    struct cg_gate_shared *shared; /* borrowed; any number of gates, in any process, may use it */
};

/* CG_ERR_INPUT when a value is out of range; CG_ERR_LIMIT when memory is short. */
CG_EXPORT CG_MUST_USE enum cg_status cg_gate_new(const struct cg_gate_config *config,
                                                 struct cg_gate **ret_gate);
CG_EXPORT struct cg_gate *cg_gate_free(struct cg_gate *gate);

/* Installs a snapshot, taking ownership; the one before is freed. current_s: when it was current.
 */
CG_EXPORT void cg_gate_install(struct cg_gate *gate, struct cg_snapshot *snapshot,
                               int64_t current_s);

/* Notes that the installed snapshot is still current as of current_s. */
CG_EXPORT void cg_gate_confirm(struct cg_gate *gate, int64_t current_s);

/*
 * Version of the installed snapshot, 0 when there is none; and seconds since it was current, which
 * mean nothing while there is none.
 */
CG_EXPORT int64_t cg_gate_snapshot_version(const struct cg_gate *gate);
CG_EXPORT int64_t cg_gate_snapshot_age_s(const struct cg_gate *gate, int64_t now_s);

/* What the body of a request says that only it can tell, for another thread to find out. */
struct cg_gate_scan;

/* What of a request to a FHIR API its own readers look at. */
struct cg_gate_fhir_request {
    struct cg_span uri;           /* path that the location was chosen by, escapes undone */
    unsigned is_overridden;       /* 1: a header says that method, path or effect are others */
    struct cg_span if_none_exist; /* R4 http, "conditional create"; absent: none */
    unsigned if_none_exist_count;
    unsigned has_provenance; /* 1: a header X-Provenance, which makes a resource of its own */
    /* Of a body that decides: a batch, a transaction, the form of a search. */
    struct cg_span content_type;
    unsigned content_type_count;
    unsigned is_encoded;             /* 1: it has a Content-Encoding */
    uint64_t body_bytes;             /* as announced, or as read */
    const struct cg_gate_scan *scan; /* what came of it; NULL: it has not been read */
    unsigned is_body_elsewhere;      /* 1: another gateway holds it, and it cannot be read */
};

struct cg_gate_request {
    struct cg_span authorization; /* header value or absent */
    struct cg_span query;         /* raw, without '?' */
    struct cg_span path;          /* as sent, when it goes on as sent; absent: it does not */
    struct cg_span sent_query;    /* and so */
    enum cg_method method;
    int64_t now_s;
    int64_t now_ms; /* the same, finer: for rates */
    /* What a proof of possession must fit; only looked at for the scheme DPoP (RFC 9449 §4.3). */
    struct cg_span proof;       /* value of the DPoP header, or absent */
    unsigned proof_count;       /* how many DPoP headers there are */
    struct cg_span method_name; /* that the client used, whatever became of it on the way */
    struct cg_span target;      /* absolute URI that the client used: "https://api.example/a?b" */
    /* Of the verdict that this same request got earlier on its way through nginx; else 0. */
    unsigned is_proven;
    uint32_t counted;
    struct cg_client_certificate certificate; /* only looked at for a token that is bound to one */
    struct cg_gate_fhir_request fhir;         /* only looked at where SMART scopes decide */
};

/*
 * What the gate decided. Spans borrow from the gate and stay valid only until the next call that
 * takes this gate: copy what is kept. On refusal identity spans are filled as far as the token was
 * proven.
 */
struct cg_gate_verdict {
    enum cg_reason reason; /* CG_REASON_NONE: let it through */
    struct cg_span realm;
    struct cg_span issuer;
    struct cg_span client_id;
    struct cg_span subject;
    struct cg_span organisation;
    struct cg_span scope;
    struct cg_span token_id;
    struct cg_span actor;        /* who acts for the subject, or absent */
    struct cg_span details;      /* of a narrowed token: JSON array for the API behind */
    struct cg_span needed_scope; /* what is refused with 403: the scopes of which some are needed */
    int64_t retry_after_s;       /* what is refused with 429: when to try again */
    unsigned uses_dpop;          /* 1: the token came by the scheme DPoP, or ought to have */
    unsigned is_proven;          /* 1: and its proof was good; it is used up now */
    uint32_t counted;            /* under which of the token's agreements it was counted so far */
    struct cg_span nonce;        /* to send as DPoP-Nonce, or absent */
    /* 1, with NONE: so far nothing is wrong, and nothing is used up; the rest depends on the body.
     * Run the scan (cg_gate_take_scan) over it and decide anew, the scan in the request. */
    unsigned wants_body;
};

/* Decides. Always fills *ret_verdict. */
CG_EXPORT void cg_gate_decide(struct cg_gate *gate, const struct cg_gate_route *route,
                              const struct cg_gate_request *request,
                              struct cg_gate_verdict *ret_verdict);

/* The scan that the last verdict wants run; the caller's from now on. NULL without one. */
CG_EXPORT struct cg_gate_scan *cg_gate_take_scan(struct cg_gate *gate);

/* Runs it over a whole body. Any thread; the route and the scan must be there, the gate need not.
 */
CG_EXPORT void cg_gate_scan_run(struct cg_gate_scan *scan, struct cg_span body);
CG_EXPORT struct cg_gate_scan *cg_gate_scan_free(struct cg_gate_scan *scan);

/*
 * Writes the refusal of a verdict as a response (status, challenge, body as problem+json or
 * OperationOutcome) into the exchange, whose request.request_id must be set. Also used for errors
 * of the upstream connection (CG_REASON_UPSTREAM_*). CG_ERR_LIMIT when memory is short.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_gate_refuse(const struct cg_gate_route *route,
                                                    const struct cg_gate_verdict *verdict,
                                                    struct cg_exchange *exchange);

/*
 * Keeps a refusal for the audit. Past a rate per address and reason only a count is kept.
 * `refusal` borrows; it is copied into a bounded store.
 */
CG_EXPORT void cg_gate_note_refusal(struct cg_gate *gate, const struct cg_refusal *refusal);

/*
 * Moves out refusals that are ready: the individual ones at once, summaries when their window
 * is over (or all, when now_s is INT64_MAX). Spans borrow from the gate until the next call of this
 * function. Returns how many were written to ret_refusals (at most max).
 */
CG_EXPORT size_t cg_gate_take_refusals(struct cg_gate *gate, int64_t now_s,
                                       struct cg_refusal *ret_refusals, size_t max);

#endif
