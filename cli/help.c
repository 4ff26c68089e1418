/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include "base/span.h"

#include <stdbool.h>
#include <string.h>

#define HELP_COLUMN 34 /* where the second column starts */
#define HELP_WIDTH 100

const struct cg_noun *cg_noun_find(const char *name)
{
    const struct cg_noun *noun = NULL;
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        if (strcmp(noun->name, name) == 0) {
            return noun;
        }
    }
    return NULL;
}

const struct cg_verb *cg_verb_find(const struct cg_noun *noun, const char *name)
{
    for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

/* How many words a verb's name takes of those given; -1 when it is another's. */
static int words_taken(const char *name, int count, char *const words[])
{
    struct cg_span rest = cg_span_of_string(name);
    struct cg_span part;
    int taken = 0;
    while (rest.len > 0 && cg_span_split(&rest, ' ', &part)) {
        if (taken == count || !cg_span_equal_string(part, words[taken])) {
            return -1;
        }
        taken++;
    }
    return taken;
}

const struct cg_verb *cg_verb_match(const struct cg_noun *noun, int count, char *const words[],
                                    int *ret_used)
{
    for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
        int taken = words_taken(verb->name, count, words);
        if (taken >= 0) {
            *ret_used = taken;
            return verb;
        }
    }
    return NULL;
}

static int words(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb)
{
    bool with_arguments = verb->arguments != NULL;
    return fprintf(stream, "%s%s%s%s%s", noun->name, verb->name[0] != '\0' ? " " : "", verb->name,
                   with_arguments ? " " : "", with_arguments ? verb->arguments : "");
}

static void pad(FILE *stream, int printed, int column)
{
    if (printed >= column) {
        fputc('\n', stream);
        printed = 0;
    }
    fprintf(stream, "%*s", column - printed, "");
}

static void verb_line(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb)
{
    int printed = fprintf(stream, "  ");
    printed += words(stream, noun, verb);
    pad(stream, printed + 1, HELP_COLUMN);
    fprintf(stream, "%s\n", verb->summary);
}

static void option_lines(FILE *stream, const struct cg_option *options)
{
    for (const struct cg_option *option = options; option->name != NULL; option++) {
        int printed = fprintf(stream, "  --%s%s%s", option->name, option->value != NULL ? " " : "",
                              option->value != NULL ? option->value : "");
        pad(stream, printed + 1, HELP_COLUMN);
        fprintf(stream, "%s%s%s\n", option->help,
                (option->flags & CG_OPTION_REQUIRED) != 0 ? " (required)" : "",
                (option->flags & CG_OPTION_REPEATABLE) != 0 ? " (repeatable)" : "");
    }
}

void cg_help_all(FILE *stream)
{
    const struct cg_noun *noun = NULL;
    fprintf(stream, "usage: caregate [--dir DIR] [--json] [--realm PATH] COMMAND …\n\n"
                    "Caregate issues access tokens to calling systems and lets their requests\n"
                    "through to the APIs that they have an agreement for.\n\ncommands:\n");
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            verb_line(stream, noun, verb);
        }
    }
    fprintf(stream, "\noptions of every command:\n");
    option_lines(stream, cg_global_options);
    fprintf(stream, "\n`caregate help COMMAND` shows each with its options and an example.\n");
}

void cg_help_noun(FILE *stream, const struct cg_noun *noun)
{
    fprintf(stream, "%s: %s\n\n", noun->name, noun->summary);
    for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
        verb_line(stream, noun, verb);
    }
    fprintf(stream, "\n`caregate help %s VERB` shows each with its options and an example.\n",
            noun->name);
}

/* One option of the usage line, on a new line when it would pass the width. */
static int usage_option(FILE *stream, const struct cg_option *option, int column)
{
    char text[128];
    bool required = (option->flags & CG_OPTION_REQUIRED) != 0;
    bool repeatable = (option->flags & CG_OPTION_REPEATABLE) != 0;
    int len = snprintf(text, sizeof(text), "%s--%s%s%s%s%s", required ? "" : "[", option->name,
                       option->value != NULL ? " " : "", option->value != NULL ? option->value : "",
                       required ? "" : "]", repeatable ? "…" : "");
    if (column + 1 + len > HELP_WIDTH) {
        fprintf(stream, "\n       ");
        column = 7;
    }
    fprintf(stream, " %s", text);
    return column + 1 + len;
}

void cg_help_usage(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb)
{
    int column = fprintf(stream, "usage: caregate ");
    column += words(stream, noun, verb);
    for (const struct cg_option *option = verb->options; option != NULL && option->name != NULL;
         option++) {
        column = usage_option(stream, option, column);
    }
    fputc('\n', stream);
}

void cg_help_verb(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb)
{
    cg_help_usage(stream, noun, verb);
    fprintf(stream, "\n%s: %s.\n", verb->name[0] != '\0' ? verb->name : noun->name, verb->summary);
    if (verb->help != NULL) {
        fprintf(stream, "\n%s\n", verb->help);
    }
    if (verb->options != NULL) {
        fprintf(stream, "\noptions:\n");
        option_lines(stream, verb->options);
    }
    if (verb->example != NULL) {
        fprintf(stream, "\nexample:\n  %s\n", verb->example);
    }
}
