/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/page.h"

#include "base/span.h"
#include "base/status.h"
#include "oauth/response.h"

/* Dark on white and white on dark blue: 7:1 at least (WCAG 2.2 §1.4.6). */
#define STYLE                                                                                      \
    "body{margin:0;background:#fff;color:#1b1b1b;"                                                 \
    "font:1.125rem/1.5 system-ui,sans-serif}"                                                      \
    "main{max-width:40rem;margin:0 auto;padding:2rem 1rem}"                                        \
    "h1{font-size:1.75rem;line-height:1.25}"                                                       \
    "dt{font-weight:700;margin-top:1rem}"                                                          \
    "dd{margin:0}"                                                                                 \
    "code{font:1rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere;"                            \
    "user-select:all}"                                                                             \
    "button{font:inherit;color:#fff;background:#005a9c;border:0;border-radius:.25rem;"             \
    "padding:.75rem 1.25rem;cursor:pointer}"                                                       \
    "button:hover{background:#00406f}"                                                             \
    "button:focus-visible{outline:.2rem solid #1b1b1b;outline-offset:.2rem}"

/* CSP Level 3 §6.7.3: the one style sheet is allowed by the SHA-256 of its text, and no other. */
#define STYLE_DIGEST "dKV7/bX4qpYWnhKg2yqZNYYcpMwXpBfyBy1lxGLjud4="

void cg_page_begin(struct cg_buf *buf, const char *title)
{
    cg_buf_put_string(buf, "<!doctype html>\n<html lang=\"en-GB\">\n<head>\n"
                           "<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    cg_buf_put_string(buf, title);
    cg_buf_put_string(buf, "</title>\n<style>" STYLE "</style>\n</head>\n<body>\n<main>\n<h1>");
    cg_buf_put_string(buf, title);
    cg_buf_put_string(buf, "</h1>\n");
}

static const char *name_of(uint8_t byte)
{
    switch (byte) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void cg_page_put(struct cg_buf *buf, struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char *name = name_of(text.data[i]);
        if (name != NULL) {
            cg_buf_put_string(buf, name);
        } else {
            cg_buf_put_byte(buf, text.data[i]);
        }
    }
}

enum cg_status cg_page_answer(struct cg_exchange *exchange, unsigned http_status,
                              struct cg_buf *buf)
{
    static const struct cg_header headers[] = {
        {CG_SPAN("Content-Security-Policy"),
         CG_SPAN("default-src 'none'; style-src 'sha256-" STYLE_DIGEST "'; form-action 'self'; "
                 "base-uri 'none'; frame-ancestors 'none'")},
        {CG_SPAN("Referrer-Policy"), CG_SPAN("no-referrer")},
        {CG_SPAN("X-Content-Type-Options"), CG_SPAN("nosniff")},
        {CG_SPAN("X-Frame-Options"), CG_SPAN("DENY")},
    };
    struct cg_response *response = &exchange->response;
    struct cg_span body = {NULL, 0};
    cg_buf_put_string(buf, "</main>\n</body>\n</html>\n");
    CG_TRY(cg_buf_finish(buf, &body));
    cg_response_start(response, http_status, CG_SPAN_OF("text/html; charset=utf-8"), body);
    cg_response_forbid_caching(response);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        cg_response_add(response, headers[i].name, headers[i].value);
    }
    return CG_OK;
}
