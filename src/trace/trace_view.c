#include "trace/trace_view.h"

#include "base/memory.h"
#include "trace/span_store.h"

#include <stdlib.h>

#define STEPS_MAX 100000 /* along a bucket: some milliseconds */
#define NOBODY    SIZE_MAX

/* A span on its way to its place. */
struct sorted {
    struct text record;
    const struct span_outline *outline;
    size_t parent, first_child, next; /* indexes */
};

struct build {
    struct sorted *spans;
    size_t count, left_out;
    struct trace_view *view;
};

static bool is_known(const struct build *build, size_t count, const struct span_outline *outline)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(build->spans[i].outline->context.span_id, outline->context.span_id, sizeof(outline->context.span_id)) == 0)
            return true;
    return false;
}

/* Those of the second store that the first has too are passed over. */
static void collect(struct build *build, const struct span_store *store, const uint8_t trace_id[16])
{
    struct span_walk walk;
    struct text record;
    size_t known = build->count;
    span_walk_begin(&walk, store, trace_id, STEPS_MAX);
    while (span_walk_next(&walk, &record)) {
        const struct span_outline *outline = span_record_outline(record);
        if (is_known(build, known, outline))
            continue;
        if (build->count < TRACE_VIEW_MAX)
            build->spans[build->count++] = (struct sorted){ .record = record, .outline = outline, .first_child = NOBODY, .next = NOBODY };
        else
            build->left_out++;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct span_outline *left = ((const struct sorted *)a)->outline, *right = ((const struct sorted *)b)->outline;
    if (left->started_us != right->started_us)
        return left->started_us < right->started_us ? -1 : 1;
    return (left->ended_us < right->ended_us) - (left->ended_us > right->ended_us); /* what lasts longer is around the other */
}

static size_t parent_of(const struct build *build, size_t child)
{
    const uint8_t *parent_id = build->spans[child].outline->parent_id;
    for (size_t i = 0; i < build->count; i++)
        if (i != child && memcmp(build->spans[i].outline->context.span_id, parent_id, sizeof(build->spans[i].outline->parent_id)) == 0)
            return i;
    return NOBODY;
}

/* From the last to the first, so that each goes to the front of its parent's children. */
static void join(struct build *build)
{
    for (size_t i = build->count; i-- > 0;) {
        struct sorted *span = &build->spans[i];
        span->parent = parent_of(build, i);
        if (span->parent == NOBODY)
            continue;
        span->next = build->spans[span->parent].first_child;
        build->spans[span->parent].first_child = i;
    }
}

static void place_one(struct build *build, size_t index, unsigned depth)
{
    const struct sorted *span = &build->spans[index];
    static const uint8_t none[8];
    build->view->nodes[build->view->count++] = (struct trace_node){
        .record = span->record,
        .outline = span->outline,
        .depth = depth,
        .parent_elsewhere = span->parent == NOBODY && memcmp(span->outline->parent_id, none, sizeof(none)) != 0,
        .is_last = span->next == NOBODY,
    };
}

/* Without recursion: somebody may have sent us a chain as long as the view. */
static void place(struct build *build, size_t root)
{
    unsigned depth = 0;
    size_t at = root;
    while (at != NOBODY) {
        place_one(build, at, depth);
        size_t child = build->spans[at].first_child;
        if (child != NOBODY) {
            at = child;
            depth++;
            continue;
        }
        while (at != root && build->spans[at].next == NOBODY) {
            at = build->spans[at].parent;
            depth--;
        }
        at = at == root ? NOBODY : build->spans[at].next;
    }
}

static void measure(struct trace_view *view)
{
    view->started_us = UINT64_MAX;
    for (size_t i = 0; i < view->count; i++) {
        const struct span_outline *outline = view->nodes[i].outline;
        view->errors += outline->status == SPAN_STATUS_ERROR;
        view->started_us = outline->started_us < view->started_us ? outline->started_us : view->started_us;
        view->ended_us = outline->ended_us > view->ended_us ? outline->ended_us : view->ended_us;
    }
}

bool trace_view_open(struct trace_view *view, const struct tracer *tracer, const uint8_t trace_id[16])
{
    struct build build = { .view = view, .spans = mem_alloc(TRACE_VIEW_MAX * sizeof(struct sorted)) };
    collect(&build, tracer_recent(tracer), trace_id);
    collect(&build, tracer_notable(tracer), trace_id);
    qsort(build.spans, build.count, sizeof(*build.spans), by_time);
    *view = (struct trace_view){ .left_out = build.left_out, .nodes = mem_alloc(build.count * sizeof(*view->nodes) + 1) };
    join(&build);
    for (size_t i = 0; i < build.count; i++)
        if (build.spans[i].parent == NOBODY)
            place(&build, i);
    mem_free(build.spans);
    measure(view);
    if (view->count == 0)
        trace_view_close(view);
    return view->count > 0;
}

void trace_view_close(struct trace_view *view)
{
    mem_free(view->nodes);
    view->nodes = NULL;
}
