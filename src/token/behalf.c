/* SPDX-License-Identifier: Apache-2.0 */
#include "token/behalf.h"

#include "base/span.h"
#include "base/status.h"
#include "token/text.h"

static void put_actors(const struct cg_token_behalf *behalf, struct cg_json_writer *writer)
{
    for (size_t i = 0; i < behalf->actor_count; i++) {
        cg_json_put_name(writer, "act");
        cg_json_open_object(writer);
        cg_json_member_put(writer, "sub", behalf->actors[i]);
    }
    for (size_t i = 0; i < behalf->actor_count; i++) {
        cg_json_close_object(writer);
    }
}

static void put_client(const struct cg_token_behalf *behalf, struct cg_json_writer *writer)
{
    cg_json_put_name(writer, "on_behalf_of");
    cg_json_open_object(writer);
    cg_json_member_put(writer, "client_id", behalf->client_id);
    cg_json_member_put_number(writer, "epoch", behalf->epoch);
    cg_json_member_put(writer, "jti", behalf->token_id);
    cg_json_put_name(writer, "agreements");
    cg_json_open_array(writer);
    struct cg_span rest = behalf->agreements;
    struct cg_span agreement;
    while (cg_span_split(&rest, ' ', &agreement)) {
        cg_json_put_string(writer, agreement);
    }
    cg_json_close_array(writer);
    cg_json_close_object(writer);
}

void cg_token_behalf_write(const struct cg_token_behalf *behalf, struct cg_json_writer *writer)
{
    put_actors(behalf, writer);
    if (behalf->client_id.len > 0) {
        put_client(behalf, writer);
    }
}

static enum cg_status copy_text(const struct cg_json_value *value, size_t max,
                                struct cg_arena *arena, struct cg_span *ret_text)
{
    struct cg_span text;
    CG_TRY(cg_json_string(value, &text));
    if (!cg_text_is_header_safe(text, max)) {
        return CG_ERR_INPUT;
    }
    return cg_arena_copy(arena, text, ret_text);
}

/* RFC 8693 §4.1: "A chain of delegation can be expressed by nesting one act claim within another."
 */
static enum cg_status read_actors(const struct cg_json_value *root, struct cg_arena *arena,
                                  struct cg_token_behalf *behalf)
{
    const struct cg_json_value *act = cg_json_member(root, "act");
    while (act != NULL) {
        const struct cg_json_value *before = cg_json_member(act, "act");
        size_t known = before != NULL ? 2 : 1;
        if (behalf->actor_count == CG_LIMIT_TOKEN_ACTORS || cg_json_count(act) != known) {
            return CG_ERR_INPUT;
        }
        CG_TRY(copy_text(cg_json_member(act, "sub"), CG_LIMIT_TEXT_BYTES, arena,
                         &behalf->actors[behalf->actor_count]));
        behalf->actor_count++;
        act = before;
    }
    return CG_OK;
}

static enum cg_status read_agreements(const struct cg_json_value *array, size_t api_count,
                                      struct cg_arena *arena, struct cg_span *ret_agreements)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    if (!cg_json_is_array(array) || cg_json_count(array) != api_count) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < api_count; i++) {
        struct cg_span id;
        CG_TRY(cg_json_string(cg_json_element(array, i), &id));
        if (!cg_text_is_header_safe(id, CG_LIMIT_NAME_BYTES)) {
            return CG_ERR_INPUT;
        }
        cg_buf_put_string(&buf, i > 0 ? " " : "");
        cg_buf_put(&buf, id);
    }
    return cg_buf_finish(&buf, ret_agreements);
}

#define CLIENT_MEMBERS 4

static enum cg_status read_client(const struct cg_json_value *root, size_t api_count,
                                  struct cg_arena *arena, struct cg_token_behalf *behalf)
{
    const struct cg_json_value *client = cg_json_member(root, "on_behalf_of");
    if (client == NULL) {
        return CG_OK;
    }
    if (cg_json_count(client) != CLIENT_MEMBERS) {
        return CG_ERR_INPUT;
    }
    CG_TRY(copy_text(cg_json_member(client, "client_id"), CG_LIMIT_CLIENT_ID_BYTES, arena,
                     &behalf->client_id));
    CG_TRY(cg_json_member_number(client, "epoch", &behalf->epoch));
    CG_TRY(copy_text(cg_json_member(client, "jti"), CG_LIMIT_NAME_BYTES, arena, &behalf->token_id));
    CG_TRY(read_agreements(cg_json_member(client, "agreements"), api_count, arena,
                           &behalf->agreements));
    return behalf->epoch < 0 ? CG_ERR_INPUT : CG_OK;
}

enum cg_status cg_token_behalf_read(const struct cg_json_value *root, size_t api_count,
                                    struct cg_arena *arena, struct cg_token_behalf *ret_behalf)
{
    struct cg_token_behalf behalf = {.actor_count = 0};
    CG_TRY(read_actors(root, arena, &behalf));
    CG_TRY(read_client(root, api_count, arena, &behalf));
    *ret_behalf = behalf;
    return CG_OK;
}
