/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a key and makes proofs of possession (RFC 9449 §4.2) with it, good ones and others.
 */
#ifndef CAREGATE_PROVER_H
#define CAREGATE_PROVER_H

#include "jose/jwk.h"
#include "sample.h"

#define PROVER_METHOD "GET"
#define PROVER_TARGET "https://api.example/documents/7"

struct prover {
    struct cg_key *key;
    struct cg_signer *signer;
    char thumbprint[CG_THUMBPRINT_CHARS + 1];
    const char *alg;
    struct cg_span jwk; /* public, as JSON, in the sample's arena */
};

/* A new key of an algorithm by its JWS name. */
void prover_init(struct prover *prover, const struct sample *sample, const char *alg);
void prover_release(struct prover *prover);

/* {"typ":"dpop+jwt","alg":…,"jwk":…} */
struct cg_span prover_header(const struct prover *prover, const struct sample *sample);

/* {"jti":id,"htm":…,"htu":…,"iat":SAMPLE_NOW_S[,"ath":hash of token][,"nonce":nonce]} */
struct cg_span prover_payload(const struct sample *sample, const char *id, struct cg_span token,
                              struct cg_span nonce);

/* A compact JWS of any header and payload text. */
struct cg_span prover_sign(const struct prover *prover, const struct sample *sample,
                           struct cg_span header, struct cg_span payload);

/* A good proof for PROVER_METHOD and PROVER_TARGET, now. */
struct cg_span prover_proof(const struct prover *prover, const struct sample *sample,
                            const char *id, struct cg_span token, struct cg_span nonce);

#endif
