/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/key_schedule.h"

#include "base/span.h"
#include "jose/key_reference.h"
#include "registry/key_row.h"

int64_t cg_key_schedule_announce_s(const struct cg_realm *realm, const struct cg_signing_key *key)
{
    bool by_hand = realm->key_life_s == 0;
    return by_hand ? 0 : key->sign_from_s + realm->key_life_s - CG_KEY_ANNOUNCE_S;
}

static enum cg_status read_path(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    return cg_column_copy(statement, 0, arena, row);
}

enum cg_status cg_key_schedule_next_realm(struct cg_store *store, struct cg_span after,
                                          struct cg_arena *arena, struct cg_span *ret_path)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_AFTER, &statement));
    cg_bind_text(statement, "path", after);
    return cg_rows_first(&(struct cg_rows){statement, read_path, arena, ret_path});
}

enum cg_status cg_key_schedule_due(struct cg_store *store, struct cg_span path, int64_t now_s,
                                   struct cg_arena *arena, struct cg_realm *ret_realm)
{
    struct cg_realm realm;
    struct cg_signing_key key;
    int64_t until_s = 0;
    CG_TRY(cg_realm_find(store, path, arena, &realm));
    CG_TRY(cg_signing_key_current(store, path, now_s, arena, &key, &until_s));
    bool announced = until_s != INT64_MAX;
    int64_t announce_s = cg_key_schedule_announce_s(&realm, &key);
    if (announced || announce_s == 0 || now_s < announce_s) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_realm = realm;
    return CG_OK;
}

enum cg_status cg_key_schedule_over(struct cg_store *store, struct cg_span path, int64_t now_s,
                                    struct cg_arena *arena, struct cg_signing_key *ret_key)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_OVER, &statement));
    cg_bind_text(statement, "realm", path);
    cg_bind_number(statement, "now", now_s);
    return cg_rows_first(&(struct cg_rows){statement, cg_key_row_read, arena, ret_key});
}

enum cg_status cg_key_schedule_forget(struct cg_store *store, const struct cg_signing_key *key)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_key_leave(store, key->kid));
    CG_TRY(cg_store_start(store, CG_SQL_KEY_FORGET, &statement));
    cg_bind_blob(statement, "nothing", CG_SPAN_OF(""));
    cg_bind_text(statement, "kid", key->kid);
    return cg_store_run(statement, NULL);
}

enum cg_status cg_key_schedule_place(const struct cg_signing_key *key, struct cg_arena *arena,
                                     struct cg_span *ret_reference)
{
    struct cg_pkcs11_object object;
    if (key->reference.len == 0) {
        *ret_reference = (struct cg_span){NULL, 0};
        return CG_OK;
    }
    CG_TRY(cg_key_reference_parse(key->reference, arena, NULL, &object));
    object.object = (struct cg_span){NULL, 0};
    object.id = (struct cg_span){NULL, 0};
    return cg_key_reference_write(&object, arena, ret_reference);
}

enum cg_status cg_key_leave(struct cg_store *store, struct cg_span kid)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_LEAVE, &statement));
    cg_bind_text(statement, "kid", kid);
    return cg_store_run(statement, NULL);
}

static enum cg_status read_debris(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    struct cg_key_debris *debris = row;
    CG_TRY(cg_column_copy(statement, 0, arena, &debris->reference));
    return cg_column_copy(statement, 1, arena, &debris->kid);
}

enum cg_status cg_key_schedule_debris(struct cg_store *store, struct cg_span path,
                                      struct cg_arena *arena, struct cg_key_debris *ret_debris)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_DEBRIS, &statement));
    cg_bind_text(statement, "realm", path);
    return cg_rows_first(&(struct cg_rows){statement, read_debris, arena, ret_debris});
}

enum cg_status cg_key_schedule_clear(struct cg_store *store, const struct cg_key_debris *debris,
                                     struct cg_pkcs11 *pkcs11, struct cg_arena *arena)
{
    struct cg_pkcs11_object object;
    struct cg_statement *statement = NULL;
    CG_TRY(cg_key_reference_parse(debris->reference, arena, NULL, &object));
    CG_TRY(cg_pkcs11_destroy(pkcs11, &object));
    CG_TRY(cg_store_start(store, CG_SQL_KEY_DEBRIS_GONE, &statement));
    cg_bind_text(statement, "reference", debris->reference);
    return cg_store_run(statement, NULL);
}

static enum cg_status find_made(struct cg_store *store, struct cg_span kid, struct cg_arena *arena,
                                struct cg_key_debris *ret_debris)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_MADE, &statement));
    cg_bind_text(statement, "kid", kid);
    return cg_rows_first(&(struct cg_rows){statement, read_debris, arena, ret_debris});
}

void cg_key_schedule_unmake(struct cg_store *store, struct cg_span kid, struct cg_pkcs11 *pkcs11,
                            struct cg_arena *arena)
{
    struct cg_key_debris made;
    struct cg_pkcs11_object object;
    if (pkcs11 != NULL && find_made(store, kid, arena, &made) == CG_OK &&
        cg_key_reference_parse(made.reference, arena, NULL, &object) == CG_OK) {
        (void)!cg_pkcs11_destroy(pkcs11, &object);
    }
}
