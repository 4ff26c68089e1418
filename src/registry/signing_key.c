/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/signing_key.h"

#include "base/span.h"
#include "codec/json.h"
#include "registry/key_row.h"

bool cg_signing_key_is_usable(const struct cg_signing_key *key)
{
    return key->sealed.len > 0 || key->reference.len > 0;
}

const char *cg_signing_key_state_name(const struct cg_signing_key *key, bool signs, int64_t now_s)
{
    if (key->retain_until_s != 0 && now_s >= key->retain_until_s) {
        return "gone";
    }
    if (signs) {
        return "active";
    }
    return now_s < key->sign_from_s ? "announced" : "retained";
}

enum cg_status cg_signing_key_list(struct cg_store *store, struct cg_span realm,
                                   struct cg_arena *arena, cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    struct cg_signing_key key;
    return cg_rows_visit(&(struct cg_rows){statement, cg_key_row_read, arena, &key}, visit,
                         context);
}

struct choice {
    int64_t now_s;
    struct cg_signing_key key; /* kid absent: none yet */
    int64_t until_s;
};

/* Rows come in the order of sign_from_s: the last that has begun signs. */
static enum cg_status choose(void *context, const void *row)
{
    struct choice *choice = context;
    const struct cg_signing_key *key = row;
    if (!cg_signing_key_is_usable(key)) {
        return CG_OK;
    }
    if (key->sign_from_s <= choice->now_s) {
        choice->key = *key;
    } else if (key->sign_from_s < choice->until_s) {
        choice->until_s = key->sign_from_s;
    }
    return CG_OK;
}

enum cg_status cg_signing_key_current(struct cg_store *store, struct cg_span realm, int64_t now_s,
                                      struct cg_arena *arena, struct cg_signing_key *ret_key,
                                      int64_t *ret_until_s)
{
    struct choice choice = {.now_s = now_s, .until_s = INT64_MAX};
    CG_TRY(cg_signing_key_list(store, realm, arena, choose, &choice));
    if (choice.key.kid.data == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_key = choice.key;
    *ret_until_s = choice.until_s;
    return CG_OK;
}

struct publishing {
    int64_t now_s;
    int64_t changes_s;
    struct cg_json_writer writer;
};

static void note_change(struct publishing *publishing, int64_t at_s)
{
    if (at_s > publishing->now_s && at_s < publishing->changes_s) {
        publishing->changes_s = at_s;
    }
}

static enum cg_status publish(void *context, const void *row)
{
    struct publishing *publishing = context;
    const struct cg_signing_key *key = row;
    note_change(publishing, key->publish_from_s);
    note_change(publishing, key->retain_until_s);
    /* A retired key has no private half. A reader whose second began before the retirement must not
     * publish it once more: the keys' generation, by which gates forget proofs, is raised once. */
    bool retired = !cg_signing_key_is_usable(key);
    bool over = key->retain_until_s != 0 && publishing->now_s >= key->retain_until_s;
    if (!retired && !over && publishing->now_s >= key->publish_from_s) {
        cg_json_put_raw(&publishing->writer, key->public_jwk);
    }
    return CG_OK;
}

enum cg_status cg_signing_key_jwks(struct cg_store *store, struct cg_span realm, int64_t now_s,
                                   struct cg_arena *arena, struct cg_buf *buf,
                                   int64_t *ret_changes_s)
{
    struct publishing publishing = {.now_s = now_s, .changes_s = INT64_MAX};
    cg_json_begin(&publishing.writer, buf);
    cg_json_open_object(&publishing.writer);
    cg_json_put_name(&publishing.writer, "keys");
    cg_json_open_array(&publishing.writer);
    CG_TRY(cg_signing_key_list(store, realm, arena, publish, &publishing));
    cg_json_close_array(&publishing.writer);
    cg_json_close_object(&publishing.writer);
    struct cg_span written = {NULL, 0};
    CG_TRY(cg_buf_finish(buf, &written));
    *ret_changes_s = publishing.changes_s;
    return CG_OK;
}
