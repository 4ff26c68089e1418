/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/bench_answer.h"
#include "cli/bench_client.h"
#include "cli/bench_times.h"
#include "token/client_form.h"

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

TEST(times_give_percentiles_within_two_percent)
{
    static const struct {
        int permyriad;
        int64_t us;
    } rows[] = {{5000, 50000}, {9900, 99000}, {9990, 99900}, {10000, 100000}, {1, 10}};
    static struct cg_bench_times times;
    memset(&times, 0, sizeof(times));
    for (int64_t us = 1; us <= 100000; us++) {
        cg_bench_times_add(&times, us);
    }
    assert_int_equal(times.max_us, 100000);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t got = cg_bench_times_at(&times, rows[i].permyriad);
        assert_in_range(got, rows[i].us - rows[i].us / 50, rows[i].us);
    }
}

TEST(times_take_what_is_out_of_range)
{
    static struct cg_bench_times times;
    memset(&times, 0, sizeof(times));
    assert_int_equal(cg_bench_times_at(&times, 5000), 0);
    cg_bench_times_add(&times, -5);
    cg_bench_times_add(&times, INT64_MAX);
    assert_int_equal(cg_bench_times_at(&times, 1), 0);
    assert_true(cg_bench_times_at(&times, 10000) > INT64_C(1) << 34);
}

TEST(answer_is_read_as_it_comes)
{
    static const char text[] = "HTTP/1.1 200 OK\r\ncontent-LENGTH:  12 \r\nX: y\r\n\r\nhello";
    struct cg_bench_answer answer;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        assert_int_equal(cg_bench_answer_read(cg_span_of_bytes(text, len), &answer), CG_OK);
        assert_int_equal(answer.status, len < sizeof(text) - 6 ? 0 : 200);
    }
    assert_int_equal(answer.body_len, 12);
    assert_int_equal(answer.head_len, sizeof(text) - 6);
    assert_false(answer.closes);
}

TEST(answer_refuses_what_it_cannot_measure)
{
    static const char *const rows[] = {
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\r\n\r\n",
    };
    struct cg_bench_answer answer;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(cg_bench_answer_read(test_span(rows[i]), &answer), CG_ERR_INPUT);
    }
}

TEST(answer_tells_that_the_server_ends_the_connection)
{
    struct cg_bench_answer answer;
    assert_int_equal(
        cg_bench_answer_read(
            test_span("HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            &answer),
        CG_OK);
    assert_int_equal(answer.status, 401);
    assert_true(answer.closes);
}

/* RFC 6749 appendix B; its example with a space and other characters, in our spelling. */
TEST(token_form_escapes_what_is_not_plain)
{
    struct cg_client_form form = {
        .client_id = CG_SPAN_OF("a-b"),
        .secret = CG_SPAN_OF(" %&+\xc2\xa3\xe2\x82\xac"),
        .scope = CG_SPAN_OF("a b"),
    };
    struct cg_span text = {NULL, 0};
    struct cg_buf buf;
    cg_buf_init(&buf, 256);
    cg_client_form_write(&form, &buf);
    assert_int_equal(cg_buf_finish(&buf, &text), CG_OK);
    assert_true(cg_span_equal_string(text,
                                     "grant_type=client_credentials&client_id=a-b&client_secret="
                                     "%20%25%26%2B%C2%A3%E2%82%AC&scope=a%20b"));
    cg_buf_release(&buf);
}

/* A server that answers each request in two pieces, and every third time ends the connection. */
struct server {
    int listening;
    uint16_t port;
    int asked;
};

static bool answer_one(int descriptor, int number)
{
    static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n";
    char request[256];
    size_t len = 0;
    while (len < 4 || memcmp(request + len - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = read(descriptor, request + len, 1);
        if (got != 1 || len == sizeof(request) - 1) {
            return false;
        }
        len++;
    }
    const char *rest = number % 3 == 0 ? "Connection: close\r\n\r\nhello" : "\r\nhello";
    bool sent = write(descriptor, start, sizeof(start) - 1) > 0;
    (void)usleep(200);
    return sent && write(descriptor, rest, strlen(rest)) > 0 && number % 3 != 0;
}

static void *serve(void *context)
{
    struct server *server = context;
    for (int descriptor = accept(server->listening, NULL, NULL); descriptor >= 0;
         descriptor = accept(server->listening, NULL, NULL)) {
        while (answer_one(descriptor, ++server->asked)) {}
        (void)close(descriptor);
    }
    return NULL;
}

static void listen_anywhere(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    server->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listening, 8), 0);
    assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
}

static void count_bodies(void *context, struct cg_span body)
{
    int *count = context;
    *count += cg_span_equal_string(body, "hello") ? 1 : 0;
}

static void run_load(int64_t rate_per_s, struct cg_bench_result *result, int *bodies)
{
    struct server server = {.asked = 0};
    struct cg_arena *arena = NULL;
    pthread_t thread;
    listen_anywhere(&server);
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    const struct cg_span middles[] = {CG_SPAN_OF("/a"), CG_SPAN_OF("/b")};
    struct cg_bench_order order = {
        .host = CG_SPAN_OF("127.0.0.1"),
        .port = server.port,
        .before = CG_SPAN_OF("GET "),
        .middles = middles,
        .middle_count = 2,
        .after = CG_SPAN_OF(" HTTP/1.1\r\n\r\n"),
        .connections = 1,
        .duration_us = 20000000,
        .rate_per_s = rate_per_s,
        .max_requests = 30,
        .take = count_bodies,
        .take_context = bodies,
    };
    assert_int_equal(cg_arena_new(1024UL * 1024, &arena), CG_OK);
    assert_int_equal(cg_bench_load(&order, arena, result), CG_OK);
    (void)cg_arena_free(arena);
    (void)shutdown(server.listening, SHUT_RDWR);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(server.listening);
    assert_int_equal(server.asked, 30);
}

TEST(load_counts_each_answer_across_ended_connections)
{
    static struct cg_bench_result result;
    int bodies = 0;
    run_load(0, &result, &bodies);
    assert_int_equal(result.answers, 30);
    assert_int_equal(result.errors, 0);
    assert_int_equal(result.refused, 0);
    assert_int_equal(bodies, 30);
    assert_true(cg_bench_times_at(&result.times, 5000) >= 190);
}

TEST(load_keeps_the_pace)
{
    static struct cg_bench_result result;
    int bodies = 0;
    run_load(100, &result, &bodies);
    assert_int_equal(result.answers, 30);
    assert_true(result.elapsed_us >= 290000);
}

TEST(load_goes_to_this_machine_only)
{
    static const char *const rows[] = {"192.0.2.1", "care.example", "::1", ""};
    static struct cg_bench_result result;
    struct cg_arena *arena = NULL;
    assert_int_equal(cg_arena_new(1024UL * 1024, &arena), CG_OK);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_bench_order order = {
            .host = test_span(rows[i]), .port = 1, .connections = 1, .duration_us = 1};
        assert_int_equal(cg_bench_load(&order, arena, &result), CG_ERR_INPUT);
    }
    (void)cg_arena_free(arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_give_percentiles_within_two_percent),
    cmocka_unit_test(times_take_what_is_out_of_range),
    cmocka_unit_test(answer_is_read_as_it_comes),
    cmocka_unit_test(answer_refuses_what_it_cannot_measure),
    cmocka_unit_test(answer_tells_that_the_server_ends_the_connection),
    cmocka_unit_test(token_form_escapes_what_is_not_plain),
    cmocka_unit_test(load_counts_each_answer_across_ended_connections),
    cmocka_unit_test(load_keeps_the_pace),
    cmocka_unit_test(load_goes_to_this_machine_only),
};
TEST_MAIN(tests)
