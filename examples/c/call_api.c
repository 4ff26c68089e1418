/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calling system: gets a token, keeps it, and calls an API as often as it is asked to.
 *
 *     cc -o call_api call_api.c $(pkg-config --cflags --libs caregate libcurl)
 *     TOKEN_URL=https://id.example/vlive/hpca/oauth/token CLIENT_ID=… SECRET_FILE=/etc/ward/secret \
 *         ./call_api https://api.example/documents/1 …
 *
 * SECRET_FILE may also be credential:NAME (systemd) or keyring:NAME. CA_FILE names whom to trust,
 * where that is not the system's matter. Each URL is called in turn;
 * its status goes to standard output. One client may be used by all threads of a program.
 */
#include <caregate/client.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_BYTES 1024

static struct cg_client *new_client(void)
{
    const char *source = getenv("SECRET_FILE");
    uint8_t room[SECRET_BYTES];
    const char *trouble = "set SECRET_FILE";
    struct cg_client *client = NULL;
    struct cg_client_config config = {
        .token_url = cg_text(getenv("TOKEN_URL")),
        .client_id = cg_text(getenv("CLIENT_ID")),
        .method = CG_CLIENT_SECRET_POST,
        .ca_file = cg_text(getenv("CA_FILE")),
    };
    if (source == NULL ||
        cg_client_read_secret(source, room, sizeof(room), &trouble, &config.secret) != CG_OK ||
        cg_client_new(&config, &trouble, &client) != CG_OK) {
        fprintf(stderr, "call_api: %s\n", trouble);
    }
    explicit_bzero(room, sizeof(room));
    return client;
}

static size_t ignore_body(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

/* Whether the API says that the token is no good (RFC 6750 §3.1). */
static bool is_token_refused(CURL *curl, long status)
{
    struct curl_header *header = NULL;
    return status == 401 &&
           curl_easy_header(curl, "WWW-Authenticate", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
           strstr(header->value, "error=\"invalid_token\"") != NULL;
}

/* The status of one call, 0 when there was no answer. */
static long call_once(CURL *curl, const char *url, const struct cg_client_answer *token)
{
    char authorization[CG_CLIENT_TOKEN_MAX + 32];
    long status = 0;
    (void)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", token->token);
    struct curl_slist *headers = curl_slist_append(NULL, authorization);
    const char *ca_file = getenv("CA_FILE");
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_body);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    if (ca_file != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    }
    if (curl_easy_perform(curl) == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_slist_free_all(headers);
    return status;
}

/* One call; once more with another token, when the API does not take the first. */
static int call(struct cg_client *client, CURL *curl, const char *url)
{
    struct cg_client_answer token;
    long status = 0;
    bool again = true;
    while (again) {
        if (cg_client_token(client, &token) != CG_OK) {
            fprintf(stderr, "call_api: no token: %s\n", token.trouble);
            return 1;
        }
        again = status == 0;
        status = call_once(curl, url, &token);
        again = again && is_token_refused(curl, status) &&
                cg_client_reject(client, cg_text(token.token));
        cg_client_answer_release(&token);
    }
    printf("%ld\n", status);
    return status >= 200 && status < 300 ? 0 : 1;
}

int main(int argc, char *argv[])
{
    struct cg_client *client = new_client();
    CURL *curl = curl_easy_init();
    int failed = client == NULL || curl == NULL;
    for (int i = 1; i < argc && client != NULL && curl != NULL; i++) {
        failed |= call(client, curl, argv[i]);
    }
    curl_easy_cleanup(curl);
    (void)cg_client_free(client);
    return failed;
}
