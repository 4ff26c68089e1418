/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token that was found good says, in memory of its own. Immutable: any thread.
 */
#ifndef CG_VERIFY_CLAIMS_H
#define CG_VERIFY_CLAIMS_H

#include "base/arena.h"
#include "token/access_token.h"

#include <caregate/verify.h>

struct cg_token_claims {
    struct cg_arena *arena; /* of all texts */
    struct cg_access_token token;
    struct cg_span details; /* of the API that asked */
};

/* Empty claims, to be filled from their arena. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_token_claims_new(struct cg_token_claims **ret_claims);
CG_DEFINE_CLEANUP(cg_token_claims_free_at, struct cg_token_claims *, cg_token_claims_free)

/* Leaves of its details those of one API, by name. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_token_claims_keep_details(struct cg_token_claims *claims,
                                                        struct cg_span api);

#endif
