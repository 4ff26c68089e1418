/* SPDX-License-Identifier: Apache-2.0 */
#include "net/remote.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/cache_control.h"
#include "net/host_list.h"
#include "net/remote_parts.h"
#include "net/transfer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define RUNNING_MAX 16
#define PER_HOST_MAX 4L
#define IDLE_MS 60000
#define CONFIG_BYTES ((size_t)262144)
#define ARENA_BYTES ((size_t)CG_LIMIT_REMOTE_BYTES * 4)

struct running {
    struct cg_transfer transfer;
    struct cg_arena *arena;
    struct cg_document *document; /* NULL: free */
};

struct cg_remote {
    struct cg_arena *arena; /* the configuration's copies */
    struct cg_span *hosts;
    size_t host_count;
    const char *ca_file;
    bool (*accepts)(struct cg_span body);
    int64_t (*now_s)(void);

    pthread_mutex_t mutex; /* guards all that follows but multi and running, the thread's own */
    struct cg_document documents[CG_LIMIT_REMOTE_DOCUMENTS];
    uint64_t versions;
    uint64_t turns;
    bool has_thread;
    bool is_stopping;

    pthread_t thread;
    CURLM *multi;
    struct running running[RUNNING_MAX];
};

static enum cg_status copy_config(struct cg_remote *remote, const struct cg_remote_config *config)
{
    void *memory = NULL;
    struct cg_span ca_file = {NULL, 0};
    CG_TRY(cg_arena_take_array(remote->arena, config->host_count, sizeof(struct cg_span), &memory));
    remote->hosts = memory;
    remote->host_count = config->host_count;
    for (size_t i = 0; i < config->host_count; i++) {
        CG_TRY(cg_arena_copy(remote->arena, config->hosts[i], &remote->hosts[i]));
    }
    if (config->ca_file.len > 0) {
        /* The copy has a zero byte behind it. */
        CG_TRY(cg_arena_copy(remote->arena, config->ca_file, &ca_file));
        remote->ca_file = (const char *)ca_file.data;
    }
    remote->accepts = config->accepts;
    remote->now_s = config->now_s;
    return CG_OK;
}

enum cg_status cg_remote_new(const struct cg_remote_config *config, struct cg_remote **ret_remote)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_remote), &memory));
    struct cg_remote *remote = memory;
    (void)pthread_mutex_init(&remote->mutex, NULL);
    enum cg_status status = cg_arena_new(CONFIG_BYTES, &remote->arena);
    if (status == CG_OK) {
        status = copy_config(remote, config);
    }
    remote->multi = curl_multi_init();
    if (status != CG_OK || remote->multi == NULL) {
        (void)cg_remote_free(remote);
        return CG_ERR_LIMIT;
    }
    curl_multi_setopt(remote->multi, CURLMOPT_MAX_HOST_CONNECTIONS, PER_HOST_MAX);
    *ret_remote = remote;
    return CG_OK;
}

static void drop(struct cg_remote *remote, struct running *running)
{
    if (running->transfer.curl != NULL) {
        (void)curl_multi_remove_handle(remote->multi, running->transfer.curl);
    }
    cg_transfer_release(&running->transfer);
    running->arena = cg_arena_free(running->arena);
    running->document = NULL;
}

static void stop_thread(struct cg_remote *remote)
{
    (void)pthread_mutex_lock(&remote->mutex);
    remote->is_stopping = true;
    bool has_thread = remote->has_thread;
    (void)pthread_mutex_unlock(&remote->mutex);
    if (has_thread) {
        (void)curl_multi_wakeup(remote->multi);
        (void)pthread_join(remote->thread, NULL);
    }
}

struct cg_remote *cg_remote_free(struct cg_remote *remote)
{
    if (remote == NULL) {
        return NULL;
    }
    stop_thread(remote);
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        drop(remote, &remote->running[i]);
    }
    for (size_t i = 0; i < CG_LIMIT_REMOTE_DOCUMENTS; i++) {
        (void)cg_release(remote->documents[i].body);
    }
    (void)curl_multi_cleanup(remote->multi);
    (void)pthread_mutex_destroy(&remote->mutex);
    remote->arena = cg_arena_free(remote->arena);
    return cg_release(remote);
}

/* The document of an address, else the place of the one longest unasked for; NULL when all are
 * being fetched. */
static struct cg_document *document_for(struct cg_remote *remote, struct cg_span url)
{
    struct cg_document *oldest = NULL;
    for (size_t i = 0; i < CG_LIMIT_REMOTE_DOCUMENTS; i++) {
        struct cg_document *document = &remote->documents[i];
        if (cg_span_equal_string(url, document->url)) {
            return document;
        }
        if (document->state == CG_DOCUMENT_IDLE &&
            (oldest == NULL || document->asked_s < oldest->asked_s)) {
            oldest = document;
        }
    }
    if (oldest != NULL) {
        (void)cg_release(oldest->body);
        *oldest = (struct cg_document){.body = NULL};
        memcpy(oldest->url, url.data, url.len);
    }
    return oldest;
}

/* Thread. Starts what is queued, as far as there are places. */
static void start_one(struct cg_remote *remote, struct running *running,
                      struct cg_document *document)
{
    struct cg_fetch_request request = {
        .url = document->url,
        .ca_file = remote->ca_file,
        .max_bytes = CG_LIMIT_REMOTE_BYTES,
        .timeout_ms = CG_LIMIT_REMOTE_MS,
    };
    running->document = document;
    document->state = CG_DOCUMENT_RUNNING;
    if (cg_arena_new(ARENA_BYTES, &running->arena) == CG_OK &&
        cg_transfer_init(&running->transfer, &request, running->arena) == CG_OK) {
        curl_easy_setopt(running->transfer.curl, CURLOPT_PROTOCOLS_STR, "https");
        curl_easy_setopt(running->transfer.curl, CURLOPT_PRIVATE, running);
        if (curl_multi_add_handle(remote->multi, running->transfer.curl) == CURLM_OK) {
            return;
        }
    }
    document->state = CG_DOCUMENT_IDLE;
    document->failed_s = remote->now_s();
    remote->turns++;
    drop(remote, running);
}

static void start_queued(struct cg_remote *remote)
{
    size_t at = 0;
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (remote->running[i].document != NULL) {
            continue;
        }
        while (at < CG_LIMIT_REMOTE_DOCUMENTS &&
               remote->documents[at].state != CG_DOCUMENT_QUEUED) {
            at++;
        }
        if (at < CG_LIMIT_REMOTE_DOCUMENTS) {
            start_one(remote, &remote->running[i], &remote->documents[at]);
        }
    }
}

/* What Cache-Control allows, over all its lines; -1 when nothing is said. */
static int64_t max_age_of(CURL *curl)
{
    struct curl_header *header = NULL;
    int64_t max_age_s = -1;
    for (size_t i = 0;
         curl_easy_header(curl, "Cache-Control", i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
        int64_t said_s = cg_cache_control_max_age_s(cg_span_of_string(header->value));
        if (said_s >= 0 && (max_age_s < 0 || said_s < max_age_s)) {
            max_age_s = said_s;
        }
    }
    return max_age_s;
}

static enum cg_status keep_body(struct cg_remote *remote, struct cg_document *document,
                                struct cg_span body)
{
    if (document->version != 0 &&
        cg_span_equal(cg_span_of_bytes(document->body, document->len), body)) {
        return CG_OK;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, body.len + 1, &memory));
    memcpy(memory, body.data, body.len);
    (void)cg_release(document->body);
    document->body = memory;
    document->len = body.len;
    document->version = ++remote->versions;
    return CG_OK;
}

/* Thread. The answer is judged before the lock is taken: nobody waits for that. */
static void finish_one(struct cg_remote *remote, struct running *running, CURLcode code)
{
    struct cg_fetch_response response = {.http_status = 0};
    int64_t max_age_s = max_age_of(running->transfer.curl);
    bool is_good = cg_transfer_finish(&running->transfer, code, &response) == CG_OK &&
                   response.http_status == 200 && remote->accepts(response.body);
    (void)pthread_mutex_lock(&remote->mutex);
    struct cg_document *document = running->document;
    int64_t now_s = remote->now_s();
    if (is_good && keep_body(remote, document, response.body) == CG_OK) {
        cg_document_renew(document, max_age_s, now_s);
    } else {
        document->failed_s = now_s;
    }
    document->state = CG_DOCUMENT_IDLE;
    remote->turns++;
    (void)pthread_mutex_unlock(&remote->mutex);
    drop(remote, running);
}

/* Thread. True when something ended, and with it a place for what is queued came free. */
static bool finish_done(struct cg_remote *remote)
{
    CURLMsg *message = NULL;
    bool ended = false;
    int left = 0;
    while ((message = curl_multi_info_read(remote->multi, &left)) != NULL) {
        struct running *running = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &running) == CURLE_OK) {
            finish_one(remote, running, message->data.result);
            ended = true;
        }
    }
    return ended;
}

/* Thread. False when it is to end. */
static bool take_orders(struct cg_remote *remote)
{
    (void)pthread_mutex_lock(&remote->mutex);
    bool goes_on = !remote->is_stopping;
    if (goes_on) {
        start_queued(remote);
    }
    (void)pthread_mutex_unlock(&remote->mutex);
    return goes_on;
}

static void *work(void *context)
{
    struct cg_remote *remote = context;
    int running_count = 0;
    while (take_orders(remote)) {
        (void)curl_multi_perform(remote->multi, &running_count);
        if (!finish_done(remote)) {
            (void)curl_multi_poll(remote->multi, NULL, 0, IDLE_MS, NULL);
        }
    }
    return NULL;
}

/* Signals are for the threads that were there before. */
static bool start_thread(struct cg_remote *remote)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    if (!remote->has_thread && pthread_sigmask(SIG_SETMASK, &all, &before) == 0) {
        remote->has_thread = pthread_create(&remote->thread, NULL, work, remote) == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return remote->has_thread;
}

/* False when nothing can be fetched now. */
static bool queue(struct cg_remote *remote, struct cg_document *document, int64_t now_s)
{
    if (!start_thread(remote)) {
        document->failed_s = now_s;
        return false;
    }
    document->state = CG_DOCUMENT_QUEUED;
    (void)curl_multi_wakeup(remote->multi);
    return true;
}

static enum cg_status give(const struct cg_document *document, uint64_t known,
                           struct cg_arena *arena, struct cg_remote_answer *answer)
{
    if (answer->state != CG_REMOTE_THERE) {
        return CG_OK;
    }
    answer->version = document->version;
    return document->version == known
               ? CG_OK
               : cg_arena_copy(arena, cg_span_of_bytes(document->body, document->len),
                               &answer->body);
}

static enum cg_status ask(struct cg_remote *remote, const struct cg_remote_question *question,
                          struct cg_arena *arena, struct cg_remote_answer *answer)
{
    int64_t now_s = remote->now_s();
    struct cg_document *document = document_for(remote, question->url);
    bool fetch = false;
    if (document == NULL) {
        answer->state = CG_REMOTE_AWAY;
        return CG_OK;
    }
    document->asked_s = now_s;
    answer->state = cg_document_judge(document, question->lacking, now_s, &fetch);
    if (fetch && !queue(remote, document, now_s)) {
        answer->state = cg_document_judge(document, question->lacking, now_s, &fetch);
    }
    return give(document, question->known, arena, answer);
}

enum cg_status cg_remote_ask(struct cg_remote *remote, const struct cg_remote_question *question,
                             struct cg_arena *arena, struct cg_remote_answer *ret_answer)
{
    struct cg_remote_answer answer = {.state = CG_REMOTE_UNLISTED};
    enum cg_status status = CG_OK;
    if (cg_host_list_has(remote->hosts, remote->host_count, question->url)) {
        (void)pthread_mutex_lock(&remote->mutex);
        status = ask(remote, question, arena, &answer);
        (void)pthread_mutex_unlock(&remote->mutex);
    }
    if (status == CG_OK) {
        *ret_answer = answer;
    }
    return status;
}

uint64_t cg_remote_turns(struct cg_remote *remote)
{
    (void)pthread_mutex_lock(&remote->mutex);
    uint64_t turns = remote->turns;
    (void)pthread_mutex_unlock(&remote->mutex);
    return turns;
}
