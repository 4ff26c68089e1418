/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/grant_client_credentials.h"

#include "oauth/wish.h"

enum cg_status cg_grant_client_credentials(struct cg_oauth_context *context,
                                           const struct cg_client_record *record,
                                           struct cg_access_token *ret_token)
{
    struct cg_wish wish;
    CG_TRY(cg_wish_read(context, &wish));
    return cg_wish_grant(context, record, &wish, ret_token);
}
