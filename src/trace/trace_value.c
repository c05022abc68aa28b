#include "trace/trace_value.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/stats.h"
#include "trace/span_site.h"

#define ID_SIZE 33

static const char *const kinds[] = {
    [SPAN_INTERNAL] = "internal", [SPAN_SERVER] = "server",     [SPAN_CLIENT] = "client",
    [SPAN_PRODUCER] = "producer", [SPAN_CONSUMER] = "consumer",
};

static const char *const statuses[] = { [SPAN_STATUS_UNSET] = "unset", [SPAN_STATUS_OK] = "ok", [SPAN_STATUS_ERROR] = "error" };

static void add_id(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, const uint8_t *id, size_t size)
{
    char text[ID_SIZE];
    *hex_write(text, id, size) = '\0';
    yyjson_mut_obj_add_strcpy(doc, object, name, text);
}

static void add_ms(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, int64_t us)
{
    yyjson_mut_obj_add_real(doc, object, name, (double)us / 1000);
}

static void add_wall(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, int64_t wall_us)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(wall_us, text);
    yyjson_mut_obj_add_strcpy(doc, object, name, text);
}

static void add_attribute(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const struct span_value *value)
{
    if (value->type == SPAN_INT)
        yyjson_mut_obj_add_int(doc, object, key, value->integer);
    else if (value->type == SPAN_TEXT)
        stats_add_text(doc, object, key, value->text);
}

static void add_attributes(yyjson_mut_doc *doc, yyjson_mut_val *span, const struct span *told)
{
    const struct span_site *site = told->site;
    yyjson_mut_val *attributes = yyjson_mut_obj_add_obj(doc, span, "attributes");
    for (size_t i = 0; i < site->constant_count; i++)
        add_attribute(doc, attributes, site->constants[i].key, &site->constants[i].value);
    for (size_t i = 0; i < site->key_count; i++)
        add_attribute(doc, attributes, site->keys[i].data, &told->values[i]);
}

static void add_events(yyjson_mut_doc *doc, yyjson_mut_val *span, const struct span *told, uint64_t started_us)
{
    yyjson_mut_val *events = yyjson_mut_obj_add_arr(doc, span, "events");
    for (size_t i = 0; i < told->event_count; i++) {
        const struct span_event *event = &told->events[i];
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, events);
        yyjson_mut_obj_add_str(doc, row, "name", event->name);
        add_ms(doc, row, "offset_ms", (int64_t)(event->time_us - started_us));
        yyjson_mut_val *attributes = yyjson_mut_obj_add_obj(doc, row, "attributes");
        for (size_t k = 0; k < event->count; k++)
            add_attribute(doc, attributes, event->keys[k], &event->values[k]);
    }
}

static void add_links(yyjson_mut_doc *doc, yyjson_mut_val *span, const struct span *told)
{
    yyjson_mut_val *links = yyjson_mut_obj_add_arr(doc, span, "links");
    for (size_t i = 0; i < told->link_count; i++) {
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, links);
        add_id(doc, row, "trace_id", told->links[i].trace_id, sizeof(told->links[i].trace_id));
        add_id(doc, row, "span_id", told->links[i].span_id, sizeof(told->links[i].span_id));
    }
}

static void add_parent(yyjson_mut_doc *doc, yyjson_mut_val *span, const struct trace_node *node)
{
    bool has_parent = node->depth > 0 || node->parent_elsewhere;
    if (has_parent)
        add_id(doc, span, "parent_span_id", node->outline->parent_id, sizeof(node->outline->parent_id));
    else
        yyjson_mut_obj_add_null(doc, span, "parent_span_id");
    yyjson_mut_obj_add_bool(doc, span, "parent_elsewhere", node->parent_elsewhere);
}

static void add_span(yyjson_mut_doc *doc, yyjson_mut_val *spans, const struct trace_node *node, uint64_t started_us)
{
    struct span_held held;
    span_record_read(node->record, &held);
    const struct span *told = &held.span;
    yyjson_mut_val *span = yyjson_mut_arr_add_obj(doc, spans);
    yyjson_mut_obj_add_str(doc, span, "name", told->site->name);
    yyjson_mut_obj_add_str(doc, span, "kind", kinds[told->site->kind]);
    add_id(doc, span, "span_id", told->context.span_id, sizeof(told->context.span_id));
    add_parent(doc, span, node);
    add_ms(doc, span, "offset_ms", (int64_t)(told->started_us - started_us));
    add_ms(doc, span, "duration_ms", (int64_t)(told->ended_us - told->started_us));
    yyjson_mut_obj_add_bool(doc, span, "sampled", trace_is_sampled(&told->context));
    yyjson_mut_obj_add_str(doc, span, "status", statuses[told->status]);
    if (told->trace_state.size > 0)
        stats_add_text(doc, span, "trace_state", told->trace_state);
    if (told->status_message.data != NULL)
        stats_add_text(doc, span, "status_message", told->status_message);
    add_attributes(doc, span, told);
    add_events(doc, span, told, started_us);
    add_links(doc, span, told);
}

/* What can be said of a trace in a line. */
static void add_summary(yyjson_mut_doc *doc, yyjson_mut_val *value, const struct trace_view *view, int64_t wall_offset_us)
{
    const struct trace_context *context = &view->nodes[0].outline->context;
    add_id(doc, value, "trace_id", context->trace_id, sizeof(context->trace_id));
    add_wall(doc, value, "started", (int64_t)view->started_us + wall_offset_us);
    add_ms(doc, value, "duration_ms", (int64_t)(view->ended_us - view->started_us));
    yyjson_mut_obj_add_uint(doc, value, "span_count", view->count + view->left_out); /* of this process */
    yyjson_mut_obj_add_uint(doc, value, "errors", view->errors);
}

yyjson_mut_val *trace_value(const struct trace_view *view, int64_t wall_offset_us, yyjson_mut_doc *doc)
{
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    add_summary(doc, value, view, wall_offset_us);
    yyjson_mut_val *spans = yyjson_mut_obj_add_arr(doc, value, "spans");
    for (size_t i = 0; i < view->count; i++)
        add_span(doc, spans, &view->nodes[i], view->started_us);
    return value;
}

yyjson_mut_val *trace_list_value(const struct trace_list *list, const struct tracer *tracer, int64_t wall_offset_us, yyjson_mut_doc *doc)
{
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    for (size_t i = 0; i < list->count; i++) {
        struct trace_view view;
        if (!trace_view_open(&view, tracer, list->rows[i].trace_id))
            continue;
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        add_summary(doc, row, &view, wall_offset_us);
        yyjson_mut_obj_add_str(doc, row, "name", view.nodes[0].outline->site->name);
        trace_view_close(&view);
    }
    return rows;
}
