/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/credential.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "registry/client.h"
#include "registry/name.h"
#include "registry/secret_row.h"

#define SECRET_BYTES 32
#define BODY_CHARS 47 /* "cgs_" and 43 characters: what the checksum covers */
#define CHECKSUM_CHARS (CG_CLIENT_SECRET_CHARS - BODY_CHARS)
#define DAY_S 86400

static const struct cg_span prefix = CG_SPAN("cgs_");

static enum cg_status put_checksum(struct cg_span body, struct cg_buf *buf)
{
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_sha256(body, digest));
    CG_CLEANUP(cg_buf_release) struct cg_buf text;
    cg_buf_init(&text, CG_BASE64URL_CHARS(CG_SHA256_BYTES));
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &text);
    struct cg_span whole = {NULL, 0};
    CG_TRY(cg_buf_finish(&text, &whole));
    cg_buf_put(buf, cg_span_part(whole, 0, CHECKSUM_CHARS));
    return CG_OK;
}

static bool has_random_part(struct cg_span text)
{
    uint8_t bytes[SECRET_BYTES] = {0};
    size_t len = 0;
    struct cg_span random = cg_span_part(text, prefix.len, BODY_CHARS - prefix.len);
    bool decoded = cg_base64url_decode(random, bytes, sizeof(bytes), &len) == CG_OK;
    cg_wipe(bytes, sizeof(bytes));
    return decoded;
}

static bool has_checksum(struct cg_span text)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, CHECKSUM_CHARS);
    struct cg_span expected = {NULL, 0};
    if (put_checksum(cg_span_part(text, 0, BODY_CHARS), &buf) != CG_OK ||
        cg_buf_finish(&buf, &expected) != CG_OK) {
        return false;
    }
    return cg_secret_equal(expected, cg_span_part(text, BODY_CHARS, CHECKSUM_CHARS));
}

bool cg_secret_is_well_formed(struct cg_span text)
{
    return text.len == CG_CLIENT_SECRET_CHARS && cg_span_starts_with(text, prefix) &&
           has_random_part(text) && has_checksum(text);
}

enum cg_status cg_secret_text_make(const struct cg_random *random, struct cg_arena *arena,
                                   struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_CLIENT_SECRET_CHARS);
    cg_buf_put(&buf, prefix);
    CG_TRY(cg_random_text(random, SECRET_BYTES, &buf));
    struct cg_span body = {NULL, 0};
    CG_TRY(cg_buf_finish(&buf, &body));
    CG_TRY(put_checksum(body, &buf));
    return cg_buf_finish(&buf, ret_text);
}

/* By CG_SQL_SECRET_VALID_COUNT or CG_SQL_HANDOVER_OPEN_COUNT. */
static enum cg_status count(struct cg_store *store, enum cg_sql sql,
                            const struct cg_secret_order *order, int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, sql, &statement));
    cg_bind_text(statement, "realm", order->realm);
    cg_bind_text(statement, "client", order->client);
    cg_bind_number(statement, "now", order->now_s);
    return cg_rows_number(statement, ret_count);
}

static enum cg_status check_times(const struct cg_secret_order *order, struct cg_fault *fault)
{
    if (!cg_name_is_time(order->now_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of creation is missing", NULL);
    }
    bool lasts = order->expires_s > order->now_s && cg_name_is_time(order->expires_s);
    if (order->expires_s != 0 && !lasts) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the secret would have expired already", NULL);
    }
    if (order->others_end_s == 0) {
        return CG_OK;
    }
    if (order->others_end_s <= order->now_s || !cg_name_is_time(order->others_end_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the present secrets would end at once: give the system time to move", NULL);
    }
    if (order->expires_s != 0 && order->expires_s <= order->others_end_s) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the new secret would end before those that it replaces", NULL);
    }
    return CG_OK;
}

enum cg_status cg_secret_order_check(struct cg_store *store, const struct cg_secret_order *order,
                                     struct cg_arena *arena, struct cg_fault *fault)
{
    int64_t valid = 0;
    int64_t links = 0;
    CG_TRY(check_times(order, fault));
    CG_TRY(cg_client_check_live(store, order->realm, order->client, arena, fault));
    CG_TRY(count(store, CG_SQL_SECRET_VALID_COUNT, order, &valid));
    CG_TRY(count(store, CG_SQL_HANDOVER_OPEN_COUNT, order, &links));
    if (valid + links >= CG_LIMIT_CLIENT_SECRETS) {
        CG_FAIL(fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "the client has 16 valid secrets already: revoke one that is not used", NULL);
    }
    if (order->others_end_s != 0 && valid == 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the client has no valid secret to replace: issue one", NULL);
    }
    return CG_OK;
}

enum cg_status cg_secret_row_add(struct cg_store *store, const struct cg_secret_order *order,
                                 struct cg_span id, struct cg_span text)
{
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_sha256(text, digest));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_ADD, &statement));
    cg_bind_text(statement, "id", id);
    cg_bind_text(statement, "realm", order->realm);
    cg_bind_text(statement, "client", order->client);
    cg_bind_blob(statement, "digest", cg_span_of_bytes(digest, sizeof(digest)));
    cg_bind_number(statement, "now", order->now_s);
    cg_rows_bind_optional(statement, "expires", order->expires_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

/* One that ends sooner keeps its end. */
static enum cg_status end_others(struct cg_store *store, const struct cg_secret_order *order,
                                 struct cg_span id)
{
    if (order->others_end_s == 0) {
        return CG_OK;
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_END_OTHERS, &statement));
    cg_bind_number(statement, "until", order->others_end_s);
    cg_bind_text(statement, "realm", order->realm);
    cg_bind_text(statement, "client", order->client);
    cg_bind_text(statement, "id", id);
    return cg_store_run(statement, NULL);
}

enum cg_status cg_secret_issue(struct cg_store *store, const struct cg_secret_order *order,
                               struct cg_arena *arena, struct cg_fault *fault,
                               struct cg_secret *ret_secret, struct cg_span *ret_id)
{
    CG_TRY(cg_secret_order_check(store, order, arena, fault));
    struct cg_span text = {NULL, 0};
    struct cg_span id = {NULL, 0};
    CG_TRY(cg_secret_text_make(order->random, arena, &text));
    CG_TRY(cg_name_make_id("sec_", order->random, arena, &id));
    CG_TRY(cg_secret_row_add(store, order, id, text));
    CG_TRY(end_others(store, order, id));
    CG_TRY(cg_secret_init(ret_secret, text));
    *ret_id = id;
    return CG_OK;
}

static enum cg_status read_credential(struct cg_statement *statement, struct cg_arena *arena,
                                      void *row)
{
    enum cg_status status = CG_OK;
    struct cg_credential credential = {
        .id = cg_rows_text(statement, 0, arena, &status),
        .realm = cg_rows_text(statement, 1, arena, &status),
        .client = cg_rows_text(statement, 2, arena, &status),
        .created_s = cg_column_number(statement, 3),
        .expires_s = cg_column_number(statement, 4),
        .revoked_s = cg_column_number(statement, 5),
        .last_used_s = cg_column_number(statement, 6),
        .link_until_s = cg_column_number(statement, 7),
    };
    CG_TRY(status);
    struct cg_credential *ret = row;
    *ret = credential;
    return CG_OK;
}

enum cg_status cg_secret_list(struct cg_store *store, struct cg_span realm, struct cg_span client,
                              struct cg_arena *arena, cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "client", client);
    struct cg_credential credential;
    return cg_rows_visit(&(struct cg_rows){statement, read_credential, arena, &credential}, visit,
                         context);
}

static enum cg_status find(struct cg_store *store, const struct cg_secret_revocation *revocation,
                           struct cg_arena *arena, struct cg_fault *fault,
                           struct cg_credential *ret_credential)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_FIND, &statement));
    cg_bind_text(statement, "id", revocation->id);
    cg_bind_text(statement, "realm", revocation->realm);
    enum cg_status status =
        cg_rows_first(&(struct cg_rows){statement, read_credential, arena, ret_credential});
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no secret of this id in the realm", NULL);
    }
    return status;
}

/* What would stop a system that works today is not done in passing. */
static enum cg_status check_harmless(struct cg_store *store, const struct cg_credential *credential,
                                     int64_t now_s, struct cg_fault *fault)
{
    bool valid = credential->expires_s == 0 || credential->expires_s > now_s;
    if (!valid || credential->link_until_s != 0) {
        return CG_OK;
    }
    if (credential->last_used_s != 0 && credential->last_used_s > now_s - DAY_S) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the secret was used within the last day: move the system to another one first, or "
                "force it",
                NULL);
    }
    struct cg_secret_order client = {
        .realm = credential->realm, .client = credential->client, .now_s = now_s};
    int64_t left = 0;
    CG_TRY(count(store, CG_SQL_SECRET_VALID_COUNT, &client, &left));
    if (left <= 1) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "it is the client's last valid secret: issue another one first, or force it", NULL);
    }
    return CG_OK;
}

static enum cg_status check_revocable(struct cg_store *store,
                                      const struct cg_secret_revocation *revocation,
                                      const struct cg_credential *credential,
                                      struct cg_fault *fault)
{
    if (revocation->leaked) {
        return CG_OK;
    }
    if (credential->revoked_s != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the secret is revoked already", NULL);
    }
    return revocation->force ? CG_OK : check_harmless(store, credential, revocation->now_s, fault);
}

static enum cg_status take_back(struct cg_store *store, struct cg_credential *credential,
                                int64_t now_s)
{
    if (credential->revoked_s != 0) {
        return CG_OK;
    }
    struct cg_statement *statement = NULL;
    enum cg_sql sql = credential->link_until_s != 0 ? CG_SQL_HANDOVER_REVOKE : CG_SQL_SECRET_REVOKE;
    CG_TRY(cg_store_start(store, sql, &statement));
    cg_bind_number(statement, "now", now_s);
    cg_bind_text(statement, "id", credential->id);
    CG_TRY(cg_store_run(statement, NULL));
    credential->revoked_s = now_s;
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_secret_revoke(struct cg_store *store,
                                const struct cg_secret_revocation *revocation,
                                struct cg_arena *arena, struct cg_fault *fault,
                                struct cg_credential *ret_credential)
{
    struct cg_credential credential;
    CG_TRY(find(store, revocation, arena, fault, &credential));
    CG_TRY(check_revocable(store, revocation, &credential, fault));
    CG_TRY(take_back(store, &credential, revocation->now_s));
    /* With a link that nobody opened no token was ever got. */
    if (revocation->leaked && credential.link_until_s == 0) {
        CG_TRY(cg_client_deny_tokens(store, credential.realm, credential.client, revocation->now_s,
                                     fault));
    }
    *ret_credential = credential;
    return CG_OK;
}

const char *cg_secret_state_name(const struct cg_credential *credential, int64_t now_s)
{
    if (credential->revoked_s != 0) {
        return "revoked";
    }
    if (credential->link_until_s != 0) {
        return now_s < credential->link_until_s ? "unopened" : "lapsed";
    }
    if (credential->expires_s == 0 || credential->expires_s > now_s + CG_LIMIT_SOON_S) {
        return "good";
    }
    return credential->expires_s > now_s ? "ends_soon" : "ended";
}

enum cg_status cg_secret_ends_read(struct cg_store *store, int64_t now_s,
                                   struct cg_secret_ends *ret_ends)
{
    struct cg_secret_ends ends = {0};
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_NEXT_END, &statement));
    cg_bind_number(statement, "now", now_s);
    CG_TRY(cg_rows_number(statement, &ends.next_s));
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_ENDING_COUNT, &statement));
    cg_bind_number(statement, "now", now_s);
    cg_bind_number(statement, "soon", now_s + CG_LIMIT_SOON_S);
    CG_TRY(cg_rows_number(statement, &ends.soon_count));
    *ret_ends = ends;
    return CG_OK;
}

enum cg_status cg_secret_list_ending(struct cg_store *store, int64_t now_s, int64_t most,
                                     struct cg_arena *arena, cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_ENDING, &statement));
    cg_bind_number(statement, "now", now_s);
    cg_bind_number(statement, "soon", now_s + CG_LIMIT_SOON_S);
    cg_bind_number(statement, "most", most);
    struct cg_credential credential;
    return cg_rows_visit(&(struct cg_rows){statement, read_credential, arena, &credential}, visit,
                         context);
}

enum cg_status cg_secret_note_use(struct cg_store *store, struct cg_span id, int64_t used_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_SECRET_NOTE_USE, &statement));
    cg_bind_number(statement, "used", used_s);
    cg_bind_text(statement, "id", id);
    return cg_store_run(statement, NULL);
}
