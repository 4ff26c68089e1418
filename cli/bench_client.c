/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_client.h"

#include "base/span.h"
#include "base/status.h"
#include "cli/bench_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 256
#define ANSWER_BYTES 16384 /* kept of an answer: its head, and what `take` sees */
#define FAILURES_MAX 1000  /* answers that did not come, before giving up */

struct connection {
    int descriptor; /* -1: to be made anew */
    bool busy;
    int64_t since_us;
    size_t request_len;
    size_t sent;
    size_t kept;
    int64_t came; /* bytes of the answer, kept or not */
    struct cg_bench_answer answer;
    uint8_t request[CG_BENCH_REQUEST_MAX];
    uint8_t bytes[ANSWER_BYTES];
};

struct load {
    const struct cg_bench_order *order;
    struct cg_bench_result *result;
    struct connection *connections;
    struct connection **idle; /* a stack */
    size_t idle_count;
    int epoll;
    struct sockaddr_in address;
    int64_t begun_us;
    int64_t issued;
};

static void load_release(struct load *load)
{
    for (int64_t i = 0; load->connections != NULL && i < load->order->connections; i++) {
        if (load->connections[i].descriptor >= 0) {
            (void)close(load->connections[i].descriptor);
        }
    }
    if (load->epoll >= 0) {
        (void)close(load->epoll);
    }
}

/* Connecting to the loopback does not wait; sending and receiving are told not to. */
static enum cg_status connect_anew(struct load *load, struct connection *connection)
{
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return CG_ERR_LIMIT;
    }
    connection->descriptor = descriptor;
    if (connect(descriptor, (const struct sockaddr *)&load->address, sizeof(load->address)) != 0) {
        return CG_ERR_NOT_FOUND;
    }
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return epoll_ctl(load->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? CG_OK : CG_ERR_LIMIT;
}

static void disconnect(struct connection *connection)
{
    (void)close(connection->descriptor);
    connection->descriptor = -1;
}

static void put_idle(struct load *load, struct connection *connection)
{
    connection->busy = false;
    load->idle[load->idle_count++] = connection;
}

/* What was asked is given up; the connection is of no use any more. */
static void give_up(struct load *load, struct connection *connection)
{
    load->result->errors++;
    disconnect(connection);
    put_idle(load, connection);
}

static void append(struct connection *connection, struct cg_span part)
{
    memcpy(connection->request + connection->request_len, part.data, part.len);
    connection->request_len += part.len;
}

static enum cg_status compose(const struct load *load, struct connection *connection)
{
    const struct cg_bench_order *order = load->order;
    struct cg_span middle = {NULL, 0};
    if (order->middle_count > 0) {
        middle = order->middles[(size_t)load->issued % order->middle_count];
    }
    if (order->before.len + middle.len + order->after.len > CG_BENCH_REQUEST_MAX) {
        return CG_ERR_INPUT;
    }
    connection->request_len = 0;
    append(connection, order->before);
    if (middle.len > 0) {
        append(connection, middle);
    }
    append(connection, order->after);
    return CG_OK;
}

static void send_more(struct load *load, struct connection *connection)
{
    while (connection->sent < connection->request_len) {
        ssize_t sent =
            send(connection->descriptor, connection->request + connection->sent,
                 connection->request_len - connection->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (sent < 0) {
            give_up(load, connection);
            return;
        }
        connection->sent += (size_t)sent;
    }
}

/* Starts the next request on an idle connection. since_us: when it was due. */
static enum cg_status start(struct load *load, int64_t since_us)
{
    struct connection *connection = load->idle[--load->idle_count];
    if (connection->descriptor < 0) {
        CG_TRY(connect_anew(load, connection));
    }
    CG_TRY(compose(load, connection));
    load->issued++;
    connection->busy = true;
    connection->since_us = since_us;
    connection->sent = 0;
    connection->kept = 0;
    connection->came = 0;
    connection->answer.status = 0;
    send_more(load, connection);
    return CG_OK;
}

static void finish(struct load *load, struct connection *connection)
{
    struct cg_bench_result *result = load->result;
    const struct cg_bench_answer *answer = &connection->answer;
    cg_bench_times_add(&result->times, cg_bench_now_us() - connection->since_us);
    result->answers++;
    result->refused += answer->status >= 200 && answer->status < 300 ? 0 : 1;
    if (load->order->take != NULL && answer->status == 200) {
        struct cg_span bytes = {connection->bytes, connection->kept};
        load->order->take(load->order->take_context,
                          cg_span_part(bytes, answer->head_len, bytes.len));
    }
    if (answer->closes) {
        disconnect(connection);
    }
    put_idle(load, connection);
}

/* What came is looked at; true when the answer is whole, or broken beyond use. */
static bool take_bytes(struct load *load, struct connection *connection)
{
    struct cg_span bytes = {connection->bytes, connection->kept};
    if (connection->answer.status == 0 &&
        cg_bench_answer_read(bytes, &connection->answer) != CG_OK) {
        give_up(load, connection);
        return true;
    }
    if (connection->answer.status == 0) {
        return false;
    }
    int64_t whole = (int64_t)connection->answer.head_len + connection->answer.body_len;
    if (connection->came < whole) {
        return false;
    }
    finish(load, connection);
    return true;
}

static void receive(struct load *load, struct connection *connection)
{
    uint8_t rest[ANSWER_BYTES];
    while (connection->busy) {
        bool full = connection->kept == ANSWER_BYTES;
        // cppcheck-suppress legacyUninitvar ; recv fills it
        uint8_t *to = full ? rest : connection->bytes + connection->kept;
        size_t room = full ? sizeof(rest) : ANSWER_BYTES - connection->kept;
        ssize_t got = recv(connection->descriptor, to, room, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (got <= 0) {
            give_up(load, connection);
            return;
        }
        connection->kept += full ? 0 : (size_t)got;
        connection->came += got;
        if (take_bytes(load, connection)) {
            return;
        }
    }
}

/* An idle connection that the server ended is made anew at its next use. */
static void attend(struct load *load, struct connection *connection)
{
    char byte = 0;
    if (connection->descriptor < 0) {
        return;
    }
    if (!connection->busy) {
        ssize_t got = recv(connection->descriptor, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
        if (got >= 0 || errno != EAGAIN) {
            disconnect(connection);
        }
        return;
    }
    send_more(load, connection);
    if (connection->busy) {
        receive(load, connection);
    }
}

static bool may_issue(const struct load *load, int64_t now_us)
{
    const struct cg_bench_order *order = load->order;
    bool in_time = now_us - load->begun_us < order->duration_us;
    return in_time && (order->max_requests == 0 || load->issued < order->max_requests);
}

/* When the next request is due, by the pace. */
static int64_t due_us(const struct load *load)
{
    return load->begun_us + load->issued * 1000000 / load->order->rate_per_s;
}

static enum cg_status issue(struct load *load)
{
    int64_t now_us = cg_bench_now_us();
    while (load->idle_count > 0 && may_issue(load, now_us)) {
        int64_t since_us = load->order->rate_per_s > 0 ? due_us(load) : now_us;
        if (since_us > now_us) {
            return CG_OK;
        }
        CG_TRY(start(load, since_us));
        now_us = cg_bench_now_us();
    }
    return CG_OK;
}

static int64_t wait_us(const struct load *load)
{
    int64_t now_us = cg_bench_now_us();
    int64_t until_us = load->begun_us + load->order->duration_us;
    if (load->order->rate_per_s > 0 && load->idle_count > 0 && due_us(load) < until_us) {
        until_us = due_us(load);
    }
    return until_us > now_us ? until_us - now_us : 0;
}

static enum cg_status turn(struct load *load)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    CG_TRY(issue(load));
    int64_t us = wait_us(load);
    const struct timespec wait = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    int count = epoll_pwait2(load->epoll, events, EVENTS_AT_ONCE, &wait, NULL);
    if (count < 0 && errno != EINTR) {
        return CG_ERR_INTERNAL;
    }
    for (int i = 0; i < count; i++) {
        attend(load, events[i].data.ptr);
    }
    return load->result->errors > FAILURES_MAX ? CG_ERR_NOT_FOUND : CG_OK;
}

static bool is_done(const struct load *load)
{
    int64_t max = load->order->max_requests;
    bool all = max != 0 && load->result->answers + load->result->errors >= max;
    return all || cg_bench_now_us() - load->begun_us >= load->order->duration_us;
}

static enum cg_status prepare(struct load *load, struct cg_arena *arena)
{
    size_t count = (size_t)load->order->connections;
    void *connections = NULL;
    void *idle = NULL;
    CG_TRY(cg_arena_take_array(arena, count, sizeof(struct connection), &connections));
    CG_TRY(cg_arena_take_array(arena, count, sizeof(struct connection *), &idle));
    load->connections = connections;
    load->idle = idle;
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->epoll < 0) {
        return CG_ERR_LIMIT;
    }
    for (size_t i = 0; i < count; i++) {
        load->connections[i].descriptor = -1;
        load->idle[load->idle_count++] = &load->connections[i];
    }
    for (size_t i = 0; i < count; i++) {
        CG_TRY(connect_anew(load, &load->connections[i]));
    }
    return CG_OK;
}

static enum cg_status check(const struct cg_bench_order *order, struct load *load)
{
    char host[INET_ADDRSTRLEN] = "127.0.0.1";
    bool ranges = order->connections >= 1 && order->connections <= CG_BENCH_CONNECTIONS_MAX &&
                  order->duration_us > 0 && order->rate_per_s >= 0 && order->max_requests >= 0;
    if (!ranges || order->host.len >= sizeof(host)) {
        return CG_ERR_INPUT;
    }
    if (!cg_span_equal_string(order->host, "localhost")) {
        memcpy(host, order->host.data, order->host.len);
        host[order->host.len] = '\0';
    }
    load->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(order->port)};
    if (inet_pton(AF_INET, host, &load->address.sin_addr) != 1) {
        return CG_ERR_INPUT;
    }
    bool loopback = ntohl(load->address.sin_addr.s_addr) >> 24 == 127;
    return loopback ? CG_OK : CG_ERR_INPUT;
}

enum cg_status cg_bench_load(const struct cg_bench_order *order, struct cg_arena *arena,
                             struct cg_bench_result *ret_result)
{
    CG_CLEANUP(load_release)
    struct load load = {.order = order, .result = ret_result, .epoll = -1};
    CG_TRY(check(order, &load));
    memset(ret_result, 0, sizeof(*ret_result));
    CG_TRY(prepare(&load, arena));
    load.begun_us = cg_bench_now_us();
    while (!is_done(&load)) {
        CG_TRY(turn(&load));
    }
    ret_result->elapsed_us = cg_bench_now_us() - load.begun_us;
    return CG_OK;
}
