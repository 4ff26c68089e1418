/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/trust_state.h"

#include "base/span.h"
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[128];
    struct cg_arena *arena;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/caregate-state-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->path, sizeof(place->path), "%s/bundle", place->folder);
    assert_ok(cg_arena_new((size_t)1 << 20, &place->arena));
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    (void)rmdir(place->folder);
    (void)cg_arena_free(place->arena);
    free(place);
    return 0;
}

static void put(const struct place *place, const char *text)
{
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void state_is_read_as_it_was_written_and_confirmed(void **state)
{
    const struct place *place = *state;
    struct cg_span bundle;
    struct stat about;
    int64_t current_s = 0;
    assert_ok(cg_trust_state_write(place->path, CG_SPAN_OF("a.b.c"), 1700000000));
    assert_ok(cg_trust_state_read(place->path, place->arena, &bundle, &current_s));
    assert_span_text(bundle, "a.b.c");
    assert_int_equal(current_s, 1700000000);
    assert_ok(cg_trust_state_confirm(place->path, 1700000050));
    assert_ok(cg_trust_state_read(place->path, place->arena, &bundle, &current_s));
    assert_span_text(bundle, "a.b.c");
    assert_int_equal(current_s, 1700000050);
    assert_int_equal(stat(place->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_ok(cg_trust_state_write(place->path, CG_SPAN_OF("d"), 5));
    assert_ok(cg_trust_state_read(place->path, place->arena, &bundle, &current_s));
    assert_span_text(bundle, "d");
    assert_int_equal(current_s, 5);
}

static void state_that_is_not_there_is_told_from_one_that_is_damaged(void **state)
{
    static const char *const damaged[] = {
        "",
        "caregate gate bundle, current at 00170000",
        "caregate gate bundle, current at 0017000000x0\na.b.c",
        "caregate gate bundle, current at 001700000000 a.b.c",
        "a.b.c which is long enough for all of the line that is wanted",
    };
    const struct place *place = *state;
    struct cg_span bundle;
    int64_t current_s = 0;
    assert_status(cg_trust_state_read(place->path, place->arena, &bundle, &current_s),
                  CG_ERR_NOT_FOUND);
    for (size_t i = 0; i < TEST_COUNT(damaged); i++) {
        put(place, damaged[i]);
        assert_status_row(damaged[i],
                          cg_trust_state_read(place->path, place->arena, &bundle, &current_s),
                          CG_ERR_INPUT);
    }
    assert_status(cg_trust_state_read(place->folder, place->arena, &bundle, &current_s),
                  CG_ERR_INPUT);
}

static void state_that_cannot_be_written_is_told(void **state)
{
    const struct place *place = *state;
    char away[160];
    (void)snprintf(away, sizeof(away), "%s/no/folder/bundle", place->folder);
    assert_status(cg_trust_state_write(away, CG_SPAN_OF("a"), 1), CG_ERR_STORE);
    assert_status(cg_trust_state_confirm(place->path, 1), CG_ERR_STORE);
}

/* Who can write into the folder could lead the writer to another's file. */
static void state_is_not_written_through_a_link(void **state)
{
    const struct place *place = *state;
    char fresh[160];
    char other[160];
    (void)snprintf(fresh, sizeof(fresh), "%s.new", place->path);
    (void)snprintf(other, sizeof(other), "%s/other", place->folder);
    assert_int_equal(symlink(other, fresh), 0);
    assert_status(cg_trust_state_write(place->path, CG_SPAN_OF("a"), 1), CG_ERR_STORE);
    assert_int_not_equal(access(other, F_OK), 0);
    assert_int_equal(unlink(fresh), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(state_is_read_as_it_was_written_and_confirmed, setup, teardown),
    cmocka_unit_test_setup_teardown(state_that_is_not_there_is_told_from_one_that_is_damaged, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(state_that_cannot_be_written_is_told, setup, teardown),
    cmocka_unit_test_setup_teardown(state_is_not_written_through_a_link, setup, teardown),
};

TEST_MAIN(tests)
