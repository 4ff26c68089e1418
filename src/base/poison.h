/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside base/ only: tells the address sanitizer which bytes of an arena nobody may touch, so that
 * a write past a piece is found although its block is larger. Nothing in other builds.
 */
#ifndef CG_BASE_POISON_H
#define CG_BASE_POISON_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define CG_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CG_POISONS 1
#endif
#endif

#ifdef CG_POISONS
#include <sanitizer/asan_interface.h>
/* Bytes left forbidden behind each piece. */
#define CG_POISON_GAP_BYTES ((size_t)16)

static inline void cg_poison(const void *memory, size_t len)
{
    __asan_poison_memory_region(memory, len);
}

static inline void cg_unpoison(const void *memory, size_t len)
{
    __asan_unpoison_memory_region(memory, len);
}
#else
#define CG_POISON_GAP_BYTES ((size_t)0)

static inline void cg_poison(const void *memory, size_t len)
{
    (void)memory;
    (void)len;
}

static inline void cg_unpoison(const void *memory, size_t len)
{
    (void)memory;
    (void)len;
}
#endif

#endif
