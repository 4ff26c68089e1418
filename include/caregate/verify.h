/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the API that is called: is this access token of Caregate's good, and who calls by it?
 *
 * An API behind Caregate's gate need not ask: the gate has judged, and tells it in headers. This is
 * for one that is reached otherwise. A verifier holds what proves the tokens of one issuer for one
 * API: the keys that the issuer publishes. A check reaches neither network nor disk. It does not
 * hear of revocations, and of a key that was taken back only when the keys are fetched again: where
 * that matters, let the gate decide, or ask the issuer (RFC 7662).
 *
 * A reason's name stays; its number may be another in the next release.
 *
 * Link with -lcaregate (pkg-config caregate). All functions but new and free of one object may be
 * called by any thread at any time. Texts that are given back end with a zero byte which is not
 * counted in their length.
 */
#ifndef CAREGATE_VERIFY_H
#define CAREGATE_VERIFY_H

#include <caregate/reason.h>
#include <caregate/types.h>

struct cg_token_verifier;
struct cg_token_claims;

struct cg_token_verifier_config {
    struct cg_span issuer;   /* as the tokens have it in iss: "https://id.example/vlive/hpca" */
    struct cg_span audience; /* of this API, as registered; a token must have it in aud */
    struct cg_span api;      /* name of this API, as registered, to be in apis; absent: any */
    struct cg_span typ;      /* of the tokens; absent: "JWT" */
    /* The issuer's key set (RFC 7517) as text; absent: it is fetched, over https. */
    struct cg_span jwks;
    struct cg_span jwks_url; /* where from; absent: the issuer's, with "/oauth/jwks" */
    struct cg_span ca_file;  /* PEM, whom to trust as a server there; absent: the system's */
    /* So long fetched keys are good when the issuer is away; 0: an hour. */
    int64_t keys_max_age_s;
};

/*
 * Makes a verifier; copies all. Fetches nothing. CG_ERR_INPUT without issuer or audience, for a
 * text that holds no key, and for one that is too long; CG_ERR_LIMIT when memory is short.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_token_verifier_new(
    const struct cg_token_verifier_config *config, struct cg_token_verifier **ret_verifier);

/* Frees, when nobody uses it any more. Accepts NULL. Returns NULL. */
CG_EXPORT struct cg_token_verifier *cg_token_verifier_free(struct cg_token_verifier *verifier);

/* One call to judge. */
struct cg_token_call {
    struct cg_span authorization; /* value of the header "Authorization"; absent: there is none */
    struct cg_span token;         /* in its place the token alone, when it came in another way */
    struct cg_span certificate;   /* DER of the caller's, proven by TLS here; absent: none */
    int64_t now_s;                /* Unix time */
};

/*
 * Judges the token of a call: form, algorithm, type, key, signature, issuer, times, audience, and
 * whether it may come with this certificate, or without one (RFC 9068 §4, RFC 8725, RFC 8705 §3).
 * CG_REASON_NONE: it is good, and *ret_claims, which the caller frees, is what it says; else why
 * it is not, with *ret_claims untouched. A token that is bound to a key (DPoP, RFC 9449) is refused
 * with CG_REASON_TOKEN_BOUND: only the gate judges proofs. Which operations it allows is for the
 * API to ask: cg_token_claims_has_scope. Does not block.
 */
CG_EXPORT CG_MUST_USE enum cg_reason cg_token_verifier_check(struct cg_token_verifier *verifier,
                                                             const struct cg_token_call *call,
                                                             struct cg_token_claims **ret_claims);

/*
 * Whether it is time to fetch the keys: there are none, they are five minutes old, or a token named
 * one that is not among them. Never within ten seconds of the last attempt, and for an unknown key
 * not within a minute. Always 0 for a verifier whose keys were given as text. Does not block.
 */
CG_EXPORT unsigned cg_token_verifier_wants_keys(struct cg_token_verifier *verifier, int64_t now_s);

/*
 * Fetches the keys, if it is time to. Blocks, for five seconds at most. One thread asks; others
 * return at once, but wait for it where there are no keys yet, or old ones, or one is lacking. On
 * failure the keys stay as they are. CG_ERR_STORE when they cannot be fetched; CG_ERR_INPUT when
 * what came is no key set; CG_ERR_LIMIT when it is too large, or memory is short.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_token_verifier_fetch_keys(
    struct cg_token_verifier *verifier, int64_t now_s);

/*
 * The same as cg_token_verifier_check with keys fetched when that is needed: before the check, and
 * once more after it for a key that is not known. Blocks then, as above. For servers with a thread
 * for each call; others fetch in the background whenever cg_token_verifier_wants_keys says so.
 */
CG_EXPORT CG_MUST_USE enum cg_reason cg_token_verifier_check_blocking(
    struct cg_token_verifier *verifier, const struct cg_token_call *call,
    struct cg_token_claims **ret_claims);

/* Why the keys could not be fetched last, for the operator's log: copied to `text` of `size` bytes,
 * cut off where that is too short, and zero-terminated; "" when they could. */
CG_EXPORT void cg_token_verifier_trouble(struct cg_token_verifier *verifier, char *text,
                                         size_t size);

/* HTTP status to refuse a call with: 401, 403 or 503 for what a check gives; for others 500. */
CG_EXPORT unsigned cg_token_refusal_status(enum cg_reason reason);

/*
 * The value of WWW-Authenticate that goes with it (RFC 6750 §3), to `text` of `size` bytes, zero
 * terminated. `scope` is what an operation needs, for CG_REASON_SCOPE_INSUFFICIENT; else absent.
 * CG_ERR_NOT_FOUND when the status has none; CG_ERR_LIMIT when it does not fit.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_token_refusal_challenge(
    const struct cg_token_verifier *verifier, enum cg_reason reason, struct cg_span scope,
    char *text, size_t size);

/* Frees what a token says. Accepts NULL. Returns NULL. */
CG_EXPORT struct cg_token_claims *cg_token_claims_free(struct cg_token_claims *claims);

/*
 * What a token says; texts live as long as the claims, and are visible ASCII that may stand in a
 * header. Absent where the token does not say it.
 */

/* The calling system, and the ODS code of its organisation. */
CG_EXPORT struct cg_span cg_token_claims_client_id(const struct cg_token_claims *claims);
CG_EXPORT struct cg_span cg_token_claims_organisation(const struct cg_token_claims *claims);

/* On whose behalf it calls (sub): itself, another system, or a person as "provider:id". */
CG_EXPORT struct cg_span cg_token_claims_subject(const struct cg_token_claims *claims);

/* Who acts for the subject, where the token was exchanged (act, RFC 8693 §4.1). */
CG_EXPORT struct cg_span cg_token_claims_actor(const struct cg_token_claims *claims);

/* Of a person: who says that it is them, and how surely (acr). */
CG_EXPORT struct cg_span cg_token_claims_identity_provider(const struct cg_token_claims *claims);
CG_EXPORT struct cg_span cg_token_claims_assurance(const struct cg_token_claims *claims);

/* Scopes, separated by spaces; and whether one is among them. A scope is one API's, so that those
 * of others in a token for several mean nothing here. 1 or 0. */
CG_EXPORT struct cg_span cg_token_claims_scope(const struct cg_token_claims *claims);
CG_EXPORT unsigned cg_token_claims_has_scope(const struct cg_token_claims *claims,
                                             struct cg_span scope);

/* To what the token is narrowed at this API (RFC 9396): a JSON array that the API must obey;
 * absent: to nothing. docs/INTEGRATOR.md says how. */
CG_EXPORT struct cg_span cg_token_claims_details(const struct cg_token_claims *claims);

/* The APIs that it names; past the last, absent. */
CG_EXPORT size_t cg_token_claims_api_count(const struct cg_token_claims *claims);
CG_EXPORT struct cg_span cg_token_claims_api_name(const struct cg_token_claims *claims,
                                                  size_t index);
CG_EXPORT struct cg_span cg_token_claims_api_audience(const struct cg_token_claims *claims,
                                                      size_t index);
CG_EXPORT struct cg_span cg_token_claims_api_agreement(const struct cg_token_claims *claims,
                                                       size_t index);

/* The token's own id (jti), for logs; and from when until when it is good, Unix time. */
CG_EXPORT struct cg_span cg_token_claims_id(const struct cg_token_claims *claims);
CG_EXPORT int64_t cg_token_claims_issued_s(const struct cg_token_claims *claims);
CG_EXPORT int64_t cg_token_claims_expires_s(const struct cg_token_claims *claims);

#endif
