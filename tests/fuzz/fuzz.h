/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzz target shares: the entry point that libFuzzer and replay.c call, and the way in
 * which a target says that a property does not hold.
 */
#ifndef CAREGATE_FUZZ_H
#define CAREGATE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void require_at(bool holds, const char *property, const char *file, int line)
{
    if (!holds) {
        (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
        abort();
    }
}

/* Ends the program when the property does not hold, so that the input is kept. */
#define REQUIRE(property) require_at((property), #property, __FILE__, __LINE__)

#endif
