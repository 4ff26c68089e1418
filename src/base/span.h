/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans of bytes, by value. All functions accept absent spans and run on any thread.
 */
#ifndef CG_BASE_SPAN_H
#define CG_BASE_SPAN_H

#include <caregate/types.h>
#include <stdbool.h>

/* A span of a string literal, usable as a static initialiser. */
#define CG_SPAN(literal)                                                                           \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }
/* The same as an expression. */
#define CG_SPAN_OF(literal) ((struct cg_span)CG_SPAN(literal))
/* For printf: printf("%.*s", CG_SPAN_ARGS(span)). */
#define CG_SPAN_ARGS(span) (int)(span).len, (const char *)(span).data

struct cg_span cg_span_of_string(const char *string); /* NULL gives an absent span */
struct cg_span cg_span_of_bytes(const void *data, size_t len);

/* Equal bytes. Not for secrets: those are compared by cg_secret_equal only. */
bool cg_span_equal(struct cg_span a, struct cg_span b);
bool cg_span_equal_string(struct cg_span span, const char *string);
/* Equal but for the case of ASCII letters. */
bool cg_span_equal_nocase(struct cg_span a, struct cg_span b);
bool cg_span_starts_with(struct cg_span span, struct cg_span prefix);
/* Like strcmp: <0, 0, >0 by bytes, then length. */
int cg_span_compare(struct cg_span a, struct cg_span b);

/* The part from `from`, at most `len` bytes; what lies outside is cut off. */
struct cg_span cg_span_part(struct cg_span span, size_t from, size_t len);
/* Index of the first `byte` at or after `from`, or span.len when there is none. */
size_t cg_span_find(struct cg_span span, uint8_t byte, size_t from);

/*
 * Takes the next piece up to `separator` off the front of *rest, which moves past it. Returns
 * false, and leaves *ret_piece, when *rest is exhausted (data NULL). "a  b" split at ' ' has an
 * empty piece.
 */
bool cg_span_split(struct cg_span *rest, uint8_t separator, struct cg_span *ret_piece);

/* Whether a space-separated list has this word. */
bool cg_span_has_word(struct cg_span words, struct cg_span wanted);

/* A decimal number without sign, spaces or leading zeros, at most `max`. CG_ERR_INPUT otherwise. */
CG_MUST_USE enum cg_status cg_span_to_number(struct cg_span span, int64_t max, int64_t *ret_number);

#endif
