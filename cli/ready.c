/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready.h"

#include "base/clock.h"
#include "base/span.h"
#include "cli/nginx_conf.h"
#include "cli/process.h"
#include "net/fetch.h"

#define ANSWER_MAX_BYTES 4096
#define ASK_TIMEOUT_MS 1000
#define ASK_EVERY_MS 50

struct cg_span cg_ready_address(struct cg_context *context, const struct cg_directive *server)
{
    struct cg_listen listen;
    const char *text = NULL;
    const struct cg_directive *directive = cg_directive_in(server, "listen", NULL);
    if (directive == NULL || directive->word_count != 2 ||
        cg_listen_parse(cg_directive_word(directive, 0), &listen) != CG_OK) {
        return (struct cg_span){NULL, 0};
    }
    if (!cg_listen_is_everywhere(&listen)) {
        return listen.text;
    }
    return cg_context_print(context, &text, "127.0.0.1:%lld", (long long)listen.port) == CG_OK
               ? cg_span_of_string(text)
               : (struct cg_span){NULL, 0};
}

enum cg_status cg_ready_url(struct cg_context *context, const struct cg_directive *root,
                            const char **ret_url)
{
    *ret_url = NULL;
    for (const struct cg_directive *at = root; at != NULL; at = cg_directive_walk(at)) {
        const struct cg_directive *location = at->parent;
        if (!cg_directive_is(at, "caregate_status") || location->word_count != 2 ||
            !cg_directive_is(location->parent, "server")) {
            continue;
        }
        struct cg_span address = cg_ready_address(context, location->parent);
        struct cg_span path = cg_directive_word(location, 0);
        if (address.data != NULL && path.data[path.len - 1] == '/') {
            return cg_context_print(context, ret_url, "http://%.*s%.*sreadyz",
                                    CG_SPAN_ARGS(address), CG_SPAN_ARGS(path));
        }
    }
    return CG_OK;
}

/* Asks until the answer is 200 or time is over; the last answer is told. */
static enum cg_status ask(const char *url, int64_t wait_ms, struct cg_arena *arena,
                          struct cg_fetch_response *ret_answer)
{
    struct cg_fetch_request request = {
        .url = url, .max_bytes = ANSWER_MAX_BYTES, .timeout_ms = ASK_TIMEOUT_MS};
    int64_t until_ms = cg_clock_monotonic_ms() + wait_ms;
    enum cg_status status = CG_ERR_STORE;
    do {
        *ret_answer = (struct cg_fetch_response){.http_status = 0};
        cg_arena_clear(arena);
        status = cg_fetch(&request, arena, ret_answer);
        if (status == CG_OK && ret_answer->http_status == 200) {
            return CG_OK;
        }
        cg_process_sleep_ms(ASK_EVERY_MS);
    } while (cg_clock_monotonic_ms() < until_ms);
    return CG_ERR_STORE;
}

enum cg_status cg_ready_wait(struct cg_context *context, struct cg_span dump, int64_t wait_ms)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_directive *root = NULL;
    struct cg_fetch_response answer;
    const char *url = NULL;
    if (cg_nginx_parse(dump, cg_span_of_string(context->dir), context->arena, &root) != CG_OK) {
        return CG_OK;
    }
    CG_TRY(cg_ready_url(context, root, &url));
    CG_TRY(cg_arena_new(CG_LIMIT_EXCHANGE_BYTES, &arena));
    if (url == NULL || ask(url, wait_ms, arena, &answer) == CG_OK) {
        return CG_OK;
    }
    cg_say(context, "warning: it runs, but is not ready: %.*s%s", CG_SPAN_ARGS(answer.body),
           answer.message);
    return CG_OK;
}
