#include "io/http/message.h"

#include "base/memory.h"

#include <stdalign.h>
#include <string.h>

#define SMALL_BODY_SIZE (16 * 1024) /* larger bodies do not fragment the block */
#define FIRST_LARGE     (64 * 1024) /* one read */

const struct block_pool message_pool = { .size = MESSAGE_SIZE, .head_size = sizeof(struct message) };

struct message *message_take(struct block_pool *pool, struct block_budget *budget)
{
    struct message *message = (struct message *)(void *)block_try_take(pool, budget);
    if (message == NULL)
        return NULL;
    memset(&message->request, 0, offsetof(struct message, first_headers) - offsetof(struct message, request));
    message->request.body = TEXT("");
    message->headers = message->first_headers;
    message->header_capacity = MESSAGE_HEADERS;
    return message;
}

void message_give_back(struct block_pool *pool, struct message *message)
{
    mem_free(message->large_body);
    block_give_back(pool, &message->block);
}

/* ---- texts ---- */

/* Moves the text to the block's end, with as much room behind it as it has bytes, so that one that comes byte by byte costs
 * O(size) all the same. */
static bool move_to_end(struct block *block, struct text *text, size_t more)
{
    if (!block_try_room(block, 2 * text->size + more))
        return false;
    char *moved = block_alloc(block, text->size);
    memcpy(moved, text->data, text->size);
    text->data = moved;
    return true;
}

/* Copies the bytes behind a text that lies in the block. */
static bool append_copy(struct block *block, struct text *text, const char *data, size_t size)
{
    bool at_end = text->data + text->size == block->free && (size_t)(block->end - block->free) >= size;
    if (!at_end && !move_to_end(block, text, size))
        return false;
    memcpy(block_alloc(block, size), data, size);
    text->size += size;
    return true;
}

bool message_append(struct message *message, struct text *text, const char *data, size_t size)
{
    if (text->size == 0) {
        *text = (struct text){ data, size };
        return true;
    }
    if (text->data + text->size == data) {
        text->size += size;
        return true;
    }
    return append_copy(&message->block, text, data, size);
}

static bool lies_in(struct text read, struct text text)
{
    return text.size > 0 && read.size > 0 && text.data >= read.data && text.data < read.data + read.size;
}

static bool keep(struct message *message, struct text read, struct text *text)
{
    return !lies_in(read, *text) || move_to_end(&message->block, text, 0);
}

static bool keep_headers(struct message *message, struct text read)
{
    for (; message->kept_headers < message->header_count; message->kept_headers++) {
        struct message_header *header = &message->headers[message->kept_headers];
        if (!keep(message, read, &header->name) || !keep(message, read, &header->value))
            return false;
    }
    if (message->kept_headers > 0)
        message->kept_headers--; /* the last one may not be whole */
    return true;
}

static bool keep_body(struct message *message, struct text read)
{
    struct text body = message->request.body;
    if (!lies_in(read, body))
        return true;
    message->request.body = TEXT("");
    return message_append_body(message, body.data, body.size, 0, true);
}

bool message_keep(struct message *message, struct text read)
{
    struct http_request *request = &message->request;
    struct text *const texts[] = { &message->target, &request->path, &request->query, &request->id };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!keep(message, read, texts[i]))
            return false;
    return keep_headers(message, read) && keep_body(message, read);
}

/* ---- the body ---- */

static bool grow_large_body(struct message *message, size_t needed, uint64_t announced)
{
    size_t capacity = message->large_capacity * 2;
    if (capacity < FIRST_LARGE)
        capacity = FIRST_LARGE;
    if (announced > 0 && capacity > announced)
        capacity = (size_t)announced;
    if (capacity < needed)
        capacity = needed;

    struct text *so_far = &message->request.body;
    if (!block_try_hold(&message->block, capacity - message->large_capacity))
        return false;
    char *body = mem_try_realloc(message->large_body, capacity);
    if (body == NULL)
        return false; /* what is held too much goes with the block */
    if (message->large_body == NULL && so_far->size > 0)
        memcpy(body, so_far->data, so_far->size);
    message->large_body = body;
    message->large_capacity = capacity;
    so_far->data = body;
    return true;
}

static bool append_large(struct message *message, const char *data, size_t size, uint64_t announced)
{
    struct text *body = &message->request.body;
    size_t needed = body->size + size;
    if (needed > message->large_capacity && !grow_large_body(message, needed, announced))
        return false;
    memcpy(message->large_body + body->size, data, size);
    body->size = needed;
    return true;
}

bool message_append_body(struct message *message, const char *data, size_t size, uint64_t left, bool chunked)
{
    struct text *body = &message->request.body;
    uint64_t announced = chunked ? 0 : body->size + size + left;
    if (body->size == 0 && announced == size) { /* whole */
        *body = (struct text){ data, size };
        return true;
    }
    if (message->large_body != NULL || body->size + size > SMALL_BODY_SIZE || announced > SMALL_BODY_SIZE)
        return append_large(message, data, size, announced);
    if (body->size == 0 && !block_try_room(&message->block, announced > 0 ? (size_t)announced : size))
        return false;
    if (body->size == 0)
        body->data = message->block.free;
    return append_copy(&message->block, body, data, size);
}

/* ---- headers ---- */

static bool grow_headers(struct message *message)
{
    struct block *block = &message->block;
    size_t align = alignof(struct message_header);
    size_t size = 2 * message->header_capacity * sizeof(struct message_header);
    if (!block_try_room(block, size + align))
        return false;
    char *at = block_alloc(block, size + align);
    at += align - (uintptr_t)at % align;
    memcpy(at, message->headers, message->header_count * sizeof(struct message_header));
    message->headers = (struct message_header *)(void *)at;
    message->header_capacity *= 2;
    return true;
}

bool message_add_header(struct message *message)
{
    if (message->header_count == message->header_capacity && !grow_headers(message))
        return false;
    message->headers[message->header_count++] = (struct message_header){ TEXT(""), TEXT("") };
    return true;
}
