/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite_memory.h"

#include "test.h"
#include "torture.h"

#include <sqlite3.h>

/* SQLite asks how large a piece is, so its length stands in front of it. */
#define HEAD_BYTES 16

static uint8_t *piece_of(void *memory)
{
    return (uint8_t *)memory - HEAD_BYTES;
}

static void *take(int len)
{
    uint8_t *piece = torture_malloc((size_t)len + HEAD_BYTES);
    if (piece == NULL) {
        return NULL;
    }
    memcpy(piece, &len, sizeof(len));
    return piece + HEAD_BYTES;
}

static void give_back(void *memory)
{
    if (memory != NULL) {
        torture_free(piece_of(memory));
    }
}

static int length(void *memory)
{
    int len = 0;
    if (memory != NULL) {
        memcpy(&len, piece_of(memory), sizeof(len));
    }
    return len;
}

static void *resize(void *memory, int len)
{
    void *resized = take(len);
    if (resized == NULL) {
        return NULL;
    }
    int old = length(memory);
    memcpy(resized, memory, (size_t)(old < len ? old : len));
    give_back(memory);
    return resized;
}

static int round_up(int len)
{
    return (len + 7) & ~7;
}

static int start(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void stop(void *context)
{
    (void)context;
}

void sqlite_memory_install(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = take,
        .xFree = give_back,
        .xRealloc = resize,
        .xSize = length,
        .xRoundup = round_up,
        .xInit = start,
        .xShutdown = stop,
    };
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
}
