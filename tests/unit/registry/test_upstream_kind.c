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

/* Claims as NHS login (interface specification, table of vectors), CIS2 and others make them. */
TEST(kind_accepts_the_levels_accepted_and_no_others)
{
    static const struct {
        const char *kind;
        const char *accepted;
        const char *claim; /* NULL: there is none */
        bool accepts;
    } rows[] = {
        {"nhs-login", "P9", "P9.Cp.Cd", true},
        {"nhs-login", "P9", "P9", true},
        {"nhs-login", "P5 P9", "P5.Cm", true},
        {"nhs-login", "P9", "P5.Cp.Cd", false},
        {"nhs-login", "P9", "P0.Cp", false},
        {"nhs-login", "P9", "P90.Cp", false},
        {"nhs-login", "P9", "p9.Cp", false},
        {"nhs-login", "P9", ".P9", false},
        {"nhs-login", "P9", "", false},
        {"nhs-login", "P9", NULL, false},
        {"cis2", "AAL2 AAL3", "AAL3_ANY", true},
        {"cis2", "AAL2 AAL3", "AAL2_OR_AAL3_ANY", true},
        {"cis2", "AAL3", "AAL2_OR_AAL3_ANY", false},
        {"cis2", "AAL2 AAL3", "AAL1_USERPASS", false},
        {"oidc", "urn:mace:incommon:iap:silver", "urn:mace:incommon:iap:silver", true},
        {"oidc", "urn:mace:incommon:iap:silver", "urn:mace:incommon:iap:bronze", false},
        {"oidc", "gold", "gold.enough", false},
        {"oidc", "", "anything", true},
        {"oidc", "", NULL, true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span claim = cg_span_of_string(rows[i].claim);
        bool accepts =
            cg_upstream_kind_accepts(kind_of(rows[i].kind), test_span(rows[i].accepted), claim);
        if (accepts != rows[i].accepts) {
            fail_msg("%s: %s of %s", rows[i].kind, rows[i].claim, rows[i].accepted);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kind_starts_with_what_it_allows_itself),
    cmocka_unit_test(kind_accepts_the_levels_accepted_and_no_others),
};
TEST_MAIN(tests)
