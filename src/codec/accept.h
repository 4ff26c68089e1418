/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Accept header (RFC 9110 §12.5.1): how much an answer of some type is wanted. Any thread.
 */
#ifndef CG_CODEC_ACCEPT_H
#define CG_CODEC_ACCEPT_H

#include <caregate/types.h>

#define CG_ACCEPT_WEIGHT_MAX 1000

/*
 * The weight, in thousandths, that a header gives to a media type without parameters, such as
 * "application/json": that of the range that names it most closely. 0: not wanted. Without a
 * header, and by one that is malformed, everything is wanted alike.
 */
unsigned cg_accept_weight(struct cg_span header, struct cg_span type);

#endif
