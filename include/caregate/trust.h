/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate's trust in an issuer on another machine: its keys and rules as signed bundles, each newer
 * than the one before, and reports of refusals on their way back. Functions block; an object is
 * used by one thread at a time.
 *
 * A bundle is believed that is signed by a key of the one before it. Where there is none, or its
 * key is not among those, the issuer's published keys are fetched, over TLS. None is believed that
 * is older than the one that is held, whoever signed it.
 */
#ifndef CAREGATE_TRUST_H
#define CAREGATE_TRUST_H

#include <caregate/feed.h>
#include <caregate/refusal.h>
#include <caregate/types.h>

struct cg_trust;

struct cg_trust_config {
    struct cg_span issuer;     /* "https://id.example/vlive/hpca" */
    struct cg_span client_id;  /* of this gate */
    struct cg_span secret;     /* its secret, or absent; borrowed */
    struct cg_span key;        /* else its private key in PEM; borrowed */
    struct cg_span kid;        /* of the key, or absent */
    struct cg_span alg;        /* that the key signs by; absent: the first of ours that fits it */
    struct cg_span audience;   /* of what it signs; absent: the issuer's token URL */
    struct cg_span ca_file;    /* PEM, or absent: the system's */
    struct cg_span state_file; /* where the last bundle is kept; absent: nowhere */
    unsigned (*stops)(void);   /* whether to give up what takes long; any thread; NULL: never */
    long timeout_ms;           /* of a request, beside the time that it asks to wait */
};

/* Copies what is not said to be borrowed. CG_ERR_INPUT when the configuration cannot be;
 * CG_ERR_LIMIT when memory is short. */
CG_EXPORT CG_MUST_USE enum cg_status cg_trust_new(const struct cg_trust_config *config,
                                                  struct cg_trust **ret_trust);
CG_EXPORT struct cg_trust *cg_trust_free(struct cg_trust *trust);

/*
 * Takes up the bundle of the state file, and tells when it was last known to be current.
 * *ret_snapshot, owned by the caller, is NULL when there is no such file. CG_ERR_INPUT for one that
 * cannot be read, that is damaged, or that is of another issuer.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_trust_restore(struct cg_trust *trust, int64_t now_s,
                                                      struct cg_snapshot **ret_snapshot,
                                                      int64_t *ret_current_s);

/* Takes up a snapshot by its text, unless it is older than the one held (CG_ERR_CONFLICT) or not of
 * this issuer alone (CG_ERR_INPUT). */
CG_EXPORT CG_MUST_USE enum cg_status cg_trust_hold(struct cg_trust *trust, struct cg_span text);

/*
 * Asks whether there is something newer than what is held, and waits for that up to wait_s (0 ..
 * 60). *ret_snapshot is a snapshot owned by the caller, or NULL: what is held is what there is. In
 * either case current as of now_s, which is also kept in the state file. CG_ERR_STORE when the
 * issuer is away; CG_ERR_AUTHORISATION when it does not take this gate for one;
 * CG_ERR_AUTHENTICATION or CG_ERR_INPUT for a bundle that is not believed; CG_ERR_CONFLICT for one
 * that is older.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_trust_ask(struct cg_trust *trust, int64_t now_s,
                                                  unsigned wait_s,
                                                  struct cg_snapshot **ret_snapshot);

/* Tells the issuer's audit of the first refusals; *ret_count says of how many. The statuses are
 * those of cg_trust_ask, but that CG_ERR_CONFLICT gives so many up: the issuer has refused what it
 * was told for ten minutes. */
CG_EXPORT CG_MUST_USE enum cg_status cg_trust_report(struct cg_trust *trust, int64_t now_s,
                                                     const struct cg_refusal *refusals,
                                                     size_t count, size_t *ret_count);

/* What went wrong last, for the operator; "" when nothing did. Zero-terminated, until the next
 * call. */
CG_EXPORT const char *cg_trust_trouble(const struct cg_trust *trust);

/* Where a bundle stands in the order of its issuer's: by sequence, then by when it was made. */
struct cg_bundle_place {
    int64_t sequence;
    int64_t made_s;
};
CG_EXPORT struct cg_bundle_place cg_trust_place_of(const struct cg_snapshot *snapshot);

#endif
