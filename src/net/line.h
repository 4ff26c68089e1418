/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line to one server that is asked again and again: its connection stays open between requests,
 * and a request that waits for an answer can be given up. Otherwise as net/fetch.h. One thread at a
 * time.
 */
#ifndef CG_NET_LINE_H
#define CG_NET_LINE_H

#include "net/fetch.h"

#include <caregate/types.h>

struct cg_line;

/* `stops`, asked several times a second while a request runs, says whether to give it up; NULL:
 * never. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_line_new(unsigned (*stops)(void), struct cg_line **ret_line);
struct cg_line *cg_line_free(struct cg_line *line);

/* As cg_fetch; CG_ERR_STORE, too, when it was given up. */
CG_MUST_USE enum cg_status cg_line_fetch(struct cg_line *line,
                                         const struct cg_fetch_request *request,
                                         struct cg_arena *arena,
                                         struct cg_fetch_response *ret_response);

#endif
