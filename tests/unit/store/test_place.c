/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/span.h"
#include "store/place.h"

static const struct {
    const char *text;
    enum cg_store_kind kind;
    const char *path;
    const char *vfs;
} good[] = {
    {"/var/lib/caregate/registry.db", CG_STORE_REGISTRY, "/var/lib/caregate/registry.db", ""},
    {"/var/lib/caregate/registry.db", CG_STORE_AUDIT, "/var/lib/caregate/audit.db", ""},
    {"registry.db", CG_STORE_AUDIT, "audit.db", ""},
    {"./a b/r.db", CG_STORE_AUDIT, "./a b/audit.db", ""},
    {":memory:", CG_STORE_REGISTRY, "", ""},
    {":memory:", CG_STORE_AUDIT, "", ""},
    {":memory:?vfs=disk", CG_STORE_AUDIT, "", "disk"},
    {"/r.db?vfs=test-1", CG_STORE_REGISTRY, "/r.db", "test-1"},
};

TEST(place_reads_paths_and_options)
{
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        struct cg_place place;
        assert_status_row(good[i].text,
                          cg_place_parse(test_span(good[i].text), good[i].kind, &place), CG_OK);
        assert_string_equal(place.path, good[i].path);
        assert_string_equal(place.vfs, good[i].vfs);
    }
}

static const char *const bad[] = {
    "",
    "/",
    "/folder/",
    "/folder/audit.db",
    "audit.db",
    ":other:",
    "file:registry.db",
    "/r.db?",
    "/r.db?vfs=",
    "/r.db?vfs=UPPER",
    "/r.db?vfs=a&b=c",
    "/r.db?mode=ro",
    "?vfs=disk",
    "/r.db?vfs=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

TEST(place_refuses_what_is_malformed_and_leaves_the_result)
{
    struct cg_place place = {.path = "untouched"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_status_row(bad[i], cg_place_parse(test_span(bad[i]), CG_STORE_REGISTRY, &place),
                          CG_ERR_INPUT);
    }
    assert_status(cg_place_parse(cg_span_of_bytes("/a\0b", 4), CG_STORE_REGISTRY, &place),
                  CG_ERR_INPUT);
    assert_string_equal(place.path, "untouched");
}

TEST(place_refuses_a_path_past_its_limit)
{
    uint8_t text[CG_LIMIT_URI_BYTES + 1];
    struct cg_place place;
    memset(text, 'a', sizeof(text));
    assert_ok(cg_place_parse(cg_span_of_bytes(text, CG_LIMIT_URI_BYTES), CG_STORE_AUDIT, &place));
    assert_string_equal(place.path, "audit.db");
    text[CG_LIMIT_URI_BYTES - 2] = '/';
    assert_ok(cg_place_parse(cg_span_of_bytes(text, CG_LIMIT_URI_BYTES), CG_STORE_AUDIT, &place));
    assert_int_equal(strlen(place.path), CG_LIMIT_URI_BYTES - 1 + strlen("audit.db"));
    assert_status(cg_place_parse(cg_span_of_bytes(text, sizeof(text)), CG_STORE_AUDIT, &place),
                  CG_ERR_INPUT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(place_reads_paths_and_options),
    cmocka_unit_test(place_refuses_what_is_malformed_and_leaves_the_result),
    cmocka_unit_test(place_refuses_a_path_past_its_limit),
};
TEST_MAIN(tests)
