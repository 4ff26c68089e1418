/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/owner.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A list of a million clients fits; what is not used is not taken. */
#define CLI_ARENA_BYTES (1024UL * 1024 * 1024)

/* What stands before the noun. */
struct globals {
    const char *dir;
    const char *realm;
    bool json;
    bool help;
    bool version;
};

static int usage_hint(const char *what, const char *word)
{
    fprintf(stderr, "caregate: %s \"%s\"; `caregate help` lists what there is\n", what, word);
    return CG_EXIT_USAGE;
}

/* The options of cg_global_options, up to the first word. */
static int read_globals(int argc, char *argv[], struct globals *ret_globals)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'},   {"json", no_argument, NULL, 'j'},
        {"realm", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},     {NULL, 0, NULL, 0},
    };
    int code = 0;
    opterr = 0;
    while ((code = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        switch (code) {
        case 'd': ret_globals->dir = optarg; break;
        case 'j': ret_globals->json = true; break;
        case 'r': ret_globals->realm = optarg; break;
        case 'h': ret_globals->help = true; break;
        case 'v': ret_globals->version = true; break;
        case ':': return usage_hint("a value is missing after", argv[optind - 1]);
        default: return usage_hint("unknown option", argv[optind - 1]);
        }
    }
    return CG_EXIT_DONE;
}

/* `help`, `help NOUN`, `help NOUN VERB`: to standard output, as it was asked for. */
static int show_help(int count, char *words[])
{
    if (count == 0) {
        cg_help_all(stdout);
        return CG_EXIT_DONE;
    }
    const struct cg_noun *noun = cg_noun_find(words[0]);
    if (noun == NULL) {
        return usage_hint("unknown command", words[0]);
    }
    int used = 0;
    const struct cg_verb *verb = cg_verb_match(noun, count - 1, words + 1, &used);
    if (count > 1 && verb == NULL) {
        return usage_hint("unknown verb", words[1]);
    }
    if (verb == NULL) {
        cg_help_noun(stdout, noun);
        return CG_EXIT_DONE;
    }
    cg_help_verb(stdout, noun, verb);
    return CG_EXIT_DONE;
}

/* The verb that the words name; *ret_used is how many words that took. NULL after a complaint. */
static const struct cg_verb *find_verb(const struct cg_noun *noun, int count, char *words[],
                                       int *ret_used)
{
    const struct cg_verb *verb = cg_verb_match(noun, count - 1, words + 1, ret_used);
    if (verb == NULL) {
        fprintf(stderr, "caregate: what about %s? There is:\n", noun->name);
        for (verb = noun->verbs; verb->name != NULL; verb++) {
            fprintf(stderr, "  caregate %s %s%s%s\n", noun->name, verb->name,
                    verb->arguments != NULL ? " " : "",
                    verb->arguments != NULL ? verb->arguments : "");
        }
        return NULL;
    }
    *ret_used += 1;
    return verb;
}

static enum cg_status start(struct cg_context *context, const struct globals *globals,
                            const struct cg_noun *noun, const struct cg_verb *verb)
{
    const char *folder = getenv("CAREGATE_DIR");
    CG_TRY(cg_arena_new(CLI_ARENA_BYTES, &context->arena));
    CG_TRY(cg_context_print(context, &context->command, "%s%s%s", noun->name,
                            verb->name[0] != '\0' ? " " : "", verb->name));
    context->dir = folder != NULL && folder[0] != '\0' ? folder : "caregate-data";
    context->dir = globals->dir != NULL ? globals->dir : context->dir;
    context->realm = cg_span_of_string(globals->realm);
    context->json = globals->json;
    context->now_s = cg_clock_now_s();
    context->random = cg_random_system();
    return CG_OK;
}

/*
 * Relative to the working folder until here, absolute from here on, as nginx has a folder of its
 * own; and always the same spelling, by which `stop` knows what `serve` started. Its last part may
 * be missing.
 */
static enum cg_status make_dir_absolute(struct cg_context *context)
{
    char folder[PATH_MAX];
    const char *above = NULL;
    size_t len = strlen(context->dir);
    while (len > 1 && context->dir[len - 1] == '/') {
        len--;
    }
    if (len == 0) {
        return cg_complain_usage(context, "--dir wants the name of a folder");
    }
    CG_TRY(cg_context_print(context, &context->dir, "%.*s", (int)len, context->dir));
    context->named = context->dir;
    if (context->dir[0] != '/') {
        if (getcwd(folder, sizeof(folder)) == NULL) {
            return cg_complain(context, CG_ERR_NOT_FOUND, "there is no working folder");
        }
        CG_TRY(cg_context_print(context, &context->named, "%s/%s", folder, context->dir));
    }
    if (realpath(context->dir, folder) != NULL) {
        return cg_context_print(context, &context->dir, "%s", folder);
    }
    const char *slash = strrchr(context->dir, '/');
    int above_len = slash != NULL ? (int)(slash - context->dir) : 0;
    CG_TRY(cg_context_print(context, &above, "%.*s%s", above_len, context->dir,
                            slash == NULL ? "." : "/"));
    if (realpath(above, folder) == NULL) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "there is no folder %s", above);
    }
    return cg_context_print(context, &context->dir, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
                            slash != NULL ? slash + 1 : context->dir);
}

static enum cg_status run(struct cg_context *context, const struct cg_verb *verb, int argc,
                          char *argv[])
{
    struct cg_args args = {.option_count = 0};
    CG_TRY(cg_args_parse(context, verb, argc, argv, &args));
    CG_TRY(make_dir_absolute(context));
    CG_TRY(cg_output_init(&context->output, stdout, context->json));
    CG_TRY(verb->run(context, &args));
    return cg_output_finish(&context->output);
}

static int exit_code_of(struct cg_context *context, enum cg_status status)
{
    if (status == CG_OK) {
        return CG_EXIT_DONE;
    }
    if (!context->complained) {
        (void)!cg_complain_status(context, status);
    }
    return (int)context->exit_code;
}

/* `--help` after a verb's words asks for the help of that verb. */
static bool wants_help(int count, char *words[])
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

/* Runs the command that words[0] names. */
static int run_command(const char *program, const struct globals *globals, int count, char *words[])
{
    const struct cg_noun *noun = cg_noun_find(words[0]);
    int used = 0;
    if (noun == NULL) {
        return usage_hint("unknown command", words[0]);
    }
    const struct cg_verb *verb = find_verb(noun, count, words, &used);
    if (verb == NULL) {
        return CG_EXIT_USAGE;
    }
    if (wants_help(count - used, words + used)) {
        cg_help_verb(stdout, noun, verb);
        return CG_EXIT_DONE;
    }
    struct cg_context context = {.program = program, .talk = stderr, .exit_code = CG_EXIT_FAILED};
    enum cg_status status = start(&context, globals, noun, verb);
    if (status == CG_OK) {
        /* getopt passes over the first word, as if it were the program's name. */
        status = run(&context, verb, count - used + 1, words + used - 1);
    }
    int code = exit_code_of(&context, status);
    if (code == CG_EXIT_USAGE) {
        cg_help_usage(stderr, noun, verb);
    }
    (void)!cg_owner_rest();
    cg_output_release(&context.output);
    (void)cg_arena_free(context.arena);
    return code;
}

/* Keys pass through here and through what is started from here: no core dumps; files are ours
 * alone. */
static void be_discreet(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(S_IRWXG | S_IRWXO);
}

int main(int argc, char *argv[])
{
    be_discreet();
    struct globals globals = {.dir = NULL};
    int code = read_globals(argc, argv, &globals);
    int count = argc - optind;
    char **words = argv + optind;
    if (code != CG_EXIT_DONE) {
        return code;
    }
    if (globals.version) {
        printf("caregate %s\n", CG_VERSION);
        return CG_EXIT_DONE;
    }
    if (globals.help) {
        return show_help(count, words);
    }
    if (count == 0) {
        cg_help_all(stderr);
        return CG_EXIT_USAGE;
    }
    if (strcmp(words[0], "help") == 0) {
        return show_help(count - 1, words + 1);
    }
    return run_command(argv[0], &globals, count, words);
}
