/* SPDX-License-Identifier: Apache-2.0 */
/* The Accept header. A weight is within its range; a wish for all that is put behind changes
 * nothing for a type that was named. */
#include "base/buf.h"
#include "base/span.h"
#include "codec/accept.h"
#include "fuzz.h"

#define TYPE CG_SPAN_OF("application/json")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span header = cg_span_of_bytes(data, len);
    unsigned weight = cg_accept_weight(header, TYPE);
    REQUIRE(weight <= CG_ACCEPT_WEIGHT_MAX);
    struct cg_buf buf;
    struct cg_span more = {NULL, 0};
    cg_buf_init(&buf, len + 64);
    cg_buf_put(&buf, header);
    cg_buf_put_string(&buf, ", application/json;q=0.4, */*;q=0.9");
    REQUIRE(cg_buf_finish(&buf, &more) == CG_OK);
    unsigned then = cg_accept_weight(more, TYPE);
    REQUIRE(then == 400 || then == weight);
    cg_buf_release(&buf);
    return 0;
}
