/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, a snapshot of two realms and tokens to go with them, for the tests of token and gate.
 * Everything is made anew for each test and lives in the sample's arena.
 */
#ifndef CAREGATE_SAMPLE_H
#define CAREGATE_SAMPLE_H

#include "base/arena.h"
#include "base/span.h"
#include "crypto/sign.h"
#include "test.h"
#include "token/access_token.h"
#include "token/snapshot.h"

#define SAMPLE_NOW_S INT64_C(1000100)
#define SAMPLE_ISSUED_S INT64_C(1000000)
#define SAMPLE_EXPIRES_S INT64_C(1000300)
#define SAMPLE_REALM "/vlive/hpca"
#define SAMPLE_ISSUER "https://care.example/vlive/hpca"
#define SAMPLE_DOCUMENTS "https://api.example/documents"
#define SAMPLE_MEDICINES "https://api.example/medicines"

/* An initialiser of struct cg_token_api; literals. */
#define SAMPLE_API(its_audience, its_name, its_agreement)                                          \
    {                                                                                              \
        .audience = CG_SPAN(its_audience), .name = CG_SPAN(its_name),                              \
        .agreement = CG_SPAN(its_agreement)                                                        \
    }

/* What a token for the documents API may be narrowed to. */
#define SAMPLE_NARROWING                                                                           \
    "{\"type\":\"caregate_documents\",\"locations\":[\"" SAMPLE_DOCUMENTS "\"],"                   \
    "\"document_types\":[\"http://snomed.info/sct|736253002\"]}"

/* On behalf of ward-3, by the client of sample_claims, at its one API. */
#define SAMPLE_BEHALF                                                                              \
    {                                                                                              \
        .actors = {CG_SPAN("ward-9")}, .actor_count = 1, .client_id = CG_SPAN("ward-3"),           \
        .token_id = CG_SPAN("jti-3"), .agreements = CG_SPAN("agr-3"), .epoch = 2                   \
    }

enum { SAMPLE_LIVE, SAMPLE_TEST, SAMPLE_REALMS };

struct sample {
    struct cg_arena *arena;
    struct cg_key *keys[SAMPLE_REALMS]; /* kid "live" and kid "test" */
    struct cg_signer *signers[SAMPLE_REALMS];
    struct cg_snapshot_api apis[2];
    struct cg_snapshot_denial denials[8];
    struct cg_snapshot_realm_data realms[SAMPLE_REALMS];
    struct cg_snapshot_data data;
};

/* cmocka's setup and teardown: *state is the sample. */
int sample_setup(void **state);
int sample_teardown(void **state);

/* A snapshot of what sample->data says now; the caller frees it. */
struct cg_snapshot *sample_snapshot(const struct sample *sample);

/* Denies in the live realm and raises the denylist's generation and the version. */
void sample_deny(struct sample *sample, enum cg_denial kind, const char *subject, int64_t epoch);

/* A JWKS of one of the keys under a kid. */
struct cg_span sample_jwks(const struct sample *sample, int key, const char *kid);

/* Claims of a token for the documents API of the live realm. */
struct cg_access_token sample_claims(void);

/* The compact token of claims, with typ "JWT", by the live key. */
struct cg_span sample_token(const struct sample *sample, const struct cg_access_token *claims);

/* A compact token of any header and payload text, by one of the keys. */
struct cg_span sample_sign(const struct sample *sample, int key, struct cg_span header,
                           struct cg_span payload);

/* Text in the arena: format as printf does. */
struct cg_span sample_text(const struct sample *sample, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of text in which the one place of `old_part` holds `new_part`. */
struct cg_span sample_replace(const struct sample *sample, struct cg_span text,
                              const char *old_part, const char *new_part);

#endif
