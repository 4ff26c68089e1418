/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch_answer.h"

#include "base/span.h"
#include "codec/json.h"
#include "net/sender.h"

#include <string.h>

#define DELAY_FIRST_MS 250
#define DELAY_MAX_MS 30000
#define RETRY_AFTER_MAX_S 300
#define WORD_BYTES_MAX 100

enum cg_batch_state cg_batch_answer_state(long http_status)
{
    if (http_status >= 200 && http_status < 300) {
        return CG_BATCH_TAKEN;
    }
    bool again = http_status == 0 || http_status == 429 || http_status >= 500;
    return again ? CG_BATCH_SENT : CG_BATCH_REFUSED;
}

int64_t cg_batch_answer_delay_ms(int tries, unsigned retry_after_s, uint32_t chance)
{
    int64_t delay_ms = DELAY_FIRST_MS;
    for (int i = 1; i < tries && delay_ms < DELAY_MAX_MS; i++) {
        delay_ms *= 2;
    }
    delay_ms = delay_ms < DELAY_MAX_MS ? delay_ms : DELAY_MAX_MS;
    int64_t wanted_s = retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S;
    return wanted_s * 1000 + delay_ms / 2 + chance % (delay_ms / 2);
}

static bool is_of_word(uint8_t byte)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    return letter || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("._-[]", byte) != NULL);
}

/* As far as it is a code or a path, which quotes nothing. */
static struct cg_span word_of(const struct cg_json_value *value)
{
    struct cg_span text = {NULL, 0};
    size_t len = 0;
    if (cg_json_string(value, &text) != CG_OK) {
        return text;
    }
    while (len < text.len && len < WORD_BYTES_MAX && is_of_word(text.data[len])) {
        len++;
    }
    return cg_span_part(text, 0, len);
}

static void put_words(const struct cg_json_value *root, struct cg_buf *buf)
{
    const struct cg_json_value *issue = cg_json_element(cg_json_member(root, "issue"), 0);
    const struct cg_json_value *path = cg_json_element(cg_json_member(issue, "expression"), 0);
    struct cg_span at = word_of(path);
    cg_buf_put(buf, word_of(issue != NULL ? cg_json_member(issue, "code")
                                          : cg_json_member(root, "reason")));
    if (at.len > 0) {
        cg_buf_put_string(buf, " at ");
        cg_buf_put(buf, at);
    }
}

enum cg_status cg_batch_answer_reason(struct cg_span body, struct cg_arena *arena,
                                      struct cg_span *ret_reason)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_buf buf;
    *ret_reason = (struct cg_span){NULL, 0};
    if (cg_json_parse(body, CG_SENDER_ANSWER_BYTES, &json) != CG_OK) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, arena, 4UL * WORD_BYTES_MAX);
    put_words(cg_json_root(json), &buf);
    CG_TRY(cg_buf_finish(&buf, ret_reason));
    if (ret_reason->len == 0) {
        *ret_reason = (struct cg_span){NULL, 0};
    }
    return CG_OK;
}
