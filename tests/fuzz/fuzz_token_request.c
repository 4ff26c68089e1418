/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole token request against a registry on disk: the first line is the Authorization value
 * (empty: none), the rest the body. Byte 1 stands for the client's id and byte 2 for its secret, so
 * that an input may get past authentication. Whatever comes, the answer is one of the table, its
 * body is JSON, a token needs the secret, and no answer repeats it.
 */
#include "fuzz.h"
#include "house.h"

#include "base/buf.h"
#include "base/span.h"
#include "codec/json.h"

#include <string.h>

#define REQUEST_BYTES ((size_t)16384)

/* Made once, by the first input, and pulled down when the program ends. */
static struct house *open_house(void)
{
    struct house *house = house_standing();
    if (house->slot == NULL) {
        void *state = house;
        REQUIRE(house_build(&state) == 0);
        REQUIRE(atexit(house_leave) == 0);
    }
    return house;
}

static void put_byte(struct cg_buf *buf, const struct house *house, uint8_t byte)
{
    if (byte == 1) {
        cg_buf_put_string(buf, house->client);
        return;
    }
    if (byte == 2) {
        cg_buf_put_string(buf, house->secret);
        return;
    }
    cg_buf_put_byte(buf, byte);
}

static bool is_of_the_table(unsigned status)
{
    return status == 200 || status == 400 || status == 401 || status == 413 || status == 415;
}

static void check_answer(const struct house *house, const struct cg_response *response,
                         bool had_secret)
{
    REQUIRE(is_of_the_table(response->http_status));
    REQUIRE(response->http_status != 200 || had_secret);
    REQUIRE((response->http_status == 200) == (response->reason == CG_REASON_NONE));
    struct cg_json *json = NULL;
    REQUIRE(cg_json_parse(response->body, REQUEST_BYTES, &json) == CG_OK);
    (void)cg_json_free(json);
    REQUIRE(memmem(response->body.data, response->body.len, house->secret, strlen(house->secret)) ==
            NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct house *house = open_house();
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init(&buf, REQUEST_BYTES);
    for (size_t i = 0; i < len; i++) {
        put_byte(&buf, house, data[i]);
    }
    if (cg_buf_finish(&buf, &text) == CG_OK && text.len > 0) {
        size_t line = cg_span_find(text, '\n', 0);
        struct cg_request request = {.method = CG_SPAN("POST"),
                                     .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                                     .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                                     .body = cg_span_part(text, line + 1, text.len),
                                     .request_id = CG_SPAN("fuzz"),
                                     .address = CG_SPAN("127.0.0.1")};
        if (line > 0) {
            request.authorization = cg_span_part(text, 0, line);
        }
        bool had_secret = memmem(text.data, text.len, house->secret, strlen(house->secret)) != NULL;
        check_answer(house, house_ask_with(house, &request), had_secret);
    }
    cg_buf_release(&buf);
    return 0;
}
