/* SPDX-License-Identifier: Apache-2.0 */
/* Cache-Control. No text makes an age that is negative but for "nothing said"; no-store behind it
 * always wins. */
#include "base/buf.h"
#include "base/span.h"
#include "codec/cache_control.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span value = cg_span_of_bytes(data, len);
    REQUIRE(cg_cache_control_max_age_s(value) >= -1);
    struct cg_buf buf;
    struct cg_span more = {NULL, 0};
    cg_buf_init(&buf, len + 64);
    cg_buf_put(&buf, value);
    cg_buf_put_string(&buf, ", no-store");
    REQUIRE(cg_buf_finish(&buf, &more) == CG_OK);
    REQUIRE(cg_cache_control_max_age_s(more) == 0);
    cg_buf_release(&buf);
    return 0;
}
