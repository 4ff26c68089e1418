/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/first_key.h"

#include "cli/master_key.h"
#include "registry/signing_key.h"

enum cg_status cg_first_key_add(struct cg_context *context, struct cg_change *change,
                                struct cg_span realm, struct cg_span alg)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret master_key = {.len = 0};
    struct cg_audit_event *event = NULL;
    struct cg_span kid = {NULL, 0};
    CG_TRY(cg_master_key_open(context, cg_change_store(change), &master_key));
    struct cg_signing_key_order order = {
        .realm = realm,
        .alg = alg,
        .start = CG_KEY_START_FIRST,
        .master_key = master_key.data,
        .random = &context->random,
        .now_s = context->now_s,
    };
    CG_TRY(cg_signing_key_create(cg_change_store(change), &order, context->arena, &context->fault,
                                 &kid));
    CG_TRY(cg_change_note(change, CG_AUDIT_KEY_CREATED, &event));
    event->realm = realm;
    event->detail = kid;
    return CG_OK;
}
