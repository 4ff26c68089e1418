/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token that is kept and renewed by several callers: what to do at which time, without locks,
 * clock or network. The record is plain data, all zeros at first, that may lie in memory shared by
 * processes; whoever calls these functions holds the lock that guards it, and holds it only so long
 * (nothing here blocks).
 *
 * A call goes so: look. With USE or USE_AND_ASK take the token out of the record; with one of the
 * two that say ASK, the claim is yours: give the lock back, ask (cg_client_ask), and come back with
 * cg_kept_token_take or cg_kept_token_fail. With WAIT look again when somebody came back, or at
 * claim_until_s, whichever is first; with REFUSE there is nothing to be had before retry_s.
 *
 * Times are whole seconds of one clock that all who share the record read: best is
 * cg_kept_token_now_s, which nobody sets. With a clock that is set, nothing lasts longer for it: a
 * step back beyond a few seconds, after which nobody knows how much of a life is over, ends token,
 * claim and delay.
 *
 *   renewal  at a random point between 87 % and 93 % of the life, so that many do not come at once
 *            and one that lives 300 s is asked for at most 14 times in an hour
 *   margin   a token is not given out in the last 5 s of its life, or the last tenth if less
 *   delay    after the n-th failure in a row a random time of 1 s up to 2^(n-1) s, at most 60 s;
 *            at least Retry-After, where the server names one, up to 600 s
 */
#ifndef CAREGATE_KEPT_TOKEN_H
#define CAREGATE_KEPT_TOKEN_H

#include <caregate/types.h>
#include <stdbool.h>

/* Characters of a token; a longer one would not pass in a header. */
#define CG_CLIENT_TOKEN_MAX 8000

/* How the token goes into the header Authorization. */
enum cg_client_token_type {
    CG_CLIENT_TOKEN_BEARER = 1, /* "Bearer TOKEN" (RFC 6750 §2.1) */
    CG_CLIENT_TOKEN_DPOP,       /* "DPoP TOKEN", with a proof in the header DPoP (RFC 9449 §7.1) */
};

struct cg_kept_token {
    int64_t got_s;     /* when it was asked for */
    int64_t renew_s;   /* from then on a new one is asked for */
    int64_t expires_s; /* its end; it is not given out in the margin before */
    int64_t seen_s;    /* the latest time that anybody brought */
    int64_t claimed_s; /* somebody asks since then; counts until claim_until_s */
    int64_t claim_until_s;
    uint64_t claim;   /* the number of the latest claim; counts up */
    int64_t failed_s; /* the last answer was a failure, then; nobody asks until retry_s */
    int64_t retry_s;
    int64_t rejected_s; /* a token was dropped then, because an API refused it */
    uint64_t version;   /* of the token; counts up */
    unsigned failures;  /* in a row */
    unsigned failure;   /* the last one's enum cg_client_outcome; 0: the last one went well */
    bool has_rejected;  /* whether rejected_s means anything */
    unsigned type;      /* enum cg_client_token_type */
    size_t token_len;   /* 0: there is none */
    char token[CG_CLIENT_TOKEN_MAX];
};

enum cg_kept_advice {
    CG_KEPT_USE = 1,     /* the token in the record is good */
    CG_KEPT_USE_AND_ASK, /* it is; and it is yours to ask for the next, beside the call */
    CG_KEPT_ASK,         /* there is none; it is yours to ask, the call waits for it */
    CG_KEPT_WAIT,        /* there is none; another one asks, until claim_until_s at the latest */
    CG_KEPT_REFUSE,      /* there is none; the server failed and is left alone until retry_s */
};

/*
 * What to do at now_s. A claim that is given lasts claim_s (1 .. 3600): as long as cg_client_ask
 * may take (twice its timeout) and a little more. Then it has lapsed, as of one who died, and
 * another gets one. The number of a claim that was given is record->claim.
 */
CG_EXPORT CG_MUST_USE enum cg_kept_advice cg_kept_token_look(struct cg_kept_token *record,
                                                             int64_t now_s, int64_t claim_s);

/* A token as it came. */
struct cg_kept_news {
    struct cg_span token; /* 1 .. CG_CLIENT_TOKEN_MAX characters */
    enum cg_client_token_type type;
    int64_t life_s; /* from asked_s on, at least 1 */
    int64_t asked_s;
    uint32_t random; /* any number that others do not have */
};

/*
 * Brings a token, and gives the claim back. One that does not outlive the one that is kept leaves
 * it, and only puts off its renewal. CG_ERR_INPUT for what is out of bounds: nothing has changed,
 * the claim is given back.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_kept_token_take(struct cg_kept_token *record,
                                                        uint64_t claim,
                                                        const struct cg_kept_news *news);

/* That there was none to be had, and why. */
struct cg_kept_failure {
    unsigned outcome;       /* enum cg_client_outcome, not 0 */
    unsigned retry_after_s; /* that the server named, or 0 */
    int64_t now_s;
    uint32_t random;
};

/* Brings a failure, and gives the claim back; a token that is good still is used on. What comes
 * when the claim had lapsed and another was given changes nothing. */
CG_EXPORT void cg_kept_token_fail(struct cg_kept_token *record, uint64_t claim,
                                  const struct cg_kept_failure *failure);

/* Gives a claim back of one who did not ask after all. */
CG_EXPORT void cg_kept_token_give_back(struct cg_kept_token *record, uint64_t claim);

/*
 * An API answered 401 invalid_token to `token`. True when it is worth to look again and repeat the
 * call once: the token was dropped, or is not the one that is kept any more. False when it is the
 * one that is kept and another was dropped less than 30 s ago: it is not for the token's age then,
 * and the answer is the caller's.
 */
CG_EXPORT CG_MUST_USE bool cg_kept_token_reject(struct cg_kept_token *record, struct cg_span token,
                                                int64_t now_s);

/* Seconds since the machine was started, sleep included: a clock that nobody sets. Any process. */
CG_EXPORT int64_t cg_kept_token_now_s(void);

#endif
