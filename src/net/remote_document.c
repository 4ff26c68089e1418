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
    document->failed_s = 0;
}

/* A copy that is past its time is used while its host is asked again, if the host failed a moment
 * ago: who waits then would mostly wait for another failure. */
static bool has_failed_lately(const struct cg_document *document, int64_t now_s)
{
    return document->failed_s != 0 && now_s < document->failed_s + CG_LIMIT_REMOTE_DOUBT_S;
}

/* Whether it is known without another fetch what is in the document now. */
static bool is_known(const struct cg_document *document, bool lacks, int64_t now_s)
{
    if (document->version == 0 || now_s >= document->usable_until_s) {
        return false;
    }
    if (lacks) {
        /* It was fetched for somebody else who lacks something, and it is as it was. */
        return document->state == CG_DOCUMENT_IDLE && document->failed_s == 0 &&
               now_s < document->force_from_s;
    }
    return now_s < document->fresh_until_s || has_failed_lately(document, now_s);
}

enum cg_remote_state cg_document_judge(struct cg_document *document, uint64_t lacking,
                                       int64_t now_s, bool *ret_fetch)
{
    bool lacks = lacking != 0 && lacking == document->version;
    bool rests = document->failed_s != 0 && now_s < document->failed_s + CG_LIMIT_REMOTE_RETRY_S;
    bool may_fetch = document->state == CG_DOCUMENT_IDLE && !rests;
    bool known = is_known(document, lacks, now_s);
    *ret_fetch = may_fetch && (!known || (!lacks && now_s >= document->refresh_from_s));
    if (*ret_fetch && lacks) {
        document->force_from_s = now_s + CG_LIMIT_REMOTE_FORCE_S;
    }
    if (known) {
        return CG_REMOTE_THERE;
    }
    return may_fetch || document->state != CG_DOCUMENT_IDLE ? CG_REMOTE_COMING : CG_REMOTE_AWAY;
}
