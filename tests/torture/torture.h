/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture: a scenario is run again and again, and each time the next allocation fails, until it
 * gets through without meeting the failing one. Each run must end in a status that the scenario
 * accepts and give back all that it took.
 *
 * The linker puts these wrappers in the place of malloc and its kin (--wrap), so they stand between
 * base/alloc.c and the C library. A library with allocator hooks joins in when it is given
 * torture_malloc and torture_free, before it is first used. One thread.
 */
#ifndef CAREGATE_TORTURE_H
#define CAREGATE_TORTURE_H

#include <caregate/types.h>

/* A bit for each status that a run may end in when an allocation failed. */
#define TORTURE_ACCEPT(status) (1U << (status))

struct torture_scenario {
    const char *name; /* the row, in messages */
    /* From nothing to nothing: takes and releases all that it uses. Without failures, CG_OK. */
    enum cg_status (*run)(void *context);
    void *context;
    unsigned accepted; /* TORTURE_ACCEPT bits; 0: CG_ERR_LIMIT only */
};

/*
 * Runs the scenario with its first, second, ... allocation failing: once that one alone, and once
 * that one and all after it. Fails the test with the number of the allocation when a run ends in
 * a status that is not accepted, or leaves memory behind; or when the scenario allocates nothing.
 */
void torture(const struct torture_scenario *scenario);

/* For a library's hooks. They count and fail as the wrappers do. */
void *torture_malloc(size_t size);
void torture_free(void *memory);

#endif
