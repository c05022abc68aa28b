#include "core/commit_metadata.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/memory.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

enum {
    VERSION = 1,
    AT_VERSION = 3,
    AT_CRC = 4,
    AT_TOPIC = 8,
    AT_BASE = 24,
    AT_KIND = 32,
    AT_PAYLOAD = 33,
    RAW_MAX = COMMIT_METADATA_MAX / 4 * 3,
    PAYLOAD_MAX = RAW_MAX - AT_PAYLOAD,
    BITS_MAX = PAYLOAD_MAX * 8,
    VARINT_MAX = 9, /* bytes of 63 bits */
};

enum kind { KIND_BITMAP, KIND_RUNS };

/* Three bytes, so that each text begins with "mill". */
static const uint8_t magic[AT_VERSION] = { 0x9a, 0x29, 0x65 };

/* --- writing --- */

struct payload {
    enum kind kind;
    size_t size;
    int64_t reach; /* everything that is done below is told */
    uint8_t bytes[PAYLOAD_MAX];
};

/* LEB128: seven bits a byte, the lowest first, the highest bit set on all but the last. */
static size_t write_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

/* How many are open, how many are done, how many are open ... from the base on. */
static void write_runs(struct payload *payload, const struct offsets *offsets)
{
    struct offset_cursor cursor = { 0 };
    struct offset_range range;
    *payload = (struct payload){ .kind = KIND_RUNS, .reach = offsets->watermark };
    while (offsets_next_done(offsets, &cursor, &range)) {
        uint8_t pair[2 * VARINT_MAX];
        size_t size = write_varint(pair, (uint64_t)(range.from - payload->reach));
        size += write_varint(pair + size, (uint64_t)(range.to - range.from));
        if (payload->size + size > PAYLOAD_MAX)
            return;
        memcpy(payload->bytes + payload->size, pair, size);
        payload->size += size;
        payload->reach = range.to;
    }
}

/* Bit i % 8 of byte i / 8 is that of offset base + i. */
static void write_bitmap(struct payload *payload, const struct offsets *offsets)
{
    struct offset_cursor cursor = { 0 };
    struct offset_range range;
    *payload = (struct payload){ .kind = KIND_BITMAP, .reach = offsets->watermark };
    while (offsets_next_done(offsets, &cursor, &range)) {
        int64_t from = range.from - offsets->watermark, to = range.to - offsets->watermark;
        for (int64_t bit = from; bit < to && bit < BITS_MAX; bit++)
            payload->bytes[bit / 8] |= (uint8_t)(1u << bit % 8);
        if (to > BITS_MAX)
            to = BITS_MAX;
        if (from >= to)
            return;
        payload->size = (size_t)(to + 7) / 8;
        payload->reach = offsets->watermark + to;
    }
}

static bool is_better(const struct payload *a, const struct payload *b)
{
    return a->reach > b->reach || (a->reach == b->reach && a->size <= b->size);
}

/* The shorter one, or the one that reaches further. */
static void write_payload(struct payload *payload, const struct offsets *offsets)
{
    struct payload bitmap;
    write_runs(payload, offsets);
    write_bitmap(&bitmap, offsets);
    if (!is_better(payload, &bitmap))
        *payload = bitmap;
}

static bool is_known(const uint8_t *topic)
{
    static const struct topic_id none;
    return memcmp(topic, none.bytes, sizeof(none.bytes)) != 0;
}

size_t commit_metadata_write(const struct offsets *offsets, const struct topic_id *topic, char out[COMMIT_METADATA_MAX])
{
    struct payload payload = { .kind = KIND_RUNS };
    if (offsets_above(offsets) > 0)
        write_payload(&payload, offsets);
    else if (!is_known(topic->bytes))
        return 0;

    uint8_t raw[RAW_MAX];
    uint64_t base = htobe64((uint64_t)offsets->watermark);
    memcpy(raw, magic, sizeof(magic));
    raw[AT_VERSION] = VERSION;
    memcpy(raw + AT_TOPIC, topic->bytes, sizeof(topic->bytes));
    memcpy(raw + AT_BASE, &base, sizeof(base));
    raw[AT_KIND] = (uint8_t)payload.kind;
    memcpy(raw + AT_PAYLOAD, payload.bytes, payload.size);
    uint32_t crc = htobe32(crc32c(raw + AT_TOPIC, AT_PAYLOAD - AT_TOPIC + payload.size));
    memcpy(raw + AT_CRC, &crc, sizeof(crc));
    return (size_t)(base64_write(out, raw, AT_PAYLOAD + payload.size) - out);
}

/* --- is it ours? --- */

struct raw {
    size_t size;
    uint8_t bytes[RAW_MAX];
};

static enum commit_metadata_verdict check_topic(const uint8_t *told, const struct topic_id *topic)
{
    if (memcmp(told, topic->bytes, sizeof(topic->bytes)) == 0)
        return METADATA_VALID;
    return is_known(told) && is_known(topic->bytes) ? METADATA_OTHER_TOPIC : METADATA_UNKNOWN_TOPIC;
}

static enum commit_metadata_verdict check(struct text text, const struct topic_id *topic, int64_t base, struct raw *raw)
{
    if (text.size > 0 && text.data[text.size - 1] == '\0')
        text.size--; /* Python's confluent_kafka counts it */
    if (text.size == 0)
        return METADATA_ABSENT;
    if (text.size < 4 || memcmp(text.data, "mill", 4) != 0)
        return METADATA_FOREIGN;
    if (text.size > COMMIT_METADATA_MAX || !base64_read(text, raw->bytes, &raw->size) || raw->size <= AT_VERSION)
        return METADATA_DAMAGED;
    if (raw->bytes[AT_VERSION] != VERSION)
        return METADATA_VERSION;
    if (raw->size < AT_PAYLOAD)
        return METADATA_DAMAGED;

    uint32_t crc;
    memcpy(&crc, raw->bytes + AT_CRC, sizeof(crc));
    if (be32toh(crc) != crc32c(raw->bytes + AT_TOPIC, raw->size - AT_TOPIC))
        return METADATA_DAMAGED;
    enum commit_metadata_verdict verdict = check_topic(raw->bytes + AT_TOPIC, topic);
    if (verdict != METADATA_VALID)
        return verdict;
    uint64_t told;
    memcpy(&told, raw->bytes + AT_BASE, sizeof(told));
    if (be64toh(told) != (uint64_t)base)
        return METADATA_OTHER_BASE;
    if (base < 0 || raw->bytes[AT_KIND] > KIND_RUNS)
        return METADATA_DAMAGED;
    return raw->size == AT_PAYLOAD ? METADATA_EMPTY : METADATA_VALID;
}

enum commit_metadata_verdict commit_metadata_check(struct text text, const struct topic_id *topic, int64_t base)
{
    struct raw raw;
    return check(text, topic, base, &raw);
}

/* --- reading --- */

/* Returns the bytes read; 0 if there is no number, or one larger than `most`. */
static size_t read_varint(const uint8_t *at, size_t left, uint64_t most, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < left && i < VARINT_MAX; i++) {
        *value |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if ((at[i] & 0x80) == 0)
            return *value <= most ? i + 1 : 0;
    }
    return 0;
}

/* Each pair is a range; the first may begin at the base, none is empty or touches the one before it. */
static bool read_runs(const uint8_t *at, size_t size, int64_t base, struct offset_ranges *done)
{
    for (size_t place = 0; place < size;) {
        uint64_t open, closed;
        size_t read = read_varint(at + place, size - place, (uint64_t)(INT64_MAX - base), &open);
        if (read == 0 || (open == 0 && done->count > 0))
            return false;
        place += read;
        base += (int64_t)open;
        read = read_varint(at + place, size - place, (uint64_t)(INT64_MAX - base), &closed);
        if (read == 0 || closed == 0)
            return false;
        place += read;
        done->items[done->count++] = (struct offset_range){ base, base + (int64_t)closed };
        base += (int64_t)closed;
    }
    return true;
}

static bool read_bitmap(const uint8_t *at, size_t size, int64_t base, struct offset_ranges *done)
{
    if (at[size - 1] == 0)
        return false;
    struct offset_range *last = NULL;
    for (int64_t bit = 0; bit < (int64_t)size * 8; bit++) {
        if ((at[bit / 8] >> bit % 8 & 1) == 0)
            continue;
        if (bit >= INT64_MAX - base)
            return false;
        if (last != NULL && last->to == base + bit) {
            last->to++;
            continue;
        }
        last = &done->items[done->count++];
        *last = (struct offset_range){ base + bit, base + bit + 1 };
    }
    return true;
}

enum { RANGES_A_BYTE = 4 }; /* at most: every other bit */

static enum commit_metadata_verdict read_payload(const struct raw *raw, int64_t base, int64_t end, struct offset_ranges *done)
{
    size_t size = raw->size - AT_PAYLOAD;
    const uint8_t *payload = raw->bytes + AT_PAYLOAD;
    done->items = mem_try_alloc(size * RANGES_A_BYTE * sizeof(*done->items));
    if (done->items == NULL)
        return METADATA_NO_MEMORY;
    bool read = raw->bytes[AT_KIND] == KIND_RUNS ? read_runs(payload, size, base, done) : read_bitmap(payload, size, base, done);
    if (!read)
        return METADATA_DAMAGED;
    return done->items[done->count - 1].to > end ? METADATA_BEYOND_END : METADATA_VALID;
}

enum commit_metadata_verdict commit_metadata_read(struct text text, const struct topic_id *topic, int64_t base, int64_t end,
                                                  struct offset_ranges *done)
{
    struct raw raw;
    *done = (struct offset_ranges){ NULL, 0 };
    enum commit_metadata_verdict verdict = check(text, topic, base, &raw);
    if (verdict == METADATA_VALID)
        verdict = read_payload(&raw, base, end, done);
    if (verdict != METADATA_VALID)
        goto fail;
    struct offset_range *fitting = mem_try_realloc(done->items, done->count * sizeof(*done->items));
    if (fitting != NULL)
        done->items = fitting;
    return METADATA_VALID;

fail:
    mem_free(done->items);
    *done = (struct offset_ranges){ NULL, 0 };
    return verdict;
}

/* --- in words --- */

static const struct {
    const char *word, *reason;
} verdicts[] = {
    [METADATA_VALID] = { "valid", "it is valid" },
    [METADATA_EMPTY] = { "empty", "it tells of no record" },
    [METADATA_ABSENT] = { "absent", "there is none" },
    [METADATA_FOREIGN] = { "foreign", "another program has written it" },
    [METADATA_VERSION] = { "version", "its version is not known here" },
    [METADATA_DAMAGED] = { "damaged", "it is damaged" },
    [METADATA_UNKNOWN_TOPIC] = { "unknown_topic", "it tells a topic id and the broker does not, or the other way round" },
    [METADATA_OTHER_TOPIC] = { "other_topic", "it is of a topic that was deleted, and made anew with the same name" },
    [METADATA_OTHER_BASE] = { "other_base", "it was written with a commit of another offset" },
    [METADATA_BEYOND_END] = { "beyond_end", "it tells of records that the log does not have" },
    [METADATA_NO_MEMORY] = { "no_memory", "there was no memory to read it" },
};

const char *commit_metadata_word(enum commit_metadata_verdict verdict)
{
    return verdicts[verdict].word;
}

const char *commit_metadata_reason(enum commit_metadata_verdict verdict)
{
    return verdicts[verdict].reason;
}

/* --- its bound ---
 *
 * As a bitmap anything fits while all that was received lies within BITS_MAX offsets. As runs anything fits while few records are
 * open: only an open one can part two runs, so there are never more pairs than open ones and one, whatever ends next. A number
 * takes a second byte from 128 on, a third from 16384 on; and at most span / 128 runs can be that long. */

static size_t runs_at_most(size_t open, uint64_t span, size_t *bytes_a_pair)
{
    size_t pairs = open + 1, bytes = 2 * pairs;
    *bytes_a_pair = 2;
    for (uint64_t longer = span >> 7; longer > 0; longer >>= 7) {
        bytes += longer < pairs ? longer : pairs;
        (*bytes_a_pair)++;
    }
    return bytes;
}

static size_t room_by_runs(const struct offsets *offsets)
{
    size_t bytes_a_pair;
    uint64_t span = (uint64_t)(offsets->next - offsets->watermark);
    size_t bytes = runs_at_most(offsets_open(offsets), span, &bytes_a_pair) + VARINT_MAX; /* the span grows, too */
    return bytes >= PAYLOAD_MAX ? 0 : (PAYLOAD_MAX - bytes) / bytes_a_pair;
}

size_t commit_metadata_room(const struct offsets *offsets)
{
    int64_t restored = offsets_end(offsets) - offsets->next;
    if (restored > 0)
        return (size_t)restored; /* it did fit, and what is open below its end was open then too */
    int64_t bits = offsets->watermark + BITS_MAX - offsets->next;
    size_t runs = room_by_runs(offsets);
    return bits > (int64_t)runs ? (size_t)bits : runs;
}
