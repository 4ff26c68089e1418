/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_answer.h"

#include "base/span.h"
#include "base/status.h"

#include <string.h>

#define BODY_BYTES_MAX (1L << 30)

static enum cg_status read_status(struct cg_span head, int *ret_status)
{
    int64_t status = 0;
    if (!cg_span_starts_with(head, CG_SPAN_OF("HTTP/1.1 ")) || head.len < 13) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_span_to_number(cg_span_part(head, 9, 3), 599, &status));
    *ret_status = (int)status;
    return status >= 200 ? CG_OK : CG_ERR_INPUT;
}

static struct cg_span trim(struct cg_span text)
{
    while (text.len > 0 && text.data[0] == ' ') {
        text = cg_span_part(text, 1, text.len - 1);
    }
    while (text.len > 0 && (text.data[text.len - 1] == '\r' || text.data[text.len - 1] == ' ')) {
        text.len--;
    }
    return text;
}

static enum cg_status read_field(struct cg_span line, struct cg_bench_answer *answer)
{
    size_t colon = cg_span_find(line, ':', 0);
    struct cg_span name = cg_span_part(line, 0, colon);
    struct cg_span value = trim(cg_span_part(line, colon + 1, line.len));
    if (cg_span_equal_nocase(name, CG_SPAN_OF("content-length"))) {
        return cg_span_to_number(value, BODY_BYTES_MAX, &answer->body_len);
    }
    if (cg_span_equal_nocase(name, CG_SPAN_OF("connection"))) {
        answer->closes = cg_span_equal_nocase(value, CG_SPAN_OF("close"));
    }
    return CG_OK;
}

enum cg_status cg_bench_answer_read(struct cg_span bytes, struct cg_bench_answer *ret_answer)
{
    struct cg_bench_answer answer = {.body_len = -1};
    struct cg_span line = {NULL, 0};
    const uint8_t *end = bytes.len > 0 ? memmem(bytes.data, bytes.len, "\r\n\r\n", 4) : NULL;
    if (end == NULL) {
        *ret_answer = (struct cg_bench_answer){.status = 0};
        return CG_OK;
    }
    answer.head_len = (size_t)(end - bytes.data) + 4;
    struct cg_span head = cg_span_part(bytes, 0, answer.head_len - 4);
    CG_TRY(read_status(head, &answer.status));
    while (cg_span_split(&head, '\n', &line)) {
        CG_TRY(read_field(line, &answer));
    }
    *ret_answer = answer;
    return answer.body_len >= 0 ? CG_OK : CG_ERR_INPUT;
}
