/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/key_reference.h"

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

TEST(key_reference_of_a_place_has_a_token_and_no_id)
{
    struct desk *desk = *state;
    struct cg_pkcs11_object object;
    static const struct {
        const char *uri;
        enum cg_status want;
    } rows[] = {
        {"pkcs11:token=box", CG_OK},
        {"pkcs11:token=box;serial=77;object=label", CG_OK},
        {"pkcs11:object=label", CG_ERR_INPUT},
        {"pkcs11:token=box;id=%01", CG_ERR_INPUT},
        {"pkcs11:token=box;colour=red", CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_status status = cg_key_reference_parse_place(test_span(rows[i].uri), desk->arena,
                                                             &desk->fault, &object);
        if (status != rows[i].want) {
            fail_msg("%s: %d", rows[i].uri, (int)status);
        }
    }
}

TEST(key_reference_that_is_written_is_read_as_it_was)
{
    struct desk *desk = *state;
    const struct cg_pkcs11_object object = {.token = CG_SPAN("My box;"),
                                            .serial = CG_SPAN("77"),
                                            .object = CG_SPAN("50% \xc3\xa9"),
                                            .id = CG_SPAN("\x00\xff\x7f")};
    struct cg_pkcs11_object read;
    struct cg_span uri = {NULL, 0};
    assert_ok(cg_key_reference_write(&object, desk->arena, &uri));
    assert_ok(cg_key_reference_parse(uri, desk->arena, &desk->fault, &read));
    assert_span_equal(read.token, object.token);
    assert_span_equal(read.serial, object.serial);
    assert_span_equal(read.object, object.object);
    assert_span_equal(read.id, object.id);
}

TEST(key_reference_is_not_written_too_long)
{
    struct desk *desk = *state;
    char label[CG_LIMIT_KEY_REFERENCE_BYTES];
    struct cg_span uri = {NULL, 0};
    memset(label, 'x', sizeof(label));
    const struct cg_pkcs11_object object = {.token = CG_SPAN("box"),
                                            .object = cg_span_of_bytes(label, sizeof(label))};
    assert_status(cg_key_reference_write(&object, desk->arena, &uri), CG_ERR_LIMIT);
    assert_null(uri.data);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open_bare, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(key_reference_names_token_and_object),
    DESK_TEST(key_reference_leaves_out_what_is_not_said),
    DESK_TEST(key_reference_refuses_what_is_malformed),
    DESK_TEST(key_reference_is_bounded),
    DESK_TEST(key_reference_of_a_place_has_a_token_and_no_id),
    DESK_TEST(key_reference_that_is_written_is_read_as_it_was),
    DESK_TEST(key_reference_is_not_written_too_long),
};

TEST_MAIN(tests)
