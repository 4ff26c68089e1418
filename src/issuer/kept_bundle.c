/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/kept_bundle.h"

#include "base/buf.h"
#include "base/limits.h"
#include "feed/feed.h"
#include "jose/jws.h"
#include "token/snapshot_parts.h"

void cg_kept_bundle_release(struct cg_kept_bundle *bundle)
{
    bundle->text = cg_shared_text_drop(bundle->text);
}

static void release_buf(struct cg_buf *buf)
{
    cg_buf_release(buf);
}

static enum cg_status sign(const struct cg_issuing_realm *issuing,
                           const struct cg_snapshot *snapshot, struct cg_shared_text **ret_text)
{
    CG_CLEANUP(release_buf) struct cg_buf compact;
    struct cg_span text;
    cg_buf_init(&compact, CG_LIMIT_BUNDLE_BYTES);
    CG_TRY(
        cg_jws_make(issuing->bundle_header, cg_snapshot_text(snapshot), issuing->signer, &compact));
    CG_TRY(cg_buf_finish(&compact, &text));
    return cg_shared_text_new(text, ret_text);
}

static enum cg_status make(const struct cg_oauth_context *context, struct cg_kept_bundle *bundle)
{
    CG_CLEANUP(cg_snapshot_free_at) struct cg_snapshot *snapshot = NULL;
    struct cg_shared_text *text = NULL;
    int64_t changes_s = INT64_MAX;
    CG_TRY(cg_feed_build_realm(context->registry, context->issuing->realm.path, context->now_s,
                               &snapshot, &changes_s));
    CG_TRY(sign(context->issuing, snapshot, &text));
    cg_kept_bundle_release(bundle);
    bundle->text = text;
    bundle->denylist = cg_snapshot_denylist_generation(snapshot);
    bundle->changes_s = changes_s;
    cg_gate_bundle_tag(snapshot, bundle->tag);
    return CG_OK;
}

enum cg_status cg_kept_bundle_renew(struct cg_oauth_context *context)
{
    struct cg_kept_bundle *bundle = context->issuing->bundle;
    struct cg_registry_version version;
    if (context->issuing->signer == NULL) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_SIGNING_KEY_UNAVAILABLE, NULL, NULL);
    }
    enum cg_status status = cg_registry_version_read(context->registry, &version);
    bool is_fresh = bundle->text != NULL && bundle->denylist == version.denylist &&
                    context->now_s < bundle->changes_s;
    if (status == CG_OK && !is_fresh) {
        status = make(context, bundle);
    }
    if (status != CG_OK) {
        CG_FAIL(&context->fault, status,
                status == CG_ERR_STORE ? CG_REASON_STORE_UNAVAILABLE : CG_REASON_INTERNAL, NULL,
                NULL);
    }
    return CG_OK;
}
