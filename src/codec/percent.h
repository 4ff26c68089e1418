/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent-encoded bytes (RFC 3986 §2.1). Any thread.
 */
#ifndef CG_CODEC_PERCENT_H
#define CG_CODEC_PERCENT_H

#include "base/buf.h"

#include <caregate/types.h>

#define CG_PERCENT_CHARS 3 /* "%41" */

/*
 * The byte that the escape at text.data[at] stands for. CG_ERR_INPUT when there is no whole escape.
 */
CG_MUST_USE enum cg_status cg_percent_decode(struct cg_span text, size_t at, uint8_t *ret_byte);

/* Appends a whole text with its escapes decoded; '+' stays. CG_ERR_INPUT for a '%' without two
 * digits. Failures of memory stick to the buffer. */
CG_MUST_USE enum cg_status cg_percent_decode_text(struct cg_span text, struct cg_buf *buf);

#endif
