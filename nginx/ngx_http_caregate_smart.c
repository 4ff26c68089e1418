/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations whose FHIR requests are judged by SMART scopes: what a request says of itself besides
 * its path, for the library to judge.
 */
#include "ngx_http_caregate_module.h"

enum effect {
    OVERRIDES, /* an API that knows the header does something else than the request line says */
    CONDITION,
    PROVENANCE,
    BODY_TYPE,
    BODY_ENCODING,
};

/* Headers by which frameworks take another method or path than that of the request line, and those
 * by which a FHIR server does more than it says. */
static const struct {
    ngx_str_t key; /* lower case */
    enum effect effect;
} headers[] = {
    {ngx_string("x-http-method-override"), OVERRIDES},
    {ngx_string("x-http-method"), OVERRIDES},
    {ngx_string("x-method-override"), OVERRIDES},
    {ngx_string("x-original-method"), OVERRIDES},
    {ngx_string("x-original-url"), OVERRIDES},
    {ngx_string("x-rewrite-url"), OVERRIDES},
    {ngx_string("x-cascade"), OVERRIDES},
    {ngx_string("if-none-exist"), CONDITION},
    {ngx_string("x-provenance"), PROVENANCE},
    {ngx_string("content-type"), BODY_TYPE},
    {ngx_string("content-encoding"), BODY_ENCODING},
};

#define HEADER_COUNT (sizeof(headers) / sizeof(headers[0]))

/* A bit for each length of a name in the table: most headers have none of them. */
static uint64_t lengths(void)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        bits |= UINT64_C(1) << headers[i].key.len;
    }
    return bits;
}

static void see_header(const ngx_http_request_t *r, const ngx_table_elt_t *header,
                       struct cg_gate_fhir_request *seen)
{
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (!caregate_header_folds_into(header->key, headers[i].key) ||
            caregate_forward_tells(r, headers[i].key)) {
            continue;
        }
        switch (headers[i].effect) {
        case OVERRIDES: seen->is_overridden = 1; break;
        case CONDITION:
            seen->if_none_exist = caregate_span(header->value);
            seen->if_none_exist_count++;
            break;
        case PROVENANCE: seen->has_provenance = 1; break;
        case BODY_TYPE:
            seen->content_type = caregate_span(header->value);
            seen->content_type_count++;
            break;
        case BODY_ENCODING: seen->is_encoded = 1; break;
        }
    }
}

void caregate_smart_see(ngx_http_request_t *r, const struct caregate_mark *mark,
                        struct cg_gate_fhir_request *ret_seen)
{
    off_t announced = r->headers_in.content_length_n;
    struct cg_gate_fhir_request seen = {
        .body_bytes = announced > 0 ? (uint64_t)announced : 0,
    };
    if (mark->scan != NULL) {
        seen.body_bytes = mark->body_bytes;
        seen.scan = mark->scan;
    }
    const uint64_t wanted = lengths();
    ngx_list_part_t *part = &r->headers_in.headers.part;
    ngx_uint_t index = 0;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (header->key.len < 64 && (wanted >> header->key.len & 1) != 0) {
            see_header(r, header, &seen);
        }
    }
    *ret_seen = seen;
}

struct cg_gate_operation *caregate_smart_operations(ngx_conf_t *cf,
                                                    const struct caregate_loc_conf *location)
{
    ngx_uint_t count = location->operations == NULL ? 0 : location->operations->nelts;
    struct cg_gate_operation *operations = ngx_pcalloc(cf->pool, (count + 1) * sizeof(*operations));
    for (ngx_uint_t i = 0; operations != NULL && i < count; i++) {
        const struct caregate_operation *operation =
            (struct caregate_operation *)location->operations->elts + i;
        operations[i] = (struct cg_gate_operation){.name = caregate_span(operation->name),
                                                   .scopes = operation->scopes.elts,
                                                   .scope_count = operation->scopes.nelts};
    }
    return operations;
}
