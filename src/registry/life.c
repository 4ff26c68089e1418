/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/life.h"

#include "base/limits.h"
#include "registry/realm.h"
#include "registry/rows.h"
#include "token/verify.h"

bool cg_life_is_allowed(int64_t life_s)
{
    return life_s >= 0 && life_s <= CG_LIMIT_TOKEN_LIFE_MAX_S;
}

static enum cg_status read_longest(struct cg_store *store, struct cg_span path, int64_t *ret_life_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_LIFE, &statement));
    cg_bind_text(statement, "path", path);
    return cg_rows_number(statement, ret_life_s);
}

/* An issuer whose clock is ahead by what gates allow makes tokens that end later by as much. */
enum cg_status cg_realm_longest_life_s(struct cg_store *store, struct cg_span path,
                                       int64_t *ret_life_s)
{
    int64_t life_s = 0;
    CG_TRY(read_longest(store, path, &life_s));
    *ret_life_s = life_s + CG_TOKEN_ISSUED_SKEW_S;
    return CG_OK;
}

static enum cg_status extend_keys(struct cg_store *store, struct cg_span realm, int64_t grown_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_EXTEND, &statement));
    cg_bind_number(statement, "grown", grown_s);
    cg_bind_text(statement, "realm", realm);
    int64_t extended = 0;
    CG_TRY(cg_store_run(statement, &extended));
    return extended == 0 ? CG_OK : cg_registry_touch(store, CG_TOUCH_KEYS);
}

enum cg_status cg_life_note(struct cg_store *store, struct cg_span realm, int64_t life_s)
{
    int64_t longest_s = 0;
    CG_TRY(read_longest(store, realm, &longest_s));
    if (life_s <= longest_s) {
        return CG_OK;
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_LIFE_RAISE, &statement));
    cg_bind_number(statement, "life", life_s);
    cg_bind_text(statement, "path", realm);
    CG_TRY(cg_store_run(statement, NULL));
    return extend_keys(store, realm, life_s - longest_s);
}
