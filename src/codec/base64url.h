/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64url without padding (RFC 4648 §5, RFC 7515 §2), and plain base64 for Basic credentials.
 * Strict: no white space, no padding where none belongs, unused bits zero. Any thread.
 */
#ifndef CG_CODEC_BASE64URL_H
#define CG_CODEC_BASE64URL_H

#include "base/buf.h"

#include <caregate/types.h>

#define CG_BASE64URL_CHARS(bytes) (((bytes)*8 + 5) / 6)

void cg_base64url_encode(struct cg_span bytes, struct cg_buf *buf);

/*
 * Decodes into `max` bytes at out. CG_ERR_INPUT when malformed, CG_ERR_LIMIT when it does not fit.
 */
CG_MUST_USE enum cg_status cg_base64url_decode(struct cg_span text, uint8_t *out, size_t max,
                                               size_t *ret_len);

/* Decodes into an arena. */
CG_MUST_USE enum cg_status cg_base64url_decode_arena(struct cg_span text, struct cg_arena *arena,
                                                     struct cg_span *ret_bytes);

/* Standard alphabet with padding (RFC 4648 §4, RFC 7617). */
void cg_base64_encode(struct cg_span bytes, struct cg_buf *buf);
CG_MUST_USE enum cg_status cg_base64_decode_arena(struct cg_span text, struct cg_arena *arena,
                                                  struct cg_span *ret_bytes);

#endif
