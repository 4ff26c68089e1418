/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a snapshot, shared by token/snapshot*.c alone. Everything but the keys lives in its
 * arena.
 */
#ifndef CG_TOKEN_SNAPSHOT_PARTS_H
#define CG_TOKEN_SNAPSHOT_PARTS_H

#include "base/arena.h"
#include "token/snapshot.h"

#define CG_SNAPSHOT_FORMAT 1

/*
 * The arena of the largest snapshot: its text, the strings in it once more, and for each entry a
 * struct of up to six times the bytes that the entry takes in the text.
 */
#define CG_SNAPSHOT_ARENA_BYTES (8 * (size_t)CG_LIMIT_SNAPSHOT_BYTES)

/* Sorted by subject, then by epoch, highest first. */
struct cg_snapshot_denied {
    struct cg_snapshot_denial *entries;
    size_t count;
};

#define CG_SNAPSHOT_DENIALS 3 /* one list for each enum cg_denial */

struct cg_snapshot_realm {
    struct cg_span path;
    struct cg_span issuer;
    struct cg_span typ;
    struct cg_key_ring *keys;     /* owned */
    struct cg_snapshot_api *apis; /* sorted by name */
    struct cg_span *audiences;    /* sorted */
    size_t api_count;
    struct cg_snapshot_denied denied[CG_SNAPSHOT_DENIALS];
    struct cg_snapshot_limit *limits; /* sorted by agreement */
    size_t limit_count;
};

struct cg_snapshot {
    struct cg_arena *arena;
    struct cg_span text;
    int64_t version;
    int64_t keys_generation;
    int64_t denylist_generation;
    int64_t made_s;
    struct cg_snapshot_realm *realms; /* sorted by path */
    size_t realm_count;
};

CG_DEFINE_CLEANUP(cg_snapshot_free_at, struct cg_snapshot *, cg_snapshot_free)

/* Writes the serialised form. Failures stick to the buffer. */
void cg_snapshot_write(const struct cg_snapshot_data *data, struct cg_buf *buf);

/* Orders for qsort and bsearch. */
int cg_snapshot_compare_realms(const void *a, const void *b);
int cg_snapshot_compare_apis(const void *a, const void *b);
int cg_snapshot_compare_spans(const void *a, const void *b);
int cg_snapshot_compare_denials(const void *a, const void *b);
int cg_snapshot_compare_limits(const void *a, const void *b);

#endif
