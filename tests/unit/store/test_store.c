/* SPDX-License-Identifier: Apache-2.0 */
/* What every engine must do. A second engine becomes a second row of `engines`. */
#include "test.h"

#include "base/span.h"
#include "folder.h"
#include "store/store.h"

/* An engine under test: how a fresh store is made. */
struct subject {
    const char *label;
    void (*open)(struct folder *folder, enum cg_store_kind kind, struct cg_store **ret_store);
};

static void open_memory(struct folder *folder, enum cg_store_kind kind, struct cg_store **ret_store)
{
    (void)folder;
    assert_ok(cg_store_open(CG_SPAN_OF("sqlite::memory:"), kind, CG_STORE_CREATE, ret_store));
}

static void open_file(struct folder *folder, enum cg_store_kind kind, struct cg_store **ret_store)
{
    assert_ok(cg_store_open(test_span(folder->uri), kind, CG_STORE_CREATE, ret_store));
}

static const struct subject engines[] = {
    {"sqlite in memory", open_memory},
    {"sqlite file", open_file},
};

struct context {
    struct folder folder;
    struct cg_store *registry;
    struct cg_store *audit;
    const char *label;
};

static void each_engine(void (*claim)(struct context *context))
{
    for (size_t i = 0; i < TEST_COUNT(engines); i++) {
        struct context context = {.label = engines[i].label};
        folder_make(&context.folder);
        engines[i].open(&context.folder, CG_STORE_REGISTRY, &context.registry);
        engines[i].open(&context.folder, CG_STORE_AUDIT, &context.audit);
        claim(&context);
        (void)cg_store_free(context.registry);
        (void)cg_store_free(context.audit);
        folder_remove(&context.folder);
    }
}

static enum cg_status set(struct cg_store *store, const char *name, struct cg_span value)
{
    struct cg_statement *statement = NULL;
    assert_ok(cg_store_start(store, CG_SQL_SETTING_SET, &statement));
    cg_bind_text(statement, "name", test_span(name));
    cg_bind_text(statement, "value", value);
    return cg_store_run(statement, NULL);
}

/* The setting's statement, at its row when there is one. */
static bool get(struct cg_store *store, const char *name, struct cg_statement **ret_statement)
{
    bool row = false;
    assert_ok(cg_store_start(store, CG_SQL_SETTING_GET, ret_statement));
    cg_bind_text(*ret_statement, "name", test_span(name));
    assert_ok(cg_store_step(*ret_statement, &row));
    return row;
}

static void assert_setting(struct context *context, const char *name, const char *value)
{
    struct cg_statement *statement = NULL;
    bool row = get(context->registry, name, &statement);
    assert_int_equal(row, value != NULL);
    if (row) {
        assert_span_text_row(context->label, cg_column_text(statement, 0), value);
    }
    cg_store_reset(statement);
}

static enum cg_status add_record(struct cg_store *store, const char *writer, int64_t number)
{
    struct cg_statement *statement = NULL;
    assert_ok(cg_store_start(store, CG_SQL_AUDIT_RECORD_ADD, &statement));
    cg_bind_text(statement, "writer", test_span(writer));
    cg_bind_number(statement, "number", number);
    cg_bind_number(statement, "time_s", INT64_MAX);
    cg_bind_text(statement, "record", CG_SPAN_OF(""));
    cg_bind_blob(statement, "hash", cg_span_of_bytes("\0\1\xff", 3));
    return cg_store_run(statement, NULL);
}

static void committed_stays(struct context *context)
{
    assert_ok(cg_store_begin(context->registry));
    assert_ok(set(context->registry, "a", CG_SPAN_OF("1")));
    assert_ok(cg_store_commit(context->registry));
    cg_store_rollback(context->registry);
    assert_setting(context, "a", "1");
}

TEST(store_keeps_what_was_committed)
{
    each_engine(committed_stays);
}

static void rolled_back_goes(struct context *context)
{
    assert_ok(cg_store_begin(context->registry));
    assert_ok(set(context->registry, "a", CG_SPAN_OF("1")));
    cg_store_rollback(context->registry);
    assert_setting(context, "a", NULL);
}

TEST(store_forgets_what_was_rolled_back)
{
    each_engine(rolled_back_goes);
}

static void types_come_back(struct context *context)
{
    assert_ok(cg_store_begin(context->audit));
    assert_ok(add_record(context->audit, "w", INT64_MIN));
    assert_ok(cg_store_commit(context->audit));
    struct cg_statement *statement = NULL;
    bool row = false;
    assert_ok(cg_store_start(context->audit, CG_SQL_AUDIT_RECORDS_OF_WRITER, &statement));
    cg_bind_text(statement, "writer", CG_SPAN_OF("w"));
    assert_ok(cg_store_step(statement, &row));
    assert_true(row);
    assert_true(cg_column_number(statement, 0) == INT64_MIN);
    assert_true(cg_column_number(statement, 1) == INT64_MAX);
    assert_span_text_row(context->label, cg_column_text(statement, 2), "");
    assert_non_null(cg_column_text(statement, 2).data);
    assert_false(cg_column_is_null(statement, 2));
    assert_span_equal(cg_column_blob(statement, 3), cg_span_of_bytes("\0\1\xff", 3));
    assert_ok(cg_store_step(statement, &row));
    assert_false(row);
}

TEST(store_gives_back_numbers_texts_and_bytes_as_they_were)
{
    each_engine(types_come_back);
}

static void hostile_texts_stay_text(struct context *context)
{
    static const char *const texts[] = {
        "'; drop table setting; --",
        "\"quoted\"",
        "line\r\nbreak",
        "naïve – 名",
        "$name",
        "%_",
        "\x7f\x01",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        assert_ok(cg_store_begin(context->registry));
        assert_ok(set(context->registry, "hostile", test_span(texts[i])));
        assert_ok(cg_store_commit(context->registry));
        assert_setting(context, "hostile", texts[i]);
    }
}

TEST(store_takes_hostile_texts_as_values_only)
{
    each_engine(hostile_texts_stay_text);
}

static void copies_outlive(struct context *context)
{
    struct cg_arena *arena = NULL;
    struct cg_statement *statement = NULL;
    struct cg_span copy;
    assert_ok(cg_arena_new(4096, &arena));
    assert_ok(cg_store_begin(context->registry));
    assert_ok(set(context->registry, "a", CG_SPAN_OF("kept")));
    assert_true(get(context->registry, "a", &statement));
    assert_ok(cg_column_copy(statement, 0, arena, &copy));
    assert_ok(cg_store_commit(context->registry));
    assert_span_text_row(context->label, copy, "kept");
    (void)cg_arena_free(arena);
}

TEST(store_column_copy_outlives_the_row)
{
    each_engine(copies_outlive);
}

static void conflict_is_told(struct context *context)
{
    assert_ok(cg_store_begin(context->audit));
    assert_ok(add_record(context->audit, "w", 1));
    assert_status_row(context->label, add_record(context->audit, "w", 1), CG_ERR_CONFLICT);
    assert_ok(add_record(context->audit, "w", 2));
    assert_ok(cg_store_commit(context->audit));
}

TEST(store_tells_a_broken_constraint_and_goes_on)
{
    each_engine(conflict_is_told);
}

static void null_is_refused(struct context *context)
{
    assert_ok(cg_store_begin(context->registry));
    assert_status_row(context->label, set(context->registry, "a", (struct cg_span){0}),
                      CG_ERR_CONFLICT);
    cg_store_rollback(context->registry);
    assert_string_not_equal(cg_store_message(context->registry), "");
}

TEST(store_takes_an_absent_span_for_null)
{
    each_engine(null_is_refused);
}

static void changed_is_counted(struct context *context)
{
    struct cg_statement *statement = NULL;
    int64_t changed = -1;
    assert_ok(cg_store_begin(context->audit));
    for (int64_t number = 1; number <= 5; number++) {
        assert_ok(add_record(context->audit, "w", number));
    }
    assert_ok(cg_store_start(context->audit, CG_SQL_AUDIT_PRUNE, &statement));
    cg_bind_text(statement, "writer", CG_SPAN_OF("w"));
    cg_bind_number(statement, "number", 3);
    assert_ok(cg_store_run(statement, &changed));
    assert_int_equal(changed, 3);
    assert_ok(cg_store_start(context->audit, CG_SQL_AUDIT_RECORD_HASH, &statement));
    cg_bind_text(statement, "writer", CG_SPAN_OF("w"));
    cg_bind_number(statement, "number", 4);
    assert_ok(cg_store_run(statement, &changed));
    assert_int_equal(changed, 0);
    assert_ok(cg_store_commit(context->audit));
}

TEST(store_run_counts_the_rows_that_it_wrote)
{
    each_engine(changed_is_counted);
}

enum misuse {
    MISUSE_UNKNOWN_NAME,
    MISUSE_UNBOUND,
    MISUSE_STEP_AFTER_END,
    MISUSE_BIND_AFTER_END,
    MISUSE_NULL_UNKNOWN,
    MISUSE_NUMBER_UNKNOWN,
    MISUSE_BLOB_UNKNOWN,
};

static enum cg_status misuse(struct cg_store *store, enum misuse misuse)
{
    struct cg_statement *statement = NULL;
    bool row = false;
    assert_ok(cg_store_start(store, CG_SQL_SETTING_GET, &statement));
    if (misuse != MISUSE_UNBOUND) {
        cg_bind_text(statement, "name", CG_SPAN_OF("none"));
    }
    switch (misuse) {
    case MISUSE_UNKNOWN_NAME: cg_bind_text(statement, "nam", CG_SPAN_OF("x")); break;
    case MISUSE_NULL_UNKNOWN: cg_bind_null(statement, "x"); break;
    case MISUSE_NUMBER_UNKNOWN: cg_bind_number(statement, "x", 1); break;
    case MISUSE_BLOB_UNKNOWN: cg_bind_blob(statement, "x", CG_SPAN_OF("x")); break;
    case MISUSE_BIND_AFTER_END:
        assert_ok(cg_store_run(statement, NULL));
        cg_bind_text(statement, "name", CG_SPAN_OF("x"));
        break;
    case MISUSE_STEP_AFTER_END: assert_ok(cg_store_run(statement, NULL)); break;
    case MISUSE_UNBOUND: break;
    }
    enum cg_status status = cg_store_step(statement, &row);
    cg_bind_text(statement, "name", CG_SPAN_OF("late"));
    assert_status(cg_store_step(statement, &row), status);
    return status;
}

static void misuse_is_internal(struct context *context)
{
    static const struct {
        const char *label;
        enum misuse misuse;
    } rows[] = {
        {"unknown name", MISUSE_UNKNOWN_NAME},     {"no value", MISUSE_UNBOUND},
        {"step after end", MISUSE_STEP_AFTER_END}, {"bind after end", MISUSE_BIND_AFTER_END},
        {"null for unknown", MISUSE_NULL_UNKNOWN}, {"number for unknown", MISUSE_NUMBER_UNKNOWN},
        {"blob for unknown", MISUSE_BLOB_UNKNOWN},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i].label, misuse(context->registry, rows[i].misuse),
                          CG_ERR_INTERNAL);
        assert_string_not_equal(cg_store_message(context->registry), "");
    }
}

TEST(statement_misuse_sticks_as_internal)
{
    each_engine(misuse_is_internal);
}

static void null_can_be_bound(struct context *context)
{
    struct cg_statement *statement = NULL;
    bool row = true;
    assert_ok(cg_store_start(context->registry, CG_SQL_SETTING_GET, &statement));
    cg_bind_null(statement, "name");
    assert_ok(cg_store_step(statement, &row));
    assert_false(row);
    assert_ok(cg_store_start(context->registry, CG_SQL_SETTING_GET, &statement));
    cg_bind_blob(statement, "name", (struct cg_span){0});
    assert_ok(cg_store_step(statement, &row));
    assert_false(row);
}

TEST(statement_null_is_equal_to_nothing)
{
    each_engine(null_can_be_bound);
}

static void writes_want_a_transaction(struct context *context)
{
    assert_status_row(context->label, set(context->registry, "a", CG_SPAN_OF("1")),
                      CG_ERR_INTERNAL);
    assert_ok(cg_store_begin_read(context->registry));
    assert_status_row(context->label, set(context->registry, "a", CG_SPAN_OF("1")),
                      CG_ERR_INTERNAL);
    assert_status_row(context->label, cg_store_begin(context->registry), CG_ERR_INTERNAL);
    assert_ok(cg_store_commit(context->registry));
    assert_status_row(context->label, cg_store_commit(context->registry), CG_ERR_INTERNAL);
    assert_setting(context, "a", NULL);
}

TEST(store_writes_inside_a_transaction_for_writing_only)
{
    each_engine(writes_want_a_transaction);
}

static void other_database_is_refused(struct context *context)
{
    struct cg_statement *statement = NULL;
    assert_status_row(context->label,
                      cg_store_start(context->audit, CG_SQL_SETTING_GET, &statement),
                      CG_ERR_INTERNAL);
    assert_status_row(context->label,
                      cg_store_start(context->registry, CG_SQL_AUDIT_HEADS, &statement),
                      CG_ERR_INTERNAL);
    assert_status_row(context->label, cg_store_start(context->audit, CG_SQL_COUNT, &statement),
                      CG_ERR_INTERNAL);
    assert_null(statement);
}

TEST(store_refuses_a_statement_of_the_other_database)
{
    each_engine(other_database_is_refused);
}

static void commit_ends_half_read(struct context *context)
{
    struct cg_statement *statement = NULL;
    bool row = false;
    assert_ok(cg_store_begin(context->registry));
    assert_ok(set(context->registry, "a", CG_SPAN_OF("1")));
    assert_true(get(context->registry, "a", &statement));
    assert_ok(cg_store_commit(context->registry));
    assert_status_row(context->label, cg_store_step(statement, &row), CG_ERR_INTERNAL);
    assert_ok(cg_store_begin(context->registry));
    cg_store_rollback(context->registry);
}

TEST(store_commit_ends_a_statement_that_is_half_read)
{
    each_engine(commit_ends_half_read);
}

static void sound_store_checks(struct context *context)
{
    assert_ok(cg_store_check(context->registry));
    assert_ok(cg_store_check(context->audit));
    assert_ok(cg_store_maintain(context->registry));
    assert_true(cg_store_is_current(context->registry));
}

TEST(store_check_passes_a_sound_store)
{
    each_engine(sound_store_checks);
}

TEST(store_free_accepts_nothing)
{
    assert_null(cg_store_free(NULL));
    cg_store_reset(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(store_keeps_what_was_committed),
    cmocka_unit_test(store_forgets_what_was_rolled_back),
    cmocka_unit_test(store_gives_back_numbers_texts_and_bytes_as_they_were),
    cmocka_unit_test(store_takes_hostile_texts_as_values_only),
    cmocka_unit_test(store_column_copy_outlives_the_row),
    cmocka_unit_test(store_tells_a_broken_constraint_and_goes_on),
    cmocka_unit_test(store_takes_an_absent_span_for_null),
    cmocka_unit_test(store_run_counts_the_rows_that_it_wrote),
    cmocka_unit_test(statement_misuse_sticks_as_internal),
    cmocka_unit_test(statement_null_is_equal_to_nothing),
    cmocka_unit_test(store_writes_inside_a_transaction_for_writing_only),
    cmocka_unit_test(store_refuses_a_statement_of_the_other_database),
    cmocka_unit_test(store_commit_ends_a_statement_that_is_half_read),
    cmocka_unit_test(store_check_passes_a_sound_store),
    cmocka_unit_test(store_free_accepts_nothing),
};
TEST_MAIN(tests)
