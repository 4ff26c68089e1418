/* SPDX-License-Identifier: Apache-2.0 */
#include "token/access_token.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "crypto/digest.h"
#include "jose/claims.h"
#include "token/details.h"
#include "token/scope.h"
#include "token/text.h"

#include <stddef.h>

/* The three arrays of the token, each one member of struct cg_token_api. */
static const struct {
    const char *name;
    size_t offset;
} lists[] = {
    {"aud", offsetof(struct cg_token_api, audience)},
    {"apis", offsetof(struct cg_token_api, name)},
    {"agreements", offsetof(struct cg_token_api, agreement)},
};

#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

static struct cg_span list_item(const struct cg_token_api *api, size_t offset)
{
    return *(const struct cg_span *)(const void *)((const uint8_t *)api + offset);
}

static void set_list_item(struct cg_token_api *api, size_t offset, struct cg_span value)
{
    *(struct cg_span *)(void *)((uint8_t *)api + offset) = value;
}

/* RFC 7800 §3: what the token is bound to, if it is. */
static void put_binding(const struct cg_access_token *token, struct cg_json_writer *writer)
{
    if (token->key_thumbprint.len == 0 && token->certificate_thumbprint.len == 0) {
        return;
    }
    cg_json_put_name(writer, "cnf");
    cg_json_open_object(writer);
    if (token->key_thumbprint.len > 0) {
        cg_json_member_put(writer, "jkt", token->key_thumbprint);
    }
    if (token->certificate_thumbprint.len > 0) {
        cg_json_member_put(writer, "x5t#S256", token->certificate_thumbprint);
    }
    cg_json_close_object(writer);
}

/* RFC 9068 §2.2.1: how the person signed in; idp is the house's own. */
static void put_person(const struct cg_access_token *token, struct cg_json_writer *writer)
{
    cg_json_member_put(writer, "idp", token->idp);
    cg_json_member_put(writer, "acr", token->acr);
    if (token->authenticated_s != 0) {
        cg_json_member_put_number(writer, "auth_time", token->authenticated_s);
    }
}

void cg_access_token_write_claims(const struct cg_access_token *token,
                                  struct cg_json_writer *writer)
{
    cg_json_member_put(writer, "iss", token->issuer);
    cg_json_member_put(writer, "sub", token->subject);
    cg_json_member_put(writer, "client_id", token->client_id);
    for (size_t list = 0; list < LIST_COUNT; list++) {
        cg_json_put_name(writer, lists[list].name);
        cg_json_open_array(writer);
        for (size_t i = 0; i < token->api_count; i++) {
            cg_json_put_string(writer, list_item(&token->apis[i], lists[list].offset));
        }
        cg_json_close_array(writer);
    }
    cg_json_member_put(writer, "scope", token->scope);
    cg_json_member_put_number(writer, "exp", token->expires_s);
    cg_json_member_put_number(writer, "iat", token->issued_s);
    cg_json_member_put(writer, "jti", token->token_id);
    cg_json_member_put(writer, "org", token->organisation);
    cg_json_member_put_number(writer, "epoch", token->epoch);
    cg_token_behalf_write(&token->behalf, writer);
    cg_access_token_put_details(token, writer);
    put_binding(token, writer);
    put_person(token, writer);
}

/* RFC 9449 §5, §6.2: token_type is DPoP for a token that is bound to a key. */
struct cg_span cg_access_token_type(const struct cg_access_token *token)
{
    return token->key_thumbprint.len > 0 ? CG_SPAN_OF("DPoP") : CG_SPAN_OF("Bearer");
}

void cg_access_token_write(const struct cg_access_token *token, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_object(&writer);
    cg_access_token_write_claims(token, &writer);
    cg_json_close_object(&writer);
}

/* Details of the API, or of all where `api` is absent, from its places in their order. */
static void put_objects(const struct cg_access_token *token, struct cg_span api,
                        struct cg_json_writer *writer)
{
    cg_json_open_array(writer);
    for (size_t i = 0; i < token->api_count; i++) {
        bool meant = api.data == NULL || cg_span_equal(token->apis[i].name, api);
        if (meant && token->apis[i].details.len > 0) {
            cg_json_put_raw(writer, token->apis[i].details);
        }
    }
    cg_json_close_array(writer);
}

/* Whether the API, or any where it is absent, has details. */
static bool has_objects(const struct cg_access_token *token, struct cg_span api)
{
    for (size_t i = 0; i < token->api_count; i++) {
        bool meant = api.data == NULL || cg_span_equal(token->apis[i].name, api);
        if (meant && token->apis[i].details.len > 0) {
            return true;
        }
    }
    return false;
}

/* RFC 9396 §9.1: the authorization details assigned to the token as a claim of their name. */
void cg_access_token_put_details(const struct cg_access_token *token, struct cg_json_writer *writer)
{
    static const struct cg_span all = {NULL, 0};
    if (token->is_narrowed && has_objects(token, all)) {
        cg_json_put_name(writer, CG_DETAILS_CLAIM);
        put_objects(token, all, writer);
    }
}

void cg_access_token_put_api_details(const struct cg_access_token *token, struct cg_span api,
                                     struct cg_buf *buf)
{
    if (!has_objects(token, api)) {
        return;
    }
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    put_objects(token, api, &writer);
}

static enum cg_status read_list(const struct cg_json_value *root, size_t list,
                                struct cg_access_token *token)
{
    const struct cg_json_value *array = cg_json_member(root, lists[list].name);
    if (!cg_json_is_array(array) || cg_json_count(array) != token->api_count) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < token->api_count; i++) {
        struct cg_span value;
        CG_TRY(cg_json_string(cg_json_element(array, i), &value));
        if (!cg_text_is_header_safe(value, CG_LIMIT_URI_BYTES)) {
            return CG_ERR_INPUT;
        }
        set_list_item(&token->apis[i], lists[list].offset, value);
    }
    return CG_OK;
}

static enum cg_status read_apis(const struct cg_json_value *root, struct cg_access_token *token)
{
    token->api_count = cg_json_count(cg_json_member(root, "aud"));
    if (token->api_count == 0 || token->api_count > CG_LIMIT_TOKEN_APIS) {
        return CG_ERR_INPUT;
    }
    for (size_t list = 0; list < LIST_COUNT; list++) {
        CG_TRY(read_list(root, list, token));
    }
    return CG_OK;
}

/* One member of cnf, if it is there: base64url of a SHA-256. */
static enum cg_status read_thumbprint(const struct cg_json_value *cnf, const char *name,
                                      size_t *count, struct cg_span *ret_thumbprint)
{
    uint8_t digest[CG_SHA256_BYTES];
    size_t len = 0;
    if (cg_json_member(cnf, name) == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_member_string(cnf, name, ret_thumbprint));
    CG_TRY(cg_base64url_decode(*ret_thumbprint, digest, sizeof(digest), &len));
    *count += 1;
    return len == sizeof(digest) ? CG_OK : CG_ERR_INPUT;
}

/* RFC 7800 §3.1: a confirmation that is not understood must not be passed over here, since what it
 * confirms is who may use the token. */
static enum cg_status read_binding(const struct cg_json_value *root, struct cg_access_token *token)
{
    const struct cg_json_value *cnf = cg_json_member(root, "cnf");
    size_t known = 0;
    if (cnf == NULL) {
        return CG_OK;
    }
    CG_TRY(read_thumbprint(cnf, "jkt", &known, &token->key_thumbprint));
    CG_TRY(read_thumbprint(cnf, "x5t#S256", &known, &token->certificate_thumbprint));
    return known > 0 && cg_json_count(cnf) == known ? CG_OK : CG_ERR_INPUT;
}

/* A string member that may be missing and may stand in a header. */
static enum cg_status read_word(const struct cg_json_value *root, const char *name, size_t max,
                                struct cg_span *ret_word)
{
    if (cg_json_member(root, name) == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_member_string(root, name, ret_word));
    return cg_text_is_header_safe(*ret_word, max) ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_person(const struct cg_json_value *root, struct cg_access_token *token)
{
    CG_TRY(read_word(root, "idp", CG_LIMIT_NAME_BYTES, &token->idp));
    CG_TRY(read_word(root, "acr", CG_LIMIT_LEVEL_BYTES, &token->acr));
    if (cg_json_member(root, "auth_time") == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_member_number(root, "auth_time", &token->authenticated_s));
    return token->authenticated_s > 0 ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status check_text(const struct cg_access_token *token)
{
    struct cg_scope scope;
    CG_TRY(cg_scope_parse(token->scope, &scope));
    const struct {
        struct cg_span value;
        size_t max;
    } texts[] = {
        {token->issuer, CG_LIMIT_URI_BYTES},          {token->subject, CG_LIMIT_TEXT_BYTES},
        {token->client_id, CG_LIMIT_CLIENT_ID_BYTES}, {token->organisation, CG_LIMIT_NAME_BYTES},
        {token->token_id, CG_LIMIT_NAME_BYTES},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!cg_text_is_header_safe(texts[i].value, texts[i].max)) {
            return CG_ERR_INPUT;
        }
    }
    return CG_OK;
}

enum cg_status cg_access_token_read(const struct cg_json_value *root,
                                    struct cg_access_token *ret_token)
{
    struct cg_claims claims;
    CG_TRY(cg_claims_read(root, &claims));
    struct cg_access_token token = {
        .issuer = claims.issuer,
        .subject = claims.subject,
        .token_id = claims.token_id,
        .issued_s = claims.issued_s,
        .expires_s = claims.expires_s,
    };
    CG_TRY(cg_json_member_string(root, "client_id", &token.client_id));
    CG_TRY(cg_json_member_string(root, "org", &token.organisation));
    CG_TRY(cg_json_member_string(root, "scope", &token.scope));
    CG_TRY(cg_json_member_number(root, "epoch", &token.epoch));
    CG_TRY(read_apis(root, &token));
    CG_TRY(read_binding(root, &token));
    CG_TRY(read_person(root, &token));
    CG_TRY(check_text(&token));
    if (token.issued_s < 0 || token.expires_s < 0 || token.epoch < 0) {
        return CG_ERR_INPUT;
    }
    *ret_token = token;
    return CG_OK;
}

/* Whether an earlier place is for the same API: the details of both are at the first. */
static bool is_further_place(const struct cg_access_token *token, size_t place)
{
    for (size_t i = 0; i < place; i++) {
        if (cg_span_equal(token->apis[i].audience, token->apis[place].audience)) {
            return true;
        }
    }
    return false;
}

/* Gives the place the objects of its location and counts them. */
static enum cg_status take_details(const struct cg_details_list *list, struct cg_arena *arena,
                                   struct cg_token_api *api, size_t *taken)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    cg_json_begin(&writer, &buf);
    for (size_t i = 0; i < list->count; i++) {
        if (cg_span_equal(list->items[i].locations, api->audience)) {
            cg_details_write(&list->items[i], &writer);
            *taken += 1;
        }
    }
    return cg_buf_finish(&buf, &api->details);
}

static enum cg_status read_details(const struct cg_json_value *root, struct cg_arena *arena,
                                   struct cg_access_token *token)
{
    const struct cg_json_value *array = cg_json_member(root, CG_DETAILS_CLAIM);
    if (array == NULL) {
        return CG_OK;
    }
    const char *wrong = NULL;
    struct cg_details_list list;
    CG_TRY(cg_details_read(array, arena, &wrong, &list));
    size_t taken = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        if (!is_further_place(token, i)) {
            CG_TRY(take_details(&list, arena, &token->apis[i], &taken));
        }
    }
    /* One that is for no API of the token, or for several, would be lost on the gate. */
    if (taken != list.count) {
        return CG_ERR_INPUT;
    }
    token->is_narrowed = true;
    return CG_OK;
}

enum cg_status cg_access_token_read_rest(const struct cg_json_value *root, struct cg_arena *arena,
                                         struct cg_access_token *token)
{
    CG_TRY(cg_token_behalf_read(root, token->api_count, arena, &token->behalf));
    return read_details(root, arena, token);
}

void cg_access_token_subject(const struct cg_access_token *token,
                             struct cg_access_token *ret_subject)
{
    *ret_subject = (struct cg_access_token){
        .client_id = token->behalf.client_id,
        .token_id = token->behalf.token_id,
        .epoch = token->behalf.epoch,
        .api_count = token->api_count,
    };
    struct cg_span rest = token->behalf.agreements;
    for (size_t i = 0; i < token->api_count; i++) {
        ret_subject->apis[i] = token->apis[i];
        ret_subject->apis[i].agreement = (struct cg_span){NULL, 0};
        (void)cg_span_split(&rest, ' ', &ret_subject->apis[i].agreement);
    }
}

enum cg_status cg_access_token_keep(struct cg_access_token *token,
                                    const bool keep[static CG_LIMIT_TOKEN_APIS],
                                    struct cg_arena *arena)
{
    struct cg_buf shared;
    cg_buf_init_arena(&shared, arena, CG_LIMIT_TOKEN_BYTES);
    struct cg_span rest = token->behalf.agreements;
    size_t left = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        struct cg_span agreement = {NULL, 0};
        (void)cg_span_split(&rest, ' ', &agreement);
        if (keep[i]) {
            cg_buf_put_string(&shared, left > 0 && agreement.len > 0 ? " " : "");
            cg_buf_put(&shared, agreement);
            token->apis[left++] = token->apis[i];
        }
    }
    token->api_count = left;
    return token->behalf.client_id.len > 0 ? cg_buf_finish(&shared, &token->behalf.agreements)
                                           : CG_OK;
}
