/* SPDX-License-Identifier: Apache-2.0 */
#include "scripted_server.h"

#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct scripted_server {
    const struct scripted_answer *answers;
    size_t answer_count;
    int listener;
    int ends[2]; /* a pipe that is closed to end the thread */
    char url[64];
    pthread_t thread;
    pthread_mutex_t mutex;
    unsigned count;
    char *requests; /* SCRIPTED_REQUESTS texts */
};

static char *room_of(const struct scripted_server *server, size_t index)
{
    return server->requests + index * SCRIPTED_REQUEST_BYTES;
}

/* False when the server is to end. */
static bool wait_for(const struct scripted_server *server, int socket, int timeout_ms)
{
    struct pollfd polled[2] = {{.fd = server->ends[0], .events = POLLIN},
                               {.fd = socket, .events = POLLIN}};
    (void)poll(polled, socket < 0 ? 1 : 2, timeout_ms);
    return polled[0].revents == 0;
}

static size_t body_length(const char *text)
{
    const char *length = strcasestr(text, "\r\nContent-Length:");
    return length == NULL ? 0 : (size_t)strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

static bool is_whole(const char *text, size_t len)
{
    const char *end = strstr(text, "\r\n\r\n");
    return end != NULL && len >= (size_t)(end + 4 - text) + body_length(text);
}

/* False when the client went away first, or the server is to end. */
static bool read_request(struct scripted_server *server, int socket, char *text)
{
    size_t len = 0;
    text[0] = '\0';
    while (!is_whole(text, len)) {
        ssize_t got = -1;
        if (len + 1 < SCRIPTED_REQUEST_BYTES && wait_for(server, socket, -1)) {
            got = recv(socket, text + len, SCRIPTED_REQUEST_BYTES - 1 - len, 0);
        }
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        text[len] = '\0';
    }
    return true;
}

static bool send_all(int socket, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(socket, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static void say(const struct scripted_server *server, int socket,
                const struct scripted_answer *answer)
{
    char head[4096];
    static const char spaces[1024] = {[0 ... 1023] = ' '};
    if (answer->hangs) {
        char byte;
        while (wait_for(server, socket, -1) && recv(socket, &byte, 1, 0) > 0) {}
        return;
    }
    if (answer->status == 0 || (answer->delay_ms > 0 && !wait_for(server, -1, answer->delay_ms))) {
        return;
    }
    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 %d Said\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                   answer->status, answer->headers != NULL ? answer->headers : "",
                   strlen(answer->body) + answer->padding);
    bool goes = send_all(socket, head, strlen(head)) &&
                send_all(socket, answer->body, strlen(answer->body));
    for (size_t left = answer->padding; goes && left > 0;) {
        size_t part = left < sizeof(spaces) ? left : sizeof(spaces);
        goes = send_all(socket, spaces, part);
        left -= part;
    }
}

static void serve(struct scripted_server *server, int socket, char *spare)
{
    unsigned index = server->count; /* this thread alone changes it */
    char *text = index < SCRIPTED_REQUESTS ? room_of(server, index) : spare;
    if (!read_request(server, socket, text)) {
        return;
    }
    (void)pthread_mutex_lock(&server->mutex);
    server->count++;
    (void)pthread_mutex_unlock(&server->mutex);
    size_t row = index < server->answer_count ? index : server->answer_count - 1;
    say(server, socket, &server->answers[row]);
}

static void *run(void *context)
{
    struct scripted_server *server = context;
    char *spare = calloc(1, SCRIPTED_REQUEST_BYTES);
    while (spare != NULL && wait_for(server, server->listener, -1)) {
        int socket = accept(server->listener, NULL, NULL);
        if (socket >= 0) {
            serve(server, socket, spare);
            (void)shutdown(socket, SHUT_WR);
            (void)close(socket);
        }
    }
    free(spare);
    return NULL;
}

struct scripted_server *scripted_server_start(const struct scripted_answer *answers, size_t count)
{
    struct scripted_server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    assert_non_null(server);
    server->answers = answers;
    server->answer_count = count;
    server->requests = calloc(SCRIPTED_REQUESTS, SCRIPTED_REQUEST_BYTES);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->requests != NULL && server->listener >= 0 && pipe(server->ends) == 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 128), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u/token",
                   (unsigned)ntohs(address.sin_port));
    assert_int_equal(pthread_mutex_init(&server->mutex, NULL), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
    return server;
}

void scripted_server_stop(struct scripted_server *server)
{
    (void)close(server->ends[1]);
    (void)pthread_join(server->thread, NULL);
    (void)pthread_mutex_destroy(&server->mutex);
    (void)close(server->ends[0]);
    (void)close(server->listener);
    free(server->requests);
    free(server);
}

const char *scripted_server_url(const struct scripted_server *server)
{
    return server->url;
}

unsigned scripted_server_count(struct scripted_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    unsigned count = server->count;
    (void)pthread_mutex_unlock(&server->mutex);
    return count;
}

const char *scripted_server_request(const struct scripted_server *server, size_t index)
{
    return room_of(server, index);
}
