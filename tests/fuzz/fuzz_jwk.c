/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON Web Key. What is accepted is written and read again as the same key, with the same
 * thumbprint; one that may leave its algorithm out is a key for those of its type alone.
 */
#include "base/span.h"
#include "jose/jwk.h"

#include <stdlib.h>

#define JWK_BYTES 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct cg_span thumbprint(const struct cg_jwk *jwk,
                                 char room[static CG_THUMBPRINT_CHARS + 1])
{
    require(cg_jwk_thumbprint(jwk->key, room) == CG_OK);
    return cg_span_of_string(room);
}

static void read_again(const struct cg_jwk *jwk, struct cg_span text)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_jwk again = {0};
    char first[CG_THUMBPRINT_CHARS + 1];
    char second[CG_THUMBPRINT_CHARS + 1];
    require(cg_json_parse(text, JWK_BYTES, &json) == CG_OK);
    require(cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &again) == CG_OK);
    require(cg_span_equal(cg_span_of_bytes(again.kid, again.kid_len),
                          cg_span_of_bytes(jwk->kid, jwk->kid_len)));
    require(cg_span_equal(thumbprint(jwk, first), thumbprint(&again, second)));
    cg_jwk_release(&again);
}

static void write_and_read(const struct cg_jwk *jwk)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span kid = cg_span_of_bytes(jwk->kid, jwk->kid_len);
    cg_buf_init(&buf, JWK_BYTES);
    cg_json_begin(&writer, &buf);
    require(!cg_key_is_private(jwk->key));
    require(cg_jwk_write(jwk->key, kid.len > 0 ? kid : (struct cg_span){0}, &writer) == CG_OK);
    read_again(jwk, cg_span_of_bytes(buf.data, buf.len));
    cg_buf_release(&buf);
}

static void try_algorithms(const struct cg_jwk *jwk)
{
    size_t count = 0;
    for (size_t i = 0; cg_alg_at(i) != NULL; i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        bool fits = cg_jwk_fits(jwk, cg_alg_at(i));
        enum cg_status status = cg_jwk_key_under(jwk, cg_alg_at(i), &key);
        require(status == (fits ? CG_OK : CG_ERR_INPUT));
        require(!fits || cg_alg_of(cg_key_algorithm_of(key)) == cg_alg_at(i));
        count += fits;
    }
    require(count > 0 && (jwk->alg == NULL || count == 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_jwk jwk = {0};
    if (cg_json_parse((struct cg_span){data, len}, JWK_BYTES, &json) != CG_OK) {
        return 0;
    }
    if (cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk) == CG_OK) {
        write_and_read(&jwk);
    }
    cg_jwk_release(&jwk);
    if (cg_jwk_parse(cg_json_root(json), CG_JWK_MAY_NAME_ALG, &jwk) == CG_OK) {
        try_algorithms(&jwk);
        write_and_read(&jwk);
    }
    cg_jwk_release(&jwk);
    return 0;
}
