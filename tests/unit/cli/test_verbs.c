/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"
#include "cli_test.h"

TEST(verbs_all_have_help_and_an_example_of_themselves)
{
    const struct cg_noun *noun = NULL;
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        assert_ptr_equal(cg_noun_find(noun->name), noun);
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            char words[64];
            (void)snprintf(words, sizeof(words), "%s%s%s", noun->name,
                           verb->name[0] != '\0' ? " " : "", verb->name);
            assert_ptr_equal(cg_verb_find(noun, verb->name), verb);
            assert_non_null(verb->run);
            assert_non_null(verb->summary);
            assert_non_null(verb->example);
            if (strstr(verb->example, words) == NULL) {
                fail_msg("the example of %s is of another command: %s", words, verb->example);
            }
        }
    }
}

static void assert_options_differ(const struct cg_verb *verb)
{
    for (const struct cg_option *a = verb->options; a != NULL && a->name != NULL; a++) {
        assert_non_null(a->help);
        for (const struct cg_option *b = a + 1; b->name != NULL; b++) {
            assert_string_not_equal(a->name, b->name);
        }
    }
}

TEST(verbs_options_are_told_apart)
{
    const struct cg_noun *noun = NULL;
    for (size_t i = 0; (noun = cg_noun_at(i)) != NULL; i++) {
        for (const struct cg_verb *verb = noun->verbs; verb->name != NULL; verb++) {
            assert_options_differ(verb);
        }
    }
}

TEST(help_shows_usage_options_and_example)
{
    static const struct cg_option options[] = {
        {"name", "NAME", CG_OPTION_REQUIRED, "its name"},
        {"scope", "SCOPE", CG_OPTION_REPEATABLE, "what it may do"},
        {"fhir", NULL, CG_OPTION_PLAIN, "a flag"},
        {NULL, NULL, CG_OPTION_PLAIN, NULL},
    };
    static const struct cg_verb verbs[] = {
        {.name = "add",
         .arguments = "ID",
         .summary = "add it",
         .options = options,
         .example = "caregate thing add x"},
        {.name = NULL},
    };
    static const struct cg_noun noun = {"thing", "things", verbs};
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    cg_help_verb(stream, &noun, verbs);
    fclose(stream);
    assert_string_equal(text,
                        "usage: caregate thing add ID --name NAME [--scope SCOPE]… [--fhir]\n\n"
                        "add: add it.\n\n"
                        "options:\n"
                        "  --name NAME                    its name (required)\n"
                        "  --scope SCOPE                  what it may do (repeatable)\n"
                        "  --fhir                         a flag\n\n"
                        "example:\n"
                        "  caregate thing add x\n");
    free(text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verbs_all_have_help_and_an_example_of_themselves),
    cmocka_unit_test(verbs_options_are_told_apart),
    cmocka_unit_test(help_shows_usage_options_and_example),
};
TEST_MAIN(tests)
