/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upstream_kind.h"

#include "base/span.h"
#include "jose/alg.h"
#include "test.h"

static const struct cg_upstream_kind *kind_of(const char *name)
{
    const struct cg_upstream_kind *kind = cg_upstream_kind_find(test_span(name));
    assert_non_null(kind);
    return kind;
}

TEST(kind_starts_with_what_it_allows_itself)
{
    static const char *const names[] = {"nhs-login", "cis2", "oidc"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const struct cg_upstream_kind *kind = kind_of(names[i]);
        assert_non_null(cg_alg_find(kind->alg));
        assert_true(kind->algs.len == 0 || cg_span_has_word(kind->algs, kind->alg));
        assert_true(kind->level_claim.len > 0);
        assert_true(kind->default_levels.len == 0 || kind->levels.len > 0);
    }
    assert_null(cg_upstream_kind_find(CG_SPAN_OF("saml")));
    assert_null(cg_upstream_kind_find(CG_SPAN_OF("NHS-login")));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kind_starts_with_what_it_allows_itself),
};
TEST_MAIN(tests)
