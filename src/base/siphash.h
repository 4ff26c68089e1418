/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): the place of a
 * text in a table that whoever sends the texts cannot aim at, as long as the key stays secret and
 * no hash is shown. Needs no state and no memory, so that several processes may share one key. Any
 * thread.
 */
#ifndef CG_BASE_SIPHASH_H
#define CG_BASE_SIPHASH_H

#include <caregate/types.h>

#define CG_SIPHASH_KEY_BYTES 16

uint64_t cg_siphash(const uint8_t key[static CG_SIPHASH_KEY_BYTES], struct cg_span text);

#endif
