/* SPDX-License-Identifier: Apache-2.0 */
/* Our allocations and SQLite's fail in turn; what a store says is done must be done all the same.
 */
#include "base/span.h"
#include "base/status.h"
#include "folder.h"
#include "sqlite_memory.h"
#include "store/store.h"
#include "test.h"
#include "torture.h"

#include <unistd.h>

/* SQLite calls some failures of memory failures of a file, and gets by without some. */
#define ACCEPTED                                                                                   \
    (TORTURE_ACCEPT(CG_OK) | TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_STORE))

struct scene {
    struct folder folder;
    const char *uri;
};

static enum cg_status set_both(struct cg_store *store, const char *value)
{
    static const char *const names[] = {"a", "b"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        struct cg_statement *statement = NULL;
        CG_TRY(cg_store_start(store, CG_SQL_SETTING_SET, &statement));
        cg_bind_text(statement, "name", test_span(names[i]));
        cg_bind_text(statement, "value", test_span(value));
        CG_TRY(cg_store_run(statement, NULL));
    }
    return CG_OK;
}

static enum cg_status change(struct cg_store *store, const char *value)
{
    CG_TRY(cg_store_begin(store));
    enum cg_status status = set_both(store, value);
    if (status != CG_OK) {
        cg_store_rollback(store);
        return status;
    }
    return cg_store_commit(store);
}

/* CG_ERR_INTERNAL when the setting is another than what was committed last. */
static enum cg_status expect(struct cg_store *store, const char *name, const char *value,
                             struct cg_arena *arena)
{
    struct cg_statement *statement = NULL;
    struct cg_span copy = {0};
    bool row = false;
    CG_TRY(cg_store_start(store, CG_SQL_SETTING_GET, &statement));
    cg_bind_text(statement, "name", test_span(name));
    CG_TRY(cg_store_step(statement, &row));
    enum cg_status status = row ? cg_column_copy(statement, 0, arena, &copy) : CG_OK;
    cg_store_reset(statement);
    CG_TRY(status);
    bool same = row ? cg_span_equal_string(copy, value) : value == NULL;
    return same ? CG_OK : CG_ERR_INTERNAL;
}

/* The smaller schema: each of its allocations has a run of its own, which makes all of it. */
static enum cg_status make(void *context)
{
    const struct scene *scene = context;
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_TRY(cg_store_open(test_span(scene->uri), CG_STORE_AUDIT, CG_STORE_CREATE, &store));
    CG_TRY(cg_store_maintain(store));
    return cg_store_check(store);
}

/* The file is there already and keeps what runs before this one committed. */
static enum cg_status use_file(void *context)
{
    const struct scene *scene = context;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_TRY(cg_arena_new(4096, &arena));
    CG_TRY(cg_store_open(test_span(scene->uri), CG_STORE_REGISTRY, CG_STORE_OPEN, &store));
    enum cg_status status = change(store, "third");
    const char *value = status == CG_OK ? "third" : "before";
    CG_TRY(expect(store, "a", value, arena));
    CG_TRY(expect(store, "b", value, arena));
    CG_TRY(status);
    CG_TRY(cg_store_maintain(store));
    CG_TRY(cg_store_check(store));
    return change(store, "before");
}

static enum cg_status copy(void *context)
{
    struct scene *scene = context;
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    char path[160];
    folder_file(&scene->folder, "copy.db", path);
    CG_TRY(cg_store_open(test_span(scene->uri), CG_STORE_AUDIT, CG_STORE_CREATE, &store));
    enum cg_status status = cg_store_copy_to(store, path);
    bool made = unlink(path) == 0;
    if (made != (status == CG_OK)) {
        return CG_ERR_INTERNAL;
    }
    return status;
}

TEST(store_in_memory_survives_every_failed_allocation)
{
    struct scene scene = {.uri = "sqlite::memory:"};
    struct torture_scenario scenario = {"in memory", make, &scene, ACCEPTED};
    torture(&scenario);
}

TEST(store_in_a_file_survives_every_failed_allocation)
{
    struct scene scene = {0};
    struct cg_store *store = NULL;
    folder_make(&scene.folder);
    scene.uri = scene.folder.uri;
    assert_ok(cg_store_open(test_span(scene.uri), CG_STORE_REGISTRY, CG_STORE_CREATE, &store));
    assert_ok(change(store, "before"));
    (void)cg_store_free(store);
    struct torture_scenario scenario = {"file", use_file, &scene, ACCEPTED};
    torture(&scenario);
    folder_remove(&scene.folder);
}

TEST(store_copy_survives_every_failed_allocation)
{
    struct scene scene = {.uri = "sqlite::memory:"};
    folder_make(&scene.folder);
    struct torture_scenario scenario = {"copy", copy, &scene, ACCEPTED};
    torture(&scenario);
    folder_remove(&scene.folder);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(store_in_memory_survives_every_failed_allocation),
    cmocka_unit_test(store_in_a_file_survives_every_failed_allocation),
    cmocka_unit_test(store_copy_survives_every_failed_allocation),
};

static int set_up(void **state)
{
    (void)state;
    sqlite_memory_install();
    return 0;
}

TEST_MAIN_WITH(tests, set_up, NULL)
