/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request and its answer, as the library sees them.
 *
 * Request spans borrow from the caller and must stay valid, unchanged, until the answer is used.
 * Response spans point to static text or into the exchange's own arena and live until
 * cg_exchange_clear or cg_exchange_free. Both wipe the arena, since it may have held a secret.
 * An exchange belongs to one thread at a time.
 */
#ifndef CAREGATE_EXCHANGE_H
#define CAREGATE_EXCHANGE_H

#include <caregate/reason.h>
#include <caregate/types.h>

struct cg_arena;
struct cg_shared_text;

#define CG_RESPONSE_HEADERS_MAX 8
#define CG_EXCHANGE_CLIENT_BYTES 64

/*
 * The certificate of who calls. At most one of `der` and `header` is there. That the caller holds
 * its private key is proven: by the TLS handshake, or by a proxy in front that is trusted to say
 * so.
 */
struct cg_client_certificate {
    struct cg_span der;    /* of this connection, or absent */
    struct cg_span header; /* of the proxy: ":base64:" (RFC 9440), or PEM percent-encoded */
    unsigned verified;     /* 1: its chain leads to an authority that is trusted */
};

struct cg_request {
    struct cg_span method;        /* "POST", as received */
    struct cg_span path;          /* decoded and normalised, without query */
    struct cg_span query;         /* raw, without '?' */
    struct cg_span content_type;  /* header value or absent */
    struct cg_span authorization; /* header value or absent */
    struct cg_span accept;        /* header value or absent */
    struct cg_span proof;         /* value of the DPoP header (RFC 9449 §4.1), or absent */
    unsigned proof_count;         /* how many DPoP headers there are */
    struct cg_span body;          /* whole body; ignored when body_too_large */
    struct cg_span request_id;    /* X-Request-ID accepted or made by the caller */
    struct cg_span address;       /* the peer's address in text */
    int64_t received_ms;          /* Unix milliseconds, for rates; 0: as of the batch */
    struct cg_client_certificate certificate;
    unsigned may_wait;       /* 1: the caller can have it answered later: see waits */
    unsigned may_park;       /* 1: the caller can keep it until something changes: see parks_s */
    unsigned body_too_large; /* 1 when the body passed CG_LIMIT_FORM_BYTES and was dropped */
};

struct cg_header {
    struct cg_span name;
    struct cg_span value;
};

struct cg_response {
    unsigned http_status;
    struct cg_header headers[CG_RESPONSE_HEADERS_MAX]; /* Content-Type among them */
    size_t header_count;
    struct cg_span body;
    enum cg_reason reason;    /* for log and metrics; CG_REASON_NONE when all went well */
    struct cg_span client_id; /* for the log; absent while unknown */
    struct cg_span token_id;  /* jti of a token issued, or absent */
};

struct cg_exchange {
    struct cg_request request;
    struct cg_response response;
    struct cg_arena *arena; /* owned */
    void *pending;          /* the issuer's own: what awaits the audit, in the arena */
    /* Not 0: there is no answer yet, since a client's keys are being fetched. Answer it again when
     * cg_key_fetcher_turns is no longer one less than this, or without may_wait. */
    uint64_t waits;
    unsigned is_counted; /* the issuer's own: its client's rate was asked before it waited */
    /* Not 0: there is no answer yet, since it asks for what is new, and nothing is. Answer it again
     * when the registry has changed, or after so many seconds without may_park. */
    unsigned parks_s;
    uint8_t parked[CG_EXCHANGE_CLIENT_BYTES]; /* the issuer's own: the client, which is proven */
    size_t parked_len;
    struct cg_shared_text *shared; /* the issuer's own: a body that many answers have; owned */
};

/* Makes an empty exchange with an arena of its own. CG_ERR_LIMIT when memory is short. */
CG_EXPORT CG_MUST_USE enum cg_status cg_exchange_new(struct cg_exchange **ret_exchange);

/* Empties request and response, wipes the arena, keeps its first block. */
CG_EXPORT void cg_exchange_clear(struct cg_exchange *exchange);

/* Wipes and frees. Accepts NULL. Returns NULL. */
CG_EXPORT struct cg_exchange *cg_exchange_free(struct cg_exchange *exchange);

#endif
