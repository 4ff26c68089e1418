/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named values of a request, in the order in which they came. Names and values are decoded spans.
 */
#ifndef CG_BASE_PARAMS_H
#define CG_BASE_PARAMS_H

#include "base/limits.h"

#include <caregate/types.h>

struct cg_param {
    struct cg_span name;
    struct cg_span value;
};

struct cg_params {
    struct cg_param items[CG_LIMIT_FORM_PARAMS];
    size_t count;
};

/* Appends. CG_ERR_LIMIT when full. */
CG_MUST_USE enum cg_status cg_params_add(struct cg_params *params, struct cg_span name,
                                         struct cg_span value);

/*
 * The value of a name. Absent span when it is missing or empty (RFC 6749 §3.2: parameters sent
 * without a value are treated as omitted). CG_ERR_CONFLICT when the name stands more than once.
 */
CG_MUST_USE enum cg_status cg_params_get(const struct cg_params *params, const char *name,
                                         struct cg_span *ret_value);

/* How often the name stands there, with or without a value. */
size_t cg_params_count(const struct cg_params *params, const char *name);

#endif
