/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export.h"
#include "base/span.h"
#include "cli/cmd_audit.h"
#include "cli/owner.h"
#include "registry/signing_key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static enum cg_status take_line(void *stream, struct cg_span line)
{
    bool written = fwrite(line.data, 1, line.len, stream) == line.len && fputc('\n', stream) != EOF;
    return written ? CG_OK : CG_ERR_INTERNAL;
}

/* Where the lines go that are made here. */
struct destination {
    struct cg_context *context;
    FILE *stream;
};

/* What the checkpoints are verified with. */
static enum cg_status write_key(void *opaque, const void *row)
{
    const struct destination *destination = opaque;
    const struct cg_signing_key *key = row;
    const char *line = NULL;
    CG_TRY(cg_context_print(destination->context, &line, "{\"key\":%.*s}",
                            CG_SPAN_ARGS(key->public_jwk)));
    return take_line(destination->stream, cg_span_of_string(line));
}

static enum cg_status write_start(struct cg_context *context, struct cg_store *registry,
                                  FILE *stream)
{
    struct destination destination = {context, stream};
    const char *line = NULL;
    CG_TRY(cg_context_print(context, &line, CG_AUDIT_EXPORT_START "\"exported_at\":%lld}",
                            (long long)context->now_s));
    CG_TRY(take_line(stream, cg_span_of_string(line)));
    return cg_signing_key_list(registry, CG_SPAN_OF(CG_AUDIT_KEY_REALM), context->arena, write_key,
                               &destination);
}

/* A file without this line was cut off. */
static enum cg_status write_end(struct cg_context *context,
                                const struct cg_audit_export_count *count, FILE *stream)
{
    const char *line = NULL;
    CG_TRY(cg_context_print(context, &line, "{\"end\":{\"records\":%lld,\"checkpoints\":%lld}}",
                            (long long)count->records, (long long)count->checkpoints));
    return take_line(stream, cg_span_of_string(line));
}

static enum cg_status write_all(struct cg_context *context, FILE *stream,
                                struct cg_audit_export_count *ret_count)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *registry = NULL;
    CG_CLEANUP(cg_store_free_at) struct cg_store *audit = NULL;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &registry));
    CG_TRY(cg_context_open_store(context, CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    CG_TRY(write_start(context, registry, stream));
    CG_TRY(cg_audit_export(audit, take_line, stream, ret_count));
    return write_end(context, ret_count, stream);
}

static bool is_on_disk(FILE *stream)
{
    return fflush(stream) == 0 && fsync(fileno(stream)) == 0;
}

static void close_at(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static enum cg_status open_new(struct cg_context *context, const char *path, FILE **ret_stream)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return cg_complain(context, CG_ERR_INPUT, "%s cannot be written: %s", path,
                           strerrordesc_np(errno));
    }
    *ret_stream = fdopen(descriptor, "w");
    if (*ret_stream == NULL) {
        (void)close(descriptor);
        return CG_ERR_LIMIT;
    }
    return CG_OK;
}

/* Opened before the stores are: as root, the folder's owner might not be let in where it goes. */
static enum cg_status export_to_file(struct cg_context *context, const char *path)
{
    CG_CLEANUP(close_at) FILE *stream = NULL;
    struct cg_audit_export_count count = {.records = 0};
    CG_TRY(open_new(context, path, &stream));
    assert(stream != NULL);
    enum cg_status status = write_all(context, stream, &count);
    if (status == CG_OK && !is_on_disk(stream)) {
        status = cg_complain(context, CG_ERR_INTERNAL, "%s cannot be written: %s", path,
                             strerrordesc_np(errno));
    }
    if (status != CG_OK) {
        /* The stores are closed; the file is root's where root made it. */
        (void)!cg_owner_rest();
        (void)unlink(path);
        return status;
    }
    cg_output_open_record(&context->output);
    cg_output_string(&context->output, "file", path);
    cg_output_number(&context->output, "records", count.records);
    cg_output_number(&context->output, "checkpoints", count.checkpoints);
    cg_output_close_record(&context->output);
    return CG_OK;
}

enum cg_status cg_audit_export_run(struct cg_context *context, const struct cg_args *args)
{
    struct cg_audit_export_count count = {.records = 0};
    const char *path = NULL;
    if (cg_args_argument(args, 0).data == NULL) {
        return write_all(context, context->output.stream, &count);
    }
    CG_TRY(cg_context_string(context, cg_args_argument(args, 0), &path));
    return export_to_file(context, path);
}
