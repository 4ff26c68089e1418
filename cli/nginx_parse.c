/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx_parse.h"

#include "base/buf.h"
#include "base/span.h"
#include "base/status.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define FILES_MAX 512
#define INCLUDE_DEPTH_MAX 16
#define FILE_LINE "# configuration file "
#define PATTERN_MAX 4096

struct file {
    struct cg_span name;
    struct cg_span text;
};

struct parser {
    struct cg_arena *arena;
    struct cg_span folder;
    struct file files[FILES_MAX];
    size_t file_count;
    unsigned depth;
};

/* Where in a file the reading is. */
struct cursor {
    struct cg_span file;
    struct cg_span text;
    size_t at;
    int64_t line;
};

/* "# configuration file /path/nginx.conf:" as the name; absent when the line is another. */
static struct cg_span file_of_line(struct cg_span line)
{
    struct cg_span start = CG_SPAN_OF(FILE_LINE);
    if (!cg_span_starts_with(line, start) || line.data[line.len - 1] != ':') {
        return (struct cg_span){NULL, 0};
    }
    return cg_span_part(line, start.len, line.len - start.len - 1);
}

static enum cg_status split_files(struct parser *parser, struct cg_span dump)
{
    struct cg_span line = {NULL, 0};
    struct cg_span rest = dump;
    while (cg_span_split(&rest, '\n', &line)) {
        struct cg_span name = file_of_line(line);
        if (name.data != NULL) {
            if (parser->file_count == FILES_MAX) {
                return CG_ERR_LIMIT;
            }
            parser->files[parser->file_count++] =
                (struct file){name, {line.data + line.len + 1, 0}};
            continue;
        }
        if (parser->file_count > 0) {
            struct file *file = &parser->files[parser->file_count - 1];
            file->text.len = (size_t)(line.data + line.len - file->text.data);
        }
    }
    return parser->file_count > 0 ? CG_OK : CG_ERR_INPUT;
}

static bool at_end(const struct cursor *cursor)
{
    return cursor->at >= cursor->text.len;
}

static uint8_t peek(const struct cursor *cursor)
{
    return cursor->text.data[cursor->at];
}

static void step(struct cursor *cursor)
{
    cursor->line += peek(cursor) == '\n' ? 1 : 0;
    cursor->at++;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip_space(struct cursor *cursor)
{
    bool comment = false;
    while (!at_end(cursor) && (comment || is_space(peek(cursor)) || peek(cursor) == '#')) {
        comment = (comment || peek(cursor) == '#') && peek(cursor) != '\n';
        step(cursor);
    }
}

/* One word, in quotes or not; a backslash takes the byte behind it as it is. */
static enum cg_status read_word(struct parser *parser, struct cursor *cursor,
                                struct cg_span *ret_word)
{
    struct cg_buf buf;
    uint8_t quote = peek(cursor) == '"' || peek(cursor) == '\'' ? peek(cursor) : 0;
    uint8_t before = 0;
    cg_buf_init_arena(&buf, parser->arena, cursor->text.len + 1);
    if (quote != 0) {
        step(cursor);
    }
    while (!at_end(cursor)) {
        uint8_t byte = peek(cursor);
        /* "${name}" is no block. */
        bool opens = byte == '{' && before != '$';
        if (quote != 0 ? byte == quote : is_space(byte) || byte == ';' || opens) {
            break;
        }
        step(cursor);
        if (byte == '\\' && !at_end(cursor)) {
            byte = peek(cursor);
            step(cursor);
        }
        cg_buf_put_byte(&buf, byte);
        before = byte;
    }
    if (quote != 0 && at_end(cursor)) {
        return CG_ERR_INPUT;
    }
    if (quote != 0) {
        step(cursor);
    }
    return cg_buf_finish(&buf, ret_word);
}

/* Words up to ';' or '{', which is not taken. */
static enum cg_status read_words(struct parser *parser, struct cursor *cursor,
                                 struct cg_directive *directive)
{
    skip_space(cursor);
    directive->file = cursor->file;
    directive->line = cursor->line;
    while (!at_end(cursor) && peek(cursor) != ';' && peek(cursor) != '{') {
        struct cg_span word = {NULL, 0};
        CG_TRY(read_word(parser, cursor, &word));
        if (directive->word_count < CG_DIRECTIVE_WORDS_MAX) {
            directive->words[directive->word_count++] = word;
        }
        skip_space(cursor);
    }
    return at_end(cursor) || directive->word_count == 0 ? CG_ERR_INPUT : CG_OK;
}

static void append(struct cg_directive *block, struct cg_directive *directive)
{
    directive->parent = block;
    if (block->last != NULL) {
        block->last->next = directive;
    } else {
        block->first = directive;
    }
    block->last = directive;
}

static enum cg_status read_block(struct parser *parser, struct cursor *cursor,
                                 struct cg_directive *block);

static enum cg_status read_file(struct parser *parser, const struct file *file,
                                struct cg_directive *block)
{
    struct cursor cursor = {.file = file->name, .text = file->text, .line = 1};
    if (parser->depth == INCLUDE_DEPTH_MAX) {
        return CG_ERR_LIMIT;
    }
    parser->depth++;
    CG_TRY(read_block(parser, &cursor, block));
    parser->depth--;
    return at_end(&cursor) ? CG_OK : CG_ERR_INPUT;
}

/* The included files take the directive's place. */
static enum cg_status include(struct parser *parser, const struct cg_directive *directive,
                              struct cg_directive *block)
{
    char pattern[PATTERN_MAX];
    char name[PATTERN_MAX];
    struct cg_span word = cg_directive_word(directive, 0);
    bool absolute = word.len > 0 && word.data[0] == '/';
    int len = absolute ? snprintf(pattern, sizeof(pattern), "%.*s", CG_SPAN_ARGS(word))
                       : snprintf(pattern, sizeof(pattern), "%.*s/%.*s",
                                  CG_SPAN_ARGS(parser->folder), CG_SPAN_ARGS(word));
    if (len < 0 || (size_t)len >= sizeof(pattern)) {
        return CG_ERR_LIMIT;
    }
    for (size_t i = 0; i < parser->file_count; i++) {
        const struct file *file = &parser->files[i];
        (void)snprintf(name, sizeof(name), "%.*s", CG_SPAN_ARGS(file->name));
        if (fnmatch(pattern, name, FNM_PATHNAME | FNM_PERIOD) == 0) {
            CG_TRY(read_file(parser, file, block));
        }
    }
    return CG_OK;
}

/* Lua and the like aside, every block holds directives; `types` and `map` read as such too. */
static enum cg_status read_directive(struct parser *parser, struct cursor *cursor,
                                     struct cg_directive *block)
{
    struct cg_directive *directive = NULL;
    CG_TRY(cg_arena_take(parser->arena, sizeof(*directive), (void **)&directive));
    CG_TRY(read_words(parser, cursor, directive));
    bool opens = peek(cursor) == '{';
    step(cursor);
    if (!opens && cg_directive_is(directive, "include")) {
        return include(parser, directive, block);
    }
    append(block, directive);
    if (!opens) {
        return CG_OK;
    }
    directive->has_block = true;
    if (parser->depth == INCLUDE_DEPTH_MAX) {
        return CG_ERR_LIMIT;
    }
    parser->depth++;
    CG_TRY(read_block(parser, cursor, directive));
    parser->depth--;
    if (at_end(cursor)) {
        return CG_ERR_INPUT;
    }
    step(cursor);
    return CG_OK;
}

/* Directives up to '}', which is not taken, or the file's end. */
static enum cg_status read_block(struct parser *parser, struct cursor *cursor,
                                 struct cg_directive *block)
{
    for (skip_space(cursor); !at_end(cursor) && peek(cursor) != '}'; skip_space(cursor)) {
        CG_TRY(read_directive(parser, cursor, block));
    }
    return CG_OK;
}

enum cg_status cg_nginx_parse(struct cg_span dump, struct cg_span folder, struct cg_arena *arena,
                              struct cg_directive **ret_root)
{
    struct parser *parser = NULL;
    struct cg_directive *root = NULL;
    CG_TRY(cg_arena_take(arena, sizeof(*parser), (void **)&parser));
    CG_TRY(cg_arena_take(arena, sizeof(*root), (void **)&root));
    parser->arena = arena;
    parser->folder = folder;
    root->has_block = true;
    CG_TRY(split_files(parser, dump));
    CG_TRY(read_file(parser, &parser->files[0], root));
    *ret_root = root;
    return CG_OK;
}

bool cg_directive_is(const struct cg_directive *directive, const char *name)
{
    return directive->word_count > 0 && cg_span_equal_string(directive->words[0], name);
}

struct cg_span cg_directive_word(const struct cg_directive *directive, size_t index)
{
    return index + 1 < directive->word_count ? directive->words[index + 1]
                                             : (struct cg_span){NULL, 0};
}

const struct cg_directive *cg_directive_in(const struct cg_directive *block, const char *name,
                                           const struct cg_directive *after)
{
    const struct cg_directive *at = after != NULL ? after->next : block->first;
    while (at != NULL && !cg_directive_is(at, name)) {
        at = at->next;
    }
    return at;
}

const struct cg_directive *cg_directive_effective(const struct cg_directive *block,
                                                  const char *name)
{
    const struct cg_directive *found = NULL;
    while (block != NULL && found == NULL) {
        found = cg_directive_in(block, name, NULL);
        block = block->parent;
    }
    return found;
}

const struct cg_directive *cg_directive_walk(const struct cg_directive *at)
{
    if (at->first != NULL) {
        return at->first;
    }
    while (at != NULL && at->next == NULL) {
        at = at->parent;
    }
    return at != NULL ? at->next : NULL;
}
