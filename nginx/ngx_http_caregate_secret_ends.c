/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that end: once a minute one worker looks when the next one does, for the metrics of all;
 * once a day it tells in the log which end within a month. Tokens are not held up by it.
 */
#include "ngx_http_caregate_module.h"

#define LOOK_EVERY_S 60
#define TELL_EVERY_S 86400

/* Pool thread. Called by the library for each, the soonest first. */
static void note_end(void *context, const struct cg_secret_end *end)
{
    struct caregate_secret_ends *ends = context;
    if (ends->count == CAREGATE_SECRET_ENDS_TOLD_MAX) {
        return;
    }
    ngx_tm_t day;
    ngx_gmtime((time_t)end->ends_s, &day);
    u_char *line = ends->lines[ends->count];
    u_char *last =
        ngx_slprintf(line, line + CAREGATE_SECRET_ENDS_LINE_BYTES,
                     "the secret %*s of %*s in %*s ends on %4d-%02d-%02d", end->secret_id.len,
                     end->secret_id.data, end->client_id.len, end->client_id.data, end->realm.len,
                     end->realm.data, day.ngx_tm_year, day.ngx_tm_mon, day.ngx_tm_mday);
    ends->line_lens[ends->count] = (size_t)(last - line);
    ends->count++;
}

void caregate_secret_ends_look(struct caregate_worker *worker, struct cg_issuer_slot *issuer,
                               int64_t now_s)
{
    struct caregate_secret_ends *ends = &worker->secret_ends;
    struct cg_secret_ends_sum sum;
    ends->count = 0;
    if (!caregate_zone_take_turn(worker, CAREGATE_TURN_LOOK_AT_SECRET_ENDS, now_s, LOOK_EVERY_S) ||
        cg_issuer_secret_ends(issuer, now_s, note_end, ends, &sum) != CG_OK) {
        ends->count = 0;
        return;
    }
    caregate_zone_keep_secret_ends(worker, &sum);
    ends->soon_count = sum.soon_count;
    if (ends->count > 0 &&
        !caregate_zone_take_turn(worker, CAREGATE_TURN_TELL_SECRET_ENDS, now_s, TELL_EVERY_S)) {
        ends->count = 0;
    }
}

void caregate_secret_ends_tell(struct caregate_worker *worker)
{
    struct caregate_secret_ends *ends = &worker->secret_ends;
    for (size_t i = 0; i < ends->count; i++) {
        ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                      "caregate: %*s: `caregate secret rotate` makes the next", ends->line_lens[i],
                      ends->lines[i]);
    }
    if (ends->count > 0 && ends->soon_count > (int64_t)ends->count) {
        ngx_log_error(NGX_LOG_WARN, worker->log, 0, "caregate: and %L more secrets end soon",
                      ends->soon_count - (int64_t)ends->count);
    }
    ends->count = 0;
}
