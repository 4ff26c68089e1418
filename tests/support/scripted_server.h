/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server of this machine that says what a script has, whatever it is asked, and notes
 * what it was. A thread of its own, one connection at a time.
 */
#ifndef CAREGATE_SCRIPTED_SERVER_H
#define CAREGATE_SCRIPTED_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct scripted_answer {
    int status;          /* 0: none, the connection is closed */
    const char *headers; /* each ended by CR LF; or NULL */
    const char *body;
    size_t padding; /* so many spaces after it */
    int delay_ms;   /* before it */
    bool hangs;     /* says nothing, until the client goes away */
};

#define SCRIPTED_REQUESTS 8
#define SCRIPTED_REQUEST_BYTES 131072

struct scripted_server;

/* The answers in turn; the last one again and again. Both are borrowed. */
struct scripted_server *scripted_server_start(const struct scripted_answer *answers, size_t count);
void scripted_server_stop(struct scripted_server *server);

const char *scripted_server_url(const struct scripted_server *server);
/* How many requests have come. */
unsigned scripted_server_count(struct scripted_server *server);
/* One of the first, head and body, as text. */
const char *scripted_server_request(const struct scripted_server *server, size_t index);

#endif
