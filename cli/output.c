/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/clock.h"
#include "base/span.h"

#include <string.h>

#define OUTPUT_BYTES_MAX (16UL * 1024 * 1024)
#define ROWS_AT_ONCE 256 /* rows whose widths are found together */
#define COLUMN_GAP 2

struct cg_output_row {
    struct cg_output_row *next;
    size_t count;
    struct cg_span cells[CG_OUTPUT_COLUMNS_MAX];
};

enum cg_status cg_output_init(struct cg_output *output, FILE *stream, bool json)
{
    *output = (struct cg_output){.stream = stream, .json = json};
    cg_buf_init(&output->buf, OUTPUT_BYTES_MAX);
    cg_json_begin(&output->writer, &output->buf);
    return cg_arena_new(OUTPUT_BYTES_MAX, &output->arena);
}

void cg_output_release(struct cg_output *output)
{
    cg_buf_release(&output->buf);
    output->arena = cg_arena_free(output->arena);
}

static void print(struct cg_output *output, struct cg_span bytes)
{
    if (bytes.len > 0 && fwrite(bytes.data, 1, bytes.len, output->stream) != bytes.len) {
        output->failed = true;
    }
}

/* Sends the JSON written so far; the writer keeps its place. */
static void flush_json(struct cg_output *output)
{
    struct cg_span bytes = {NULL, 0};
    if (cg_buf_finish(&output->buf, &bytes) != CG_OK) {
        output->failed = true;
    }
    print(output, bytes);
    cg_buf_clear(&output->buf);
}

/* Columns that a text takes on a terminal, as far as counting code points tells. */
static size_t width_of(struct cg_span text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++) {
        width += (text.data[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return width;
}

static void print_spaces(struct cg_output *output, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print(output, CG_SPAN_OF(" "));
    }
}

/* People see the unit beside the number: "token_life_s" is called "token life". */
static size_t name_width(const char *name)
{
    size_t len = strlen(name);
    return len > 2 && strcmp(name + len - 2, "_s") == 0 ? len - 2 : len;
}

/* "client_id" → "client id" */
static void print_name(struct cg_output *output, const char *name)
{
    for (size_t i = 0; i < name_width(name); i++) {
        uint8_t byte = name[i] == '_' ? ' ' : (uint8_t)name[i];
        print(output, (struct cg_span){&byte, 1});
    }
}

static void print_cell(struct cg_output *output, struct cg_span cell, size_t width, bool last)
{
    print(output, cell);
    if (last) {
        print(output, CG_SPAN_OF("\n"));
        return;
    }
    print_spaces(output, width - width_of(cell) + COLUMN_GAP);
}

static void print_heading(struct cg_output *output)
{
    for (size_t i = 0; i < output->column_count; i++) {
        print_name(output, output->names[i]);
        if (i + 1 < output->column_count) {
            print_spaces(output, output->widths[i] - name_width(output->names[i]) + COLUMN_GAP);
        }
    }
    print(output, CG_SPAN_OF("\n"));
}

static void print_table(struct cg_output *output)
{
    if (output->printed == 0) {
        print_heading(output);
    }
    for (const struct cg_output_row *row = output->first; row != NULL; row = row->next) {
        for (size_t i = 0; i < row->count; i++) {
            print_cell(output, row->cells[i], output->widths[i], i + 1 == row->count);
        }
    }
}

static void print_blocks(struct cg_output *output)
{
    size_t widest = 0;
    for (size_t i = 0; i < output->column_count; i++) {
        size_t width = name_width(output->names[i]);
        widest = width > widest ? width : widest;
    }
    for (const struct cg_output_row *row = output->first; row != NULL; row = row->next) {
        if (output->printed > 0 || row != output->first) {
            print(output, CG_SPAN_OF("\n"));
        }
        for (size_t i = 0; i < row->count; i++) {
            print_name(output, output->names[i]);
            print_spaces(output, widest - name_width(output->names[i]) + COLUMN_GAP);
            print_cell(output, row->cells[i], 0, true);
        }
    }
}

static void print_rows(struct cg_output *output)
{
    if (output->row_count == 0) {
        return;
    }
    if (output->style == CG_LIST_TABLE) {
        print_table(output);
    } else {
        print_blocks(output);
    }
    output->printed += output->row_count;
    output->first = NULL;
    output->last = NULL;
    output->row_count = 0;
    cg_arena_clear(output->arena);
}

void cg_output_open_list(struct cg_output *output, enum cg_list_style style, const char *empty)
{
    output->in_list = true;
    output->style = style;
    output->empty = empty;
    output->printed = 0;
    output->column_count = 0;
    if (output->json) {
        cg_json_open_array(&output->writer);
    }
}

void cg_output_close_list(struct cg_output *output)
{
    output->in_list = false;
    if (output->json) {
        cg_json_close_array(&output->writer);
        flush_json(output);
        print(output, CG_SPAN_OF("\n"));
        return;
    }
    print_rows(output);
    if (output->printed == 0 && output->empty != NULL) {
        print(output, cg_span_of_string(output->empty));
        print(output, CG_SPAN_OF("\n"));
    }
}

void cg_output_open_record(struct cg_output *output)
{
    struct cg_output_row *row = NULL;
    if (output->json) {
        cg_json_open_object(&output->writer);
        return;
    }
    if (!output->in_list) {
        output->style = CG_LIST_BLOCKS;
        output->column_count = 0;
    }
    if (cg_arena_take(output->arena, sizeof(*row), (void **)&row) != CG_OK) {
        output->failed = true;
        return;
    }
    if (output->last != NULL) {
        output->last->next = row;
    } else {
        output->first = row;
    }
    output->last = row;
    output->row_count++;
}

void cg_output_close_record(struct cg_output *output)
{
    if (!output->json) {
        if (!output->in_list || output->row_count >= ROWS_AT_ONCE) {
            print_rows(output);
        }
        return;
    }
    cg_json_close_object(&output->writer);
    flush_json(output);
    if (!output->in_list) {
        print(output, CG_SPAN_OF("\n"));
    }
}

enum cg_status cg_output_printable(struct cg_arena *arena, struct cg_span text, const char *kept,
                                   struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        bool control = byte < 0x20 || byte == 0x7F;
        bool shown = !control || (byte != '\0' && strchr(kept, byte) != NULL);
        cg_buf_put_byte(&buf, shown ? byte : '?');
    }
    return cg_buf_finish(&buf, ret_text);
}

static void add_cell(struct cg_output *output, const char *name, struct cg_span text)
{
    struct cg_output_row *row = output->last;
    struct cg_span cell = {NULL, 0};
    text = text.len == 0 ? CG_SPAN_OF("-") : text;
    if (row == NULL || row->count == CG_OUTPUT_COLUMNS_MAX ||
        cg_output_printable(output->arena, text, "", &cell) != CG_OK) {
        output->failed = true;
        return;
    }
    size_t column = row->count++;
    row->cells[column] = cell;
    if (column >= output->column_count) {
        output->names[column] = name;
        output->widths[column] = name_width(name);
        output->column_count = column + 1;
    }
    size_t width = width_of(cell);
    output->widths[column] = width > output->widths[column] ? width : output->widths[column];
}

void cg_output_text(struct cg_output *output, const char *name, struct cg_span text)
{
    if (!output->json) {
        add_cell(output, name, text);
        return;
    }
    cg_json_put_name(&output->writer, name);
    if (text.data == NULL) {
        cg_json_put_null(&output->writer);
        return;
    }
    cg_json_put_string(&output->writer, text);
}

void cg_output_string(struct cg_output *output, const char *name, const char *string)
{
    cg_output_text(output, name, cg_span_of_string(string));
}

void cg_output_number(struct cg_output *output, const char *name, int64_t number)
{
    char text[24];
    if (output->json) {
        cg_json_put_name(&output->writer, name);
        cg_json_put_number(&output->writer, number);
        return;
    }
    (void)snprintf(text, sizeof(text), "%lld", (long long)number);
    add_cell(output, name, cg_span_of_string(text));
}

void cg_output_flag(struct cg_output *output, const char *name, bool flag)
{
    if (output->json) {
        cg_json_put_name(&output->writer, name);
        cg_json_put_bool(&output->writer, flag);
        return;
    }
    add_cell(output, name, flag ? CG_SPAN_OF("yes") : CG_SPAN_OF("no"));
}

/* A number that has no meaning at 0. */
static void put_number_or_null(struct cg_output *output, const char *name, int64_t number)
{
    cg_json_put_name(&output->writer, name);
    if (number == 0) {
        cg_json_put_null(&output->writer);
        return;
    }
    cg_json_put_number(&output->writer, number);
}

void cg_output_time(struct cg_output *output, const char *name, int64_t time_s, const char *none)
{
    char text[CG_TIME_TEXT_BYTES];
    if (output->json) {
        put_number_or_null(output, name, time_s);
        return;
    }
    cg_time_format(time_s, text);
    add_cell(output, name, cg_span_of_string(time_s != 0 ? text : none));
}

void cg_output_duration(struct cg_output *output, const char *name, int64_t duration_s,
                        const char *none)
{
    char text[32];
    if (output->json) {
        put_number_or_null(output, name, duration_s);
        return;
    }
    (void)snprintf(text, sizeof(text), "%lld s", (long long)duration_s);
    add_cell(output, name, cg_span_of_string(duration_s != 0 ? text : none));
}

void cg_output_words(struct cg_output *output, const char *name, struct cg_span words)
{
    struct cg_span word = {NULL, 0};
    if (!output->json) {
        add_cell(output, name, words);
        return;
    }
    cg_json_put_name(&output->writer, name);
    cg_json_open_array(&output->writer);
    while (cg_span_split(&words, ' ', &word)) {
        if (word.len > 0) {
            cg_json_put_string(&output->writer, word);
        }
    }
    cg_json_close_array(&output->writer);
}

void cg_output_json(struct cg_output *output, const char *name, struct cg_span json,
                    struct cg_span text)
{
    if (!output->json) {
        add_cell(output, name, text);
        return;
    }
    cg_json_put_name(&output->writer, name);
    cg_json_put_raw(&output->writer, json);
}

void cg_output_document(struct cg_output *output, struct cg_span json)
{
    print(output, json);
    print(output, CG_SPAN_OF("\n"));
}

void cg_output_element(struct cg_output *output, struct cg_span json)
{
    cg_json_put_raw(&output->writer, json);
    flush_json(output);
}

enum cg_status cg_output_finish(struct cg_output *output)
{
    if (output->failed) {
        return CG_ERR_LIMIT;
    }
    return fflush(output->stream) == 0 ? CG_OK : CG_ERR_INTERNAL;
}
