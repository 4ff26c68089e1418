/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/fhir.h"

#include "base/span.h"
#include "codec/json.h"
#include "gate/challenge.h"

#define DIAGNOSTICS_MAX_BYTES ((size_t)256)

/* Codes of https://hl7.org/fhir/R4/valueset-issue-type.html. */
static const struct {
    unsigned status;
    const char *code;
} codes[] = {
    {413, "too-long"},  {415, "not-supported"}, {400, "invalid"},
    {401, "login"},     {403, "forbidden"},     {429, "throttled"},
    {502, "transient"}, {503, "transient"},     {504, "transient"},
};

static const char *code_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].status == status) {
            return codes[i].code;
        }
    }
    return "exception";
}

static void put_details(enum cg_reason reason, struct cg_json_writer *writer)
{
    cg_json_put_name(writer, "details");
    cg_json_open_object(writer);
    cg_json_put_name(writer, "coding");
    cg_json_open_array(writer);
    cg_json_open_object(writer);
    cg_json_member_put(writer, "code", cg_span_of_string(cg_reason_name(reason)));
    cg_json_close_object(writer);
    cg_json_close_array(writer);
    cg_json_member_put(writer, "text", cg_span_of_string(cg_reason_text(reason)));
    cg_json_close_object(writer);
}

static void put_diagnostics(struct cg_span request_id, struct cg_json_writer *writer)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, DIAGNOSTICS_MAX_BYTES);
    cg_buf_put_string(&buf, "The request's id is ");
    cg_buf_put(&buf, request_id);
    struct cg_span text;
    if (cg_buf_finish(&buf, &text) == CG_OK) {
        cg_json_member_put(writer, "diagnostics", text);
    }
}

void cg_fhir_outcome(enum cg_reason reason, struct cg_span request_id, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_object(&writer);
    cg_json_member_put(&writer, "resourceType", cg_span_of_string("OperationOutcome"));
    cg_json_put_name(&writer, "issue");
    cg_json_open_array(&writer);
    cg_json_open_object(&writer);
    cg_json_member_put(&writer, "severity", cg_span_of_string("error"));
    cg_json_member_put(&writer, "code", cg_span_of_string(code_of(cg_challenge_status(reason))));
    put_details(reason, &writer);
    put_diagnostics(request_id, &writer);
    cg_json_close_object(&writer);
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
}
