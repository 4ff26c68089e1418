/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API that checks tokens itself: each call is answered with who makes it, or refused.
 *
 *     cc -o api_server api_server.c $(pkg-config --cflags --libs caregate)
 *     ISSUER=https://id.example/vlive/hpca AUDIENCE=https://api.example/documents \
 *         SCOPE=documents.read PORT=8080 ./api_server
 *
 * CA_FILE names whom to trust for the issuer's certificate, where that is not the system's matter.
 * One thread for each connection, and for each connection one call, to keep it short.
 */
#define _GNU_SOURCE /* strcasestr */
#include <arpa/inet.h>
#include <caregate/verify.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 16384
#define AUTHORIZATION "\r\nAuthorization:"

struct connection {
    struct cg_token_verifier *verifier;
    const char *scope; /* that a call needs */
    int socket;
};

static void answer(int socket, unsigned status, const char *challenge, const char *body)
{
    char text[HEAD_BYTES];
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 %u Answer\r\nContent-Type: application/json\r\n%s%s%s"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       status, challenge[0] != '\0' ? "WWW-Authenticate: " : "", challenge,
                       challenge[0] != '\0' ? "\r\n" : "", strlen(body), body);
    if (len > 0 && (size_t)len < sizeof(text) && write(socket, text, (size_t)len) != len) {
        perror("write");
    }
}

static void refuse(const struct connection *connection, enum cg_reason reason)
{
    char challenge[4096] = "";
    char body[512];
    (void)!cg_token_refusal_challenge(connection->verifier, reason, cg_text(connection->scope),
                                      challenge, sizeof(challenge));
    (void)snprintf(body, sizeof(body), "{\"reason\":\"%s\"}\n", cg_reason_name(reason));
    answer(connection->socket, cg_token_refusal_status(reason), challenge, body);
}

/* What a token says may stand in JSON and in a log as it is. */
static void greet(const struct connection *connection, const struct cg_token_claims *claims)
{
    char body[2048];
    (void)snprintf(body, sizeof(body), "{\"client\":\"%s\",\"organisation\":\"%s\"}\n",
                   (const char *)cg_token_claims_client_id(claims).data,
                   (const char *)cg_token_claims_organisation(claims).data);
    answer(connection->socket, 200, "", body);
}

/* The value of the one header of this name, or absent. */
static struct cg_span authorization_of(char *head)
{
    char *value = strcasestr(head, AUTHORIZATION);
    if (value == NULL || strcasestr(value + 2, AUTHORIZATION) != NULL) {
        return cg_text(NULL);
    }
    value += strlen(AUTHORIZATION);
    value += strspn(value, " \t");
    value[strcspn(value, "\r\n")] = '\0';
    return cg_text(value);
}

static void serve(const struct connection *connection, char *head)
{
    struct cg_token_claims *claims = NULL;
    const struct cg_token_call call = {.authorization = authorization_of(head),
                                       .now_s = time(NULL)};
    enum cg_reason reason =
        cg_token_verifier_check_blocking(connection->verifier, &call, &claims);
    if (reason == CG_REASON_NONE &&
        !cg_token_claims_has_scope(claims, cg_text(connection->scope))) {
        reason = CG_REASON_SCOPE_INSUFFICIENT;
    }
    /* A token that is narrowed opens less than its scope says; this API cannot tell what. */
    if (reason == CG_REASON_NONE && cg_token_claims_details(claims).data != NULL) {
        reason = CG_REASON_SCOPE_INSUFFICIENT;
    }
    if (reason == CG_REASON_NONE) {
        greet(connection, claims);
    } else {
        refuse(connection, reason);
    }
    (void)cg_token_claims_free(claims);
}

static void *run(void *context)
{
    struct connection *connection = context;
    char head[HEAD_BYTES + 1];
    size_t len = 0;
    ssize_t got = 0;
    do {
        len += (size_t)got;
        head[len] = '\0';
        got = read(connection->socket, head + len, HEAD_BYTES - len);
    } while (got > 0 && strstr(head, "\r\n\r\n") == NULL);
    if (strstr(head, "\r\n\r\n") != NULL) {
        serve(connection, head);
    }
    (void)close(connection->socket);
    free(connection);
    return NULL;
}

static void accept_all(int listener, const struct connection *pattern)
{
    struct timeval patience = {.tv_sec = 10};
    for (;;) {
        pthread_t thread;
        struct connection *connection = malloc(sizeof(*connection));
        if (connection == NULL) {
            return;
        }
        *connection = *pattern;
        connection->socket = accept(listener, NULL, NULL);
        (void)setsockopt(connection->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (connection->socket < 0 || pthread_create(&thread, NULL, run, connection) != 0) {
            (void)close(connection->socket);
            free(connection);
            continue;
        }
        (void)pthread_detach(thread);
    }
}

static int listen_here(void)
{
    const char *port = getenv("PORT");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons((uint16_t)strtoul(port != NULL ? port : "8080", NULL, 10));
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 64) != 0) {
        perror("api_server");
        return -1;
    }
    return listener;
}

int main(void)
{
    const struct cg_token_verifier_config config = {.issuer = cg_text(getenv("ISSUER")),
                                                    .audience = cg_text(getenv("AUDIENCE")),
                                                    .ca_file = cg_text(getenv("CA_FILE"))};
    struct connection pattern = {.scope = getenv("SCOPE")};
    if (cg_token_verifier_new(&config, &pattern.verifier) != CG_OK) {
        fputs("api_server: set ISSUER and AUDIENCE\n", stderr);
        return 1;
    }
    if (cg_token_verifier_fetch_keys(pattern.verifier, time(NULL)) != CG_OK) {
        char trouble[256];
        cg_token_verifier_trouble(pattern.verifier, trouble, sizeof(trouble));
        fprintf(stderr, "api_server: no keys yet: %s\n", trouble);
    }
    int listener = listen_here();
    if (listener >= 0) {
        accept_all(listener, &pattern);
    }
    (void)cg_token_verifier_free(pattern.verifier);
    return 1;
}
