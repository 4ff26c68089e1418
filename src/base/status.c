/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

const char *cg_status_name(enum cg_status status)
{
    static const char *const names[] = {
        [CG_OK] = "ok",
        [CG_ERR_INPUT] = "input",
        [CG_ERR_AUTHENTICATION] = "authentication",
        [CG_ERR_AUTHORISATION] = "authorisation",
        [CG_ERR_CONFLICT] = "conflict",
        [CG_ERR_NOT_FOUND] = "not found",
        [CG_ERR_STORE] = "store",
        [CG_ERR_CRYPTO] = "crypto",
        [CG_ERR_LIMIT] = "limit",
        [CG_ERR_INTERNAL] = "internal",
    };
    return (size_t)status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown";
}
