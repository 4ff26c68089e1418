/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that many hold and the last lets go of: made once, sent to many. It never changes. Any
 * thread.
 */
#ifndef CG_BASE_SHARED_TEXT_H
#define CG_BASE_SHARED_TEXT_H

#include <caregate/types.h>

struct cg_shared_text;

/* A copy, held once. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_shared_text_new(struct cg_span text,
                                              struct cg_shared_text **ret_text);

/* Holds it once more. Returns it. */
struct cg_shared_text *cg_shared_text_hold(struct cg_shared_text *text);

/* Lets go once; frees when nobody holds it any more. Accepts NULL. Returns NULL. */
struct cg_shared_text *cg_shared_text_drop(struct cg_shared_text *text);

/* Lives while it is held. */
struct cg_span cg_shared_text_span(const struct cg_shared_text *text);

#endif
