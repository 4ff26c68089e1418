/* SPDX-License-Identifier: Apache-2.0 */
#include "base/params.h"

#include "base/span.h"

enum cg_status cg_params_add(struct cg_params *params, struct cg_span name, struct cg_span value)
{
    if (params->count >= CG_LIMIT_FORM_PARAMS) {
        return CG_ERR_LIMIT;
    }
    params->items[params->count++] = (struct cg_param){.name = name, .value = value};
    return CG_OK;
}

enum cg_status cg_params_get(const struct cg_params *params, const char *name,
                             struct cg_span *ret_value)
{
    struct cg_span value = {NULL, 0};
    size_t count = 0;
    for (size_t i = 0; i < params->count; i++) {
        if (cg_span_equal_string(params->items[i].name, name)) {
            value = params->items[i].value;
            count++;
        }
    }
    /* RFC 6749 §3.2: request parameters MUST NOT be included more than once. */
    if (count > 1) {
        return CG_ERR_CONFLICT;
    }
    /* RFC 6749 §3.1: a parameter sent without a value is treated as if it were omitted. */
    *ret_value = value.len > 0 ? value : (struct cg_span){NULL, 0};
    return CG_OK;
}

size_t cg_params_count(const struct cg_params *params, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < params->count; i++) {
        count += cg_span_equal_string(params->items[i].name, name);
    }
    return count;
}
