/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sender.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/span.h"
#include "base/status.h"
#include "net/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_MAX_S 86400
#define HEADER_BYTES 256

struct slot {
    CURL *curl;
    struct curl_slist *headers;
    size_t kept;
    uint8_t bytes[CG_SENDER_ANSWER_BYTES];
};

struct cg_sender {
    CURLM *multi;
    long timeout_ms;
    size_t count;
    struct slot *slots; /* owned */
};

static void slot_clear(struct cg_sender *sender, struct slot *slot)
{
    if (slot->curl != NULL) {
        (void)curl_multi_remove_handle(sender->multi, slot->curl);
    }
    curl_easy_cleanup(slot->curl);
    curl_slist_free_all(slot->headers);
    slot->curl = NULL;
    slot->headers = NULL;
}

struct cg_sender *cg_sender_free(struct cg_sender *sender)
{
    if (sender == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sender->count; i++) {
        slot_clear(sender, &sender->slots[i]);
    }
    (void)curl_multi_cleanup(sender->multi);
    (void)cg_release(sender->slots);
    return cg_release(sender);
}

enum cg_status cg_sender_new(size_t slots, long timeout_ms, struct cg_sender **ret_sender)
{
    CG_CLEANUP(cg_sender_free_at) struct cg_sender *sender = NULL;
    void *memory = NULL;
    if (slots == 0 || slots > CG_SENDER_SLOTS_MAX) {
        return CG_ERR_LIMIT;
    }
    CG_TRY(cg_alloc(1, sizeof(*sender), &memory));
    sender = memory;
    sender->timeout_ms = timeout_ms;
    CG_TRY(cg_alloc(slots, sizeof(struct slot), &memory));
    sender->slots = memory;
    sender->count = slots;
    sender->multi = curl_multi_init();
    if (sender->multi == NULL) {
        return CG_ERR_LIMIT;
    }
    *ret_sender = CG_STEAL(sender);
    return CG_OK;
}

/* libcurl's write callback. What there is no room for is read and dropped. */
static size_t keep_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    size_t len = size * count;
    size_t room = sizeof(slot->bytes) - slot->kept;
    size_t kept = len < room ? len : room;
    memcpy(slot->bytes + slot->kept, bytes, kept);
    slot->kept += kept;
    return len;
}

static enum cg_status add_header(struct slot *slot, const char *name, const char *value)
{
    char line[HEADER_BYTES];
    int len = snprintf(line, sizeof(line), "%s%s", name, value);
    if (len < 0 || (size_t)len >= sizeof(line)) {
        return CG_ERR_INPUT;
    }
    struct curl_slist *longer = curl_slist_append(slot->headers, line);
    if (longer == NULL) {
        return CG_ERR_LIMIT;
    }
    slot->headers = longer;
    return CG_OK;
}

static enum cg_status set_headers(struct slot *slot, const struct cg_send_request *request)
{
    CG_TRY(add_header(slot, "Content-Type: ", request->content_type));
    CG_TRY(add_header(slot, "Accept: ", request->content_type));
    CG_TRY(add_header(slot, "X-Request-ID: ", request->request_id));
    CG_TRY(add_header(slot, "Expect:", "")); /* the body goes at once */
    curl_easy_setopt(slot->curl, CURLOPT_HTTPHEADER, slot->headers);
    return CG_OK;
}

static void set_options(const struct cg_sender *sender, struct slot *slot,
                        const struct cg_send_request *request)
{
    CURL *curl = slot->curl;
    curl_easy_setopt(curl, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, sender->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    if (request->puts) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "PUT");
    }
}

enum cg_status cg_sender_start(struct cg_sender *sender, size_t index,
                               const struct cg_send_request *request)
{
    struct slot *slot = &sender->slots[index];
    bool is_http = cg_span_starts_with(cg_span_of_string(request->url), CG_SPAN_OF("http:"));
    if (!is_http || !cg_fetch_takes_url(cg_span_of_string(request->url))) {
        return CG_ERR_INPUT;
    }
    slot->kept = 0;
    slot->curl = curl_easy_init();
    if (slot->curl == NULL) {
        return CG_ERR_LIMIT;
    }
    set_options(sender, slot, request);
    CG_TRY(set_headers(slot, request));
    return curl_multi_add_handle(sender->multi, slot->curl) == CURLM_OK ? CG_OK : CG_ERR_LIMIT;
}

static void take(struct cg_sender *sender, CURL *curl, CURLcode code,
                 struct cg_send_answer *ret_answer)
{
    struct slot *slot = NULL;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, &slot);
    *ret_answer = (struct cg_send_answer){.slot = (size_t)(slot - sender->slots)};
    if (code == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->http_status);
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
        ret_answer->body = (struct cg_span){slot->bytes, slot->kept};
    }
    ret_answer->retry_after_s =
        retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (unsigned)retry_after_s;
    slot_clear(sender, slot);
}

static bool take_one(struct cg_sender *sender, struct cg_send_answer *ret_answer)
{
    int running = 0;
    int left = 0;
    CURLMsg *message = NULL;
    (void)curl_multi_perform(sender->multi, &running);
    while ((message = curl_multi_info_read(sender->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            take(sender, message->easy_handle, message->data.result, ret_answer);
            return true;
        }
    }
    return false;
}

bool cg_sender_wait(struct cg_sender *sender, int64_t max_ms, struct cg_send_answer *ret_answer)
{
    int64_t until_ms = cg_clock_monotonic_ms() + max_ms;
    int64_t left_ms = max_ms;
    while (!take_one(sender, ret_answer)) {
        if (left_ms <= 0) {
            return false;
        }
        (void)curl_multi_poll(sender->multi, NULL, 0, (int)left_ms, NULL);
        left_ms = until_ms - cg_clock_monotonic_ms();
    }
    return true;
}
