/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions. What is read is judged by each profile, always the same way; what none objects to
 * names its issuer, its audience, its end and its id. */
#include "base/arena.h"
#include "base/span.h"
#include "fuzz.h"
#include "oauth/assertion.h"

#define ISSUER "https://localhost:8443/vlive/hpca"
#define NOW_S 1800000000

static void judge(const struct cg_assertion *assertion, struct cg_span profile)
{
    struct cg_assertion_case judged = {
        .assertion = assertion,
        .rules = &cg_profile_find(profile)->assertion,
        .issuer = CG_SPAN_OF(ISSUER),
        .token_url = CG_SPAN_OF(ISSUER "/oauth/token"),
        .now_s = NOW_S,
    };
    const char *of_header = cg_assertion_object_header(&judged);
    const char *of_claims = cg_assertion_object_claims(&judged);
    REQUIRE(of_header == cg_assertion_object_header(&judged));
    if (of_claims == NULL) {
        REQUIRE(cg_span_equal(assertion->claims.issuer, assertion->claims.subject));
        REQUIRE(assertion->claims.audience_count > 0);
        REQUIRE(assertion->claims.expires_s > NOW_S);
        REQUIRE(assertion->claims.token_id.len > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct cg_span profiles[] = {CG_SPAN("documented"), CG_SPAN("smart"),
                                              CG_SPAN("nhs"), CG_SPAN("fapi2")};
    struct cg_arena *arena = NULL;
    struct cg_assertion assertion;
    const char *refusal = NULL;
    REQUIRE(cg_arena_new(65536, &arena) == CG_OK);
    enum cg_status status =
        cg_assertion_read(cg_span_of_bytes(data, len), arena, &assertion, &refusal);
    REQUIRE(status == CG_OK || status == CG_ERR_LIMIT);
    for (size_t i = 0; status == CG_OK && refusal == NULL && i < 4; i++) {
        judge(&assertion, profiles[i]);
    }
    (void)cg_arena_free(arena);
    return 0;
}
