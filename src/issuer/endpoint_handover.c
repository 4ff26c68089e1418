/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a secret is handed over. Scanners of mail open links, and so does whoever previews one: a
 * GET shows a page with a button and changes nothing. The button's POST makes the secret and shows
 * it, once. Programs that accept JSON and no HTML get the same as JSON.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/accept.h"
#include "codec/form.h"
#include "codec/json.h"
#include "issuer/endpoint.h"
#include "oauth/page.h"
#include "oauth/response.h"
#include "oauth/wire_error.h"
#include "registry/handover.h"

static void put_time(struct cg_buf *buf, int64_t time_s, const char *none)
{
    char text[CG_TIME_TEXT_BYTES];
    cg_time_format(time_s, text);
    cg_buf_put_string(buf, time_s != 0 ? text : none);
}

/* One and the same page for a link that was opened, is over, was cancelled or never was. */
static void refuse_by_page(struct cg_oauth_context *context)
{
    const struct cg_wire_error *wire = cg_wire_error_of(context->fault.reason);
    bool dead = context->fault.reason == CG_REASON_LINK_UNUSABLE;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_PAGE_BYTES);
    cg_page_begin(&buf, dead ? "This link opens nothing" : "This did not work");
    cg_buf_put_string(&buf, "<p>");
    cg_page_put(&buf, cg_span_of_string(cg_reason_text(context->fault.reason)));
    cg_buf_put_string(&buf, "</p>\n");
    if (dead) {
        cg_buf_put_string(&buf, "<p><strong>If the link is not old and nobody of yours opened it, "
                                "tell them so at once:</strong> somebody else may have the "
                                "secret.</p>\n");
    }
    (void)!cg_page_answer(context->exchange, wire->http_status, &buf); /* else the JSON stays */
}

static bool wants_json(const struct cg_request *request)
{
    return cg_accept_weight(request->accept, CG_SPAN_OF("application/json")) >
           cg_accept_weight(request->accept, CG_SPAN_OF("text/html"));
}

static enum cg_status read_token(struct cg_oauth_context *context, struct cg_span text,
                                 struct cg_span *ret_token)
{
    if (cg_form_parse(text, context->arena, &context->params) != CG_OK ||
        cg_params_get(&context->params, "link", ret_token) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_LINK_UNUSABLE, NULL, NULL);
    }
    return CG_OK;
}

static enum cg_status read_form(struct cg_oauth_context *context, struct cg_span *ret_token)
{
    const struct cg_request *request = &context->exchange->request;
    if (!cg_form_is_content_type(request->content_type)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CONTENT_TYPE_WRONG, NULL, NULL);
    }
    if (request->body_too_large != 0) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_REQUEST_TOO_LARGE, NULL, NULL);
    }
    return read_token(context, request->body, ret_token);
}

/* What is known of a link that opens nothing is for the audit alone. */
static enum cg_status find(struct cg_oauth_context *context, struct cg_span token,
                           struct cg_handover *ret_handover)
{
    enum cg_status status = cg_handover_find(context->registry, context->issuing->realm.path, token,
                                             context->now_s, context->arena, ret_handover);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        CG_FAIL(&context->fault, status, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
    }
    if (status == CG_OK) {
        context->event.client_id = ret_handover->client;
        context->event.organisation = ret_handover->organisation;
        context->event.detail = ret_handover->id;
    }
    if (status == CG_ERR_NOT_FOUND || !ret_handover->opens) {
        CG_FAIL(&context->fault, CG_ERR_NOT_FOUND, CG_REASON_LINK_UNUSABLE, NULL, NULL);
    }
    return CG_OK;
}

static enum cg_status show_button(struct cg_oauth_context *context,
                                  const struct cg_handover *handover, struct cg_span token)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_PAGE_BYTES);
    cg_page_begin(&buf, "A client secret is waiting for you");
    cg_buf_put_string(&buf, "<p>It is for the system <code>");
    cg_page_put(&buf, handover->client);
    cg_buf_put_string(&buf, "</code>, and is shown once, to whoever opens it first. Open it when "
                            "you can put it at once where that system reads it.</p>\n"
                            "<form method=\"post\" action=\"handover\">\n"
                            "<input type=\"hidden\" name=\"link\" value=\"");
    cg_page_put(&buf, token);
    cg_buf_put_string(&buf, "\">\n<button type=\"submit\">Show the secret</button>\n</form>\n"
                            "<p>The link waits until ");
    put_time(&buf, handover->until_s, "-");
    cg_buf_put_string(&buf, ".</p>\n");
    return cg_page_answer(context->exchange, 200, &buf);
}

static void put_row(struct cg_buf *buf, const char *name, struct cg_span value)
{
    cg_buf_put_string(buf, "<dt>");
    cg_buf_put_string(buf, name);
    cg_buf_put_string(buf, "</dt>\n<dd><code>");
    cg_page_put(buf, value);
    cg_buf_put_string(buf, "</code></dd>\n");
}

static enum cg_status show_secret(struct cg_oauth_context *context,
                                  const struct cg_handover *handover, struct cg_span secret)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_PAGE_BYTES);
    cg_page_begin(&buf, "Your client secret");
    cg_buf_put_string(&buf, "<p><strong>It is not shown again.</strong> Put it where the system "
                            "reads it, then close this page; send it to nobody. If it is lost, or "
                            "somebody else saw it, ask for another one.</p>\n<dl>\n");
    put_row(&buf, "client_id", handover->client);
    put_row(&buf, "client_secret", secret);
    put_row(&buf, "Number of the secret, which is not secret", handover->id);
    cg_buf_put_string(&buf, "<dt>Good until</dt>\n<dd>");
    put_time(&buf, handover->expires_s, "it is revoked");
    cg_buf_put_string(&buf, "</dd>\n</dl>\n");
    return cg_page_answer(context->exchange, 200, &buf);
}

static enum cg_status tell_secret(struct cg_oauth_context *context,
                                  const struct cg_handover *handover, struct cg_span secret)
{
    struct cg_buf buf;
    struct cg_json_writer json;
    struct cg_span body = {NULL, 0};
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_TEXT_BYTES);
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, "client_id", handover->client);
    cg_json_member_put(&json, "client_secret", secret);
    cg_json_member_put(&json, "secret_id", handover->id);
    /* RFC 7591 §3.2.1: 0 if it will not expire */
    cg_json_member_put_number(&json, "client_secret_expires_at", handover->expires_s);
    cg_json_close_object(&json);
    CG_TRY(cg_buf_finish(&buf, &body));
    cg_response_start(&context->exchange->response, 200, CG_SPAN_OF("application/json"), body);
    cg_response_forbid_caching(&context->exchange->response);
    return CG_OK;
}

/* The deed: who is first has it. */
static enum cg_status hand_over(struct cg_oauth_context *context)
{
    const struct cg_handover *handover = context->order;
    struct cg_span secret = {NULL, 0};
    enum cg_status status = cg_handover_open(context->registry, handover, context->now_s,
                                             context->random, context->arena, &secret);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(&context->fault, status, CG_REASON_LINK_UNUSABLE, NULL, NULL);
    }
    CG_TRY(status);
    return wants_json(&context->exchange->request) ? tell_secret(context, handover, secret)
                                                   : show_secret(context, handover, secret);
}

static enum cg_status open_link(struct cg_oauth_context *context, struct cg_handover *handover)
{
    struct cg_span token = {NULL, 0};
    context->event.kind = CG_AUDIT_SECRET_LINK_REFUSED;
    CG_TRY(read_form(context, &token));
    CG_TRY(find(context, token, handover));
    context->exchange->response.client_id = handover->client;
    context->event.kind = CG_AUDIT_SECRET_LINK_OPENED;
    context->has_event = true;
    context->order = handover;
    context->deed = hand_over;
    return CG_OK;
}

enum cg_status cg_endpoint_handover(struct cg_oauth_context *context)
{
    const struct cg_request *request = &context->exchange->request;
    void *memory = NULL;
    struct cg_span token = {NULL, 0};
    if (!wants_json(request)) {
        context->refuse_by_page = refuse_by_page;
    }
    CG_TRY(cg_arena_take(context->arena, sizeof(struct cg_handover), &memory));
    struct cg_handover *handover = memory;
    if (cg_span_equal_string(request->method, "POST")) {
        return open_link(context, handover);
    }
    CG_TRY(read_token(context, request->query, &token));
    CG_TRY(find(context, token, handover));
    return show_button(context, handover, token);
}
