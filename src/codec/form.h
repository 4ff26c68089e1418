/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/x-www-form-urlencoded (RFC 6749 appendix B, WHATWG URL §5): names and values decoded
 * into an arena. Strict: bad percent escapes, NUL, control characters and invalid UTF-8 are
 * refused. Any thread.
 */
#ifndef CG_CODEC_FORM_H
#define CG_CODEC_FORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/params.h"

#include <caregate/types.h>
#include <stdbool.h>

/* CG_ERR_INPUT when malformed; CG_ERR_LIMIT past CG_LIMIT_FORM_PARAMS or the arena's maximum. */
CG_MUST_USE enum cg_status cg_form_parse(struct cg_span body, struct cg_arena *arena,
                                         struct cg_params *ret_params);

/* One name or value: '+' is a space, %XX a byte. */
CG_MUST_USE enum cg_status cg_form_decode(struct cg_span text, struct cg_arena *arena,
                                          struct cg_span *ret_decoded);

/* The same into memory of the caller's. CG_ERR_LIMIT when it is too small. */
CG_MUST_USE enum cg_status cg_form_decode_into(struct cg_span text, uint8_t *room, size_t size,
                                               struct cg_span *ret_decoded);

/* Whether one raw name or value, once decoded, is `plain`. Bad escapes never are. */
bool cg_form_decodes_to(struct cg_span text, struct cg_span plain);

/* Appends one name or value. */
void cg_form_encode(struct cg_span value, struct cg_buf *buf);

/* Appends a parameter, with an & before it unless it is the first. An absent or empty value is left
 * out. */
void cg_form_put(struct cg_buf *buf, const char *name, struct cg_span value);

/* True when the header value names the form type, with or without a charset=UTF-8 parameter. */
bool cg_form_is_content_type(struct cg_span content_type);

/* The same for any media type; it may also say that it is of FHIR 4.0 (R4 http, "mime-type"). */
bool cg_form_media_type_is(struct cg_span content_type, struct cg_span media_type);

/* True when a raw query holds a parameter of this (decoded) name. Bad escapes never match. */
bool cg_form_query_has(struct cg_span query, const char *name);

#endif
