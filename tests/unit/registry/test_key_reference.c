/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/key_reference.h"

#include "base/limits.h"
#include "base/span.h"
#include "desk.h"

static enum cg_status parse(struct desk *desk, const char *uri, struct cg_pkcs11_object *ret_object)
{
    desk->fault = (struct cg_fault){.text = NULL};
    return cg_key_reference_parse(test_span(uri), desk->arena, &desk->fault, ret_object);
}

TEST(key_reference_names_token_and_object)
{
    struct desk *desk = *state;
    struct cg_pkcs11_object object;
    assert_ok(parse(desk, "pkcs11:token=My%20box;object=signs%3b;id=%00%A1;serial=77;type=private",
                    &object));
    assert_true(cg_span_equal_string(object.token, "My box"));
    assert_true(cg_span_equal_string(object.object, "signs;"));
    assert_true(cg_span_equal_string(object.serial, "77"));
    assert_int_equal(object.id.len, 2);
    assert_memory_equal(object.id.data, "\0\xa1", 2);
}

TEST(key_reference_leaves_out_what_is_not_said)
{
    struct desk *desk = *state;
    struct cg_pkcs11_object object;
    assert_ok(parse(desk, "pkcs11:id=%01;token=box", &object));
    assert_null(object.object.data);
    assert_null(object.serial.data);
}

TEST(key_reference_refuses_what_is_malformed)
{
    struct desk *desk = *state;
    static const struct {
        const char *label;
        const char *uri;
    } rows[] = {
        {"empty", ""},
        {"no scheme", "token=box;object=x"},
        {"another scheme", "https:token=box;object=x"},
        {"nothing", "pkcs11:"},
        {"no token", "pkcs11:object=x"},
        {"no key", "pkcs11:token=box"},
        {"twice", "pkcs11:token=box;object=x;object=y"},
        {"empty value", "pkcs11:token=box;object="},
        {"no value", "pkcs11:token=box;object"},
        {"empty attribute", "pkcs11:token=box;;object=x"},
        {"last attribute empty", "pkcs11:token=box;object=x;"},
        {"half an escape", "pkcs11:token=box;object=%4"},
        {"no escape", "pkcs11:token=box;object=%zz"},
        {"blank", "pkcs11:token=my box;object=x"},
        {"zero in a label", "pkcs11:token=box;object=x%00"},
        {"PIN", "pkcs11:token=box;object=x;pin-value=1234"},
        {"PIN in a query", "pkcs11:token=box;object=x?pin-value=1234"},
        {"module", "pkcs11:token=box;object=x;module-path=/m.so"},
        {"public half", "pkcs11:token=box;object=x;type=public"},
        {"long label", "pkcs11:token=012345678901234567890123456789012;object=x"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_pkcs11_object object;
        if (parse(desk, rows[i].uri, &object) != CG_ERR_INPUT || desk->fault.text == NULL) {
            fail_msg("%s", rows[i].label);
        }
    }
}

TEST(key_reference_is_bounded)
{
    struct desk *desk = *state;
    struct cg_pkcs11_object object;
    char uri[CG_LIMIT_KEY_REFERENCE_BYTES + 2];
    memset(uri, 'x', sizeof(uri) - 1);
    uri[sizeof(uri) - 1] = '\0';
    memcpy(uri, "pkcs11:token=", 13);
    assert_int_equal(parse(desk, uri, &object), CG_ERR_INPUT);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open_bare, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(key_reference_names_token_and_object),
    DESK_TEST(key_reference_leaves_out_what_is_not_said),
    DESK_TEST(key_reference_refuses_what_is_malformed),
    DESK_TEST(key_reference_is_bounded),
};

TEST_MAIN(tests)
