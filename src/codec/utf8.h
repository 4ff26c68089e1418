/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. Any thread.
 */
#ifndef CG_CODEC_UTF8_H
#define CG_CODEC_UTF8_H

#include <caregate/types.h>
#include <stdbool.h>

/* Length in bytes of the character at text.data[at], which exists; 0 when it is not UTF-8. */
size_t cg_utf8_length_at(struct cg_span text, size_t at);

/* Whether all of it is UTF-8; so is nothing. */
bool cg_utf8_is_valid(struct cg_span text);

#endif
