/* SPDX-License-Identifier: Apache-2.0 */
/* Completion for bash: three tables made from ours, and one function that looks things up there. */
#include "base/span.h"
#include "cli/manual.h"

#include <stdbool.h>
#include <string.h>

static const char head[] =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# Completion of `caregate` for bash; made from the command's tables.\n\n"
    "# The words that may follow the words $1 of a command.\n"
    "_caregate_words() {\n"
    "    case $1 in\n";

static const char options_head[] = "    esac\n}\n\n"
                                   "# The options of the command $1.\n"
                                   "_caregate_options() {\n"
                                   "    case $1 in\n";

static const char values_head[] = "    esac\n}\n\n"
                                  "# What the value of the option $2 of the command $1 is called; "
                                  "nothing for a flag.\n"
                                  "_caregate_value() {\n"
                                  "    case \"$1 $2\" in\n";

static const char tail[] =
    "    esac\n}\n\n"
    "_caregate() {\n"
    "    local word value at path='' before=''\n"
    "    COMPREPLY=()\n"
    "    for ((at = 1; at < COMP_CWORD; at++)); do\n"
    "        word=${COMP_WORDS[at]}\n"
    "        if [[ -n $before ]]; then\n"
    "            before=''\n"
    "        elif [[ $word == -* ]]; then\n"
    "            [[ -n $(_caregate_value \"$path\" \"$word\") ]] && before=$word\n"
    "        elif [[ \" $(_caregate_words \"$path\") \" == *\" $word \"* ]]; then\n"
    "            path=${path:+$path }$word\n"
    "        fi\n"
    "    done\n"
    "    word=${COMP_WORDS[COMP_CWORD]}\n"
    "    if [[ -n $before ]]; then\n"
    "        value=$(_caregate_value \"$path\" \"$before\")\n"
    "        case $value in\n"
    "            FILE) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
    "            DIR | FOLDER) mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
    "        esac\n"
    "    elif [[ $word == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_caregate_options \"$path\")\" -- \"$word\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_caregate_words \"$path\")\" -- \"$word\")\n"
    "        [[ ${#COMPREPLY[@]} -eq 0 ]] && mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "    fi\n"
    "}\n\n"
    "complete -o filenames -F _caregate caregate\n";

/* A row of a case: "        'client key') echo 'add list revoke' ;;" */
static void open_row(FILE *stream, const char *first, const char *second)
{
    fprintf(stream, "        '%s%s%s') echo '", first, second[0] != '\0' ? " " : "", second);
}

static void close_row(FILE *stream)
{
    fputs("' ;;\n", stream);
}

static struct cg_span first_word(const struct cg_verb *verb)
{
    struct cg_span rest = cg_span_of_string(verb->name);
    struct cg_span word = {NULL, 0};
    (void)cg_span_split(&rest, ' ', &word);
    return word;
}

/* Verbs of one first word stand together: it is told once. */
static bool begins_group(const struct cg_noun *noun, const struct cg_verb *verb)
{
    return verb == noun->verbs || !cg_span_equal(first_word(verb), first_word(verb - 1));
}

static bool has_second_word(const struct cg_verb *verb)
{
    return strchr(verb->name, ' ') != NULL;
}

/* "'client key') echo 'add list revoke'" */
static void put_second_words(FILE *stream, const struct cg_noun *noun, const struct cg_verb *group)
{
    struct cg_span first = first_word(group);
    fprintf(stream, "        '%s %.*s') echo '", noun->name, CG_SPAN_ARGS(first));
    for (const struct cg_verb *verb = group;
         verb->name != NULL && cg_span_equal(first_word(verb), first); verb++) {
        fprintf(stream, "%s%s", verb != group ? " " : "", verb->name + first.len + 1);
    }
    close_row(stream);
}

static void put_words(FILE *stream)
{
    const struct cg_noun *noun = NULL;
    fputs("        '') echo 'help", stream);
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        fprintf(stream, " %s", noun->name);
    }
    close_row(stream);
    fputs("        help) _caregate_words '' ;;\n", stream);
    fputs("        'help '*) _caregate_words \"${1#help }\" ;;\n", stream);
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        open_row(stream, noun->name, "");
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            if (begins_group(noun, verb)) {
                fprintf(stream, "%s%.*s", verb != noun->verbs ? " " : "",
                        CG_SPAN_ARGS(first_word(verb)));
            }
        }
        close_row(stream);
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            if (begins_group(noun, verb) && has_second_word(verb)) {
                put_second_words(stream, noun, verb);
            }
        }
    }
}

static void put_option_names(FILE *stream, const struct cg_option *options)
{
    for (const struct cg_option *option = options; option != NULL && option->name != NULL;
         option++) {
        fprintf(stream, " --%s", option->name);
    }
}

static void put_options(FILE *stream)
{
    const struct cg_noun *noun = NULL;
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            open_row(stream, noun->name, verb->name);
            put_option_names(stream, verb->options);
            put_option_names(stream, cg_global_options);
            close_row(stream);
        }
    }
    fputs("        *) echo '", stream);
    put_option_names(stream, cg_global_options);
    close_row(stream);
}

static void put_values_of(FILE *stream, const char *path, const struct cg_option *options)
{
    for (const struct cg_option *option = options; option != NULL && option->name != NULL;
         option++) {
        if (option->value != NULL) {
            fprintf(stream, "        %s--%s) echo '%s' ;;\n", path, option->name, option->value);
        }
    }
}

static void put_values(FILE *stream)
{
    const struct cg_noun *noun = NULL;
    char path[128];
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            (void)snprintf(path, sizeof(path), "'%s%s%s '", noun->name,
                           verb->name[0] != '\0' ? " " : "", verb->name);
            put_values_of(stream, path, verb->options);
        }
    }
    fputs("        *' -f') echo FILE ;;\n", stream);
    put_values_of(stream, "*' '", cg_global_options);
}

void cg_manual_completion(FILE *stream)
{
    fputs(head, stream);
    put_words(stream);
    fputs(options_head, stream);
    put_options(stream);
    fputs(values_head, stream);
    put_values(stream);
    fputs(tail, stream);
}
