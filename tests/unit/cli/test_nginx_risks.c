/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx_risks.h"
#include "cli_test.h"

/* Every row is one http block; "P" and "I" stand for a protected and an issuer's location's
 * directive. */
#define P "caregate_api a realm=/r;"
#define I "caregate_issuer /r;"
#define LOG "log_format ok '$request_method $request_time $request_id $status'; access_log l ok;"
#define POOL "thread_pool caregate threads=2;"
#define TLS "listen 0.0.0.0:443 ssl;"

static const struct {
    const char *label;
    const char *conf;
    const char *found; /* part of what must be found; NULL: nothing */
    enum cg_finding_level level;
} rows[] = {
    {"all is well", POOL "http{" LOG "server{" TLS "location /r/{" I "}location /a/{" P "}}}", NULL,
     CG_FINDING_OK},
    {"cache", "http{" LOG "proxy_cache z;server{" TLS "location /{" P "}}}", "proxy_cache keeps",
     CG_FINDING_ERROR},
    {"cache off here",
     "http{" LOG "proxy_cache z;server{" TLS "location /{proxy_cache off;" P "}}}", NULL,
     CG_FINDING_OK},
    {"cache elsewhere", "http{" LOG "server{" TLS "location /c/{proxy_cache z;}location /{" P "}}}",
     NULL, CG_FINDING_OK},
    {"satisfy any", "http{" LOG "server{" TLS "satisfy any;location /{" P "}}}", "satisfy any",
     CG_FINDING_ERROR},
    {"satisfy all", "http{" LOG "server{" TLS "satisfy all;location /{" P "}}}", NULL,
     CG_FINDING_OK},
    {"forwarded token", "http{" LOG "server{" TLS "location /{" P "caregate_forward_token on;}}}",
     "token itself is passed on", CG_FINDING_WARNING},
    {"no upstream TLS check", "http{" LOG "server{" TLS "location /{" P "proxy_pass https://u/;}}}",
     "not verified", CG_FINDING_WARNING},
    {"way around",
     "http{" LOG "server{" TLS "location /o/{proxy_pass http://u/x;}location /{" P
     "proxy_pass http://u;}}}",
     "leads without a token", CG_FINDING_WARNING},
    {"another upstream",
     "http{" LOG "server{" TLS "location /o/{proxy_pass http://v/x;}location /{" P
     "proxy_pass http://u;}}}",
     NULL, CG_FINDING_OK},
    {"clear text everywhere", POOL "http{" LOG "server{listen 80;location /{" I "}}}",
     "in the clear", CG_FINDING_ERROR},
    {"clear text by address", "http{" LOG "server{listen 10.0.0.1:80;location /{" P "}}}",
     "in the clear", CG_FINDING_ERROR},
    {"clear text on loopback", "http{" LOG "server{listen 127.0.0.1:80;location /{" P "}}}", NULL,
     CG_FINDING_OK},
    {"default log", "http{server{" TLS "location /{" P "}}}", "$request", CG_FINDING_WARNING},
    {"combined log", "http{access_log l;server{" TLS "location /{" P "}}}", "$request",
     CG_FINDING_WARNING},
    {"log off", "http{access_log off;server{" TLS "location /{" P "}}}", NULL, CG_FINDING_OK},
    {"arguments in the log",
     "http{log_format f '$status ${args}';access_log l f;server{" TLS "location /{" P "}}}",
     "$args in", CG_FINDING_WARNING},
    {"authorization in the log",
     "http{log_format f $http_authorization;access_log l f;server{" TLS "location /{" P "}}}",
     "$http_authorization", CG_FINDING_WARNING},
    {"one argument in the log",
     "http{log_format f $arg_nhs;access_log l f;server{" TLS "location /{" P "}}}", "$arg_nhs",
     CG_FINDING_WARNING},
    {"second log", "http{" LOG "access_log m combined;server{" TLS "location /{" P "}}}",
     "$request", CG_FINDING_WARNING},
    {"no pool", "http{" LOG "server{" TLS "location /{" I "}}}", "no thread_pool",
     CG_FINDING_ERROR},
    {"another pool", "thread_pool x threads=2;http{" LOG "server{" TLS "location /{" I "}}}",
     "no thread_pool", CG_FINDING_ERROR},
    {"talkative error log", "error_log stderr info;", "quotes request lines", CG_FINDING_WARNING},
    {"quiet error log", "error_log stderr error;", NULL, CG_FINDING_OK},
    {"warnings of what is no request's", "error_log stderr warn;http{error_log stderr crit;}", NULL,
     CG_FINDING_OK},
    {"warnings of requests, too", "error_log stderr warn;http{}", "quotes request lines",
     CG_FINDING_WARNING},
    {"warnings in http", "http{error_log stderr warn;}", "quotes request lines",
     CG_FINDING_WARNING},
    {"old TLS", "http{server{ssl_protocols TLSv1.1 TLSv1.2;}}", "older than 1.2", CG_FINDING_ERROR},
    {"root", "user root;", "run as root", CG_FINDING_WARNING},
    {"not root", "user www-data;", NULL, CG_FINDING_OK},
};

TEST(nginx_risks_are_found_and_nothing_else)
{
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
        struct cg_directive *root = NULL;
        char dump[2048];
        assert_ok(cg_arena_new(1 << 20, &arena));
        struct cg_findings findings = {.arena = arena};
        (void)snprintf(dump, sizeof(dump), "# configuration file /d/nginx.conf:\n%s\n",
                       rows[i].conf);
        assert_ok(cg_nginx_parse(test_span(dump), CG_SPAN_OF("/d"), arena, &root));
        cg_nginx_risks_find(root, &findings);
        assert_false(findings.failed);
        const struct cg_finding *found = findings.first;
        if ((found == NULL) != (rows[i].found == NULL)) {
            fail_msg("%s: found %.*s", rows[i].label, found != NULL ? (int)found->finding.len : 7,
                     found != NULL ? (const char *)found->finding.data : "nothing");
        }
        if (found == NULL) {
            continue;
        }
        assert_null(found->next);
        assert_int_equal(found->level, rows[i].level);
        assert_non_null(found->mend);
        assert_non_null(
            memmem(found->finding.data, found->finding.len, rows[i].found, strlen(rows[i].found)));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nginx_risks_are_found_and_nothing_else),
};
TEST_MAIN(tests)
