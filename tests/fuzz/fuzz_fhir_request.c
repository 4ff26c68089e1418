/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FHIR requests. The first byte chooses the method, the rest is a path and a query, and what
 * follows a line end is a form. What is decided has plain bytes only, and needs types of R4; a
 * parameter that reaches further has a need of its own; adding one never leaves fewer needs.
 */
#include "base/span.h"
#include "codec/form.h"
#include "fuzz.h"
#include "gate/fhir_request.h"
#include "gate/smart_grants.h"
#include "token/fhir_type.h"
#include "token/smart.h"

#include <string.h>

#define TEXT_MAX_BYTES 4096

static const enum cg_method methods[] = {CG_METHOD_GET,   CG_METHOD_POST,   CG_METHOD_PUT,
                                         CG_METHOD_PATCH, CG_METHOD_DELETE, CG_METHOD_HEAD};

static bool has_reading_need(const struct cg_fhir_needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        if ((needs->items[i].letters & CG_SMART_READ) != 0) {
            return true;
        }
    }
    return false;
}

static void require_sound(const struct cg_fhir_request *request, const struct cg_fhir_needs *needs)
{
    struct cg_fhir_need lacking = {.letters = 0};
    const struct cg_smart_grants none = {.count = 0};
    REQUIRE(cg_smart_grants_meet(&none, request, needs, &lacking) == (needs->count == 0));
    for (size_t i = 0; i < needs->count; i++) {
        REQUIRE(needs->items[i].letters != 0);
        REQUIRE(cg_span_equal_string(needs->items[i].type, "*") ||
                cg_fhir_type_is(needs->items[i].type));
    }
    for (size_t i = 0; i < request->path.len; i++) {
        REQUIRE(strchr("%;\\?#", request->path.data[i]) == NULL);
    }
    if (cg_form_query_has(request->query, "_include") ||
        cg_form_query_has(request->query, "_revinclude") ||
        (needs->body == CG_FHIR_BODY_FORM && cg_form_query_has(request->form, "_include"))) {
        REQUIRE(has_reading_need(needs));
    }
    REQUIRE(!cg_form_query_has(request->query, "_method"));
    REQUIRE(!cg_form_query_has(request->query, "_filter"));
}

/* The same with one parameter more, which reaches Provenance. */
static void require_more(struct cg_fhir_request request, const struct cg_fhir_needs *needs)
{
    static const char added[] = "&_revinclude=Provenance:target";
    char text[TEXT_MAX_BYTES + sizeof(added)];
    struct cg_fhir_needs more;
    if (request.query.len > TEXT_MAX_BYTES) {
        return;
    }
    if (request.query.len > 0) {
        memcpy(text, request.query.data, request.query.len);
    }
    memcpy(text + request.query.len, added, sizeof(added));
    request.query = cg_span_of_bytes(text, request.query.len + sizeof(added) - 1);
    if (cg_fhir_request_read(&request, &more) == CG_OK) {
        REQUIRE(more.count >= needs->count);
        REQUIRE(has_reading_need(&more));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_fhir_needs needs;
    if (len == 0) {
        return 0;
    }
    struct cg_span target = cg_span_of_bytes(data + 1, len - 1);
    size_t end = cg_span_find(target, '\n', 0);
    struct cg_fhir_request request = {
        .method = methods[data[0] % (sizeof(methods) / sizeof(methods[0]))],
        .form = cg_span_part(target, end + 1, target.len),
        .if_none_exist = cg_span_part(target, end + 1, target.len),
    };
    target = cg_span_part(target, 0, end);
    size_t mark = cg_span_find(target, '?', 0);
    request.path = cg_span_part(target, 0, mark);
    request.query = cg_span_part(target, mark + 1, target.len);
    if (data[0] < 'a') {
        request.if_none_exist = (struct cg_span){NULL, 0};
    }
    if (cg_fhir_request_read(&request, &needs) == CG_OK) {
        require_sound(&request, &needs);
        require_more(request, &needs);
    }
    return 0;
}
