/* SPDX-License-Identifier: Apache-2.0 */
#include "token/scope_holder.h"

#include "base/span.h"
#include "test.h"

enum { SYSTEM, P9, P5, AAL3, OTHER, HOLDERS };

static const struct cg_scope_holder holders[HOLDERS] = {
    [SYSTEM] = {.is_person = false},
    [P9] = {true, CG_SPAN("nhs-login"), CG_SPAN("P9")},
    [P5] = {true, CG_SPAN("nhs-login"), CG_SPAN("P5")},
    [AAL3] = {true, CG_SPAN("cis2"), CG_SPAN("AAL3")},
    [OTHER] = {true, CG_SPAN("oidc"), CG_SPAN("")},
};

TEST(scope_holder_is_a_system_a_person_or_a_person_of_a_level)
{
    static const struct {
        const char *scope;
        bool may[HOLDERS];
    } rows[] = {
        {"documents.read", {true, true, true, true, true}},
        {"systems.read", {true, true, true, true, true}},
        {"system/*.rs", {true, false, false, false, false}},
        {"patient/Observation.rs", {false, true, true, true, true}},
        {"user/*.cruds", {false, true, true, true, true}},
        {"urn:nhsd:apim:app:level3:documents", {true, false, false, false, false}},
        {"urn:nhsd:apim:user-nhs-login:P9:documents", {false, true, false, false, false}},
        {"urn:nhsd:apim:user-nhs-login:P5:documents", {false, false, true, false, false}},
        {"urn:nhsd:apim:user-nhs-login:P9", {false, true, false, false, false}},
        {"urn:nhsd:apim:user-nhs-login:P99:documents", {false, false, false, false, false}},
        {"urn:nhsd:apim:user-nhs-login::documents", {false, false, false, false, false}},
        {"urn:nhsd:apim:user-nhs-cis2:aal3:documents", {false, false, false, true, false}},
        {"urn:nhsd:apim:user-nhs-cis2:aal2:documents", {false, false, false, false, false}},
        {"urn:nhsd:apim:user-nhs-id:aal3:documents", {false, false, false, true, false}},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        for (int holder = 0; holder < HOLDERS; holder++) {
            bool may = cg_scope_holder_may(&holders[holder], test_span(rows[i].scope));
            if (may != rows[i].may[holder]) {
                fail_msg("%s, holder %d: got %d", rows[i].scope, holder, may);
            }
        }
    }
    assert_false(cg_scope_holder_system.is_person);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scope_holder_is_a_system_a_person_or_a_person_of_a_level),
};
TEST_MAIN(tests)
