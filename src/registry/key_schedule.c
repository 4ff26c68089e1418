/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/key_schedule.h"

#include "base/span.h"
#include "registry/key_row.h"

int64_t cg_key_schedule_announce_s(const struct cg_realm *realm, const struct cg_signing_key *key)
{
    bool by_hand = realm->key_life_s == 0 || key->reference.len > 0;
    return by_hand ? 0 : key->sign_from_s + realm->key_life_s - CG_KEY_ANNOUNCE_S;
}

struct looking {
    struct cg_store *store;
    int64_t now_s;
    struct cg_arena *arena;
    struct cg_realm found; /* path absent: none yet */
};

static enum cg_status look_at_realm(void *context, const void *row)
{
    struct looking *looking = context;
    const struct cg_realm *realm = row;
    struct cg_signing_key key;
    int64_t until_s = 0;
    if (realm->key_life_s == 0 || looking->found.path.data != NULL) {
        return CG_OK;
    }
    enum cg_status status = cg_signing_key_current(looking->store, realm->path, looking->now_s,
                                                   looking->arena, &key, &until_s);
    if (status == CG_ERR_NOT_FOUND) {
        return CG_OK;
    }
    CG_TRY(status);
    bool announced = until_s != INT64_MAX;
    int64_t announce_s = cg_key_schedule_announce_s(realm, &key);
    if (!announced && announce_s != 0 && looking->now_s >= announce_s) {
        looking->found = *realm;
    }
    return CG_OK;
}

enum cg_status cg_key_schedule_due(struct cg_store *store, int64_t now_s, struct cg_arena *arena,
                                   struct cg_realm *ret_realm)
{
    struct looking looking = {.store = store, .now_s = now_s, .arena = arena};
    CG_TRY(cg_realm_list(store, arena, look_at_realm, &looking));
    if (looking.found.path.data == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_realm = looking.found;
    return CG_OK;
}

enum cg_status cg_key_schedule_over(struct cg_store *store, int64_t now_s, struct cg_arena *arena,
                                    struct cg_signing_key *ret_key)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_OVER, &statement));
    cg_bind_number(statement, "now", now_s);
    return cg_rows_first(&(struct cg_rows){statement, cg_key_row_read, arena, ret_key});
}

enum cg_status cg_key_schedule_forget(struct cg_store *store, const struct cg_signing_key *key)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_FORGET, &statement));
    cg_bind_blob(statement, "nothing", CG_SPAN_OF(""));
    cg_bind_text(statement, "kid", key->kid);
    return cg_store_run(statement, NULL);
}
