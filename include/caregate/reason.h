/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reason codes: why a request was answered as it was. One table (base/reason.c) gives each its
 * name, the same in bodies, logs and the audit, and one sentence for people.
 */
#ifndef CAREGATE_REASON_H
#define CAREGATE_REASON_H

#include <caregate/types.h>

enum cg_reason {
    CG_REASON_NONE = 0, /* nothing was wrong */

    /* the gate: 401 */
    CG_REASON_TOKEN_MISSING,
    CG_REASON_TOKEN_MALFORMED,
    CG_REASON_TOKEN_ALGORITHM_REFUSED,
    CG_REASON_TOKEN_TYPE_REFUSED,
    CG_REASON_TOKEN_KEY_UNKNOWN,
    CG_REASON_TOKEN_SIGNATURE_INVALID,
    CG_REASON_TOKEN_EXPIRED,
    CG_REASON_TOKEN_ISSUED_IN_FUTURE,
    CG_REASON_TOKEN_ISSUER_WRONG,
    CG_REASON_TOKEN_AUDIENCE_UNKNOWN, /* aud names no API of this realm */
    CG_REASON_TOKEN_REVOKED,
    CG_REASON_CLIENT_SUSPENDED,
    CG_REASON_TOKEN_BOUND,     /* to a key, and sent as a plain bearer token */
    CG_REASON_TOKEN_NOT_BOUND, /* to any key, and sent with a proof */
    /* proofs of possession (RFC 9449): 401 at the gate, 400 at the issuer */
    CG_REASON_PROOF_MISSING,
    CG_REASON_PROOF_REPEATED, /* two headers */
    CG_REASON_PROOF_MALFORMED,
    CG_REASON_PROOF_TYPE_REFUSED,
    CG_REASON_PROOF_ALGORITHM_REFUSED,
    CG_REASON_PROOF_KEY_REFUSED,
    CG_REASON_PROOF_KEY_PRIVATE, /* it gives its private key away */
    CG_REASON_PROOF_KEY_WRONG,   /* not the one that the token is bound to */
    CG_REASON_PROOF_SIGNATURE_INVALID,
    CG_REASON_PROOF_ID_MISSING,   /* no jti, or one that is too long */
    CG_REASON_PROOF_METHOD_WRONG, /* htm */
    CG_REASON_PROOF_TARGET_WRONG, /* htu */
    CG_REASON_PROOF_TIME_MISSING, /* no iat */
    CG_REASON_PROOF_EXPIRED,
    CG_REASON_PROOF_IN_FUTURE,
    CG_REASON_PROOF_TOKEN_WRONG, /* ath */
    CG_REASON_PROOF_NONCE_MISSING,
    CG_REASON_PROOF_NONCE_REFUSED, /* too old, or of another gate or start */
    CG_REASON_PROOF_REPLAYED,
    CG_REASON_PROOFS_FULL, /* 503: no room to remember one more */
    /* certificate-bound tokens (RFC 8705): 401 at the gate, 400 at the issuer */
    CG_REASON_CERTIFICATE_MISSING,
    CG_REASON_CERTIFICATE_MALFORMED, /* a proxy in front passes on what is none */
    CG_REASON_CERTIFICATE_WRONG,     /* not the one that the token is bound to */
    /* the gate: 403 */
    CG_REASON_API_NOT_AGREED,
    CG_REASON_AGREEMENT_WITHDRAWN,
    CG_REASON_SCOPE_INSUFFICIENT,
    CG_REASON_SMART_SCOPE_INSUFFICIENT, /* for what the FHIR request reaches */
    CG_REASON_FHIR_REQUEST_UNCLEAR,     /* what it reaches cannot be told */
    /* the gate: 400 */
    CG_REASON_TOKEN_IN_QUERY,
    CG_REASON_PATH_AMBIGUOUS,            /* it climbs: another reader could end elsewhere */
    CG_REASON_FHIR_REQUEST_OVERRIDDEN,   /* a header says that it is another one */
    CG_REASON_BUNDLE_MALFORMED,          /* or no batch and no transaction */
    CG_REASON_BUNDLE_TOO_LARGE,          /* 413; also a form of a search */
    CG_REASON_BODY_TYPE_REFUSED,         /* 415: of a body that decides */
    CG_REASON_FORWARDED_REQUEST_UNCLEAR, /* another gateway does not say what it asks about */
    /* the gate: 429 */
    CG_REASON_AGREEMENT_RATE_EXCEEDED,
    /* the gate: 503 */
    CG_REASON_SNAPSHOT_MISSING,   /* no keys and rules have arrived yet */
    CG_REASON_SNAPSHOT_TOO_OLD,   /* older than caregate_snapshot_max_age */
    CG_REASON_GATE_MISCONFIGURED, /* the location's realm or API is not in the registry */
    /* the gate, errors of the connection to the API behind */
    CG_REASON_UPSTREAM_UNREACHABLE, /* 502 */
    CG_REASON_UPSTREAM_UNAVAILABLE, /* 503 */
    CG_REASON_UPSTREAM_TIMEOUT,     /* 504 */

    /* the agent: why a call is not passed on */
    CG_REASON_CALLER_NOT_ALLOWED,    /* 403: not by the profile */
    CG_REASON_ISSUER_UNREACHABLE,    /* 503: no token, as the other six */
    CG_REASON_ISSUER_BUSY,           /* 503: it limits the rate */
    CG_REASON_ISSUER_FAILED,         /* 503 */
    CG_REASON_ISSUER_NOT_TRUSTED,    /* 502: TLS */
    CG_REASON_ISSUER_REFUSED,        /* 502: it says no to the client */
    CG_REASON_ISSUER_NOT_UNDERSTOOD, /* 502: what it gives is no token */
    CG_REASON_TOKEN_WAIT_FULL,       /* 503: too many wait for one */
    CG_REASON_TOKEN_WAIT_OVER,       /* 503 */

    /* the issuer */
    CG_REASON_REQUEST_MALFORMED,  /* not a form, bad percent escape, ... */
    CG_REASON_REQUEST_TOO_LARGE,  /* 413 */
    CG_REASON_CONTENT_TYPE_WRONG, /* 415 */
    CG_REASON_METHOD_NOT_ALLOWED, /* 405 */
    CG_REASON_ENDPOINT_UNKNOWN,   /* 404 */
    CG_REASON_PARAMETER_REPEATED,
    CG_REASON_GRANT_TYPE_MISSING,
    CG_REASON_GRANT_TYPE_UNSUPPORTED,
    CG_REASON_GRANT_NOT_ALLOWED,
    CG_REASON_CREDENTIALS_MISSING,
    CG_REASON_CREDENTIALS_TWICE, /* Basic and body at once, or two client ids */
    CG_REASON_CLIENT_AUTHENTICATION_FAILED,
    CG_REASON_SCOPE_NOT_AGREED, /* nothing agreed of what was asked */
    CG_REASON_SCOPE_MALFORMED,
    CG_REASON_NOTHING_AGREED, /* the client has no agreement in force */
    CG_REASON_RESOURCE_UNKNOWN,
    CG_REASON_RESOURCE_AMBIGUOUS,
    CG_REASON_DETAILS_MALFORMED,  /* authorization_details: no known type, unknown members, ... */
    CG_REASON_DETAILS_NOT_AGREED, /* it asks for more than is agreed */
    CG_REASON_TOKEN_TOO_LARGE,
    CG_REASON_TOKEN_NOT_PRESENTED,     /* to the introspection or revocation endpoint */
    CG_REASON_TOKEN_OF_ANOTHER_CLIENT, /* who may revoke it is the client that it was issued to */
    CG_REASON_EXCHANGE_MALFORMED,      /* a parameter of token exchange is missing or unknown */
    CG_REASON_SUBJECT_TOKEN_REFUSED,   /* it proves nothing here, or not to this client */
    CG_REASON_SUBJECT_TOKEN_SPENT,     /* it was exchanged before */
    CG_REASON_ISSUER_KEYS_UNAVAILABLE, /* 503: those of an ID token's issuer */
    CG_REASON_LINK_UNUSABLE,           /* to a secret: unknown, opened, over, cancelled */
    CG_REASON_RATE_EXCEEDED,
    CG_REASON_TOO_MANY_FAILURES, /* to prove a client, from this address or at this client */
    CG_REASON_QUEUE_FULL,
    CG_REASON_STORE_UNAVAILABLE,
    CG_REASON_CLIENT_KEYS_UNAVAILABLE, /* they are published, and cannot be fetched now */
    CG_REASON_SIGNING_KEY_UNAVAILABLE,
    CG_REASON_AUDIT_UNAVAILABLE,
    CG_REASON_INTERNAL,

    CG_REASON_COUNT /* not a reason: how many there are */
};

/* The code as it appears outside: "token_expired". A static, zero-terminated string; any thread. */
CG_EXPORT const char *cg_reason_name(enum cg_reason reason);

/* One plain sentence that says what to mend. A static, zero-terminated string; any thread. */
CG_EXPORT const char *cg_reason_text(enum cg_reason reason);

#endif
