/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside codec/ only: the words of JSON (RFC 8259), for both of its readers. Each function looks at
 * text from `at` on and tells where the word ends; 0 when there is no such word. Any thread.
 */
#ifndef CG_CODEC_JSON_LEX_H
#define CG_CODEC_JSON_LEX_H

#include <caregate/types.h>
#include <stdbool.h>

enum cg_json_word { CG_JSON_WORD_NULL, CG_JSON_WORD_FALSE, CG_JSON_WORD_TRUE };

/* Where white space ends, which may be where it begins. */
size_t cg_json_space_end(struct cg_span text, size_t at);

/* Past the closing quote of the string that opens at `at`. It is UTF-8, and has no zero, nor an
 * escaped one, nor half a pair of surrogates. */
size_t cg_json_string_end(struct cg_span text, size_t at, bool *ret_is_escaped);

size_t cg_json_number_end(struct cg_span text, size_t at, bool *ret_is_integer);
size_t cg_json_word_end(struct cg_span text, size_t at, enum cg_json_word *ret_word);

/* Undoes the escapes of what stands between the quotes of a string, into `room`, which has as many
 * bytes and may be the same place. Returns the length; SIZE_MAX when one is none, which no string
 * has that cg_json_string_end has seen. */
size_t cg_json_unescape(struct cg_span raw, uint8_t *room);

#endif
