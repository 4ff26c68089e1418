/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "base/buf.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/first_key.h"
#include "cli/help.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "jose/jws.h"
#include "registry/realm.h"
#include "registry/signing_key.h"
#include "token/access_token.h"

#include "test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 40
#define ARENA_BYTES (256UL * 1024 * 1024)

static void begin(struct desk *desk, struct cg_context *context, const char *command)
{
    *context = (struct cg_context){
        .program = "caregate",
        .command = command,
        .dir = desk->dir,
        .now_s = desk->now_s,
        .random = cg_random_system(),
        .talk = stderr,
        .exit_code = CG_EXIT_FAILED,
    };
    assert_int_equal(cg_arena_new(ARENA_BYTES, &context->arena), CG_OK);
}

static void end(struct cg_context *context)
{
    cg_output_release(&context->output);
    (void)cg_arena_free(context->arena);
}

static enum cg_status run(struct cg_context *context, const struct cg_verb *verb, int count,
                          char *words[], FILE *out)
{
    struct cg_args args;
    CG_TRY(cg_args_parse(context, verb, count, words, &args));
    CG_TRY(cg_output_init(&context->output, out, context->json));
    CG_TRY(verb->run(context, &args));
    return cg_output_finish(&context->output);
}

static void forget(struct desk *desk)
{
    free(desk->out);
    free(desk->talk);
    desk->out = NULL;
    desk->talk = NULL;
}

static void run_words(struct desk *desk, int count, char *words[])
{
    struct cg_context context;
    size_t out_len = 0;
    size_t talk_len = 0;
    const struct cg_noun *noun = cg_noun_find(words[0]);
    assert_non_null(noun);
    int used = 0;
    const struct cg_verb *verb = cg_verb_match(noun, count - 1, words + 1, &used);
    assert_non_null(verb);
    used++; /* the noun */
    forget(desk);
    FILE *out = open_memstream(&desk->out, &out_len);
    FILE *talk = open_memstream(&desk->talk, &talk_len);
    assert_true(out != NULL && talk != NULL);
    begin(desk, &context, words[0]);
    context.talk = talk;
    enum cg_status status = run(&context, verb, count - used + 1, words + used - 1, out);
    if (status != CG_OK && !context.complained) {
        (void)!cg_complain_status(&context, status);
    }
    desk->exit_code = status == CG_OK ? CG_EXIT_DONE : (int)context.exit_code;
    end(&context);
    (void)fclose(out);
    (void)fclose(talk);
}

int desk_run(struct desk *desk, ...)
{
    char *words[WORDS_MAX + 1] = {NULL};
    int count = 0;
    va_list values;
    va_start(values, desk);
    for (const char *word = va_arg(values, const char *); word != NULL;
         word = va_arg(values, const char *)) {
        assert_true(count < WORDS_MAX);
        words[count++] = strdup(word);
    }
    va_end(values);
    char *kept[WORDS_MAX];
    memcpy(kept, words, sizeof(kept)); /* getopt moves words about */
    run_words(desk, count, words);
    for (int i = 0; i < count; i++) {
        free(kept[i]);
    }
    return desk->exit_code;
}

const char *desk_path(const struct desk *desk, const char *name)
{
    static char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", desk->dir, name);
    return path;
}

void desk_write(const struct desk *desk, const char *name, const char *text)
{
    FILE *file = fopen(desk_path(desk, name), "w");
    assert_non_null(file);
    assert_int_equal(chmod(desk_path(desk, name), 0600), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

const char *desk_read(const struct desk *desk, const char *name)
{
    static char text[1024 * 1024];
    FILE *file = fopen(desk_path(desk, name), "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

static enum cg_status fill(struct cg_context *context)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_realm realm;
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM | CG_CHANGE_CREATE, &change));
    CG_TRY(
        cg_setting_set(cg_change_store(change), "base_url", CG_SPAN_OF("https://localhost:8443")));
    CG_TRY(cg_realm_defaults(CG_SPAN_OF("documented"), &context->fault, &realm));
    realm.path = CG_SPAN_OF(DESK_REALM);
    realm.created_s = context->now_s;
    CG_TRY(cg_realm_add(cg_change_store(change), &realm, &context->fault));
    CG_TRY(cg_first_key_add(context, change, realm.path, realm.alg));
    CG_TRY(cg_first_key_add(context, change, CG_SPAN_OF(CG_AUDIT_KEY_REALM), realm.alg));
    return cg_change_commit(change);
}

int desk_set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct cg_context context;
    (void)snprintf(desk->dir, sizeof(desk->dir), "/tmp/caregate-desk-XXXXXX");
    if (mkdtemp(desk->dir) == NULL) {
        return -1;
    }
    desk->now_s = DESK_NOW_S;
    desk_write(desk, "master.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n");
    begin(desk, &context, "set up");
    enum cg_status status = fill(&context);
    end(&context);
    *state = desk;
    return status == CG_OK ? 0 : -1;
}

int desk_clear(void **state)
{
    struct desk *desk = *state;
    DIR *folder = opendir(desk->dir);
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    int left = rmdir(desk->dir);
    forget(desk);
    free(desk);
    return left;
}

static struct cg_json *parse_output(struct desk *desk)
{
    struct cg_json *json = NULL;
    size_t len = strlen(desk->out);
    assert_true(len > 0 && desk->out[len - 1] == '\n');
    struct cg_span text = cg_span_of_bytes(desk->out, len - 1);
    assert_int_equal(cg_json_parse(text, CG_LIMIT_JSON_BYTES, &json), CG_OK);
    return json;
}

const char *desk_text(struct desk *desk, const char *name)
{
    static char text[512];
    struct cg_span value = {NULL, 0};
    struct cg_json *json = parse_output(desk);
    assert_int_equal(cg_json_member_string(cg_json_root(json), name, &value), CG_OK);
    (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(value));
    (void)cg_json_free(json);
    return text;
}

int64_t desk_number(struct desk *desk, const char *name)
{
    int64_t number = 0;
    struct cg_json *json = parse_output(desk);
    assert_int_equal(cg_json_member_number(cg_json_root(json), name, &number), CG_OK);
    (void)cg_json_free(json);
    return number;
}

size_t desk_count(struct desk *desk)
{
    struct cg_json *json = parse_output(desk);
    assert_true(cg_json_is_array(cg_json_root(json)));
    size_t count = cg_json_count(cg_json_root(json));
    (void)cg_json_free(json);
    return count;
}

int64_t desk_events(struct desk *desk, const char *kind, const char *text)
{
    int64_t count = 0;
    assert_int_equal(desk_run(desk, "audit", "list", "--json", "--kind", kind, NULL), 0);
    for (char *record = strstr(desk->out, "{\"writer\""); record != NULL;) {
        char *next = strstr(record + 1, "{\"writer\"");
        size_t len = next != NULL ? (size_t)(next - record) : strlen(record);
        bool holds = text == NULL || memmem(record, len, text, strlen(text)) != NULL;
        count += holds ? 1 : 0;
        record = next;
    }
    return count;
}

void desk_add_api(struct desk *desk)
{
    assert_int_equal(desk_run(desk, "api", "add", "documents", "--audience",
                              "https://care.example/documents", "--scope", "documents.read",
                              "--scope", "documents.write", NULL),
                     0);
    assert_int_equal(desk_run(desk, "org", "add", "RX809", "--name", "Example Trust", NULL), 0);
}

static void keep_id(struct desk *desk, const char *name, char ret_id[static DESK_ID_BYTES])
{
    int len = snprintf(ret_id, DESK_ID_BYTES, "%s", desk_text(desk, name));
    assert_true(len > 0 && len < DESK_ID_BYTES);
}

void desk_add_client(struct desk *desk)
{
    desk_add_api(desk);
    assert_int_equal(
        desk_run(desk, "client", "add", "--json", "--org", "RX809", "--name", "Ward system", NULL),
        0);
    keep_id(desk, "client_id", desk->client);
}

void desk_agree(struct desk *desk)
{
    desk_add_client(desk);
    assert_int_equal(desk_run(desk, "agreement", "request", "--json", "--client", desk->client,
                              "--api", "documents", "--scope", "documents.write", "--purpose",
                              "direct_care", NULL),
                     0);
    keep_id(desk, "agreement_id", desk->agreement);
    assert_int_equal(desk_run(desk, "agreement", "approve", desk->agreement, "--by", "A", NULL), 0);
}

static enum cg_status make_token(struct cg_context *context, const struct cg_access_token *token,
                                 struct cg_buf *buf)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_secret_release) struct cg_secret master_key = {.len = 0};
    struct cg_signing_key row;
    struct cg_span parts[2];
    struct cg_buf header;
    struct cg_buf claims;
    int64_t until_s = 0;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(cg_signing_key_current(store, CG_SPAN_OF(DESK_REALM), context->now_s, context->arena,
                                  &row, &until_s));
    CG_TRY(cg_context_master_key(context, &master_key));
    CG_TRY(cg_signing_key_unseal(&row, master_key.data, &key));
    CG_TRY(cg_signer_new(key, &signer));
    cg_buf_init_arena(&header, context->arena, 4096);
    cg_buf_init_arena(&claims, context->arena, 4096);
    CG_TRY(cg_jws_header(cg_alg_find(row.alg), CG_SPAN_OF("JWT"), row.kid, &header));
    cg_access_token_write(token, &claims);
    CG_TRY(cg_buf_finish(&header, &parts[0]));
    CG_TRY(cg_buf_finish(&claims, &parts[1]));
    return cg_jws_make(parts[0], parts[1], signer, buf);
}

void desk_write_token(struct desk *desk, const char *token_id)
{
    struct cg_context context;
    struct cg_span text = {NULL, 0};
    struct cg_buf buf;
    struct cg_access_token token = {
        .issuer = CG_SPAN_OF(DESK_ISSUER),
        .subject = test_span(desk->client),
        .client_id = test_span(desk->client),
        .organisation = CG_SPAN_OF("RX809"),
        .scope = CG_SPAN_OF("documents.write"),
        .token_id = test_span(token_id),
        .apis = {{.audience = CG_SPAN_OF("https://care.example/documents"),
                  .name = CG_SPAN_OF("documents"),
                  .agreement = test_span(desk->agreement)}},
        .api_count = 1,
        .issued_s = desk->now_s,
        .expires_s = desk->now_s + 300,
    };
    begin(desk, &context, "token");
    cg_buf_init_arena(&buf, context.arena, 8192);
    assert_int_equal(make_token(&context, &token, &buf), CG_OK);
    cg_buf_put_byte(&buf, 0);
    assert_int_equal(cg_buf_finish(&buf, &text), CG_OK);
    desk_write(desk, "token", (const char *)text.data);
    end(&context);
}
