#include "io/kafka/backlog.h"

#include "base/memory.h"

#include <string.h>

#define CHUNK_RECORDS 64

static void make_room(struct backlog *backlog)
{
    if (backlog->first + backlog->count < backlog->capacity)
        return;
    if (backlog->first > backlog->capacity / 2) {
        memmove(backlog->chunks, backlog->chunks + backlog->first, backlog->count * sizeof(*backlog->chunks));
        backlog->first = 0;
        return;
    }
    backlog->capacity = backlog->capacity == 0 ? 16 : backlog->capacity * 2;
    backlog->chunks = mem_realloc(backlog->chunks, backlog->capacity * sizeof(*backlog->chunks));
}

static struct backlog_chunk *last_chunk(struct backlog *backlog)
{
    struct backlog_chunk *last = backlog->count == 0 ? NULL : &backlog->chunks[backlog->first + backlog->count - 1];
    if (last != NULL && last->records < CHUNK_RECORDS)
        return last;
    make_room(backlog);
    last = &backlog->chunks[backlog->first + backlog->count++];
    *last = (struct backlog_chunk){ 0 };
    return last;
}

void backlog_add(struct backlog *backlog, int64_t offset, uint64_t bytes)
{
    if (offset >= 0 && offset < backlog->done)
        return;
    int64_t end = offset >= 0 ? offset + 1 : backlog->end + 1;
    if (end > backlog->end)
        backlog->end = end;

    struct backlog_chunk *chunk = last_chunk(backlog);
    chunk->end = backlog->end;
    chunk->bytes += bytes;
    chunk->records++;
    backlog->bytes += bytes;
    backlog->records++;
}

void backlog_done(struct backlog *backlog, int64_t watermark)
{
    if (watermark > backlog->done)
        backlog->done = watermark;
    while (backlog->count > 0 && backlog->chunks[backlog->first].end <= backlog->done) {
        const struct backlog_chunk *chunk = &backlog->chunks[backlog->first];
        backlog->bytes -= chunk->bytes;
        backlog->records -= chunk->records;
        backlog->first++;
        backlog->count--;
    }
    if (backlog->count == 0)
        backlog->first = 0;
}

uint64_t backlog_unfinished(const struct backlog *backlog)
{
    return backlog->end > backlog->done ? (uint64_t)(backlog->end - backlog->done) : 0;
}

void backlog_free(struct backlog *backlog)
{
    mem_free(backlog->chunks);
    *backlog = (struct backlog){ 0 };
}
