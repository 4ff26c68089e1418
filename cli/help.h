/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, written from the tables of cli/verb.h.
 */
#ifndef CG_CLI_HELP_H
#define CG_CLI_HELP_H

#include "cli/verb.h"

#include <stdio.h>

/* All commands, one line each, and the global options. */
void cg_help_all(FILE *stream);
/* One noun's verbs. */
void cg_help_noun(FILE *stream, const struct cg_noun *noun);
/* One verb: usage, options, what it does, an example. */
void cg_help_verb(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb);
/* "usage: caregate realm add PATH [--profile P]", for mistakes. */
void cg_help_usage(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb);

/* Lookups by name; NULL when there is none. A noun that is a command by itself has the verb "". */
const struct cg_noun *cg_noun_find(const char *name);
const struct cg_verb *cg_verb_find(const struct cg_noun *noun, const char *name);

/* The verb that words name, of which some take two ("key add"); *ret_used is how many it took. NULL
 * when there is none. */
const struct cg_verb *cg_verb_match(const struct cg_noun *noun, int count, char *const words[],
                                    int *ret_used);

#endif
