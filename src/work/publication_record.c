#include "base/memory.h"
#include "base/trace.h"
#include "work/publication.h"

#include <inttypes.h>
#include <stdio.h>

/* A longer key would be what the broker refuses. */
#define POINTER_KEY_MAX 1024

static const char *const own_names[DEAD_LETTER_OWN_HEADERS] = {
    "x-origin-topic", "x-origin-partition", "x-origin-offset", "x-attempt", "x-final-error", "traceparent",
};

static bool is_own(struct text name)
{
    for (size_t i = 0; i < DEAD_LETTER_OWN_HEADERS; i++) {
        if (text_is_nocase(name, own_names[i]))
            return true;
    }
    return false;
}

/* Cut where a character begins (UTF-8: bytes 10xxxxxx continue one). */
static struct text cut(const char *reason)
{
    size_t size = strlen(reason);
    if (size > DEAD_LETTER_ERROR_BYTES) {
        size = DEAD_LETTER_ERROR_BYTES;
        while (size > 0 && ((unsigned char)reason[size] & 0xc0) == 0x80)
            size--;
    }
    return (struct text){ reason, size };
}

static void add(struct publication_record *letter, struct text name, struct text value)
{
    letter->headers[letter->record.header_count++] = (struct producer_header){ name, value };
}

static void add_own(struct publication_record *letter, const struct publication *publication)
{
    const struct job *job = publication->job;
    snprintf(letter->partition, sizeof(letter->partition), "%" PRId32, job->partition->number);
    snprintf(letter->offset, sizeof(letter->offset), "%" PRId64, job->offset);
    snprintf(letter->attempt, sizeof(letter->attempt), "%u", publication->attempt);
    const struct text values[DEAD_LETTER_OWN_HEADERS] = {
        text_of(job->partition->work->options.topic),
        text_of(letter->partition),
        text_of(letter->offset),
        text_of(letter->attempt),
        cut(publication->reason),
        text_of(letter->trace),
    };
    for (size_t i = 0; i < DEAD_LETTER_OWN_HEADERS; i++)
        add(letter, text_of(own_names[i]), values[i]);
}

static bool is_left_out(const struct publication *publication, struct text name)
{
    return publication->kind == PUBLICATION_DEAD_LETTER ? is_own(name) : text_is_nocase(name, "traceparent");
}

static void add_originals(struct publication_record *letter, const struct publication *publication)
{
    const struct job *job = publication->job;
    for (size_t i = 0; i < job->header_count; i++) {
        if (!is_left_out(publication, job->headers[i].name))
            add(letter, job->headers[i].name, job->headers[i].value);
    }
}

static void add_headers(struct publication_record *letter, const struct publication *publication)
{
    trace_parent_text(&publication->sent, letter->trace);
    if (!publication->pointer)
        add_originals(letter, publication);
    if (publication->kind == PUBLICATION_DEAD_LETTER)
        add_own(letter, publication);
    else
        add(letter, TEXT("traceparent"), text_of(letter->trace));
}

static void write_pointer(struct publication_record *letter, const struct job *job, const char *reason)
{
    struct buffer *out = &letter->pointer;
    buffer_string(out, "{\"origin\":{\"topic\":");
    buffer_json_string(out, text_of(job->partition->work->options.topic));
    buffer_printf(out, ",\"partition\":%s,\"offset\":%s},\"bytes\":%" PRIu32 ",\"error\":", letter->partition, letter->offset,
                  job->size_bytes);
    buffer_json_string(out, cut(reason));
    buffer_char(out, '}');
}

void publication_record_init(struct publication_record *letter, const struct publication *publication)
{
    const struct job *job = publication->job;
    size_t originals = publication->pointer ? 0 : job->header_count;
    *letter = (struct publication_record){ .headers = mem_alloc((originals + DEAD_LETTER_OWN_HEADERS) * sizeof(*letter->headers)) };
    add_headers(letter, publication);

    struct text key = job->record.key;
    struct text value = job->value;
    if (publication->pointer) {
        write_pointer(letter, job, publication->reason);
        value = buffer_as_text(&letter->pointer);
        key = key.size > POINTER_KEY_MAX ? TEXT_NONE : key;
    }
    letter->record.key = key;
    letter->record.value = value;
    letter->record.headers = letter->headers;
    letter->record.partition = PRODUCER_ANY_PARTITION;
    letter->record.trace = &publication->sent;
}

void publication_record_free(struct publication_record *letter)
{
    mem_free(letter->headers);
    buffer_free(&letter->pointer);
}
