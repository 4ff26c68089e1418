/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMART scopes of one token, taken apart once and kept with it: what they open of one API, and
 * whether that is enough for a FHIR request. Only scopes of systems ("system/") open anything:
 * which patient or user the others are about is known to no gate yet. Any thread.
 */
#ifndef CG_GATE_SMART_GRANTS_H
#define CG_GATE_SMART_GRANTS_H

#include "gate/fhir_request.h"

#include <caregate/types.h>
#include <stdbool.h>

/* One scope, by where its parts stand in the token's text. */
struct cg_smart_grant {
    uint16_t type_at;
    uint16_t query_at;
    uint16_t query_len;
    uint8_t type_len;
    uint8_t letters;
};

struct cg_smart_grants {
    struct cg_span scope; /* of the token */
    const struct cg_smart_grant *items;
    size_t count;
    unsigned barred; /* methods that no entry of a Bundle may have, by other rules than SMART's */
};

/* How many grants there can be of a scope: what room they need. */
size_t cg_smart_grants_room(struct cg_span scope);

/*
 * Takes a token's scope apart; of each only what some scope of the API covers, too, so that what
 * was taken from the API opens nothing any more. Returns how many were written to `room`, for
 * cg_smart_grants_room(scope) of them; scopes that are no SMART scopes open nothing.
 */
size_t cg_smart_grants_read(struct cg_span scope, struct cg_span api_scope,
                            struct cg_smart_grant *room);

/*
 * Whether the grants meet all needs of a request. Letters may be met by different grants; a scope
 * with a query meets only searches whose query or form has each of its parameters, with that very
 * value. *ret_lacking: the first need that is not met, with the letters that are missing.
 */
bool cg_smart_grants_meet(const struct cg_smart_grants *grants,
                          const struct cg_fhir_request *request, const struct cg_fhir_needs *needs,
                          struct cg_fhir_need *ret_lacking);

#endif
