/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as data: nouns, their verbs, their options. Dispatch, help and man pages are all
 * made from these tables, so a verb is described once. All strings are static and zero-terminated.
 *
 * A file cmd_NOUN.c defines `const struct cg_noun cg_noun_NOUN`; cli/nouns.c lists it.
 */
#ifndef CG_CLI_VERB_H
#define CG_CLI_VERB_H

#include <caregate/types.h>

struct cg_args;
struct cg_context;

enum cg_option_flags {
    CG_OPTION_PLAIN = 0,
    CG_OPTION_REQUIRED = 1 << 0,
    CG_OPTION_REPEATABLE = 1 << 1,
};

struct cg_option {
    const char *name;  /* "token-life", without dashes; NULL ends a table */
    const char *value; /* what the value is called, with its unit: "SECONDS"; NULL: a flag */
    unsigned flags;    /* enum cg_option_flags */
    const char *help;  /* one phrase, no full stop: "how long a token lives" */
};

struct cg_verb {
    const char *name; /* "add", "key add"; "" when the noun alone is the command, as in "init" */
    const char
        *arguments; /* "PATH", "PROFILE FOLDER", "[ID]" for one that may be left out; or NULL */
    const char *summary;             /* one line, imperative, no full stop: "add a realm" */
    const struct cg_option *options; /* ended by a row without a name; NULL: none */
    const char *help;    /* paragraphs for `help NOUN VERB`, lines at most 78; or NULL */
    const char *example; /* a command line, without a prompt; or NULL */
    /*
     * Does it. Results go to context->output, talk to cg_say (cli/context.h). When it fails, either
     * it has complained itself, or context->fault tells why.
     */
    enum cg_status (*run)(struct cg_context *context, const struct cg_args *args);
};

struct cg_noun {
    const char *name;            /* "realm" */
    const char *summary;         /* one line */
    const struct cg_verb *verbs; /* ended by a row without a name */
};

/* The nouns in the order of the help; NULL past the end. */
const struct cg_noun *cg_noun_at(size_t index);

/* Options that every command takes, before or after its words. */
extern const struct cg_option cg_global_options[];

#endif
