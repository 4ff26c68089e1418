/* SPDX-License-Identifier: Apache-2.0 */
#include "torture.h"

#include "test.h"

#include <stdbool.h>

/* A scenario that does not end by then does not end. */
#define RUNS_MAX 100000

enum mode { ONCE, FROM_THEN_ON };

/* What the wrappers know of the run under way. */
static struct {
    bool armed;
    bool struck; /* an allocation has failed */
    enum mode mode;
    size_t left;  /* allocations that still succeed */
    long balance; /* taken and not given back */
} now;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static bool strikes(void)
{
    if (!now.armed) {
        return false;
    }
    if (now.left > 0) {
        now.left--;
        return false;
    }
    bool fails = !now.struck || now.mode == FROM_THEN_ON;
    now.struck = true;
    return fails;
}

static void *taken(void *memory)
{
    now.balance += now.armed && memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return strikes() ? NULL : taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return strikes() ? NULL : taken(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (strikes()) {
        return NULL;
    }
    void *resized = __real_realloc(memory, size);
    return memory == NULL ? taken(resized) : resized;
}

void __wrap_free(void *memory)
{
    now.balance -= now.armed && memory != NULL;
    __real_free(memory);
}

void *torture_malloc(size_t size)
{
    return __wrap_malloc(size);
}

void torture_free(void *memory)
{
    __wrap_free(memory);
}

static bool is_accepted(const struct torture_scenario *scenario, enum cg_status status)
{
    unsigned accepted = scenario->accepted != 0 ? scenario->accepted : TORTURE_ACCEPT(CG_ERR_LIMIT);
    return now.struck ? (accepted & TORTURE_ACCEPT(status)) != 0 : status == CG_OK;
}

/* Runs with the allocation of this number (from 0) failing. False: it was never reached. */
static bool run(const struct torture_scenario *scenario, enum mode mode, size_t number)
{
    now.mode = mode;
    now.left = number;
    now.struck = false;
    now.balance = 0;
    now.armed = true;
    enum cg_status status = scenario->run(scenario->context);
    now.armed = false;
    if (!is_accepted(scenario, status) || now.balance != 0) {
        print_error("%s: allocation %zu fails%s: %s, and %ld pieces are left behind\n",
                    scenario->name, number, mode == ONCE ? "" : " and all after it",
                    test_status_name(status), now.balance);
        fail();
    }
    return now.struck;
}

void torture(const struct torture_scenario *scenario)
{
    static const enum mode modes[] = {ONCE, FROM_THEN_ON};
    for (size_t i = 0; i < TEST_COUNT(modes); i++) {
        size_t number = 0;
        while (run(scenario, modes[i], number)) {
            number++;
            assert_in_range(number, 1, RUNS_MAX);
        }
        assert_int_not_equal(number, 0);
    }
}
