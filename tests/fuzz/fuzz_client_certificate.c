/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller's certificate comes in: DER, a proxy's header, a registered subject. What a subject
 * reads as, it reads as again.
 */
#include "base/limits.h"
#include "base/span.h"
#include "crypto/certificate_facts.h"
#include "crypto/distinguished_name.h"
#include "fuzz.h"
#include "token/client_certificate.h"

#define ARENA_BYTES ((size_t)262144)

static void check_name(struct cg_span name, struct cg_arena *arena)
{
    struct cg_span again = {NULL, 0};
    REQUIRE(name.len <= CG_LIMIT_TEXT_BYTES);
    for (size_t i = 0; i < name.len; i++) {
        REQUIRE(name.data[i] >= 0x20 && name.data[i] != 0x7f);
    }
    REQUIRE(cg_dn_parse(name, arena, &again) == CG_OK);
    REQUIRE(cg_span_equal(again, name));
}

static void check_facts(struct cg_span der, struct cg_arena *arena)
{
    struct cg_certificate_facts facts;
    if (cg_certificate_facts_read(der, arena, &facts) != CG_OK) {
        return;
    }
    REQUIRE(facts.dns_count <= CG_LIMIT_CERTIFICATE_NAMES);
    REQUIRE(facts.dns_count == 0 ||
            cg_certificate_facts_have_dns(&facts, facts.dns_names[facts.dns_count - 1]));
    if (facts.subject.len > 0) {
        check_name(facts.subject, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span input = {data, len};
    const struct cg_client_certificate shown = {.header = input};
    struct cg_arena *arena = NULL;
    struct cg_span found = {NULL, 0};
    uint8_t digest[CG_SHA256_BYTES];
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    check_facts(input, arena);
    if (cg_dn_parse(input, arena, &found) == CG_OK) {
        check_name(found, arena);
    }
    enum cg_status status = cg_client_certificate_der(&shown, arena, &found);
    REQUIRE(cg_client_certificate_digest(&shown, digest) ==
            (data == NULL ? CG_ERR_NOT_FOUND : status));
    if (status == CG_OK) {
        check_facts(found, arena);
    }
    (void)cg_arena_free(arena);
    return 0;
}
