#include "trace/trace_list.h"

#include "trace/span_store.h"

#define LOOKED_AT_MAX 100000 /* spans: some milliseconds */

struct search {
    struct trace_list *list;
    size_t limit;
    bool (*wants)(struct search *search, const struct span_outline *outline); /* false: enough was found */
};

static struct trace_listed *listed(struct trace_list *list, const struct span_outline *outline)
{
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(list->rows[i].trace_id, outline->context.trace_id, sizeof(list->rows[i].trace_id)) == 0)
            return &list->rows[i];
    return NULL;
}

static bool take_last(struct search *search, const struct span_outline *outline)
{
    struct trace_list *list = search->list;
    if (listed(list, outline) == NULL)
        memcpy(list->rows[list->count++].trace_id, outline->context.trace_id, sizeof(list->rows[0].trace_id));
    return list->count < search->limit;
}

static bool take_failed(struct search *search, const struct span_outline *outline)
{
    return outline->status != SPAN_STATUS_ERROR || take_last(search, outline);
}

/* The row in which it is to be: its trace's own, a new one, or that of the fastest, which goes. */
static struct trace_listed *row_for(struct search *search, const struct span_outline *outline)
{
    struct trace_list *list = search->list;
    struct trace_listed *row = listed(list, outline);
    if (row == NULL)
        row = list->count < search->limit ? &list->rows[list->count++] : &list->rows[list->count - 1];
    else if (row->key >= outline->ended_us - outline->started_us)
        return NULL;
    return row;
}

static bool take_slowest(struct search *search, const struct span_outline *outline)
{
    struct trace_list *list = search->list;
    uint64_t duration = outline->ended_us - outline->started_us;
    if (!span_outline_is_root(outline) || (list->count == search->limit && duration <= list->rows[list->count - 1].key))
        return true;
    struct trace_listed *row = row_for(search, outline);
    for (; row != NULL && row > list->rows && row[-1].key < duration; row--)
        *row = row[-1];
    if (row == NULL)
        return true;
    row->key = duration;
    memcpy(row->trace_id, outline->context.trace_id, sizeof(row->trace_id));
    return true;
}

static void look(struct search *search, const struct span_store *store)
{
    uint64_t position = store->ring.head;
    struct text record;
    bool more = true;
    for (size_t i = 0; more && i < LOOKED_AT_MAX && trace_ring_back(&store->ring, &position, &record); i++)
        more = search->wants(search, span_record_outline(record));
}

void trace_list_fill(struct trace_list *list, const struct tracer *tracer, enum trace_list_kind kind, size_t limit)
{
    static bool (*const wants[])(struct search *, const struct span_outline *) = {
        [TRACES_LAST] = take_last, [TRACES_SLOWEST] = take_slowest, [TRACES_FAILED] = take_failed
    };
    struct search search = { .list = list, .limit = limit, .wants = wants[kind] };
    list->count = 0;
    if (kind != TRACES_FAILED) /* errors are notable */
        look(&search, tracer_recent(tracer));
    if (kind != TRACES_LAST)
        look(&search, tracer_notable(tracer));
}
