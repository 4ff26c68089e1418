/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place.h"

#include "base/span.h"
#include "base/status.h"

#include <string.h>

static const struct cg_span memory_path = CG_SPAN(":memory:");
static const struct cg_span audit_name = CG_SPAN(CG_PLACE_AUDIT_NAME);
static const struct cg_span vfs_option = CG_SPAN("vfs=");

static bool is_vfs_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
}

static enum cg_status parse_vfs(struct cg_span query, struct cg_place *place)
{
    if (!cg_span_starts_with(query, vfs_option)) {
        return CG_ERR_INPUT;
    }
    struct cg_span name = cg_span_part(query, vfs_option.len, query.len);
    if (name.len == 0 || name.len >= sizeof(place->vfs)) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!is_vfs_byte(name.data[i])) {
            return CG_ERR_INPUT;
        }
    }
    memcpy(place->vfs, name.data, name.len);
    return CG_OK;
}

/* Where the file's own name starts. */
static size_t name_start(struct cg_span path)
{
    size_t start = 0;
    for (size_t i = 0; i < path.len; i++) {
        start = path.data[i] == '/' ? i + 1 : start;
    }
    return start;
}

static enum cg_status parse_path(struct cg_span path, enum cg_store_kind kind,
                                 struct cg_place *place)
{
    size_t start = name_start(path);
    struct cg_span name = cg_span_part(path, start, path.len);
    bool has_zero = cg_span_find(path, 0, 0) < path.len;
    /* The engine gives names that start with a colon, and "file:", a meaning of their own. */
    bool special =
        path.len > 0 && (path.data[0] == ':' || cg_span_starts_with(path, CG_SPAN_OF("file:")));
    if (name.len == 0 || path.len > CG_LIMIT_URI_BYTES || has_zero || special ||
        cg_span_equal(name, audit_name)) {
        return CG_ERR_INPUT;
    }
    memcpy(place->path, path.data, path.len);
    if (kind == CG_STORE_AUDIT) {
        memcpy(place->path + start, CG_PLACE_AUDIT_NAME, sizeof(CG_PLACE_AUDIT_NAME));
    }
    return CG_OK;
}

enum cg_status cg_place_parse(struct cg_span text, enum cg_store_kind kind,
                              struct cg_place *ret_place)
{
    struct cg_place place = {0};
    size_t query = cg_span_find(text, '?', 0);
    struct cg_span path = cg_span_part(text, 0, query);
    if (query < text.len) {
        CG_TRY(parse_vfs(cg_span_part(text, query + 1, text.len), &place));
    }
    if (!cg_span_equal(path, memory_path)) {
        CG_TRY(parse_path(path, kind, &place));
    }
    *ret_place = place;
    return CG_OK;
}
