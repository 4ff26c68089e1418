/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/handover.h"

#include "base/alloc.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "registry/name.h"
#include "registry/secret_row.h"

#define TOKEN_BYTES 32

static const struct cg_span prefix = CG_SPAN("cgl_");

static bool is_well_formed(struct cg_span token)
{
    uint8_t bytes[TOKEN_BYTES] = {0};
    size_t len = 0;
    if (token.len != CG_HANDOVER_TOKEN_CHARS || !cg_span_starts_with(token, prefix)) {
        return false;
    }
    struct cg_span random = cg_span_part(token, prefix.len, token.len - prefix.len);
    bool decoded = cg_base64url_decode(random, bytes, sizeof(bytes), &len) == CG_OK;
    cg_wipe(bytes, sizeof(bytes));
    return decoded;
}

static enum cg_status make_token(const struct cg_random *random, struct cg_arena *arena,
                                 struct cg_span *ret_token)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_HANDOVER_TOKEN_CHARS);
    cg_buf_put(&buf, prefix);
    CG_TRY(cg_random_text(random, TOKEN_BYTES, &buf));
    return cg_buf_finish(&buf, ret_token);
}

static enum cg_status check_times(const struct cg_handover_order *order, struct cg_fault *fault)
{
    int64_t life_s = order->until_s - order->secret.now_s;
    if (life_s <= 0 || life_s > CG_HANDOVER_LIFE_MAX_S) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a link is good for 30 days at most; 72 hours are usual", NULL);
    }
    if (order->secret.expires_s != 0 && order->secret.expires_s <= order->until_s) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the secret would end before the link to it does", NULL);
    }
    return CG_OK;
}

static enum cg_status insert(struct cg_store *store, const struct cg_handover_order *order,
                             struct cg_span id, struct cg_span token)
{
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_sha256(token, digest));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_HANDOVER_ADD, &statement));
    cg_bind_text(statement, "id", id);
    cg_bind_text(statement, "realm", order->secret.realm);
    cg_bind_text(statement, "client", order->secret.client);
    cg_bind_blob(statement, "digest", cg_span_of_bytes(digest, sizeof(digest)));
    cg_bind_number(statement, "now", order->secret.now_s);
    cg_bind_number(statement, "until", order->until_s);
    cg_rows_bind_optional(statement, "expires", order->secret.expires_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_handover_make(struct cg_store *store, const struct cg_handover_order *order,
                                struct cg_arena *arena, struct cg_fault *fault,
                                struct cg_secret *ret_token, struct cg_span *ret_id)
{
    CG_TRY(cg_secret_order_check(store, &order->secret, arena, fault));
    CG_TRY(check_times(order, fault));
    struct cg_span token = {NULL, 0};
    struct cg_span id = {NULL, 0};
    CG_TRY(make_token(order->secret.random, arena, &token));
    CG_TRY(cg_name_make_id("sec_", order->secret.random, arena, &id));
    CG_TRY(insert(store, order, id, token));
    CG_TRY(cg_secret_init(ret_token, token));
    *ret_id = id;
    return CG_OK;
}

static enum cg_status read_handover(struct cg_statement *statement, struct cg_arena *arena,
                                    void *row)
{
    enum cg_status status = CG_OK;
    struct cg_handover handover = {
        .id = cg_rows_text(statement, 0, arena, &status),
        .realm = cg_rows_text(statement, 1, arena, &status),
        .client = cg_rows_text(statement, 2, arena, &status),
        .organisation = cg_rows_text(statement, 3, arena, &status),
        .until_s = cg_column_number(statement, 4),
        .expires_s = cg_column_number(statement, 5),
        .opens = cg_column_number(statement, 6) == 1,
    };
    CG_TRY(status);
    struct cg_handover *ret = row;
    *ret = handover;
    return CG_OK;
}

enum cg_status cg_handover_find(struct cg_store *store, struct cg_span realm, struct cg_span token,
                                int64_t now_s, struct cg_arena *arena,
                                struct cg_handover *ret_handover)
{
    uint8_t digest[CG_SHA256_BYTES];
    if (!is_well_formed(token)) {
        return CG_ERR_NOT_FOUND;
    }
    CG_TRY(cg_sha256(token, digest));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_HANDOVER_FIND, &statement));
    cg_bind_blob(statement, "digest", cg_span_of_bytes(digest, sizeof(digest)));
    cg_bind_text(statement, "realm", realm);
    cg_bind_number(statement, "now", now_s);
    return cg_rows_first(&(struct cg_rows){statement, read_handover, arena, ret_handover});
}

/* One statement says who was first, on any engine and however many ask at once. */
static enum cg_status win(struct cg_store *store, const struct cg_handover *handover, int64_t now_s)
{
    struct cg_statement *statement = NULL;
    int64_t changed = 0;
    CG_TRY(cg_store_start(store, CG_SQL_HANDOVER_OPEN, &statement));
    cg_bind_number(statement, "now", now_s);
    cg_bind_text(statement, "id", handover->id);
    CG_TRY(cg_store_run(statement, &changed));
    return changed == 1 ? CG_OK : CG_ERR_NOT_FOUND;
}

enum cg_status cg_handover_open(struct cg_store *store, const struct cg_handover *handover,
                                int64_t now_s, const struct cg_random *random,
                                struct cg_arena *arena, struct cg_span *ret_secret)
{
    struct cg_secret_order order = {
        .realm = handover->realm,
        .client = handover->client,
        .now_s = now_s,
        .expires_s = handover->expires_s,
    };
    struct cg_span text = {NULL, 0};
    CG_TRY(win(store, handover, now_s));
    CG_TRY(cg_secret_text_make(random, arena, &text));
    CG_TRY(cg_secret_row_add(store, &order, handover->id, text));
    *ret_secret = text;
    return CG_OK;
}
