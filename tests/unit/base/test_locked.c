/* SPDX-License-Identifier: Apache-2.0 */
#include "base/locked.h"

#include "base/span.h"
#include "test.h"

#include <unistd.h>

TEST(locked_memory_gives_all_of_its_maximum_and_no_more)
{
    CG_CLEANUP(cg_locked_free_at) struct cg_locked *locked = NULL;
    void *memory = NULL;
    assert_ok(cg_locked_new(CG_LOCKED_PIECE(100) + CG_LOCKED_PIECE(0), &locked));
    assert_ok(cg_locked_take(locked, 100, &memory));
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(((uint8_t *)memory)[i], 0);
    }
    memset(memory, 1, 100);
    assert_ok(cg_locked_take(locked, 0, &memory));
    assert_int_equal((uintptr_t)memory % 16, 0);
    memory = NULL;
    assert_status(cg_locked_take(locked, 0, &memory), CG_ERR_LIMIT);
    assert_status(cg_locked_take(locked, SIZE_MAX, &memory), CG_ERR_LIMIT);
    assert_null(memory);
}

TEST(locked_memory_copies_with_a_zero_behind)
{
    CG_CLEANUP(cg_locked_free_at) struct cg_locked *locked = NULL;
    struct cg_span copy = CG_SPAN("before");
    assert_ok(cg_locked_new(CG_LOCKED_PIECE(16), &locked));
    assert_ok(cg_locked_copy(locked, (struct cg_span){NULL, 0}, &copy));
    assert_null(copy.data);
    assert_ok(cg_locked_copy(locked, test_span("sixteen of them."), &copy));
    assert_span_text(copy, "sixteen of them.");
    assert_int_equal(copy.data[16], 0);
    assert_status(cg_locked_copy(locked, test_span(""), &copy), CG_ERR_LIMIT);
}

/* Of the mapping in which an address lies: a line of /proc/self/smaps that begins with `name`. */
static bool mapping_has(const void *address, const char *name, const char *word)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    char line[512];
    bool inside = false;
    bool has = false;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        char *end = NULL;
        uintptr_t from = strtoul(line, &end, 16);
        if (*end == '-') {
            inside = from <= (uintptr_t)address && (uintptr_t)address < strtoul(end + 1, NULL, 16);
        }
        has = has || (inside && strncmp(line, name, strlen(name)) == 0 && strstr(line, word));
    }
    (void)fclose(file);
    return has;
}

TEST(locked_memory_is_left_out_of_core_dumps)
{
    CG_CLEANUP(cg_locked_free_at) struct cg_locked *locked = NULL;
    assert_ok(cg_locked_new(10, &locked));
    assert_true(mapping_has(locked, "VmFlags:", " dd"));
    cg_locked_renew(locked);
    assert_true(mapping_has(locked, "VmFlags:", " dd"));
}

TEST(locked_memory_accepts_null_and_refuses_too_much)
{
    struct cg_locked *locked = NULL;
    assert_null(cg_locked_free(NULL));
    assert_status(cg_locked_new(SIZE_MAX, &locked), CG_ERR_LIMIT);
    assert_null(locked);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(locked_memory_gives_all_of_its_maximum_and_no_more),
    cmocka_unit_test(locked_memory_copies_with_a_zero_behind),
    cmocka_unit_test(locked_memory_is_left_out_of_core_dumps),
    cmocka_unit_test(locked_memory_accepts_null_and_refuses_too_much),
};

TEST_MAIN(tests)
