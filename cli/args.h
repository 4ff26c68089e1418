/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a command line, sorted by a verb's tables. Spans borrow from argv. A name that is
 * asked for and is in no table of the verb is a mistake of ours and gives an absent value.
 */
#ifndef CG_CLI_ARGS_H
#define CG_CLI_ARGS_H

#include "cli/context.h"
#include "cli/verb.h"

#include <caregate/types.h>
#include <stdbool.h>

#define CG_ARGS_OPTIONS_MAX 64 /* options given, each repeat counted */
#define CG_ARGS_ARGUMENTS_MAX 4

struct cg_args_option {
    const char *name;
    struct cg_span value; /* absent: a flag */
};

struct cg_args {
    struct cg_args_option options[CG_ARGS_OPTIONS_MAX];
    size_t option_count;
    struct cg_span arguments[CG_ARGS_ARGUMENTS_MAX];
    size_t argument_count;
};

/*
 * Sorts what follows a verb's words. Complains, and sets context->exit_code to CG_EXIT_USAGE, for
 * unknown, missing or repeated options and for a wrong number of arguments.
 */
CG_MUST_USE enum cg_status cg_args_parse(struct cg_context *context, const struct cg_verb *verb,
                                         int argc, char *argv[], struct cg_args *ret_args);

bool cg_args_has(const struct cg_args *args, const char *name);
size_t cg_args_count(const struct cg_args *args, const char *name);
/* The value of the index-th of a repeatable option, in order; absent past the end. */
struct cg_span cg_args_value_at(const struct cg_args *args, const char *name, size_t index);
struct cg_span cg_args_value(const struct cg_args *args, const char *name);
struct cg_span cg_args_argument(const struct cg_args *args, size_t index);

/*
 * Typed values. Each leaves *ret alone when the option was not given, and complains (usage) when
 * its value is malformed. Duration: "300", "5m", "12h", "365d". Time: "2026-01-31" or RFC 3339 in
 * UTC.
 */
CG_MUST_USE enum cg_status cg_args_duration_s(struct cg_context *context,
                                              const struct cg_args *args, const char *name,
                                              int64_t *ret_duration_s);
CG_MUST_USE enum cg_status cg_args_time_s(struct cg_context *context, const struct cg_args *args,
                                          const char *name, int64_t *ret_time_s);
CG_MUST_USE enum cg_status cg_args_number(struct cg_context *context, const struct cg_args *args,
                                          const char *name, int64_t max, int64_t *ret_number);

/* All values of a repeatable option with one space between them, in the arena: "a b c". */
CG_MUST_USE enum cg_status cg_args_join(struct cg_context *context, const struct cg_args *args,
                                        const char *name, struct cg_span *ret_text);

/*
 * A token life in seconds as --token-life gives it: at least 1; complains above
 * CG_LIMIT_TOKEN_LIFE_MAX_S, warns above CG_LIMIT_TOKEN_LIFE_WARN_S. Left alone when not given.
 */
CG_MUST_USE enum cg_status cg_args_token_life_s(struct cg_context *context,
                                                const struct cg_args *args, int64_t *ret_life_s);

#endif
