/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/throttle.h"

#include <caregate/fair_queue.h>
#include <caregate/issuer.h>

/* The value of client_id in a form, as it is spelt; absent when there is none. */
static struct cg_span claimed_id(struct cg_span form)
{
    struct cg_span name = CG_SPAN_OF("client_id=");
    struct cg_span piece = {NULL, 0};
    while (cg_span_split(&form, '&', &piece)) {
        if (cg_span_starts_with(piece, name)) {
            return cg_span_part(piece, name.len, piece.len);
        }
    }
    return (struct cg_span){NULL, 0};
}

unsigned cg_issuer_lane(const struct cg_throttle *throttle, const struct cg_request *request)
{
    struct cg_throttle_parts parts = {
        .first = request->address,
        .second = request->authorization,
        .third =
            request->authorization.len > 0 ? (struct cg_span){NULL, 0} : claimed_id(request->body),
    };
    return (unsigned)(cg_throttle_key(throttle, CG_THROTTLE_LANE, &parts) % CG_FAIR_LANES);
}
