#include "trace/trace_text.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/stats_table.h"
#include "trace/span_site.h"

#include <inttypes.h>

/* Columns: name, offset, duration, bar. */
enum { COLUMNS = 100, NAME = 50, TIME = 11, GAP = 2, BAR = COLUMNS - NAME - 2 * TIME - GAP, DEPTH_DRAWN = 12, INDENT = 3 };

struct drawing {
    struct buffer *out;
    const struct trace_view *view;
    bool goes_on[DEPTH_DRAWN]; /* whether the line from the span at that depth goes down past what is drawn */
};

static unsigned drawn_depth(const struct trace_node *node)
{
    return node->depth < DEPTH_DRAWN ? node->depth : DEPTH_DRAWN - 1;
}

/* "0", "850 us", "4.81 ms", "1.284 s": three digits are what the eye compares. */
static void print_duration(struct buffer *out, uint64_t us)
{
    if (us == 0)
        buffer_char(out, '0');
    else if (us < 1000)
        buffer_printf(out, "%" PRIu64 " us", us);
    else if (us < 1000000)
        buffer_printf(out, "%.*f ms", us < 10000 ? 2 : us < 100000 ? 1 : 0, (double)us / 1e3);
    else
        buffer_printf(out, "%.3f s", (double)us / 1e6);
}

static void right_aligned(struct buffer *out, uint64_t us)
{
    struct buffer text = { 0 };
    print_duration(&text, us);
    buffer_repeat(out, ' ', text.size < TIME ? TIME - text.size : 1);
    buffer_text(out, buffer_as_text(&text));
    buffer_free(&text);
}

static void print_hex(struct buffer *out, const uint8_t *bytes, size_t size)
{
    hex_write(buffer_reserve(out, 2 * size), bytes, size);
    buffer_grow(out, 2 * size);
}

/* The lines of the spans around, up to the depth. */
static void draw_lines(struct drawing *drawing, unsigned depth)
{
    for (unsigned i = 1; i < depth; i++)
        buffer_string(drawing->out, drawing->goes_on[i] ? "│  " : "   ");
}

/* Where the line below a span begins: under its name, beside the line to its children. */
static size_t begin_below(struct drawing *drawing, const struct trace_node *node)
{
    unsigned depth = drawn_depth(node);
    bool has_children = node + 1 < drawing->view->nodes + drawing->view->count && node[1].depth > node->depth;
    draw_lines(drawing, depth + 1);
    buffer_string(drawing->out, has_children ? "│  " : "   ");
    return INDENT * (depth + 1);
}

static void print_value(struct buffer *out, const struct span_value *value)
{
    if (value->type == SPAN_INT)
        buffer_int(out, value->integer);
    else
        buffer_printable(out, value->text);
}

/* Attributes follow each other on a line until it is full. */
struct line {
    struct drawing *drawing;
    const struct trace_node *node;
    size_t used; /* columns; 0: none begun */
};

static void put_word(struct line *line, struct text word)
{
    size_t width = table_width(word);
    struct buffer *out = line->drawing->out;
    if (line->used > 0 && line->used + GAP + width > COLUMNS) {
        buffer_char(out, '\n');
        line->used = 0;
    }
    if (line->used == 0)
        line->used = begin_below(line->drawing, line->node);
    else {
        buffer_repeat(out, ' ', GAP);
        line->used += GAP;
    }
    buffer_text(out, word);
    line->used += width;
}

static void put_attribute(struct line *line, const char *key, const struct span_value *value)
{
    if (value->type == SPAN_ABSENT)
        return;
    struct buffer word = { 0 };
    buffer_printf(&word, "%s=", key);
    print_value(&word, value);
    put_word(line, buffer_as_text(&word));
    buffer_free(&word);
}

static void end_line(struct line *line)
{
    if (line->used > 0)
        buffer_char(line->drawing->out, '\n');
    line->used = 0;
}

static void draw_attributes(struct line *line, const struct span *span)
{
    for (size_t i = 0; i < span->site->key_count; i++)
        put_attribute(line, span->site->keys[i].data, &span->values[i]);
    end_line(line);
}

/* What is the span's error as well is told there. */
static void draw_event(struct line *line, const struct span *span, const struct span_event *event)
{
    struct buffer word = { 0 };
    buffer_string(&word, "• ");
    print_duration(&word, event->time_us - line->drawing->view->started_us);
    buffer_printf(&word, "  %s", event->name);
    put_word(line, buffer_as_text(&word));
    for (size_t i = 0; i < event->count; i++) {
        const struct span_value *value = &event->values[i];
        if (value->type != SPAN_TEXT || !text_equal(value->text, span->status_message))
            put_attribute(line, event->keys[i], value);
    }
    end_line(line);
    buffer_free(&word);
}

static void draw_link(struct line *line, const struct trace_context *link)
{
    struct buffer word = { 0 };
    buffer_string(&word, "→ trace ");
    print_hex(&word, link->trace_id, sizeof(link->trace_id));
    put_word(line, buffer_as_text(&word));
    end_line(line);
    buffer_free(&word);
}

static void draw_error(struct line *line, const struct span *span)
{
    struct buffer word = { 0 };
    buffer_string(&word, "✗ ");
    if (span->status_message.size > 0)
        buffer_printable(&word, span->status_message);
    else
        buffer_string(&word, "error");
    put_word(line, buffer_as_text(&word));
    end_line(line);
    buffer_free(&word);
}

static void draw_below(struct drawing *drawing, const struct trace_node *node)
{
    struct span_held held;
    struct line line = { .drawing = drawing, .node = node };
    span_record_read(node->record, &held);
    draw_attributes(&line, &held.span);
    for (size_t i = 0; i < held.span.event_count; i++)
        draw_event(&line, &held.span, &held.span.events[i]);
    for (size_t i = 0; i < held.span.link_count; i++)
        draw_link(&line, &held.span.links[i]);
    if (held.span.status == SPAN_STATUS_ERROR)
        draw_error(&line, &held.span);
}

/* A name that is too long is cut: the columns beside it matter more. */
static void draw_name(struct drawing *drawing, const struct trace_node *node)
{
    struct buffer name = { 0 };
    buffer_printable(&name, text_of(node->outline->site->name));
    buffer_string(&name, node->parent_elsewhere ? " (parent elsewhere)" : "");
    size_t room = NAME - INDENT * drawn_depth(node);
    size_t width = table_width(buffer_as_text(&name));
    struct text whole = buffer_as_text(&name);
    while (width > room && whole.size > 0)
        width -= ((unsigned char)whole.data[--whole.size] & 0xC0) != 0x80;
    buffer_text(drawing->out, whole);
    buffer_repeat(drawing->out, ' ', room - width);
    buffer_free(&name);
}

/* In eighths of a column; what is shorter than one is drawn as one. */
static void draw_bar(struct drawing *drawing, const struct span_outline *outline)
{
    static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
    const struct trace_view *view = drawing->view;
    uint64_t whole = view->ended_us - view->started_us;
    if (whole == 0)
        return;
    double scale = BAR * 8 / (double)whole;
    unsigned begin = (unsigned)((double)(outline->started_us - view->started_us) * scale) / 8;
    unsigned length = (unsigned)((double)(outline->ended_us - outline->started_us) * scale);
    begin = begin < BAR ? begin : BAR - 1;
    length = length > 0 ? length : 1;
    buffer_repeat(drawing->out, ' ', GAP + begin);
    for (; length >= 8; length -= 8)
        buffer_string(drawing->out, "█");
    buffer_string(drawing->out, eighths[length]);
}

static void draw_span(struct drawing *drawing, const struct trace_node *node)
{
    const struct span_outline *outline = node->outline;
    unsigned depth = drawn_depth(node);
    draw_lines(drawing, depth);
    if (depth > 0)
        buffer_string(drawing->out, node->is_last ? "└─ " : "├─ ");
    drawing->goes_on[depth] = depth > 0 && !node->is_last;
    draw_name(drawing, node);
    right_aligned(drawing->out, outline->started_us - drawing->view->started_us);
    right_aligned(drawing->out, outline->ended_us - outline->started_us);
    draw_bar(drawing, outline);
    buffer_char(drawing->out, '\n');
    draw_below(drawing, node);
}

static void draw_head(struct drawing *drawing, int64_t wall_offset_us)
{
    const struct trace_view *view = drawing->view;
    struct buffer *out = drawing->out;
    char started[CLOCK_RFC3339_SIZE];
    clock_rfc3339((int64_t)view->started_us + wall_offset_us, started);
    buffer_string(out, "trace ");
    print_hex(out, view->nodes[0].outline->context.trace_id, sizeof(view->nodes[0].outline->context.trace_id));
    buffer_printf(out, "  %s  ", started);
    print_duration(out, view->ended_us - view->started_us);
    size_t spans = view->count + view->left_out;
    buffer_printf(out, "\n%zu span%s of this process, ", spans, spans == 1 ? "" : "s");
    if (view->errors > 0)
        buffer_printf(out, "%zu with an error", view->errors);
    else
        buffer_string(out, "no errors");
    if (view->left_out > 0)
        buffer_printf(out, "; %zu of them are not shown", view->left_out);
    buffer_char(out, '\n');
    buffer_printf(out, "\n%*s%*s\n", NAME + TIME, "offset", TIME, "duration");
}

/* The clock to milliseconds, without its T and Z. */
static void print_wall(struct buffer *out, int64_t wall_us)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(wall_us, text);
    buffer_printf(out, "%.10s %.12s", text, text + 11);
}

static void draw_row(struct buffer *out, const struct trace_view *view, int64_t wall_offset_us)
{
    const struct span_outline *first = view->nodes[0].outline;
    print_hex(out, first->context.trace_id, sizeof(first->context.trace_id));
    buffer_string(out, "  ");
    print_wall(out, (int64_t)view->started_us + wall_offset_us);
    right_aligned(out, view->ended_us - view->started_us);
    buffer_printf(out, "%7zu%8zu  ", view->count + view->left_out, view->errors);
    buffer_printable(out, text_of(first->site->name));
    buffer_char(out, '\n');
}

void trace_list_text(const struct trace_list *list, const struct tracer *tracer, int64_t wall_offset_us, struct buffer *out)
{
    buffer_printf(out, "%-32s  %-23s%*s%7s%8s  %s\n", "trace", "started, UTC", TIME, "duration", "spans", "errors", "first span");
    for (size_t i = 0; i < list->count; i++) {
        struct trace_view view;
        if (!trace_view_open(&view, tracer, list->rows[i].trace_id))
            continue;
        draw_row(out, &view, wall_offset_us);
        trace_view_close(&view);
    }
}

void trace_text(const struct trace_view *view, int64_t wall_offset_us, struct buffer *out)
{
    struct drawing drawing = { .out = out, .view = view };
    draw_head(&drawing, wall_offset_us);
    for (size_t i = 0; i < view->count; i++)
        draw_span(&drawing, &view->nodes[i]);
}
