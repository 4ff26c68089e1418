/* SPDX-License-Identifier: Apache-2.0 */
/* Between nginx's types and the library's. */
#include "ngx_http_caregate_module.h"

struct cg_span caregate_span(ngx_str_t text)
{
    return (struct cg_span){.data = text.data, .len = text.data == NULL ? 0 : text.len};
}

ngx_str_t caregate_str(struct cg_span span)
{
    /* nginx has no type for what it only reads. */
    union {
        const uint8_t *in;
        u_char *out;
    } data = {.in = span.data};
    return (ngx_str_t){.len = span.len, .data = data.out};
}

int64_t caregate_now_ms(void)
{
    const ngx_time_t *now = ngx_timeofday();
    return (int64_t)now->sec * 1000 + (int64_t)now->msec;
}

static struct cg_span header_value(const ngx_table_elt_t *header)
{
    return header == NULL ? (struct cg_span){NULL, 0} : caregate_span(header->value);
}

/* nginx keeps the first line of this header, if it was built with a module that wants it, as
 * Debian's is; otherwise every answer comes in its usual form. */
static struct cg_span accept_value(const ngx_http_request_t *r)
{
#if (NGX_HTTP_HEADERS)
    return header_value(r->headers_in.accept);
#else
    (void)r;
    return (struct cg_span){NULL, 0};
#endif
}

void caregate_convert_request(ngx_http_request_t *r, struct cg_request *ret_request)
{
    static const ngx_str_t get = ngx_string("GET");
    ngx_str_t proof = ngx_null_string;
    ngx_uint_t proof_count = caregate_proof_find(r, &proof);
    *ret_request = (struct cg_request){
        /* nginx answers HEAD with the headers of GET. */
        .method = caregate_span(r->method == NGX_HTTP_HEAD ? get : r->method_name),
        .path = caregate_span(r->uri),
        .query = caregate_span(r->args),
        .content_type = header_value(r->headers_in.content_type),
        .authorization = header_value(r->headers_in.authorization),
        .accept = accept_value(r),
        .proof = caregate_span(proof),
        .proof_count = (unsigned)proof_count,
        .address = caregate_span(r->connection->addr_text),
        .received_ms = caregate_now_ms(),
    };
}
