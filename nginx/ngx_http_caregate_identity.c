/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers that tell the API behind who is calling. They come from a verified token or not at
 * all: what a client sends under these names is taken out of every request as soon as it is read.
 *
 * The list of headers is made anew rather than mended: nginx's loops look at the first element of a
 * list's next part unchecked, and a subrequest's list shares its parts with the main request's.
 */
#include "ngx_http_caregate_module.h"

#include <sys/random.h>

enum header_kind {
    KIND_IDENTITY = 1 << 0,
    KIND_TOKEN = 1 << 1,
    KIND_REQUEST_ID = 1 << 2,
    KIND_PROOF = 1 << 3,
};

struct known_header {
    ngx_str_t name; /* as it is sent */
    ngx_str_t key;  /* lower case */
    enum header_kind kind;
    size_t value; /* of an identity header: where struct caregate_caller has it */
};

/* No two are of the same length: by it alone one finds the only one that a name can be. */
static const struct known_header known_headers[] = {
    {ngx_string("Caregate-Client-Id"), ngx_string("caregate-client-id"), KIND_IDENTITY,
     offsetof(struct caregate_caller, client_id)},
    {ngx_string("Caregate-Organisation"), ngx_string("caregate-organisation"), KIND_IDENTITY,
     offsetof(struct caregate_caller, organisation)},
    {ngx_string("Caregate-Subject"), ngx_string("caregate-subject"), KIND_IDENTITY,
     offsetof(struct caregate_caller, subject)},
    {ngx_string("Caregate-Scope"), ngx_string("caregate-scope"), KIND_IDENTITY,
     offsetof(struct caregate_caller, scope)},
    {ngx_string("Caregate-Token-Id"), ngx_string("caregate-token-id"), KIND_IDENTITY,
     offsetof(struct caregate_caller, token_id)},
    {ngx_string("Caregate-Actor-Subject"), ngx_string("caregate-actor-subject"), KIND_IDENTITY,
     offsetof(struct caregate_caller, actor)},
    {ngx_string("Caregate-Authorization-Details"), ngx_string("caregate-authorization-details"),
     KIND_IDENTITY, offsetof(struct caregate_caller, details)},
    {ngx_string("Authorization"), ngx_string("authorization"), KIND_TOKEN, 0},
    {ngx_string("X-Request-ID"), ngx_string("x-request-id"), KIND_REQUEST_ID, 0},
    {ngx_string("DPoP"), ngx_string("dpop"), KIND_PROOF, 0},
};

#define KNOWN_COUNT (sizeof(known_headers) / sizeof(known_headers[0]))
#define KNOWN_LEN_MAX (sizeof("Caregate-Authorization-Details") - 1)
#define CASE_BIT 0x20
#define REQUEST_ID_MAX 64
#define REQUEST_ID_BYTES ((size_t)16)

/* What is found out of the table once: each request asks it for each of its headers. */
struct caregate_known_headers {
    ngx_uint_t hashes[KNOWN_COUNT];
    const struct known_header *of_length[KNOWN_LEN_MAX + 1];
};

static ngx_uint_t is_alphanumeric(u_char letter)
{
    u_char small = (u_char)(letter | CASE_BIT);
    return (letter >= '0' && letter <= '9') || (small >= 'a' && small <= 'z');
}

/* An upstream may fold case, and '_' or any other such character into '-' (CGI, WSGI). Both are of
 * the same length; a key has small letters, digits and hyphens only. */
static ngx_uint_t folds_into(ngx_str_t name, ngx_str_t key)
{
    for (size_t i = 0; i < key.len; i++) {
        if ((name.data[i] | CASE_BIT) != key.data[i] &&
            (key.data[i] != '-' || is_alphanumeric(name.data[i]))) {
            return 0;
        }
    }
    return 1;
}

ngx_uint_t caregate_header_folds_into(ngx_str_t name, ngx_str_t key)
{
    return name.len == key.len && folds_into(name, key);
}

/* Whether a header is of one of these kinds; only a name that can be is looked at. */
static ngx_uint_t is_one_of(const struct caregate_main_conf *conf, ngx_str_t name, unsigned kinds)
{
    const struct known_header *known =
        name.len <= KNOWN_LEN_MAX ? conf->known_headers->of_length[name.len] : NULL;
    return known != NULL && (known->kind & kinds) != 0 && folds_into(name, known->key);
}

ngx_table_elt_t *caregate_header_next(ngx_list_part_t **part, ngx_uint_t *index)
{
    while (*part != NULL && *index >= (*part)->nelts) {
        *part = (*part)->next;
        *index = 0;
    }
    return *part == NULL ? NULL : (ngx_table_elt_t *)(*part)->elts + (*index)++;
}

static ngx_uint_t count_headers(ngx_http_request_t *r)
{
    ngx_uint_t count = 0;
    for (ngx_list_part_t *part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        count += part->nelts;
    }
    return count;
}

/* Of some kinds, or what no client may say: who it is, or, unless it is the proxy in front, which
 * certificate it has. */
static ngx_uint_t goes_out(const struct caregate_main_conf *conf, ngx_str_t name, unsigned kinds)
{
    return is_one_of(conf, name, kinds | KIND_IDENTITY) ||
           caregate_certificate_is_header(conf, name);
}

static ngx_uint_t has_identity(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_uint_t index = 0;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (goes_out(conf, header->key, 0)) {
            return 1;
        }
    }
    return 0;
}

/* Makes the list anew without identities and the headers of some kinds, with room for `room` more.
 */
static ngx_int_t remake_list(ngx_http_request_t *r, unsigned kinds_out, ngx_uint_t room)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    ngx_uint_t count = count_headers(r);
    ngx_list_t fresh;
    if (ngx_list_init(&fresh, r->pool, count + room + 1, sizeof(ngx_table_elt_t)) != NGX_OK) {
        return NGX_ERROR;
    }
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_uint_t index = 0;
    ngx_table_elt_t *copy = fresh.part.elts;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (!goes_out(conf, header->key, kinds_out)) {
            *copy = *header;
            copy++;
            fresh.part.nelts++;
        }
    }
    r->headers_in.headers = fresh;
    r->headers_in.headers.last = &r->headers_in.headers.part;
    return NGX_OK;
}

ngx_int_t caregate_identity_strip_handler(ngx_http_request_t *r)
{
    if (caregate_certificate_see(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!has_identity(r)) {
        return NGX_DECLINED;
    }
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "caregate: identity headers sent by the client are taken out");
    if (remake_list(r, 0, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return NGX_DECLINED;
}

ngx_int_t caregate_identity_prepare(ngx_conf_t *cf, struct caregate_main_conf *conf)
{
    conf->known_headers = ngx_pcalloc(cf->pool, sizeof(*conf->known_headers));
    if (conf->known_headers == NULL) {
        return NGX_ERROR;
    }
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        ngx_str_t key = known_headers[i].key;
        conf->known_headers->hashes[i] = ngx_hash_key(key.data, key.len);
        conf->known_headers->of_length[key.len] = &known_headers[i];
    }
    return NGX_OK;
}

/* To a list that was made anew with room for it. */
static ngx_table_elt_t *add_known(ngx_http_request_t *r, const struct known_header *known,
                                  ngx_str_t value)
{
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_table_elt_t *header = (ngx_table_elt_t *)part->elts + part->nelts++;
    *header = (ngx_table_elt_t){
        .hash = caregate_main_conf_of(r)->known_headers->hashes[known - known_headers],
        .key = known->name,
        .value = value,
        .lowcase_key = known->key.data,
    };
    return header;
}

static const struct known_header *find_known(enum header_kind kind)
{
    size_t i = 0;
    while (known_headers[i].kind != kind) {
        i++;
    }
    return &known_headers[i];
}

static ngx_str_t value_for(const struct known_header *known, const struct caregate_mark *mark)
{
    static const ngx_str_t none = ngx_null_string;
    switch (known->kind) {
    case KIND_IDENTITY:
        return *(const ngx_str_t *)((const void *)((const u_char *)&mark->caller + known->value));
    case KIND_REQUEST_ID: return mark->visit->request_id;
    case KIND_TOKEN: return mark->visit->authorization;
    case KIND_PROOF: return mark->visit->proof;
    }
    return none;
}

ngx_int_t caregate_identity_set(ngx_http_request_t *r, const struct caregate_mark *mark)
{
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    if (remake_list(r, KIND_TOKEN | KIND_REQUEST_ID | KIND_PROOF, KNOWN_COUNT) != NGX_OK) {
        return NGX_ERROR;
    }
    r->headers_in.authorization = NULL;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const struct known_header *known = &known_headers[i];
        ngx_str_t value = value_for(known, mark);
        ngx_uint_t is_secret = known->kind == KIND_TOKEN || known->kind == KIND_PROOF;
        if (value.len == 0 || (is_secret && !conf->forward_token)) {
            continue;
        }
        ngx_table_elt_t *header = add_known(r, known, value);
        if (known->kind == KIND_TOKEN) {
            r->headers_in.authorization = header;
        }
    }
    return NGX_OK;
}

/* An array of its own, so that one can tell by its place what was attached. */
static const u_char attached_name[] = "Authorization";

ngx_uint_t caregate_identity_is_attached(const ngx_http_request_t *r)
{
    const ngx_table_elt_t *header = r->headers_in.authorization;
    return header != NULL && header->key.data == attached_name;
}

ngx_int_t caregate_identity_attach(ngx_http_request_t *r, const struct caregate_mark *mark,
                                   ngx_str_t authorization, ngx_str_t proof)
{
    if (remake_list(r, KIND_TOKEN | KIND_REQUEST_ID | KIND_PROOF, KNOWN_COUNT) != NGX_OK) {
        return NGX_ERROR;
    }
    r->headers_in.authorization = add_known(r, find_known(KIND_TOKEN), authorization);
    r->headers_in.authorization->key.data = (u_char *)(uintptr_t)attached_name;
    (void)add_known(r, find_known(KIND_REQUEST_ID), mark->visit->request_id);
    if (proof.len > 0) {
        (void)add_known(r, find_known(KIND_PROOF), proof);
    }
    return NGX_OK;
}

ngx_int_t caregate_identity_detach(ngx_http_request_t *r)
{
    if (!caregate_identity_is_attached(r)) {
        return NGX_OK;
    }
    r->headers_in.authorization = NULL;
    return remake_list(r, KIND_TOKEN | KIND_PROOF, 0);
}

ngx_int_t caregate_identity_tell(ngx_http_request_t *r, const struct caregate_mark *mark)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const struct known_header *known = &known_headers[i];
        ngx_str_t value = value_for(known, mark);
        if (known->kind != KIND_IDENTITY || value.len == 0) {
            continue;
        }
        ngx_table_elt_t *header = ngx_list_push(&r->headers_out.headers);
        if (header == NULL) {
            return NGX_ERROR;
        }
        ngx_memzero(header, sizeof(*header));
        header->hash = 1;
        header->key = known->name;
        header->value = value;
    }
    return NGX_OK;
}

ngx_uint_t caregate_proof_find(ngx_http_request_t *r, ngx_str_t *ret_proof)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    ngx_uint_t count = 0;
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_uint_t index = 0;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (!is_one_of(conf, header->key, KIND_PROOF)) {
            continue;
        }
        if (count == 0) {
            *ret_proof = header->value;
        }
        count++;
    }
    return count;
}

ngx_uint_t caregate_header_find(ngx_http_request_t *r, ngx_str_t key, ngx_str_t *ret_value)
{
    ngx_uint_t count = 0;
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_uint_t index = 0;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (!caregate_header_folds_into(header->key, key)) {
            continue;
        }
        count++;
        if (ngx_strncasecmp(header->key.data, key.data, key.len) == 0) {
            *ret_value = header->value;
        }
    }
    return count;
}

static ngx_uint_t is_request_id(ngx_str_t value)
{
    for (size_t i = 0; i < value.len; i++) {
        u_char letter = value.data[i];
        if (!is_alphanumeric(letter) && letter != '.' && letter != '_' && letter != '-') {
            return 0;
        }
    }
    return value.len >= 1 && value.len <= REQUEST_ID_MAX;
}

/* The client's own, when it sent exactly one that may stand. */
static ngx_str_t sent_request_id(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    ngx_str_t found = ngx_null_string;
    ngx_uint_t count = 0;
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_uint_t index = 0;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (is_one_of(conf, header->key, KIND_REQUEST_ID)) {
            found = header->value;
            count++;
        }
    }
    return count == 1 && is_request_id(found) ? found : (ngx_str_t)ngx_null_string;
}

/* Drawn in stock: one system call for many ids. */
static ngx_int_t draw(struct caregate_worker *worker, u_char id[static REQUEST_ID_BYTES])
{
    if (worker->random_left < REQUEST_ID_BYTES) {
        if (getrandom(worker->random, sizeof(worker->random), 0) !=
            (ssize_t)sizeof(worker->random)) {
            return NGX_ERROR;
        }
        worker->random_left = sizeof(worker->random);
    }
    worker->random_left -= REQUEST_ID_BYTES;
    ngx_memcpy(id, worker->random + worker->random_left, REQUEST_ID_BYTES);
    return NGX_OK;
}

/* Two loops without a branch: the compiler makes vectors of them, and each request has an id. */
static void write_hex(const u_char bytes[static REQUEST_ID_BYTES],
                      u_char text[static 2 * REQUEST_ID_BYTES])
{
    for (size_t i = 0; i < REQUEST_ID_BYTES; i++) {
        text[2 * i] = bytes[i] >> 4;
        text[2 * i + 1] = bytes[i] & 0x0f;
    }
    for (size_t i = 0; i < 2 * REQUEST_ID_BYTES; i++) {
        text[i] = (u_char)(text[i] + (text[i] < 10 ? '0' : 'a' - 10));
    }
}

static ngx_int_t make_request_id(ngx_http_request_t *r, ngx_str_t *ret_id)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    u_char bytes[REQUEST_ID_BYTES];
    u_char *text = ngx_pnalloc(r->main->pool, sizeof(bytes) * 2);
    if (text == NULL || draw(conf->worker, bytes) != NGX_OK) {
        return NGX_ERROR;
    }
    write_hex(bytes, text);
    *ret_id = (ngx_str_t){.len = sizeof(bytes) * 2, .data = text};
    return NGX_OK;
}

ngx_int_t caregate_request_id_find(ngx_http_request_t *r, struct caregate_visit *visit)
{
    if (visit->request_id.len > 0) {
        return NGX_OK;
    }
    ngx_str_t sent = sent_request_id(r);
    if (sent.len == 0) {
        return make_request_id(r, &visit->request_id);
    }
    visit->request_id = sent;
    return NGX_OK;
}
