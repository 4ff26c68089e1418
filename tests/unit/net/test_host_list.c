/* SPDX-License-Identifier: Apache-2.0 */
#include "net/host_list.h"

#include "test.h"

TEST(host_list_has_the_hosts_and_ports_that_it_names_and_no_others)
{
    const struct cg_span hosts[] = {test_span("keys.example"), test_span("id.example:8443")};
    static const struct {
        const char *url;
        bool listed;
    } rows[] = {
        {"https://keys.example/jwks", true},
        {"https://keys.example:443/jwks", true},
        {"https://KEYS.Example/jwks", true},
        {"https://id.example:8443/a?b=c", true},
        {"https://keys.example:8443/jwks", false},
        {"https://id.example/", false},
        {"https://id.example:443/", false},
        {"https://keys.example.org/jwks", false},
        {"https://sub.keys.example/jwks", false},
        {"http://keys.example/jwks", false},
        {"https://me@keys.example/jwks", false},
        {"https://other.example/keys.example", false},
        {"keys.example", false},
        {"", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (cg_host_list_has(hosts, TEST_COUNT(hosts), test_span(rows[i].url)) != rows[i].listed) {
            fail_msg("%s", rows[i].url);
        }
    }
    assert_false(cg_host_list_has(NULL, 0, test_span("https://keys.example/jwks")));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(host_list_has_the_hosts_and_ports_that_it_names_and_no_others),
};
TEST_MAIN(tests)
