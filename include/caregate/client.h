/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calling system's side of OAuth 2.0: asks an authorisation server, ours or another, for access
 * tokens, keeps one, and proves possession of a key.
 *
 * For a program of its own: cg_client_new, then cg_client_token before each call, from any thread;
 * cg_client_reject when an API answers 401 with error="invalid_token". For one that keeps the
 * token itself (shared by processes, behind an event loop): cg_client_ask, which blocks, and
 * caregate/kept_token.h.
 *
 * Of a client, only what cg_client_token keeps changes; all functions may be called by any thread,
 * also after a fork, if no other thread was in them then. What it holds lies in memory that is
 * wiped when freed, left out of core dumps and, where the system allows, never swapped; a proof
 * key, which OpenSSL holds, in OpenSSL's.
 */
#ifndef CAREGATE_CLIENT_H
#define CAREGATE_CLIENT_H

#include <caregate/kept_token.h>
#include <caregate/types.h>
#include <stdbool.h>

struct cg_client;

/* How a client proves itself at the token endpoint; the words are those of RFC 8414 metadata. */
enum cg_client_method {
    CG_CLIENT_SECRET_POST = 1, /* client_secret_post: in the form (RFC 6749 §2.3.1) */
    CG_CLIENT_SECRET_BASIC,    /* client_secret_basic: in the header Authorization */
    CG_CLIENT_PRIVATE_KEY_JWT, /* private_key_jwt: a signed assertion (RFC 7523 §2.2) */
    CG_CLIENT_TLS,             /* tls_client_auth, self_signed_tls_client_auth (RFC 8705 §2) */
};

/* A parameter of the form beside those that the configuration has members for. */
struct cg_client_parameter {
    struct cg_span name;  /* "subject_token", "audience" */
    struct cg_span value; /* may be secret */
};

/* All is copied by cg_client_new. Spans that do not apply are absent. */
struct cg_client_config {
    struct cg_span token_url; /* https; http to this machine (127.0.0.1, ::1, localhost) only */
    struct cg_span client_id;
    enum cg_client_method method;
    struct cg_span secret;          /* 1 .. 1024 bytes, for the two methods with one */
    struct cg_span key;             /* private, in PEM, unencrypted, for PRIVATE_KEY_JWT; or where
                                       it is: see pkcs11_module */
    struct cg_span kid;             /* of the key in the client's key set; absent: none is named */
    struct cg_span alg;             /* that it signs by: names, the first that fits counts; absent:
                                       the first of ours that fits */
    struct cg_span audience;        /* of the assertion; absent: the token URL */
    struct cg_span certificate;     /* in PEM, for TLS; may go with any method (RFC 8705 §3) */
    struct cg_span certificate_key; /* its private key in PEM, goes with it */
    struct cg_span proof_key;       /* private, in PEM: tokens are to be bound to it (RFC 9449) */
    bool makes_proof_key;           /* the same with a key of ES256 that is made by cg_client_new */
    struct cg_span ca_file;         /* path of who may sign the server's certificate, in PEM;
                                       absent: the system's */
    struct cg_span grant;           /* grant_type; absent: client_credentials */
    struct cg_span scope;           /* space-separated; absent: the server decides */
    const struct cg_span *resources; /* RFC 8707 */
    size_t resource_count;           /* 0 .. 8 */
    /* For a token exchange (RFC 8693) with its grant: subject_token, subject_token_type, … */
    const struct cg_client_parameter *parameters;
    size_t parameter_count;  /* 0 .. 16 */
    long timeout_ms;         /* of one request, all told; 0: 10000 */
    int64_t default_life_s;  /* of a token of which nothing is said; 0: 300 */
    unsigned (*stops)(void); /* whether to give up a request that runs; any thread; NULL: never */
    int64_t (*now_s)(void);  /* for tests: what cg_client_token goes by; NULL: the system's */
    /* Where `key` is a URI "pkcs11:token=LABEL;object=LABEL" (RFC 7512): the path of the module's
     * library, loaded when it is first asked, and its user's PIN. The key signs by RS256, PS256,
     * ES256 or EdDSA. A module is one client's in a process: it is started anew after a failure. */
    struct cg_span pkcs11_module;
    struct cg_span pkcs11_pin; /* 1 .. 64 bytes */
};

/*
 * CG_ERR_INPUT when the configuration cannot be: *ret_trouble, static text for the operator, says
 * why, as in "the token URL must be https, or http to this machine". CG_ERR_LIMIT when memory is
 * short, CG_ERR_CRYPTO when OpenSSL fails (*ret_trouble is set, too). Neither blocks nor asks.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_client_new(const struct cg_client_config *config,
                                                   const char **ret_trouble,
                                                   struct cg_client **ret_client);
/* Wipes. Accepts NULL, returns NULL. */
CG_EXPORT struct cg_client *cg_client_free(struct cg_client *client);

/* After a fork, in the new process: a lock on memory is not inherited. */
CG_EXPORT void cg_client_lock_memory(struct cg_client *client);

/*
 * Reads a secret, or a key in PEM, from where it is kept, into `room` of `size` bytes; a line's end
 * after it is left out. `source`:
 *
 *   PATH             a file of ours or root's, which nobody else may read or write
 *   credential:NAME  what systemd gives the service (LoadCredential=), in $CREDENTIALS_DIRECTORY
 *   keyring:NAME     a key of the type "user" in the kernel's keyrings of this process (keyctl(1))
 *
 * *ret_trouble, static text, says what is wrong otherwise. CG_ERR_NOT_FOUND; CG_ERR_AUTHORISATION
 * for a file that others may read; CG_ERR_INPUT for what is empty, longer than the room, or no
 * file.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_client_read_secret(const char *source, uint8_t *room,
                                                           size_t size, const char **ret_trouble,
                                                           struct cg_span *ret_secret);

/* How asking ended. */
enum cg_client_outcome {
    CG_CLIENT_GOT = 0,
    CG_CLIENT_UNREACHABLE,    /* no answer in time, or no connection */
    CG_CLIENT_TLS_FAILED,     /* the server's certificate, or ours, was not taken */
    CG_CLIENT_REFUSED,        /* it says no (RFC 6749 §5.2); `error` has the code, if any */
    CG_CLIENT_RATE_LIMITED,   /* 429, or 503 with Retry-After */
    CG_CLIENT_SERVER_FAILED,  /* another 5xx */
    CG_CLIENT_REDIRECTED,     /* 3xx, which is never followed */
    CG_CLIENT_TOO_LARGE,      /* the answer passes 65536 bytes, or the token CG_CLIENT_TOKEN_MAX */
    CG_CLIENT_NOT_UNDERSTOOD, /* no token response, or one that cannot be true */
    CG_CLIENT_TROUBLED,       /* it is not for the server: memory, OpenSSL, a security module */
};

#define CG_CLIENT_ERROR_BYTES 64
#define CG_CLIENT_TROUBLE_BYTES 512

struct cg_client_answer {
    enum cg_client_outcome outcome;
    enum cg_client_token_type type;
    int64_t expires_s; /* Unix seconds: now_s of the question + life_s */
    int64_t life_s;    /* 1 .. 86400: what is said to live longer is renewed after a day anyway */
    long http_status;  /* 0: there was no answer */
    unsigned retry_after_s;                /* 0: nothing was said; at most 86400 */
    char error[CG_CLIENT_ERROR_BYTES];     /* the OAuth error code of a refusal, or "" */
    char trouble[CG_CLIENT_TROUBLE_BYTES]; /* what went wrong, one line for the operator, or "";
                                              neither secret nor token is in it */
    size_t token_len;
    char token[CG_CLIENT_TOKEN_MAX + 1]; /* ended by a zero; characters of RFC 6750 §2.1 only */
};

/*
 * Asks the server for one token: one request, or two, where the server wants a nonce in the proof
 * (RFC 9449 §8). Blocks for twice the timeout at most. now_s is in Unix seconds. *ret_answer is
 * filled in any case; CG_OK goes with CG_CLIENT_GOT alone.
 *
 * A life is taken from expires_in or, where the token is a JWT, from its exp, whichever ends first;
 * neither: the configured one. Never a token: one that has expired, that is of another type than
 * was asked for (DPoP with a proof key, Bearer without), or whose characters cannot stand in a
 * header; nor with an expires_in that is no number of 1 s to 366 days.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_client_ask(const struct cg_client *client, int64_t now_s,
                                                   struct cg_client_answer *ret_answer);

/* Wipes. */
CG_EXPORT void cg_client_answer_release(struct cg_client_answer *answer);

/*
 * A good token: the one that is kept, or a new one. One thread asks while the others take the old
 * one, or wait where there is none; a failed renewal disturbs nobody while the old one is good.
 * Blocks while a token has to be waited for: for as long as cg_client_ask, or less. *ret_answer is
 * filled as there, with the life that is left; a server that failed is left alone for a while
 * (kept_token.h), and its last failure told at once.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_client_token(struct cg_client *client,
                                                     struct cg_client_answer *ret_answer);

/* An API answered 401 invalid_token to this token: true when the call is worth to be repeated once,
 * with what cg_client_token gives next. */
CG_EXPORT CG_MUST_USE bool cg_client_reject(struct cg_client *client, struct cg_span token);

/* Whether tokens are bound to a key: each call needs a proof. */
CG_EXPORT bool cg_client_makes_proofs(const struct cg_client *client);

/* A call that a proof is for. */
struct cg_client_call {
    struct cg_span method; /* "GET" */
    struct cg_span url;    /* whole; what follows "?" or "#" does not count */
    struct cg_span token;
    struct cg_span nonce; /* DPoP-Nonce of the API's last answer, or absent */
    int64_t now_s;        /* Unix seconds */
};

/* Characters of a proof at most. */
#define CG_CLIENT_PROOF_MAX 4096

/*
 * The value of the header DPoP for one call, good once (RFC 9449 §4.2). Does not block: one
 * signature. *ret_proof is in `room`, of at least CG_CLIENT_PROOF_MAX bytes. CG_ERR_INPUT without a
 * proof key; CG_ERR_LIMIT when it would be too long or memory is short; CG_ERR_CRYPTO.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_client_prove(const struct cg_client *client,
                                                     const struct cg_client_call *call,
                                                     uint8_t room[static CG_CLIENT_PROOF_MAX],
                                                     struct cg_span *ret_proof);

#define CG_CLIENT_TAG_BYTES 32
/*
 * What a token of this client hangs on, as a digest: server, client, what is asked for, certificate
 * and proof key; no secret. A token that was kept in shared memory under another tag (the
 * configuration changed meanwhile, or another proof key was made) is not this client's.
 */
CG_EXPORT void cg_client_tag(const struct cg_client *client,
                             uint8_t ret_tag[static CG_CLIENT_TAG_BYTES]);

#endif
