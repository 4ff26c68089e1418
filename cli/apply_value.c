/* SPDX-License-Identifier: Apache-2.0 */
/* What the values of a file of the registry mean. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/apply.h"

#define APPROVALS_MAX 9
#define SHOWN_BYTES 64

enum cg_status cg_apply_refuse(struct cg_apply *apply, const struct cg_yaml *member,
                               const char *allowed)
{
    struct cg_span shown = {NULL, 0};
    CG_TRY(cg_output_printable(apply->context->arena, cg_span_part(member->text, 0, SHOWN_BYTES),
                               "", &shown));
    return cg_registry_file_complain(&apply->file, member, CG_ERR_INPUT, "%.*s is %s, not \"%.*s\"",
                                     CG_SPAN_ARGS(member->key), allowed, CG_SPAN_ARGS(shown));
}

struct cg_span cg_apply_text(const struct cg_yaml *map, const char *key)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    return member != NULL ? member->text : (struct cg_span){NULL, 0};
}

enum cg_status cg_apply_words(struct cg_apply *apply, const struct cg_yaml *map, const char *key,
                              struct cg_span *ret_words)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    struct cg_buf buf;
    if (member == NULL) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, apply->context->arena, CG_LIMIT_SCOPE_BYTES);
    for (const struct cg_yaml *at = member->first; at != NULL; at = at->next) {
        cg_buf_put_string(&buf, buf.len > 0 ? " " : "");
        cg_buf_put(&buf, at->text);
    }
    if (buf.is_too_long) {
        return cg_registry_file_complain(&apply->file, member, CG_ERR_INPUT,
                                         "%s is longer than %d bytes", key, CG_LIMIT_SCOPE_BYTES);
    }
    return cg_buf_finish(&buf, ret_words);
}

enum cg_status cg_apply_number(struct cg_apply *apply, const struct cg_yaml *map, const char *key,
                               int64_t *ret_number)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    if (member != NULL && cg_span_to_number(member->text, APPROVALS_MAX, ret_number) != CG_OK) {
        return cg_apply_refuse(apply, member, "a number of 1 to 9");
    }
    return CG_OK;
}

enum cg_status cg_apply_life(struct cg_apply *apply, const struct cg_yaml *map, const char *key,
                             int64_t *ret_life_s)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    int64_t life_s = 0;
    if (member == NULL) {
        return CG_OK;
    }
    if (cg_duration_parse(member->text, &life_s) != CG_OK || life_s < 1 ||
        life_s > CG_LIMIT_TOKEN_LIFE_MAX_S) {
        return cg_apply_refuse(apply, member, "1 to 86400 seconds, 300 or 5m");
    }
    *ret_life_s = life_s;
    return CG_OK;
}

enum cg_status cg_apply_time(struct cg_apply *apply, const struct cg_yaml *map, const char *key,
                             int64_t *ret_time_s)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    if (member != NULL && cg_time_parse(member->text, ret_time_s) != CG_OK) {
        return cg_apply_refuse(apply, member, "a date, 2026-01-31 or 2026-01-31T12:00:00Z");
    }
    return CG_OK;
}

enum cg_status cg_apply_rate(struct cg_apply *apply, const struct cg_yaml *map, const char *key,
                             struct cg_rate *ret_rate)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    if (member != NULL && cg_rate_parse(member->text, ret_rate) != CG_OK) {
        return cg_apply_refuse(apply, member, "a rate, 20/s, 600/min or 5000/h");
    }
    return CG_OK;
}

enum cg_status cg_apply_response(struct cg_apply *apply, const struct cg_yaml *map, const char *key,
                                 enum cg_token_response *ret_response)
{
    const struct cg_yaml *member = cg_yaml_member(map, key);
    if (member != NULL && cg_token_response_find(member->text, ret_response) != CG_OK) {
        return cg_apply_refuse(apply, member, "documented or rfc");
    }
    return CG_OK;
}
