/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle of a realm as a slot keeps it: made and signed once for each change, however many
 * gates ask. One thread.
 */
#ifndef CG_ISSUER_KEPT_BUNDLE_H
#define CG_ISSUER_KEPT_BUNDLE_H

#include "base/shared_text.h"
#include "oauth/context.h"
#include "token/gate_bundle.h"

struct cg_kept_bundle {
    struct cg_shared_text *text; /* the compact JWS; NULL: none yet */
    char tag[CG_GATE_BUNDLE_TAG_BYTES];
    int64_t denylist;  /* the version that it shows; the other versions are the realm's */
    int64_t changes_s; /* by time alone */
};

void cg_kept_bundle_release(struct cg_kept_bundle *bundle);

/*
 * Makes context->issuing->bundle show the registry as it is in the batch's view. Reasons:
 * SIGNING_KEY_UNAVAILABLE, STORE_UNAVAILABLE, INTERNAL.
 */
CG_MUST_USE enum cg_status cg_kept_bundle_renew(struct cg_oauth_context *context);

#endif
