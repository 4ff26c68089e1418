/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cache_control.h"

#include "base/span.h"

static struct cg_span trim(struct cg_span text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = cg_span_part(text, 1, text.len);
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* RFC 9111 §1.2.2: a number that is too large stands for the largest there is; here, for ever. */
static int64_t seconds_of(struct cg_span text)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }
        seconds = seconds > INT32_MAX ? seconds : seconds * 10 + (text.data[i] - '0');
    }
    return seconds;
}

/* RFC 9111 §5.2: max-age is to be sent as a token; as a quoted string it is taken as well. */
static struct cg_span unquote(struct cg_span text)
{
    bool quoted = text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"';
    return quoted ? cg_span_part(text, 1, text.len - 2) : text;
}

int64_t cg_cache_control_max_age_s(struct cg_span value)
{
    struct cg_span rest = value;
    struct cg_span directive;
    int64_t max_age_s = -1;
    while (cg_span_split(&rest, ',', &directive)) {
        directive = trim(directive);
        size_t equals = cg_span_find(directive, '=', 0);
        struct cg_span name = cg_span_part(directive, 0, equals);
        if (cg_span_equal_nocase(name, CG_SPAN_OF("no-store")) ||
            cg_span_equal_nocase(name, CG_SPAN_OF("no-cache"))) {
            return 0;
        }
        if (cg_span_equal_nocase(name, CG_SPAN_OF("max-age"))) {
            int64_t said_s =
                seconds_of(unquote(cg_span_part(directive, equals + 1, directive.len)));
            max_age_s = max_age_s < 0 || said_s < max_age_s ? said_s : max_age_s;
        }
    }
    return max_age_s;
}
