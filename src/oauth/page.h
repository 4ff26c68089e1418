/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for people: one small document of HTML that needs nothing else, runs nothing, may be kept
 * nowhere and shown inside nothing. Any thread.
 *
 *     cg_buf_init_arena(&buf, context->arena, CG_PAGE_BYTES);
 *     cg_page_begin(&buf, "A secret is waiting");
 *     cg_buf_put_string(&buf, "<p>For ");
 *     cg_page_put(&buf, client);
 *     cg_buf_put_string(&buf, "</p>");
 *     return cg_page_answer(exchange, 200, &buf);
 */
#ifndef CG_OAUTH_PAGE_H
#define CG_OAUTH_PAGE_H

#include "base/buf.h"

#include <caregate/exchange.h>

#define CG_PAGE_BYTES 8192

/* Head and heading. The title is static text of ours, put in as it is. */
void cg_page_begin(struct cg_buf *buf, const char *title);

/* Text of others' as text, inside elements and quoted attributes. */
void cg_page_put(struct cg_buf *buf, struct cg_span text);

/* Closes the document and makes it the response, with all the headers that it wants. CG_ERR_LIMIT
 * when it did not fit. */
CG_MUST_USE enum cg_status cg_page_answer(struct cg_exchange *exchange, unsigned http_status,
                                          struct cg_buf *buf);

#endif
