/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser takes is within the bounds, and is written again as it was. */
#include "base/span.h"
#include "base/throttle.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span text = cg_span_of_bytes(data, len);
    struct cg_rate rate;
    if (cg_rate_parse(text, &rate) != CG_OK) {
        return 0;
    }
    char written[CG_RATE_TEXT_BYTES];
    require(rate.count >= 1 && rate.burst >= 1 && rate.burst <= CG_RATE_BURST_MAX);
    require(rate.count <= (uint64_t)CG_RATE_PER_S_MAX * rate.window_s);
    cg_rate_format(&rate, written);
    require(cg_span_equal_string(text, written));
    return 0;
}
