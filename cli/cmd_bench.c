/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/bench_client.h"
#include "cli/nouns.h"
#include "cli/token_file.h"
#include "codec/json.h"
#include "codec/uri.h"
#include "crypto/sign.h"
#include "jose/alg.h"
#include "token/client_form.h"

#define SECONDS 5
#define SECONDS_MAX 3600
#define CONNECTIONS 64
#define RATE_MAX 1000000
#define MESSAGE_BYTES 800 /* header and claims of a usual token, in base64url */
#define TOKENS_BYTES_MAX (24UL * 1024 * 1024)
#define TOKENS_MAX 65536

/* What both verbs measure with. */
struct bench {
    struct cg_context *context;
    int64_t seconds;
    struct cg_bench_order order;
    struct cg_span path; /* of the URL, with its query */
};

static enum cg_status read_load(struct cg_context *context, const struct cg_args *args,
                                struct bench *bench)
{
    *bench = (struct bench){.context = context, .seconds = SECONDS};
    bench->order.connections = CONNECTIONS;
    CG_TRY(cg_args_number(context, args, "seconds", SECONDS_MAX, &bench->seconds));
    CG_TRY(cg_args_number(context, args, "connections", CG_BENCH_CONNECTIONS_MAX,
                          &bench->order.connections));
    CG_TRY(cg_args_number(context, args, "rate", RATE_MAX, &bench->order.rate_per_s));
    CG_TRY(cg_args_number(context, args, "count", INT64_MAX, &bench->order.max_requests));
    if (bench->seconds == 0 || bench->order.connections == 0) {
        return cg_complain_usage(context, "--seconds and --connections want at least 1");
    }
    bench->order.duration_us = bench->seconds * 1000000;
    return CG_OK;
}

/* Only what needs neither TLS nor a name to be looked up: the load is not what is measured. */
static enum cg_status read_url(struct bench *bench, struct cg_span url)
{
    struct cg_uri uri;
    int64_t port = 80;
    bool plain = cg_uri_parse(url, &uri) == CG_OK && cg_span_equal_string(uri.scheme, "http") &&
                 !uri.has_userinfo && !uri.has_fragment;
    if (!plain || (uri.port.data != NULL && cg_span_to_number(uri.port, 65535, &port) != CG_OK)) {
        return cg_complain_usage(bench->context,
                                 "measures http://127.0.0.1:PORT/PATH only, not \"%.*s\"",
                                 CG_SPAN_ARGS(url));
    }
    bench->order.host = uri.host;
    bench->order.port = (uint16_t)port;
    bench->path = CG_SPAN_OF("/");
    if (uri.path.len > 0) {
        bench->path = cg_span_part(url, (size_t)(uri.path.data - url.data), url.len);
    }
    return CG_OK;
}

static enum cg_status load(const struct bench *bench, struct cg_bench_result *ret_result)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(64UL * 1024 * 1024, &arena));
    enum cg_status status = cg_bench_load(&bench->order, arena, ret_result);
    switch ((int)status) {
    case CG_ERR_NOT_FOUND:
        return cg_complain(bench->context, status,
                           "nobody answers at %.*s:%u, or answers are broken",
                           CG_SPAN_ARGS(bench->order.host), bench->order.port);
    case CG_ERR_INPUT:
        return cg_complain(bench->context, status, "measures addresses of this machine only");
    default: return status;
    }
}

/* "0.873": how often the second goes into the first. */
static void put_ratio(struct bench *bench, const char *name, double first, double second)
{
    const char *text = NULL;
    if (second <= 0 || cg_context_print(bench->context, &text, "%.3f", first / second) != CG_OK) {
        text = "null";
    }
    cg_output_json(&bench->context->output, name, cg_span_of_string(text), cg_span_of_string(text));
}

static double per_second(const struct cg_bench_result *result)
{
    return result->elapsed_us > 0 ? (double)result->answers * 1e6 / (double)result->elapsed_us : 0;
}

static void put_result(struct bench *bench, const char *name, const struct cg_bench_result *result)
{
    struct cg_output *output = &bench->context->output;
    cg_output_number(output, name, (int64_t)per_second(result));
    cg_output_number(output, "answers", result->answers);
    cg_output_number(output, "refused", result->refused);
    cg_output_number(output, "errors", result->errors);
    cg_output_number(output, "p50_us", cg_bench_times_at(&result->times, 5000));
    cg_output_number(output, "p99_us", cg_bench_times_at(&result->times, 9900));
    cg_output_number(output, "p999_us", cg_bench_times_at(&result->times, 9990));
    cg_output_number(output, "max_us", result->times.max_us);
}

/* What no issuer can do more of: signatures by one thread, nothing else. */
static enum cg_status measure_signatures(const struct cg_alg *alg, int64_t seconds,
                                         double *ret_per_second)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    const uint8_t message[MESSAGE_BYTES] = {0};
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    int64_t count = 0;
    CG_TRY(cg_key_generate(alg->key_algorithm, alg->default_bits, &key));
    CG_TRY(cg_signer_new(key, &signer));
    int64_t begun_us = cg_bench_now_us();
    int64_t elapsed_us = 0;
    while (elapsed_us < seconds * 1000000) {
        CG_TRY(cg_sign(signer, (struct cg_span){message, sizeof(message)}, signature, &len));
        count++;
        elapsed_us = cg_bench_now_us() - begun_us;
    }
    *ret_per_second = (double)count * 1e6 / (double)elapsed_us;
    return CG_OK;
}

static enum cg_status read_alg(struct cg_context *context, const struct cg_args *args,
                               const struct cg_alg **ret_alg)
{
    struct cg_span name =
        cg_args_has(args, "alg") ? cg_args_value(args, "alg") : CG_SPAN_OF("RS256");
    *ret_alg = cg_alg_for_tokens(name);
    if (*ret_alg == NULL) {
        return cg_complain_usage(context, "--alg is RS256, PS256, ES256 or EdDSA, not \"%.*s\"",
                                 CG_SPAN_ARGS(name));
    }
    return CG_OK;
}

static enum cg_status write_token_request(struct bench *bench, const struct cg_client_form *form)
{
    struct cg_span body = {NULL, 0};
    struct cg_buf buf;
    cg_buf_init_arena(&buf, bench->context->arena, CG_BENCH_REQUEST_MAX);
    cg_client_form_write(form, &buf);
    CG_TRY(cg_buf_finish(&buf, &body));
    cg_buf_init_arena(&buf, bench->context->arena, CG_BENCH_REQUEST_MAX);
    cg_buf_put_string(&buf, "POST ");
    cg_buf_put(&buf, bench->path);
    cg_buf_put_string(&buf, " HTTP/1.1\r\nHost: localhost\r\n"
                            "Content-Type: application/x-www-form-urlencoded\r\n"
                            "Content-Length: ");
    cg_buf_put_number(&buf, (int64_t)body.len);
    cg_buf_put_string(&buf, "\r\n\r\n");
    cg_buf_put(&buf, body);
    return cg_buf_finish(&buf, &bench->order.before);
}

/* Keeps the tokens that come, one a line, for `bench gate` to use. */
static void keep_token(void *file, struct cg_span body)
{
    struct cg_json *json = NULL;
    struct cg_span token = {NULL, 0};
    if (cg_json_parse(body, CG_BENCH_REQUEST_MAX, &json) == CG_OK &&
        cg_json_member_string(cg_json_root(json), "access_token", &token) == CG_OK) {
        (void)fprintf(file, "%.*s\n", CG_SPAN_ARGS(token));
    }
    (void)cg_json_free(json);
}

static enum cg_status load_and_keep(struct bench *bench, struct cg_span keep,
                                    struct cg_bench_result *ret_result)
{
    const char *path = NULL;
    if (keep.data == NULL) {
        return load(bench, ret_result);
    }
    CG_TRY(cg_context_string(bench->context, keep, &path));
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return cg_complain(bench->context, CG_ERR_INPUT, "%s cannot be written", path);
    }
    bench->order.take = keep_token;
    bench->order.take_context = file;
    enum cg_status status = load(bench, ret_result);
    bool closed = fclose(file) == 0;
    CG_TRY(status);
    return closed ? CG_OK : cg_complain(bench->context, CG_ERR_INPUT, "%s is not whole", path);
}

static enum cg_status prepare_tokens(struct bench *bench, const struct cg_args *args)
{
    struct cg_client_form form = {.client_id = cg_args_value(args, "client")};
    if (!cg_args_has(args, "client")) {
        return cg_complain_usage(bench->context, "--url wants --client ID with it");
    }
    CG_TRY(read_url(bench, cg_args_value(args, "url")));
    CG_TRY(cg_token_file_read_secret(bench->context, cg_args_value(args, "secret-file"),
                                     &form.secret));
    return write_token_request(bench, &form);
}

static enum cg_status run_token(struct cg_context *context, const struct cg_args *args)
{
    struct cg_output *output = &context->output;
    struct cg_bench_result result = {.answers = 0};
    struct bench bench;
    double signatures = 0;
    bool served = cg_args_has(args, "url");
    bool limit = !cg_args_has(args, "load-only");
    if (!served && !limit) {
        return cg_complain_usage(context, "--load-only wants --url with it");
    }
    const struct cg_alg *alg = NULL;
    CG_TRY(read_load(context, args, &bench));
    CG_TRY(read_alg(context, args, &alg));
    if (served) {
        CG_TRY(prepare_tokens(&bench, args));
    }
    if (limit) {
        CG_TRY(measure_signatures(alg, bench.seconds, &signatures));
    }
    if (served) {
        CG_TRY(load_and_keep(&bench, cg_args_value(args, "keep"), &result));
    }
    cg_output_open_record(output);
    if (limit) {
        cg_output_number(output, "signatures_per_second", (int64_t)signatures);
    }
    if (served) {
        put_result(&bench, "tokens_per_second", &result);
    }
    if (served && limit) {
        put_ratio(&bench, "ratio_to_signatures", per_second(&result), signatures);
    }
    cg_output_close_record(output);
    return CG_OK;
}

/* The tokens of a file, one a line. */
static enum cg_status read_tokens(struct bench *bench, struct cg_span file)
{
    struct cg_context *context = bench->context;
    struct cg_span text = {NULL, 0};
    struct cg_span line = {NULL, 0};
    const char *path = NULL;
    void *memory = NULL;
    size_t count = 0;
    CG_TRY(cg_context_string(context, file, &path));
    CG_TRY(cg_context_read_file(context, path, TOKENS_BYTES_MAX, &text));
    CG_TRY(cg_arena_take_array(context->arena, TOKENS_MAX, sizeof(line), &memory));
    struct cg_span *tokens = memory;
    while (count < TOKENS_MAX && cg_span_split(&text, '\n', &line)) {
        if (line.len > 0) {
            tokens[count++] = line;
        }
    }
    if (count == 0) {
        return cg_complain(context, CG_ERR_INPUT, "%s holds no token; one a line is wanted", path);
    }
    bench->order.middles = tokens;
    bench->order.middle_count = count;
    return CG_OK;
}

static enum cg_status write_call(struct bench *bench)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, bench->context->arena, CG_BENCH_REQUEST_MAX);
    cg_buf_put_string(&buf, "GET ");
    cg_buf_put(&buf, bench->path);
    cg_buf_put_string(&buf, " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ");
    bench->order.after = CG_SPAN_OF("\r\n\r\n");
    return cg_buf_finish(&buf, &bench->order.before);
}

static enum cg_status measure_gate(struct bench *bench, struct cg_span url,
                                   struct cg_bench_result *ret_result)
{
    CG_TRY(read_url(bench, url));
    CG_TRY(write_call(bench));
    return load(bench, ret_result);
}

static enum cg_status run_gate(struct cg_context *context, const struct cg_args *args)
{
    struct cg_output *output = &context->output;
    struct cg_bench_result gate;
    struct cg_bench_result plain;
    struct bench bench;
    bool compared = cg_args_has(args, "compare");
    CG_TRY(read_load(context, args, &bench));
    CG_TRY(read_tokens(&bench, cg_args_value(args, "token-file")));
    if (compared) {
        CG_TRY(measure_gate(&bench, cg_args_value(args, "compare"), &plain));
    }
    CG_TRY(measure_gate(&bench, cg_args_value(args, "url"), &gate));
    cg_output_open_record(output);
    put_result(&bench, "requests_per_second", &gate);
    if (compared) {
        cg_output_number(output, "compared_per_second", (int64_t)per_second(&plain));
        cg_output_number(output, "compared_p99_us", cg_bench_times_at(&plain.times, 9900));
        put_ratio(&bench, "ratio_to_compared", per_second(&gate), per_second(&plain));
    }
    cg_output_close_record(output);
    return CG_OK;
}

#define LOAD_OPTIONS                                                                               \
    {"seconds", "N", CG_OPTION_PLAIN, "how long each measurement takes, 5 if left out"},           \
        {"connections", "N", CG_OPTION_PLAIN, "connections at once, 64 if left out"},              \
        {"rate", "N", CG_OPTION_PLAIN, "requests a second, as many as go if left out"},            \
    {                                                                                              \
        "count", "N", CG_OPTION_PLAIN, "end after so many requests"                                \
    }

static const struct cg_option token_options[] = {
    {"url", "URL", CG_OPTION_PLAIN, "a token endpoint of this machine: http://127.0.0.1:PORT/…"},
    {"client", "ID", CG_OPTION_PLAIN, "the client's id"},
    {"secret-file", "FILE", CG_OPTION_PLAIN, "its secret; from standard input if left out"},
    {"alg", "ALG", CG_OPTION_PLAIN, "what the realm signs with, RS256 if left out"},
    {"load-only", NULL, CG_OPTION_PLAIN, "measure no signatures before"},
    {"keep", "FILE", CG_OPTION_PLAIN, "write the tokens to it, one a line, for bench gate"},
    LOAD_OPTIONS,
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option gate_options[] = {
    {"url", "URL", CG_OPTION_REQUIRED, "what is protected: http://127.0.0.1:PORT/…"},
    {"token-file", "FILE", CG_OPTION_REQUIRED, "tokens, one a line, used in turn"},
    {"compare", "URL", CG_OPTION_PLAIN, "the same without a gate, measured first"},
    LOAD_OPTIONS,
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb bench_verbs[] = {
    {
        .name = "token",
        .summary = "measure what issuing can do here",
        .options = token_options,
        .help = "Without --url: how many signatures one core of this machine makes, which is\n"
                "the limit of any issuer. With it: tokens a second from a running server beside\n"
                "that. The load takes a core of its own: pin both (taskset) for figures that\n"
                "mean something, or run bench/run. With --rate a request's time counts from\n"
                "when it was due.",
        .example = "caregate bench token --url http://127.0.0.1:8080/vlive/hpca/oauth/token "
                   "--client ward-system-7f3k9q2x --secret-file secret",
        .run = run_token,
    },
    {
        .name = "gate",
        .summary = "measure what the gate lets through",
        .options = gate_options,
        .help = "With --compare it tells the ratio to a location that only proxies.",
        .example = "caregate bench gate --url http://127.0.0.1:8080/api/ --token-file tokens "
                   "--compare http://127.0.0.1:8080/plain/",
        .run = run_gate,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_bench = {"bench", "what this machine can do", bench_verbs};
