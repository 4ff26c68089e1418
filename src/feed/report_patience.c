/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/report_patience.h"

#include "base/limits.h"

bool cg_report_patience_ends(int64_t *since_s, bool is_refused, int64_t now_s)
{
    if (!is_refused) {
        *since_s = 0;
        return false;
    }
    if (*since_s == 0) {
        *since_s = now_s;
    }
    bool ends = now_s - *since_s >= CG_LIMIT_REPORT_REFUSED_S;
    *since_s = ends ? 0 : *since_s;
    return ends;
}
