/* SPDX-License-Identifier: Apache-2.0 */
#include "net/remote_parts.h"

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    if (value < least) {
        return least;
    }
    return value > most ? most : value;
}

void cg_document_renew(struct cg_document *document, int64_t max_age_s, int64_t now_s)
{
    int64_t life_s = max_age_s < 0
                         ? CG_LIMIT_REMOTE_DEFAULT_S
                         : clamp(max_age_s, CG_LIMIT_REMOTE_LEAST_S, CG_LIMIT_REMOTE_MOST_S);
    document->fresh_until_s = now_s + life_s;
    document->refresh_from_s = document->fresh_until_s - life_s / 4;
    document->usable_until_s = document->fresh_until_s + CG_LIMIT_REMOTE_STALE_S;
    document->retry_from_s = 0;
}

/* Someone lacks something in a fresh document: it may have changed before its time. */
static enum cg_remote_state judge_lack(struct cg_document *document, int64_t now_s, bool *ret_fetch)
{
    if (document->state != CG_DOCUMENT_IDLE) {
        return CG_REMOTE_COMING;
    }
    if (now_s < document->force_from_s) {
        return CG_REMOTE_THERE;
    }
    document->force_from_s = now_s + CG_LIMIT_REMOTE_FORCE_S;
    *ret_fetch = true;
    return CG_REMOTE_COMING;
}

enum cg_remote_state cg_document_judge(struct cg_document *document, uint64_t lacking,
                                       int64_t now_s, bool *ret_fetch)
{
    bool usable = document->version != 0 && now_s < document->usable_until_s;
    bool may_fetch = document->state == CG_DOCUMENT_IDLE && now_s >= document->retry_from_s;
    *ret_fetch = false;
    if (usable && now_s < document->fresh_until_s) {
        if (lacking != 0 && lacking == document->version) {
            return judge_lack(document, now_s, ret_fetch);
        }
        *ret_fetch = may_fetch && now_s >= document->refresh_from_s;
        return CG_REMOTE_THERE;
    }
    if (may_fetch || document->state != CG_DOCUMENT_IDLE) {
        *ret_fetch = may_fetch;
        return CG_REMOTE_COMING;
    }
    return usable ? CG_REMOTE_THERE : CG_REMOTE_AWAY;
}
