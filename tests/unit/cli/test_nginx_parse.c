/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx_parse.h"
#include "cli_test.h"

static enum cg_status parse(struct cg_arena *arena, const char *dump, struct cg_directive **root)
{
    return cg_nginx_parse(test_span(dump), CG_SPAN_OF("/d"), arena, root);
}

TEST(nginx_parse_reads_words_quotes_and_comments)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_directive *root = NULL;
    assert_ok(cg_arena_new(1 << 20, &arena));
    assert_ok(parse(arena,
                    "# configuration file /d/nginx.conf:\n"
                    "# a comment; with { things }\n"
                    "a \"b c\" 'd\"e' f\\;g; # behind\n"
                    "h {\n  i ${j}k;\n}\n",
                    &root));
    const struct cg_directive *a = cg_directive_in(root, "a", NULL);
    assert_non_null(a);
    assert_int_equal(a->word_count, 4);
    assert_span_text(a->words[1], "b c");
    assert_span_text(a->words[2], "d\"e");
    assert_span_text(a->words[3], "f;g");
    assert_int_equal(a->line, 2);
    const struct cg_directive *h = cg_directive_in(root, "h", NULL);
    assert_true(h->has_block);
    assert_span_text(cg_directive_word(cg_directive_in(h, "i", NULL), 0), "${j}k");
}

TEST(nginx_parse_puts_included_files_in_their_places)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_directive *root = NULL;
    assert_ok(cg_arena_new(1 << 20, &arena));
    assert_ok(parse(arena,
                    "# configuration file /d/nginx.conf:\n"
                    "server {\n  include apis/*/*.conf;\n  include /e/last.conf;\n}\n\n"
                    "# configuration file /d/apis/x/one.conf:\n"
                    "location /one/ { caregate_api one; }\n\n"
                    "# configuration file /d/apis/x/y/deep.conf:\n"
                    "location /deep/ { }\n\n"
                    "# configuration file /e/last.conf:\n"
                    "location /last/ { }\n",
                    &root));
    const struct cg_directive *server = cg_directive_in(root, "server", NULL);
    const struct cg_directive *one = cg_directive_in(server, "location", NULL);
    const struct cg_directive *last = cg_directive_in(server, "location", one);
    assert_span_text(cg_directive_word(one, 0), "/one/");
    assert_span_text(one->file, "/d/apis/x/one.conf");
    assert_int_equal(one->line, 1);
    assert_span_text(cg_directive_word(last, 0), "/last/");
    assert_null(last->next);
}

TEST(nginx_parse_finds_the_nearest_directive)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_directive *root = NULL;
    assert_ok(cg_arena_new(1 << 20, &arena));
    assert_ok(parse(arena,
                    "# configuration file /d/nginx.conf:\n"
                    "http { x outer; server { x inner; location / { } } y; }\n",
                    &root));
    const struct cg_directive *server =
        cg_directive_in(cg_directive_in(root, "http", NULL), "server", NULL);
    const struct cg_directive *location = cg_directive_in(server, "location", NULL);
    assert_span_text(cg_directive_word(cg_directive_effective(location, "x"), 0), "inner");
    assert_non_null(cg_directive_effective(location, "y"));
    assert_null(cg_directive_effective(location, "z"));
    size_t count = 0;
    for (const struct cg_directive *at = root; at != NULL; at = cg_directive_walk(at)) {
        count++;
    }
    assert_int_equal(count, 7);
}

TEST(nginx_parse_refuses_what_it_cannot_read)
{
    static const char *const rows[] = {
        "",
        "a b;\n",
        "# configuration file /d/x:\na b\n",
        "# configuration file /d/x:\na {\n",
        "# configuration file /d/x:\na; }\n",
        "# configuration file /d/x:\na \"b\n",
        "# configuration file /d/x:\n;\n",
        "# configuration file /d/x:\n{ }\n",
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
        struct cg_directive *root = NULL;
        assert_ok(cg_arena_new(1 << 20, &arena));
        assert_status_row(rows[i], parse(arena, rows[i], &root), CG_ERR_INPUT);
        assert_null(root);
    }
}

TEST(nginx_parse_ends_on_files_that_include_themselves)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_directive *root = NULL;
    assert_ok(cg_arena_new(1 << 20, &arena));
    assert_status(parse(arena, "# configuration file /d/x:\ninclude x;\n", &root), CG_ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nginx_parse_reads_words_quotes_and_comments),
    cmocka_unit_test(nginx_parse_puts_included_files_in_their_places),
    cmocka_unit_test(nginx_parse_finds_the_nearest_directive),
    cmocka_unit_test(nginx_parse_refuses_what_it_cannot_read),
    cmocka_unit_test(nginx_parse_ends_on_files_that_include_themselves),
};
TEST_MAIN(tests)
