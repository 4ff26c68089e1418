/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch_place.h"

#include "base/span.h"
#include "cli/ready.h"
#include "codec/json_scan.h"
#include "codec/uri.h"

#define NAME_BYTES 64 /* of a type or an id, as FHIR R4 bounds an id */
#define URL_BYTES_MAX 4096

enum cg_status cg_batch_place_find(struct cg_context *context, const struct cg_directive *root,
                                   struct cg_span profile, struct cg_batch_place *ret_place)
{
    for (const struct cg_directive *at = root; at != NULL; at = cg_directive_walk(at)) {
        const struct cg_directive *location = at->parent;
        if (!cg_directive_is(at, "caregate_attach") ||
            !cg_span_equal(cg_directive_word(at, 0), profile) || location->word_count != 2 ||
            !cg_directive_is(location->parent, "server")) {
            continue;
        }
        struct cg_span path = cg_directive_word(location, 0);
        struct cg_span address = cg_ready_address(context, location->parent);
        if (address.data != NULL && path.len > 0 && path.data[path.len - 1] == '/') {
            *ret_place = (struct cg_batch_place){.address = address, .base = path};
            return CG_OK;
        }
    }
    return CG_ERR_NOT_FOUND;
}

bool cg_batch_place_takes(const struct cg_batch_place *place, struct cg_span to)
{
    for (size_t i = 0; i < to.len; i++) {
        if (to.data[i] <= ' ' || to.data[i] >= 0x7F || to.data[i] == '#') {
            return false;
        }
    }
    struct cg_span path = cg_span_part(to, 0, cg_span_find(to, '?', 0));
    return to.len <= CG_LIMIT_URI_BYTES / 2 && cg_span_starts_with(to, place->base) &&
           !cg_uri_path_climbs(path);
}

/* What of a document says where it belongs; absent when it does not say. */
struct facts {
    struct cg_span type; /* resourceType */
    struct cg_span id;
    struct cg_span kind; /* type: of a Bundle */
};

static struct cg_span *fact_of(struct facts *facts, struct cg_span name)
{
    if (cg_span_equal_string(name, "resourceType")) {
        return &facts->type;
    }
    if (cg_span_equal_string(name, "id")) {
        return &facts->id;
    }
    return cg_span_equal_string(name, "type") ? &facts->kind : NULL;
}

/* One pass over all of it, so that what is not JSON is not sent. */
static enum cg_status read_facts(struct cg_span body, struct facts *facts)
{
    struct cg_json_scan scan;
    enum cg_json_token token = CG_JSON_DONE;
    struct cg_span text = {NULL, 0};
    struct cg_span *next = NULL;
    cg_json_scan_begin(&scan, body);
    do {
        CG_TRY(cg_json_scan_next(&scan, &token, &text));
        if (token == CG_JSON_STRING && next != NULL) {
            *next = text;
        }
        next = token == CG_JSON_NAME && scan.depth == 1 ? fact_of(facts, text) : NULL;
    } while (token != CG_JSON_DONE);
    return CG_OK;
}

/* What may be a segment of a path: a type, or an id, as FHIR has them. */
static bool is_segment(struct cg_span text)
{
    bool only_dots = true;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (c < '0' || c > '9') && c != '-' && c != '.') {
            return false;
        }
        only_dots = only_dots && c == '.';
    }
    return text.len > 0 && text.len <= NAME_BYTES && !only_dots;
}

static bool is_for_the_base(const struct facts *facts)
{
    return cg_span_equal_string(facts->type, "Bundle") &&
           (cg_span_equal_string(facts->kind, "transaction") ||
            cg_span_equal_string(facts->kind, "batch"));
}

static enum cg_status put_path(const struct cg_batch_place *place, const struct facts *facts,
                               struct cg_buf *buf)
{
    if (place->to.data != NULL) {
        cg_buf_put(buf, place->to);
        return CG_OK;
    }
    cg_buf_put(buf, place->base);
    if (is_for_the_base(facts)) {
        return CG_OK;
    }
    cg_buf_put(buf, facts->type);
    if (facts->id.data != NULL) {
        cg_buf_put_byte(buf, '/');
        cg_buf_put(buf, facts->id);
    }
    return is_segment(facts->type) && (facts->id.data == NULL || is_segment(facts->id))
               ? CG_OK
               : CG_ERR_INPUT;
}

enum cg_status cg_batch_place_target(const struct cg_batch_place *place, struct cg_span body,
                                     struct cg_arena *arena, struct cg_batch_target *ret_target,
                                     const char **ret_reason)
{
    struct facts facts = {.type = {NULL, 0}};
    struct cg_span url = {NULL, 0};
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, URL_BYTES_MAX);
    if (read_facts(body, &facts) != CG_OK) {
        *ret_reason = "it is not JSON, or has a name twice";
        return CG_ERR_INPUT;
    }
    cg_buf_put_string(&buf, "http://");
    cg_buf_put(&buf, place->address);
    if (put_path(place, &facts, &buf) != CG_OK) {
        *ret_reason = "its resourceType or id is none of FHIR";
        return CG_ERR_INPUT;
    }
    cg_buf_put_byte(&buf, '\0');
    CG_TRY(cg_buf_finish(&buf, &url));
    ret_target->url = (const char *)url.data;
    ret_target->puts = place->to.data == NULL && facts.id.data != NULL && !is_for_the_base(&facts);
    return CG_OK;
}
