/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's tables as manual pages and as completion for bash. Made while building, by
 * cli/manual_main.c. Failed writes are the stream's to tell.
 */
#ifndef CG_CLI_MANUAL_H
#define CG_CLI_MANUAL_H

#include "cli/verb.h"

#include <stdio.h>

/* caregate(1): all commands at a glance. In the macros of man(7). */
void cg_manual_overview(FILE *stream, const char *version);

/* caregate-NOUN(1): each verb with its options and an example. */
void cg_manual_noun(FILE *stream, const char *version, const struct cg_noun *noun);

/* Functions that complete `caregate …` in bash, without any other package. */
void cg_manual_completion(FILE *stream);

#endif
