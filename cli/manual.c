/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Text as roff takes it: a backslash and a hyphen as they are, no request at the head of a line. */
static void put_text(FILE *stream, const char *text)
{
    bool begins = true;
    for (const char *at = text; *at != '\0'; at++) {
        if (begins && (*at == '.' || *at == '\'')) {
            fputs("\\&", stream);
        }
        if (*at == '\\') {
            fputs("\\e", stream);
        } else if (*at == '-') {
            fputs("\\-", stream);
        } else {
            fputc(*at, stream);
        }
        begins = *at == '\n';
    }
}

static void put_upper(FILE *stream, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        fputc(toupper((unsigned char)*at), stream);
    }
}

/* An empty line of a help text begins a paragraph. */
static void put_paragraphs(FILE *stream, const char *text)
{
    fputs(".PP\n", stream);
    for (const char *at = text; at != NULL; at = *at != '\0' ? at : NULL) {
        char line[256];
        size_t len = strcspn(at, "\n");
        (void)snprintf(line, sizeof(line), "%.*s", (int)len, at);
        if (len == 0) {
            fputs(".PP", stream);
        }
        put_text(stream, line);
        fputc('\n', stream);
        at += at[len] == '\n' ? len + 1 : len;
    }
}

static void put_heading(FILE *stream, const char *version, const char *noun)
{
    fputs(".TH CAREGATE", stream);
    if (noun != NULL) {
        fputs("\\-", stream);
        put_upper(stream, noun);
    }
    fprintf(stream, " 1 \"\" \"caregate %s\" \"Caregate\"\n.SH NAME\ncaregate", version);
    if (noun != NULL) {
        fputs("\\-", stream);
        put_text(stream, noun);
    }
    fputs(" \\- ", stream);
}

/* What is to be put in by the reader, in italics; nothing where nothing is. */
static void put_value(FILE *stream, const char *value)
{
    if (value != NULL) {
        fputs(" \\fI", stream);
        put_text(stream, value);
        fputs("\\fR", stream);
    }
}

static void put_options(FILE *stream, const struct cg_option *options)
{
    for (const struct cg_option *option = options; option->name != NULL; option++) {
        fputs(".TP\n\\fB\\-\\-", stream);
        put_text(stream, option->name);
        fputs("\\fR", stream);
        put_value(stream, option->value);
        fputc('\n', stream);
        put_text(stream, option->help);
        fputs((option->flags & CG_OPTION_REQUIRED) != 0 ? " (required)" : "", stream);
        fputs((option->flags & CG_OPTION_REPEATABLE) != 0 ? " (repeatable)\n" : "\n", stream);
    }
}

/* "caregate client show ID" in bold, then what must or may follow. */
static void put_usage(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb)
{
    fputs("\\fBcaregate ", stream);
    put_text(stream, noun->name);
    fputs(verb->name[0] != '\0' ? " " : "", stream);
    put_text(stream, verb->name);
    fputs("\\fR", stream);
    put_value(stream, verb->arguments);
    for (const struct cg_option *option = verb->options; option != NULL && option->name != NULL;
         option++) {
        bool required = (option->flags & CG_OPTION_REQUIRED) != 0;
        fprintf(stream, " %s\\fB\\-\\-", required ? "" : "[");
        put_text(stream, option->name);
        fputs("\\fR", stream);
        put_value(stream, option->value);
        fputs(required ? "" : "]", stream);
        fputs((option->flags & CG_OPTION_REPEATABLE) != 0 ? "…" : "", stream);
    }
    fputc('\n', stream);
}

static void put_verb(FILE *stream, const struct cg_noun *noun, const struct cg_verb *verb)
{
    fputs(".SS ", stream);
    put_text(stream, noun->name);
    fputs(verb->name[0] != '\0' ? " " : "", stream);
    put_text(stream, verb->name);
    fputs("\n.PP\n", stream);
    put_usage(stream, noun, verb);
    fputs(".PP\n", stream);
    fputc(toupper((unsigned char)verb->summary[0]), stream);
    put_text(stream, verb->summary + 1);
    fputs(".\n", stream);
    if (verb->help != NULL) {
        put_paragraphs(stream, verb->help);
    }
    if (verb->options != NULL) {
        put_options(stream, verb->options);
    }
    if (verb->example != NULL) {
        fputs(".PP\nExample:\n.PP\n.RS\n.nf\n", stream);
        put_text(stream, verb->example);
        fputs("\n.fi\n.RE\n", stream);
    }
}

static const char environment[] =
    ".SH EXIT STATUS\n"
    "0 done, 1 refused or failed, 2 wrong usage.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBCAREGATE_DIR\\fR\nthe data folder, where \\fB\\-\\-dir\\fR is not given\n";

void cg_manual_noun(FILE *stream, const char *version, const struct cg_noun *noun)
{
    put_heading(stream, version, noun->name);
    put_text(stream, noun->summary);
    fputs("\n.SH COMMANDS\n", stream);
    for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
        put_verb(stream, noun, verb);
    }
    fputs(".SH OPTIONS OF EVERY COMMAND\n", stream);
    put_options(stream, cg_global_options);
    fputs(environment, stream);
    fputs(".SH SEE ALSO\n\\fBcaregate\\fR(1), \\fBcaregate\\-registry\\fR(5), "
          "\\fBcaregate\\-nginx\\fR(5), \\fBcaregate\\fR(8)\n",
          stream);
}

void cg_manual_overview(FILE *stream, const char *version)
{
    const struct cg_noun *noun = NULL;
    put_heading(stream, version, NULL);
    fputs("authorisation server and API gate\n"
          ".SH SYNOPSIS\n"
          "\\fBcaregate\\fR [\\fB\\-\\-dir\\fR \\fIDIR\\fR] [\\fB\\-\\-json\\fR] "
          "[\\fB\\-\\-realm\\fR \\fIPATH\\fR] \\fICOMMAND\\fR …\n"
          ".SH DESCRIPTION\n"
          "Caregate issues access tokens to calling systems and lets their requests through to "
          "the APIs that they have an agreement for. Results go to standard output, talk to "
          "standard error. \\fBcaregate help\\fR \\fICOMMAND\\fR shows what these pages show.\n"
          ".SH COMMANDS\n",
          stream);
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            fputs(".TP\n\\fBcaregate ", stream);
            put_text(stream, noun->name);
            fputs(verb->name[0] != '\0' ? " " : "", stream);
            put_text(stream, verb->name);
            fputs("\\fR\n", stream);
            put_text(stream, verb->summary);
            fputs("; \\fBcaregate\\-", stream);
            put_text(stream, noun->name);
            fputs("\\fR(1)\n", stream);
        }
    }
    fputs(".SH OPTIONS\n", stream);
    put_options(stream, cg_global_options);
    fputs(environment, stream);
    fputs(".SH SEE ALSO\n\\fBcaregate\\-registry\\fR(5), \\fBcaregate\\-nginx\\fR(5), "
          "\\fBcaregate\\fR(8)\n",
          stream);
}
