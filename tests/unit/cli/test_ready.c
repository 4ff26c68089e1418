/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready.h"
#include "cli_test.h"

TEST(ready_url_is_of_the_status_listener)
{
    static const struct {
        const char *conf;
        const char *url;
    } rows[] = {
        {"http{server{listen 127.0.0.1:8444;location /{caregate_status;}}}",
         "http://127.0.0.1:8444/readyz"},
        {"http{server{listen *:1;location /s/{caregate_status;}}}", "http://127.0.0.1:1/s/readyz"},
        {"http{server{listen 127.0.0.1:8444 ssl;location /{caregate_status;}}}", NULL},
        {"http{server{listen 127.0.0.1:8444;location = /x{caregate_status;}}}", NULL},
        {"http{server{listen 127.0.0.1:8444;location /{return 404;}}}", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        struct cg_directive *root = NULL;
        const char *url = NULL;
        char dump[512];
        cli_test_start(&test, false);
        (void)snprintf(dump, sizeof(dump), "# configuration file /d/n:\n%s\n", rows[i].conf);
        assert_ok(cg_nginx_parse(test_span(dump), CG_SPAN_OF("/d"), test.context.arena, &root));
        assert_ok(cg_ready_url(&test.context, root, &url));
        assert_int_equal(url != NULL, rows[i].url != NULL);
        if (url != NULL) {
            assert_string_equal(url, rows[i].url);
        }
        cli_test_end(&test);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ready_url_is_of_the_status_listener),
};
TEST_MAIN(tests)
