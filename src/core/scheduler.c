#include "core/scheduler.h"

#include <assert.h>

static bool linked(const struct list *link)
{
    return link->next != link;
}

/* In line exactly when it has something to give and nothing holds it. */
static void settle_stream(struct schedule_stream *stream)
{
    bool wanted = !stream->held && !list_empty(&stream->sources);
    if (wanted && !linked(&stream->link))
        list_push(&stream->scheduler->streams, &stream->link);
    else if (!wanted)
        list_remove(&stream->link);
}

static void settle_source(struct schedule_source *source)
{
    bool wanted = !source->held && !list_empty(&source->entries);
    if (wanted && !linked(&source->link))
        list_push(&source->stream->sources, &source->link);
    else if (!wanted)
        list_remove(&source->link);
    settle_stream(source->stream);
}

bool schedule_has_next(const struct scheduler *scheduler)
{
    return scheduler->busy < scheduler->limit && !list_empty(&scheduler->streams);
}

/* The chosen go to the end of their lines (settle puts them there), so that the others come first next time. */
struct schedule_entry *schedule_next(struct scheduler *scheduler)
{
    if (!schedule_has_next(scheduler))
        return NULL;

    struct schedule_stream *stream = list_entry(list_pop(&scheduler->streams), struct schedule_stream, link);
    struct schedule_source *source = list_entry(list_pop(&stream->sources), struct schedule_source, link);
    struct schedule_entry *entry = list_entry(list_first(&source->entries), struct schedule_entry, link);
    schedule_remove(entry);
    scheduler->busy++;
    return entry;
}

void schedule_release(struct scheduler *scheduler)
{
    assert(scheduler->busy > 0);
    scheduler->busy--;
}

void schedule_add(struct schedule_source *source, struct schedule_entry *entry)
{
    entry->source = source;
    list_push(&source->entries, &entry->link);
    settle_source(source);
}

void schedule_remove(struct schedule_entry *entry)
{
    struct schedule_source *source = entry->source;
    list_remove(&entry->link);
    settle_source(source);
}

void schedule_hold_stream(struct schedule_stream *stream)
{
    stream->held = true;
    settle_stream(stream);
}

void schedule_let_go_stream(struct schedule_stream *stream)
{
    stream->held = false;
    settle_stream(stream);
}

void schedule_hold_source(struct schedule_source *source)
{
    source->held = true;
    settle_source(source);
}

void scheduler_init(struct scheduler *scheduler, size_t limit)
{
    *scheduler = (struct scheduler){ .limit = limit };
    list_init(&scheduler->streams);
}

void schedule_stream_init(struct schedule_stream *stream, struct scheduler *scheduler)
{
    *stream = (struct schedule_stream){ .scheduler = scheduler };
    list_init(&stream->link);
    list_init(&stream->sources);
}

void schedule_source_init(struct schedule_source *source, struct schedule_stream *stream)
{
    *source = (struct schedule_source){ .stream = stream };
    list_init(&source->link);
    list_init(&source->entries);
}
