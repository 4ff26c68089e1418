/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table from reason codes to what an OAuth client sees: HTTP status and error string (RFC
 * 6749 §5.2), whether a challenge or Retry-After goes with it.
 */
#ifndef CG_OAUTH_WIRE_ERROR_H
#define CG_OAUTH_WIRE_ERROR_H

#include "base/status.h"

#include <caregate/exchange.h>
#include <stdbool.h>

struct cg_wire_error {
    unsigned http_status;
    const char *error;      /* "invalid_client" */
    bool challenge;         /* WWW-Authenticate: Basic realm="…" */
    unsigned retry_after_s; /* 0: no Retry-After */
};

/* The row of a reason; reasons that the issuer never gives map to 500 server_error. */
const struct cg_wire_error *cg_wire_error_of(enum cg_reason reason);

/*
 * Fills the exchange's response: JSON {"error","error_description"[,"error_uri"]}, Cache-Control:
 * no-store, Pragma: no-cache, and what the table says. `realm_path` names the protection space.
 * Cannot fail: falls back to static text when the arena is full.
 */
void cg_wire_error_answer(struct cg_exchange *exchange, const struct cg_fault *fault,
                          struct cg_span realm_path);

#endif
