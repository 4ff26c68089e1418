/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/span.h"

#include <getopt.h>
#include <string.h>

#define TABLE_MAX 40 /* options of one verb, global ones among them */

/* Both tables as getopt wants them; what a row is found by is its index. */
struct table {
    struct option long_options[TABLE_MAX + 1];
    const struct cg_option *rows[TABLE_MAX];
    size_t count;
};

static void table_add(struct table *table, const struct cg_option *options)
{
    for (const struct cg_option *row = options; row != NULL && row->name != NULL; row++) {
        if (table->count == TABLE_MAX) {
            return;
        }
        table->long_options[table->count] = (struct option){
            row->name, row->value != NULL ? required_argument : no_argument, NULL, 0};
        table->rows[table->count++] = row;
    }
}

static bool verb_has(const struct cg_verb *verb, const char *name)
{
    for (const struct cg_option *row = verb->options; row != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void take_global(struct cg_context *context, const char *name, const char *value)
{
    if (strcmp(name, "dir") == 0) {
        context->dir = value;
    } else if (strcmp(name, "json") == 0) {
        context->json = true;
    } else if (strcmp(name, "realm") == 0) {
        context->realm = cg_span_of_string(value);
    }
}

static enum cg_status take_option(struct cg_context *context, const struct cg_verb *verb,
                                  const struct cg_option *row, struct cg_args *args)
{
    if (!verb_has(verb, row->name)) {
        take_global(context, row->name, optarg);
        return CG_OK;
    }
    if ((row->flags & CG_OPTION_REPEATABLE) == 0 && cg_args_has(args, row->name)) {
        return cg_complain_usage(context, "--%s may stand only once", row->name);
    }
    if (args->option_count == CG_ARGS_OPTIONS_MAX) {
        return cg_complain_usage(context, "more than %d options", CG_ARGS_OPTIONS_MAX);
    }
    args->options[args->option_count++] = (struct cg_args_option){
        row->name, row->value != NULL ? cg_span_of_string(optarg) : (struct cg_span){NULL, 0}};
    return CG_OK;
}

/* What follows a '=' is a value, and may be a secret that went astray. */
static enum cg_status refuse_option(struct cg_context *context, const char *word)
{
    size_t len = strcspn(word, "=");
    return cg_complain_usage(context, "there is no option %.*s%s", (int)len, word,
                             word[len] == '=' ? " that takes a value" : "");
}

/* The word that getopt_long has just read an option from. */
static const char *word_of(char *argv[])
{
    return argv[optarg != NULL && optarg == argv[optind - 1] ? optind - 2 : optind - 1];
}

/* getopt_long takes any beginning of a name: --secret would be --secret-file. */
static bool is_spelt_out(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, len) == 0 &&
           (word[len + 2] == '\0' || word[len + 2] == '=');
}

/* The one short option, that people write by heart: -f for --file, where a verb has it. */
static const struct cg_option *short_row(const struct cg_verb *verb, int code)
{
    for (const struct cg_option *row = verb->options; row != NULL && row->name != NULL; row++) {
        if (code == 'f' && strcmp(row->name, "file") == 0) {
            return row;
        }
    }
    return NULL;
}

static enum cg_status read_options(struct cg_context *context, const struct cg_verb *verb, int argc,
                                   char *argv[], struct cg_args *args)
{
    struct table table = {.count = 0};
    int index = 0;
    int code = 0;
    table_add(&table, verb->options);
    table_add(&table, cg_global_options);
    opterr = 0;
    optind = 0; /* glibc: start anew, also with what the scan for global options remembers */
    while ((code = getopt_long(argc, argv, ":f:", table.long_options, &index)) != -1) {
        if (code == ':') {
            return cg_complain_usage(context, "a value is missing after %s", argv[optind - 1]);
        }
        const struct cg_option *row = code == 0 ? table.rows[index] : short_row(verb, code);
        if (row == NULL) {
            return refuse_option(context, code == 'f' ? "-f" : argv[optind - 1]);
        }
        if (code == 0 && !is_spelt_out(word_of(argv), row->name)) {
            return refuse_option(context, word_of(argv));
        }
        CG_TRY(take_option(context, verb, row, args));
    }
    return CG_OK;
}

/* "PROFILE [FOLDER]" wants one word or two. */
static void argument_bounds(const char *arguments, size_t *ret_least, size_t *ret_most)
{
    struct cg_span rest = cg_span_of_string(arguments);
    struct cg_span word = {NULL, 0};
    *ret_least = 0;
    *ret_most = 0;
    while (cg_span_split(&rest, ' ', &word)) {
        *ret_least += word.len > 0 && word.data[0] != '[' ? 1 : 0;
        *ret_most += 1;
    }
}

static enum cg_status read_arguments(struct cg_context *context, const struct cg_verb *verb,
                                     int argc, char *argv[], struct cg_args *args)
{
    size_t least = 0;
    size_t most = 0;
    argument_bounds(verb->arguments, &least, &most);
    for (int i = optind; i < argc; i++) {
        if (args->argument_count == most || args->argument_count == CG_ARGS_ARGUMENTS_MAX) {
            return cg_complain_usage(context, "\"%s\" is one word too many", argv[i]);
        }
        args->arguments[args->argument_count++] = cg_span_of_string(argv[i]);
    }
    if (args->argument_count < least) {
        return cg_complain_usage(context, "wants %s", verb->arguments);
    }
    return CG_OK;
}

static enum cg_status want_required(struct cg_context *context, const struct cg_verb *verb,
                                    const struct cg_args *args)
{
    for (const struct cg_option *row = verb->options; row != NULL && row->name != NULL; row++) {
        if ((row->flags & CG_OPTION_REQUIRED) != 0 && !cg_args_has(args, row->name)) {
            return cg_complain_usage(context, "wants --%s %s: %s", row->name,
                                     row->value != NULL ? row->value : "", row->help);
        }
    }
    return CG_OK;
}

enum cg_status cg_args_parse(struct cg_context *context, const struct cg_verb *verb, int argc,
                             char *argv[], struct cg_args *ret_args)
{
    struct cg_args args = {.option_count = 0};
    CG_TRY(read_options(context, verb, argc, argv, &args));
    CG_TRY(read_arguments(context, verb, argc, argv, &args));
    CG_TRY(want_required(context, verb, &args));
    if (cg_args_has(&args, "by")) {
        context->by = cg_args_value(&args, "by");
    }
    *ret_args = args;
    return CG_OK;
}

bool cg_args_has(const struct cg_args *args, const char *name)
{
    return cg_args_count(args, name) > 0;
}

size_t cg_args_count(const struct cg_args *args, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < args->option_count; i++) {
        count += strcmp(args->options[i].name, name) == 0 ? 1 : 0;
    }
    return count;
}

struct cg_span cg_args_value_at(const struct cg_args *args, const char *name, size_t index)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].name, name) == 0 && index-- == 0) {
            return args->options[i].value;
        }
    }
    return (struct cg_span){NULL, 0};
}

struct cg_span cg_args_value(const struct cg_args *args, const char *name)
{
    return cg_args_value_at(args, name, 0);
}

struct cg_span cg_args_argument(const struct cg_args *args, size_t index)
{
    return index < args->argument_count ? args->arguments[index] : (struct cg_span){NULL, 0};
}

enum cg_status cg_args_duration_s(struct cg_context *context, const struct cg_args *args,
                                  const char *name, int64_t *ret_duration_s)
{
    struct cg_span value = cg_args_value(args, name);
    if (value.data != NULL && cg_duration_parse(value, ret_duration_s) != CG_OK) {
        return cg_complain_usage(
            context, "--%s wants a time span such as 300, 5m, 12h or 365d, not \"%.*s\"", name,
            CG_SPAN_ARGS(value));
    }
    return CG_OK;
}

enum cg_status cg_args_time_s(struct cg_context *context, const struct cg_args *args,
                              const char *name, int64_t *ret_time_s)
{
    struct cg_span value = cg_args_value(args, name);
    if (value.data != NULL && cg_time_parse(value, ret_time_s) != CG_OK) {
        return cg_complain_usage(
            context, "--%s wants a date such as 2026-01-31 or 2026-01-31T12:00:00Z, not \"%.*s\"",
            name, CG_SPAN_ARGS(value));
    }
    return CG_OK;
}

enum cg_status cg_args_number(struct cg_context *context, const struct cg_args *args,
                              const char *name, int64_t max, int64_t *ret_number)
{
    struct cg_span value = cg_args_value(args, name);
    if (value.data != NULL && cg_span_to_number(value, max, ret_number) != CG_OK) {
        return cg_complain_usage(context, "--%s wants a whole number up to %lld, not \"%.*s\"",
                                 name, (long long)max, CG_SPAN_ARGS(value));
    }
    return CG_OK;
}

enum cg_status cg_args_join(struct cg_context *context, const struct cg_args *args,
                            const char *name, struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_SCOPE_BYTES);
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].name, name) != 0) {
            continue;
        }
        if (buf.len > 0) {
            cg_buf_put_byte(&buf, ' ');
        }
        cg_buf_put(&buf, args->options[i].value);
    }
    if (cg_buf_finish(&buf, ret_text) != CG_OK) {
        return cg_complain_usage(context, "--%s: more than %d bytes together", name,
                                 CG_LIMIT_SCOPE_BYTES);
    }
    return CG_OK;
}

enum cg_status cg_args_token_life_s(struct cg_context *context, const struct cg_args *args,
                                    int64_t *ret_life_s)
{
    int64_t life_s = 0;
    if (!cg_args_has(args, "token-life")) {
        return CG_OK;
    }
    CG_TRY(cg_args_duration_s(context, args, "token-life", &life_s));
    if (life_s < 1 || life_s > CG_LIMIT_TOKEN_LIFE_MAX_S) {
        return cg_complain_usage(context,
                                 "--token-life %lld is out of range: a token lives 1 to %d seconds",
                                 (long long)life_s, CG_LIMIT_TOKEN_LIFE_MAX_S);
    }
    if (life_s > CG_LIMIT_TOKEN_LIFE_WARN_S) {
        cg_say(context,
               "warning: tokens will live %lld s; a stolen one stays good that long (300 is usual)",
               (long long)life_s);
    }
    *ret_life_s = life_s;
    return CG_OK;
}
