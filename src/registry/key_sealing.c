/* SPDX-License-Identifier: Apache-2.0 */
/* Private halves: where they are opened, and sealed anew. */
#include "base/limits.h"
#include "base/span.h"
#include "crypto/sealed.h"
#include "jose/alg.h"
#include "registry/key_row.h"

#define PRIVATE_BYTES 65536 /* a private key in DER, sealed and open, and what surrounds it */

enum cg_status cg_key_row_read(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    enum cg_status status = CG_OK;
    struct cg_signing_key key = {
        .kid = cg_rows_text(statement, 0, arena, &status),
        .realm = cg_rows_text(statement, 1, arena, &status),
        .alg = cg_rows_text(statement, 2, arena, &status),
        .sealed = cg_rows_text(statement, 3, arena, &status),
        .public_jwk = cg_rows_text(statement, 4, arena, &status),
        .publish_from_s = cg_column_number(statement, 5),
        .sign_from_s = cg_column_number(statement, 6),
        .retain_until_s = cg_column_number(statement, 7),
        .created_s = cg_column_number(statement, 8),
        .reference = cg_rows_text(statement, 9, arena, &status),
        .is_made_there = cg_column_number(statement, 10) != 0,
    };
    CG_TRY(status);
    struct cg_signing_key *ret = row;
    *ret = key;
    return CG_OK;
}

enum cg_status cg_key_seal_context(struct cg_span realm, struct cg_span kid, struct cg_arena *arena,
                                   struct cg_span *ret_context)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_REALM_PATH_BYTES + 1 + CG_LIMIT_KID_BYTES);
    cg_buf_put(&buf, realm);
    cg_buf_put_byte(&buf, 0);
    cg_buf_put(&buf, kid);
    return cg_buf_finish(&buf, ret_context);
}

static enum cg_status open_private(const struct cg_signing_key *key, const uint8_t *master_key,
                                   struct cg_arena *arena, struct cg_span *ret_der)
{
    struct cg_span context = {NULL, 0};
    CG_TRY(cg_key_seal_context(key->realm, key->kid, arena, &context));
    return cg_sealed_open(master_key, context, key->sealed, arena, ret_der);
}

enum cg_status cg_signing_key_unseal(const struct cg_signing_key *key, const uint8_t *master_key,
                                     struct cg_key **ret_key)
{
    const struct cg_alg *alg = cg_alg_find(key->alg);
    if (alg == NULL) {
        return CG_ERR_STORE;
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(PRIVATE_BYTES, &arena));
    struct cg_span der = {NULL, 0};
    CG_TRY(open_private(key, master_key, arena, &der));
    return cg_key_from_pkcs8(alg->key_algorithm, der, ret_key);
}

struct resealing {
    struct cg_store *store;
    const uint8_t *old_key;
    const uint8_t *new_key;
    const struct cg_random *random;
    int64_t count;
};

static enum cg_status seal_again(const struct resealing *resealing,
                                 const struct cg_signing_key *key, struct cg_arena *arena,
                                 struct cg_span *ret_sealed)
{
    struct cg_span der = {NULL, 0};
    struct cg_span context = {NULL, 0};
    CG_TRY(open_private(key, resealing->old_key, arena, &der));
    CG_TRY(cg_key_seal_context(key->realm, key->kid, arena, &context));
    return cg_sealed_close(resealing->new_key, context, der, resealing->random, arena, ret_sealed);
}

static enum cg_status reseal_one(void *context, const void *row)
{
    struct resealing *resealing = context;
    const struct cg_signing_key *key = row;
    if (key->sealed.len == 0) {
        return CG_OK;
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(PRIVATE_BYTES, &arena));
    struct cg_span sealed = {NULL, 0};
    CG_TRY(seal_again(resealing, key, arena, &sealed));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(resealing->store, CG_SQL_KEY_RESEAL, &statement));
    cg_bind_blob(statement, "sealed", sealed);
    cg_bind_text(statement, "kid", key->kid);
    CG_TRY(cg_store_run(statement, NULL));
    resealing->count++;
    return CG_OK;
}

/* A list to walk after its statement is done: what is read must not be written while it is read. */
struct link {
    struct cg_signing_key key;
    struct link *next;
};

struct collecting {
    struct cg_arena *arena;
    struct link *first;
};

static enum cg_status collect(void *context, const void *row)
{
    struct collecting *collecting = context;
    void *memory = NULL;
    CG_TRY(cg_arena_take(collecting->arena, sizeof(struct link), &memory));
    struct link *link = memory;
    const struct cg_signing_key *key = row;
    *link = (struct link){*key, collecting->first};
    collecting->first = link;
    return CG_OK;
}

/* What gates and issuers know of the keys stays the same, so no version is raised. */
enum cg_status cg_signing_key_reseal(struct cg_store *store, const uint8_t *old_key,
                                     const uint8_t *new_key, const struct cg_random *random,
                                     struct cg_arena *arena, int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    struct cg_signing_key key;
    struct collecting collecting = {.arena = arena};
    CG_TRY(cg_store_start(store, CG_SQL_KEY_LIST_ALL, &statement));
    CG_TRY(cg_rows_visit(&(struct cg_rows){statement, cg_key_row_read, arena, &key}, collect,
                         &collecting));
    struct resealing resealing = {store, old_key, new_key, random, 0};
    for (const struct link *link = collecting.first; link != NULL; link = link->next) {
        CG_TRY(reseal_one(&resealing, &link->key));
    }
    *ret_count = resealing.count;
    return CG_OK;
}
