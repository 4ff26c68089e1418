/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64url.h"
#include "crypto/digest.h"
#include "gate_scene.h"

#define CERTIFICATE "\x30\x03the certificate"
#define HEADER ":MAN0aGUgY2VydGlmaWNhdGU=:" /* the same */

/* A token bound to the certificate of these bytes. */
static struct cg_span bound_token(const struct scene *scene, struct cg_span der)
{
    struct cg_access_token claims = sample_claims();
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_buf buf;
    assert_ok(cg_sha256(der, digest));
    cg_buf_init_arena(&buf, scene->sample->arena, 64);
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
    assert_ok(cg_buf_finish(&buf, &claims.certificate_thumbprint));
    return sample_token(scene->sample, &claims);
}

static enum cg_reason ask(struct scene *scene, struct cg_span compact,
                          const struct cg_client_certificate *certificate)
{
    const struct cg_gate_request request = {.authorization = scene_bearer(scene, compact),
                                            .method = CG_METHOD_GET,
                                            .now_s = SAMPLE_NOW_S,
                                            .certificate = *certificate};
    cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
    return scene->verdict.reason;
}

static void gate_lets_a_bound_token_in_with_its_certificate_only(void **state)
{
    static const struct {
        const char *label;
        struct cg_client_certificate shown;
        enum cg_reason want;
    } rows[] = {
        {"its own", {.der = CG_SPAN(CERTIFICATE)}, CG_REASON_NONE},
        {"its own, from a proxy", {.header = CG_SPAN(HEADER)}, CG_REASON_NONE},
        {"its own, trusted", {.der = CG_SPAN(CERTIFICATE), .verified = 1}, CG_REASON_NONE},
        {"none", {.verified = 0}, CG_REASON_CERTIFICATE_MISSING},
        {"none, and trusted", {.verified = 1}, CG_REASON_CERTIFICATE_MISSING},
        {"another", {.der = CG_SPAN(CERTIFICATE "."), .verified = 1}, CG_REASON_CERTIFICATE_WRONG},
        {"another, from a proxy", {.header = CG_SPAN(":MAEA:")}, CG_REASON_CERTIFICATE_WRONG},
        {"a header that is none", {.header = CG_SPAN("(null)")}, CG_REASON_CERTIFICATE_MALFORMED},
    };
    struct scene *scene = *state;
    struct cg_span compact = bound_token(scene, CG_SPAN_OF(CERTIFICATE));
    for (unsigned round = 0; round < 2; round++) { /* proven anew, and remembered */
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            assert_reason_row(rows[i].label, ask(scene, compact, &rows[i].shown), rows[i].want);
            assert_span_text_row(rows[i].label, scene->verdict.client_id, "ward-9");
        }
    }
}

static void gate_asks_no_certificate_for_a_plain_token(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    const struct cg_client_certificate bad = {.header = CG_SPAN("(null)")};
    const struct cg_client_certificate none = {.verified = 0};
    for (unsigned round = 0; round < 2; round++) {
        assert_reason(ask(scene, compact, &none), CG_REASON_NONE);
        assert_reason(ask(scene, compact, &bad), CG_REASON_NONE);
    }
}

static const struct CMUnitTest tests[] = {
    SCENE_TEST_CASE(gate_lets_a_bound_token_in_with_its_certificate_only),
    SCENE_TEST_CASE(gate_asks_no_certificate_for_a_plain_token),
};
TEST_MAIN(tests)
