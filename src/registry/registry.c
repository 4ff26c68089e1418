/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/uri.h"
#include "registry/rows.h"

enum cg_status cg_registry_version_read(struct cg_store *store,
                                        struct cg_registry_version *ret_version)
{
    CG_CLEANUP(cg_rows_reset_at) struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_VERSION_READ, &statement));
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    if (!row) {
        return CG_ERR_STORE;
    }
    *ret_version = (struct cg_registry_version){
        .registry = cg_column_number(statement, 0),
        .keys = cg_column_number(statement, 1),
        .denylist = cg_column_number(statement, 2),
    };
    return CG_OK;
}

enum cg_status cg_registry_touch(struct cg_store *store, unsigned touched)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_VERSION_RAISE, &statement));
    const unsigned denylist = CG_TOUCH_DENYLIST | CG_TOUCH_DENYLIST_ALONE;
    cg_bind_number(statement, "registry", touched == CG_TOUCH_DENYLIST_ALONE ? 0 : 1);
    cg_bind_number(statement, "keys", (touched & CG_TOUCH_KEYS) != 0 ? 1 : 0);
    cg_bind_number(statement, "denylist", (touched & denylist) != 0 ? 1 : 0);
    return cg_store_run(statement, NULL);
}

static enum cg_status read_text(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    struct cg_span *text = row;
    return cg_column_copy(statement, 0, arena, text);
}

enum cg_status cg_setting_get(struct cg_store *store, const char *name, struct cg_arena *arena,
                              struct cg_span *ret_value)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SETTING_GET, &statement));
    cg_bind_text(statement, "name", cg_span_of_string(name));
    struct cg_span value = {NULL, 0};
    CG_TRY(cg_rows_first(&(struct cg_rows){statement, read_text, arena, &value}));
    *ret_value = value;
    return CG_OK;
}

/* Every issuer begins with it, so it must be able to stand in a token and a header. */
static bool is_base_url(struct cg_span value)
{
    struct cg_uri uri;
    return value.len <= CG_LIMIT_URI_BYTES - CG_LIMIT_REALM_PATH_BYTES &&
           cg_uri_parse(value, &uri) == CG_OK && cg_uri_is_http(&uri) && uri.query.data == NULL &&
           value.data[value.len - 1] != '/';
}

enum cg_status cg_setting_set(struct cg_store *store, const char *name, struct cg_span value)
{
    bool issuing = cg_span_equal_string(cg_span_of_string(name), "base_url") ||
                   cg_span_equal_string(cg_span_of_string(name), "mtls_base_url");
    if (issuing && !is_base_url(value)) {
        return CG_ERR_INPUT;
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SETTING_SET, &statement));
    cg_bind_text(statement, "name", cg_span_of_string(name));
    cg_bind_text(statement, "value", value);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_setting_drop(struct cg_store *store, const char *name)
{
    struct cg_statement *statement = NULL;
    int64_t dropped = 0;
    CG_TRY(cg_store_start(store, CG_SQL_SETTING_DROP, &statement));
    cg_bind_text(statement, "name", cg_span_of_string(name));
    CG_TRY(cg_store_run(statement, &dropped));
    return dropped > 0 ? cg_registry_touch(store, CG_TOUCH_REGISTRY) : CG_ERR_NOT_FOUND;
}
