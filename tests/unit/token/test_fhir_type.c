/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "test.h"
#include "token/fhir_type.h"

/* http://hl7.org/fhir/R4/valueset-resource-types.html: 148 codes, two of them abstract. */
TEST(fhir_types_are_all_of_r4_in_order_and_each_is_found)
{
    size_t count = 0;
    for (; cg_fhir_type_at(count) != NULL; count++) {
        struct cg_span name = cg_span_of_string(cg_fhir_type_at(count));
        print_message("# %s\n", cg_fhir_type_at(count));
        assert_true(cg_fhir_type_is(name));
        assert_true(count == 0 ||
                    cg_span_compare(cg_span_of_string(cg_fhir_type_at(count - 1)), name) < 0);
    }
    assert_int_equal(count, 146);
    assert_null(cg_fhir_type_at(count + 1));
}

TEST(fhir_type_is_a_whole_name_of_a_type_that_can_be)
{
    static const char *const none[] = {
        "",
        "*",
        "patient",
        "PATIENT",
        "Patients",
        "Patien",
        "Patient ",
        " Patient",
        "Resource",
        "DomainResource",
        "Account\n",
        "Aaa",
        "VisionPrescriptionX",
        "zzz",
        "Citation", /* of R5 */
    };
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        print_message("# %s\n", none[i]);
        assert_false(cg_fhir_type_is(test_span(none[i])));
    }
    assert_false(cg_fhir_type_is((struct cg_span){NULL, 0}));
    assert_false(cg_fhir_type_is(cg_span_of_bytes("Patient\0", 8)));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fhir_types_are_all_of_r4_in_order_and_each_is_found),
    cmocka_unit_test(fhir_type_is_a_whole_name_of_a_type_that_can_be),
};
TEST_MAIN(tests)
