/* The metadata of a commit, which whoever may commit to the group can write: as it comes, and as a payload within a frame whose
 * checksum is right. Whatever comes: no crash; what is believed is a list of ranges in order, which is written again as it was
 * read; without memory nothing is believed. */
#include "base/base64.h"
#include "base/crc32c.h"
#include "base/memory.h"
#include "core/commit_metadata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
    do {                   \
        if (!(condition))  \
            abort();       \
    } while (0)

static const struct topic_id topic = { { 0x0a, 0xf7, 0x65, 0x19 } };

static void check_order(const struct offset_ranges *done, int64_t base)
{
    int64_t end = base - 1;
    for (size_t i = 0; i < done->count; i++) {
        REQUIRE(done->items[i].from > end || (i == 0 && done->items[i].from == base));
        REQUIRE(done->items[i].to > done->items[i].from);
        end = done->items[i].to;
    }
}

/* Takes the ranges. */
static void check_use(struct offset_ranges done, int64_t base)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    struct offset_ranges again;
    offsets_init(&offsets, base);
    offsets_restore(&offsets, done);
    size_t size = commit_metadata_write(&offsets, &topic, out);
    REQUIRE(commit_metadata_read((struct text){ out, size }, &topic, base, INT64_MAX, &again) == METADATA_VALID);
    REQUIRE(again.count == done.count && memcmp(again.items, done.items, done.count * sizeof(*done.items)) == 0);

    for (size_t i = 0; i < again.count; i++) {
        int64_t from = again.items[i].from;
        REQUIRE(commit_metadata_room(&offsets) > 0);
        REQUIRE(from <= offsets.next || offsets_receive(&offsets, from - 1) != 0);
        REQUIRE(offsets_receive(&offsets, from) == 0);
    }
    mem_free(again.items);
    offsets_close(&offsets);
}

static void read_text(struct text text, int64_t base)
{
    struct offset_ranges done;
    enum commit_metadata_verdict verdict = commit_metadata_read(text, &topic, base, INT64_MAX, &done);
    REQUIRE(verdict == commit_metadata_check(text, &topic, base) || verdict == METADATA_DAMAGED);
    REQUIRE((verdict == METADATA_VALID) == (done.count > 0) && (done.count > 0) == (done.items != NULL));
    if (verdict != METADATA_VALID)
        return;
    int64_t end = done.items[done.count - 1].to;
    check_order(&done, base);
    check_use(done, base);

    REQUIRE(commit_metadata_read(text, &topic, base, end - 1, &done) == METADATA_BEYOND_END && done.items == NULL);
    mem_fail_after(0);
    REQUIRE(commit_metadata_read(text, &topic, base, end, &done) == METADATA_NO_MEMORY && done.items == NULL);
    mem_fail_after(-1);
}

enum { AT_TOPIC = 8, AT_BASE = 24, AT_KIND = 32, RAW_MAX = COMMIT_METADATA_MAX / 4 * 3 };

/* The input: the base, the kind, the payload. */
static void read_framed(const uint8_t *data, size_t size)
{
    uint8_t raw[RAW_MAX] = { 0x9a, 0x29, 0x65, 0x01 };
    char text[COMMIT_METADATA_MAX];
    if (size < AT_KIND - AT_BASE || size > RAW_MAX - AT_BASE)
        return;
    memcpy(raw + AT_TOPIC, topic.bytes, sizeof(topic.bytes));
    memcpy(raw + AT_BASE, data, size);
    uint32_t crc = crc32c(raw + AT_TOPIC, AT_BASE - AT_TOPIC + size);
    uint64_t base = 0;
    for (int i = 0; i < 8; i++)
        base = base << 8 | data[i];
    for (int i = 0; i < 4; i++)
        raw[4 + i] = (uint8_t)(crc >> (24 - 8 * i));
    char *end = base64_write(text, raw, AT_BASE + size);
    read_text((struct text){ text, (size_t)(end - text) }, (int64_t)base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_text((struct text){ (const char *)data, size }, 1000);
    read_framed(data, size);
    return 0;
}
