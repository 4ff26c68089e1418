/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include <caregate/gate.h>

/* RFC 9110 §9.1: method names are case-sensitive. */
static const struct {
    struct cg_span name;
    enum cg_method method;
} methods[] = {
    {CG_SPAN("GET"), CG_METHOD_GET},         {CG_SPAN("HEAD"), CG_METHOD_HEAD},
    {CG_SPAN("POST"), CG_METHOD_POST},       {CG_SPAN("PUT"), CG_METHOD_PUT},
    {CG_SPAN("PATCH"), CG_METHOD_PATCH},     {CG_SPAN("DELETE"), CG_METHOD_DELETE},
    {CG_SPAN("OPTIONS"), CG_METHOD_OPTIONS},
};

enum cg_method cg_method_of(struct cg_span name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (cg_span_equal(methods[i].name, name)) {
            return methods[i].method;
        }
    }
    return CG_METHOD_OTHER;
}
