#include "base/base64.h"
#include "base/crc32c.h"
#include "base/memory.h"
#include "base/random.h"
#include "core/commit_metadata.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct topic_id topic = { { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c } };
static const struct topic_id other = { { 1 } };
static const struct topic_id unknown;

static struct text write(const struct offsets *offsets, char *out)
{
    return (struct text){ out, commit_metadata_write(offsets, &topic, out) };
}

/* Offsets of which those up to `count` are received from `base` on, and done where `pattern` has an 'x'. */
static void given_done(struct offsets *offsets, int64_t base, const char *pattern)
{
    offsets_init(offsets, base);
    for (size_t i = 0; pattern[i] != '\0'; i++) {
        uint32_t place = offsets_receive(offsets, base + (int64_t)i);
        if (pattern[i] == 'x')
            offsets_done(offsets, place);
    }
}

static void then_same(const struct offsets *expected, const struct offset_ranges *read)
{
    struct offset_cursor cursor = { 0 };
    struct offset_range range;
    for (size_t i = 0; i < read->count; i++) {
        assert_true(offsets_next_done(expected, &cursor, &range));
        assert_int_equal(read->items[i].from, range.from);
        assert_int_equal(read->items[i].to, range.to);
    }
    assert_false(offsets_next_done(expected, &cursor, &range));
}

/* --- the example of docs/commit-metadata.md, byte by byte --- */

static void the_example_of_the_documentation_is_what_is_written(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 1000, ".xx.x..x");
    struct text text = write(&offsets, out);
    const char expected[] = "millAexE56QK92UZFs1D3YRI6yEcgDGcAAAAAAAAA+gAlg==";
    assert_true(text_is(text, expected));

    uint8_t raw[64];
    size_t size;
    assert_true(base64_read(text, raw, &size));
    const uint8_t bytes[] = { 0x9a, 0x29, 0x65,                                                                               /* magic */
                              0x01,                                                                                           /* version */
                              0xec, 0x44, 0xe7, 0xa4,                                                                         /* CRC */
                              0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c, /* topic */
                              0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xe8,                                                 /* base */
                              0x00,                                                                                           /* bitmap */
                              0x96 };
    assert_int_equal(size, sizeof(bytes));
    assert_memory_equal(raw, bytes, sizeof(bytes));
    offsets_close(&offsets);
}

static void long_runs_are_shorter_as_runs(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    offsets_init(&offsets, 1000);
    offsets_receive(&offsets, 1000);
    for (int64_t offset = 1001; offset <= 1300; offset++)
        offsets_done(&offsets, offsets_receive(&offsets, offset));
    struct text text = write(&offsets, out);
    uint8_t raw[64];
    size_t size;
    assert_true(base64_read(text, raw, &size));
    const uint8_t kind_and_runs[] = { 0x01, 0x01, 0xac, 0x02 }; /* runs: 1 open, 300 done */
    assert_int_equal(size, 32 + sizeof(kind_and_runs));
    assert_memory_equal(raw + 32, kind_and_runs, sizeof(kind_and_runs));
    offsets_close(&offsets);
}

static void where_nothing_is_done_above_the_watermark_only_topic_and_offset_are_told(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 7, "xx..");
    const char expected[] = "millAWSsVJIK92UZFs1D3YRI6yEcgDGcAAAAAAAAAAkB";
    assert_true(text_is(write(&offsets, out), expected));
    offsets_receive(&offsets, 20); /* a gap alone is not worth a word */
    assert_true(text_is(write(&offsets, out), expected));
    assert_int_equal(commit_metadata_write(&offsets, &unknown, out), 0); /* and a topic without an id is none */
    offsets_close(&offsets);
}

/* --- what is written is read, whatever it is --- */

static void given_random(struct offsets *offsets, struct random *random, int64_t base)
{
    static uint32_t places[30000];
    static uint32_t open[30000];
    size_t count = (size_t)random_between(random, 2, 30000), held = 0;
    int64_t dense = random_between(random, 1, 100), gaps = random_between(random, 0, 3), burst = random_between(random, 1, 300);
    int64_t offset = base;
    offsets_init(offsets, base);
    for (size_t i = 0; i < count; i++) {
        places[i] = offsets_receive(offsets, offset);
        offset += random_between(random, 1, 100) <= gaps ? random_between(random, 2, 50) : 1;
    }
    for (size_t i = 1; i < count; i++) {
        if ((int64_t)i / burst % 100 < dense)
            offsets_done(offsets, places[i]);
        else
            open[held++] = places[i];
    }
    for (size_t i = 0; i < held / 8; i++) /* and some more, here and there */
        offsets_done(offsets, open[i * 7]);
}

/* What does not fit is left out from some place on; a bitmap may end within a range. */
static void then_beginning_is_the_same(const struct offsets *expected, const struct offset_ranges *read)
{
    struct offset_cursor cursor = { 0 };
    struct offset_range range;
    for (size_t i = 0; i < read->count; i++) {
        bool last = i == read->count - 1;
        assert_true(offsets_next_done(expected, &cursor, &range));
        assert_int_equal(read->items[i].from, range.from);
        assert_true(read->items[i].to == range.to || (last && read->items[i].to < range.to));
    }
}

static void what_is_written_is_read_back_or_its_beginning(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct random random;
    random_init(&random);
    uint64_t first = random_next(&random) >> 16;
    printf("seed %llu\n", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + 300; seed++) {
        random_init_seed(&random, seed);
        struct offsets offsets;
        int64_t base = random_between(&random, 0, INT64_MAX / 2);
        given_random(&offsets, &random, base);
        struct text text = write(&offsets, out);
        assert_in_range(text.size, 0, COMMIT_METADATA_MAX);

        struct offset_ranges done;
        assert_int_equal(commit_metadata_read(text, &topic, base, INT64_MAX, &done),
                         offsets_above(&offsets) == 0 ? METADATA_EMPTY : METADATA_VALID);
        then_beginning_is_the_same(&offsets, &done);
        if (offsets_above(&offsets) > 0 && offsets.next - base <= 18168)
            then_same(&offsets, &done);
        mem_free(done.items);
        offsets_close(&offsets);
    }
}

static void a_successor_that_has_read_it_writes_the_same(void **state)
{
    char out[COMMIT_METADATA_MAX], again[COMMIT_METADATA_MAX];
    struct offsets offsets, successor;
    given_done(&offsets, 50, ".xx..xxxxxxxxxxxxxxxx.x.x.x.xxxxxxxxxx");
    struct text text = write(&offsets, out);
    struct offset_ranges done;
    assert_int_equal(commit_metadata_read(text, &topic, 50, INT64_MAX, &done), METADATA_VALID);
    offsets_init(&successor, 50);
    offsets_restore(&successor, done);
    assert_true(text_equal(text, write(&successor, again)));
    for (int64_t offset = 50; offset < 88; offset++) { /* at no place of its way does it forget any */
        offsets_receive(&successor, offset);
        assert_true(text_equal(text, write(&successor, again)));
    }
    offsets_close(&offsets);
    offsets_close(&successor);
}

/* --- what is not believed --- */

static enum commit_metadata_verdict verdict_of(struct text text, const struct topic_id *id, int64_t base)
{
    struct offset_ranges done;
    enum commit_metadata_verdict verdict = commit_metadata_read(text, id, base, INT64_MAX, &done);
    assert_int_equal(verdict, commit_metadata_check(text, id, base));
    assert_true(verdict == METADATA_VALID || (done.items == NULL && done.count == 0));
    mem_free(done.items);
    return verdict;
}

static void another_topic_another_offset_and_what_others_write_are_not_believed(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 1000, ".xx.x..x");
    struct text text = write(&offsets, out);
    assert_int_equal(verdict_of(text, &topic, 1000), METADATA_VALID);
    assert_int_equal(verdict_of(text, &other, 1000), METADATA_OTHER_TOPIC);
    assert_int_equal(verdict_of(text, &unknown, 1000), METADATA_UNKNOWN_TOPIC);
    assert_int_equal(verdict_of(text, &topic, 1001), METADATA_OTHER_BASE);
    assert_int_equal(verdict_of(text, &topic, -1), METADATA_OTHER_BASE);
    assert_int_equal(verdict_of(TEXT_NONE, &topic, 1000), METADATA_ABSENT);
    assert_int_equal(verdict_of(TEXT(""), &topic, 1000), METADATA_ABSENT);
    assert_int_equal(verdict_of(TEXT("\0"), &topic, 1000), METADATA_ABSENT);
    assert_int_equal(verdict_of(TEXT("{\"host\":\"a\"}"), &topic, 1000), METADATA_FOREIGN);
    assert_int_equal(verdict_of(TEXT("mil"), &topic, 1000), METADATA_FOREIGN);
    assert_int_equal(verdict_of(TEXT("mill"), &topic, 1000), METADATA_DAMAGED);
    assert_int_equal(verdict_of(TEXT("miller"), &topic, 1000), METADATA_DAMAGED);
    assert_int_equal(verdict_of(TEXT("millAgAA"), &topic, 1000), METADATA_VERSION);
    offsets_close(&offsets);
}

static void a_commit_that_tells_of_no_record_still_tells_its_topic(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 1000, "xx");
    struct text text = write(&offsets, out);
    assert_int_equal(verdict_of(text, &topic, 1002), METADATA_EMPTY);
    assert_int_equal(verdict_of(text, &other, 1002), METADATA_OTHER_TOPIC);
    assert_int_equal(verdict_of(text, &unknown, 1002), METADATA_UNKNOWN_TOPIC);
    assert_int_equal(verdict_of(text, &topic, 1001), METADATA_OTHER_BASE);
    offsets_close(&offsets);
}

static void what_the_log_does_not_have_is_not_done(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    struct offset_ranges done;
    given_done(&offsets, 1000, ".xx.x..x");
    struct text text = write(&offsets, out);
    assert_int_equal(commit_metadata_read(text, &topic, 1000, 1008, &done), METADATA_VALID);
    mem_free(done.items);
    assert_int_equal(commit_metadata_read(text, &topic, 1000, 1007, &done), METADATA_BEYOND_END);
    assert_null(done.items);
    assert_int_equal(commit_metadata_read(text, &topic, 1000, -1, &done), METADATA_BEYOND_END);
    assert_null(done.items);
    offsets_close(&offsets);
}

static void a_broker_without_topic_ids_still_gives_back_what_it_was_given(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 1, ".x");
    struct text text = { out, commit_metadata_write(&offsets, &unknown, out) };
    assert_int_equal(verdict_of(text, &unknown, 1), METADATA_VALID);
    assert_int_equal(verdict_of(text, &topic, 1), METADATA_UNKNOWN_TOPIC);
    offsets_close(&offsets);
}

static void no_changed_or_missing_character_goes_unnoticed(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 1000, ".xx.x..x.xxxxx..x");
    struct text text = write(&offsets, out);
    out[text.size] = '\0'; /* but for the end that some clients count */
    assert_int_equal(verdict_of((struct text){ out, text.size + 1 }, &topic, 1000), METADATA_VALID);
    for (size_t i = 0; i < text.size; i++) {
        char right = out[i];
        for (int c = 0; c < 256; c++) {
            out[i] = (char)c;
            assert_int_equal(verdict_of(text, &topic, 1000) == METADATA_VALID, out[i] == right);
        }
        out[i] = right;
        assert_int_not_equal(verdict_of((struct text){ out, i }, &topic, 1000), METADATA_VALID);
    }
    offsets_close(&offsets);
}

/* With a CRC that is right: a writer with a fault, or somebody who means it. */
static enum commit_metadata_verdict verdict_of_payload(int64_t base, const uint8_t *payload, size_t size)
{
    uint8_t raw[128] = { 0x9a, 0x29, 0x65, 0x01 };
    char out[200];
    memcpy(raw + 8, topic.bytes, 16);
    for (int i = 0; i < 8; i++)
        raw[24 + i] = (uint8_t)(base >> (56 - 8 * i));
    memcpy(raw + 32, payload, size);
    uint32_t crc = crc32c(raw + 8, 24 + size);
    for (int i = 0; i < 4; i++)
        raw[4 + i] = (uint8_t)(crc >> (24 - 8 * i));
    struct text text = { out, (size_t)(base64_write(out, raw, 32 + size) - out) };
    struct offset_ranges done;
    enum commit_metadata_verdict verdict = commit_metadata_read(text, &topic, base, INT64_MAX, &done);
    mem_free(done.items);
    return verdict;
}

#define PAYLOAD(base, ...) verdict_of_payload(base, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void payloads_that_no_writer_writes_are_not_believed(void **state)
{
    assert_int_equal(PAYLOAD(5, 0, 2), METADATA_VALID);
    assert_int_equal(PAYLOAD(5, 1, 1, 1), METADATA_VALID);
    assert_int_equal(PAYLOAD(5, 1, 0, 1), METADATA_VALID);
    assert_int_equal(PAYLOAD(5, 1), METADATA_EMPTY);
    assert_int_equal(PAYLOAD(5, 2), METADATA_DAMAGED);                   /* no such kind, of nothing */
    assert_int_equal(PAYLOAD(5, 2, 2), METADATA_DAMAGED);                /* no such kind */
    assert_int_equal(PAYLOAD(5, 0, 2, 0), METADATA_DAMAGED);             /* a bitmap that ends in nothing */
    assert_int_equal(PAYLOAD(5, 1, 1), METADATA_DAMAGED);                /* open, and no word of what is done */
    assert_int_equal(PAYLOAD(5, 1, 1, 0), METADATA_DAMAGED);             /* none done */
    assert_int_equal(PAYLOAD(5, 1, 1, 1, 0, 1), METADATA_DAMAGED);       /* none open between */
    assert_int_equal(PAYLOAD(5, 1, 1, 0x80), METADATA_DAMAGED);          /* cut short */
    assert_int_equal(PAYLOAD(INT64_MAX - 2, 1, 1, 1), METADATA_VALID);   /* the last offset there can be */
    assert_int_equal(PAYLOAD(INT64_MAX - 2, 1, 1, 2), METADATA_DAMAGED); /* beyond it */
    assert_int_equal(PAYLOAD(INT64_MAX - 2, 0, 2), METADATA_VALID);
    assert_int_equal(PAYLOAD(INT64_MAX - 2, 0, 4), METADATA_DAMAGED);
    assert_int_equal(PAYLOAD(-5, 0, 2), METADATA_DAMAGED);
    assert_int_equal(PAYLOAD(5, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1), METADATA_DAMAGED); /* more than 63 bits */
}

static void without_memory_it_is_ignored(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    given_done(&offsets, 1000, ".xx.x..x");
    struct text text = write(&offsets, out);
    struct offset_ranges done;
    mem_fail_after(0);
    assert_int_equal(commit_metadata_read(text, &topic, 1000, INT64_MAX, &done), METADATA_NO_MEMORY);
    assert_null(done.items);
    mem_fail_after(1); /* only to give back what is too much */
    assert_int_equal(commit_metadata_read(text, &topic, 1000, INT64_MAX, &done), METADATA_VALID);
    mem_fail_after(-1);
    then_same(&offsets, &done);
    mem_free(done.items);
    offsets_close(&offsets);
}

/* --- the bound --- */

static void then_all_is_told(const struct offsets *offsets)
{
    char out[COMMIT_METADATA_MAX];
    struct offset_ranges done;
    assert_int_equal(commit_metadata_read(write(offsets, out), &topic, offsets->watermark, INT64_MAX, &done), METADATA_VALID);
    then_same(offsets, &done);
    mem_free(done.items);
}

/* As the intake does: takes what there is room for. Then each second one ends, which is the worst that can happen to the text; then
 * the others. Returns how many were taken. */
static size_t when_all_room_is_taken(struct offsets *offsets)
{
    static uint32_t places[65536];
    size_t held = 0;
    while (commit_metadata_room(offsets) > 0)
        places[held++] = offsets_receive(offsets, offsets->next);
    for (size_t i = 0; i < held; i += 2)
        offsets_done(offsets, places[i]);
    then_all_is_told(offsets);
    for (size_t i = 1; i < held; i += 2)
        offsets_done(offsets, places[i]);
    return held;
}

static void beyond_eighteen_thousand_offsets_a_partition_goes_on_with_fewer_open_ones(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    uint32_t stuck = offsets_receive(&offsets, 0);
    assert_in_range(when_all_room_is_taken(&offsets), 18160, 18168);
    while (offsets.next < 3000000)
        assert_in_range(when_all_room_is_taken(&offsets), 400, 1100);
    offsets_done(&offsets, stuck);
    assert_in_range(when_all_room_is_taken(&offsets), 18160, 18168);
    offsets_close(&offsets);
}

/* A key with a share of the records is stuck, all others end at once: what waits behind it is what counts. */
static int64_t reach_beside_a_stuck_key(struct random *random, int percent)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    offsets_receive(&offsets, 0);
    while (offsets.next < 3000000 && commit_metadata_room(&offsets) > 0) {
        uint32_t place = offsets_receive(&offsets, offsets.next);
        if (random_between(random, 1, 100) > percent)
            offsets_done(&offsets, place);
    }
    then_all_is_told(&offsets);
    int64_t reach = offsets.next;
    offsets_close(&offsets);
    return reach;
}

static void beside_a_stuck_key_a_partition_goes_on_as_far_as_can_be_told(void **state)
{
    struct random random;
    random_init(&random);
    assert_in_range(reach_beside_a_stuck_key(&random, 50), 18168, 18200);
    assert_true(reach_beside_a_stuck_key(&random, 1) > 50000);
}

static void a_partition_without_open_records_has_room_whatever_was_restored(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    assert_true(commit_metadata_room(&offsets) > 0);
    struct offset_ranges done = { mem_try_alloc(1000 * sizeof(*done.items)), 1000 };
    for (int64_t i = 0; i < 1000; i++)
        done.items[i] = (struct offset_range){ 200 * i + 1, 200 * i + 200 };
    offsets_restore(&offsets, done);
    while (offsets.next < 200000) {
        assert_true(commit_metadata_room(&offsets) > 0);
        offsets_receive(&offsets, offsets.next);
    }
    assert_int_equal(commit_metadata_room(&offsets), 0); /* a thousand are open, over 200,000 offsets */
    offsets_close(&offsets);
}

static void a_gap_that_nobody_could_foresee_leaves_out_the_end_not_the_beginning(void **state)
{
    char out[COMMIT_METADATA_MAX];
    struct offsets offsets;
    offsets_init(&offsets, 0);
    for (int64_t i = 0; i < 15000; i++) {
        uint32_t place = offsets_receive(&offsets, i);
        if (i % 2 == 1)
            offsets_done(&offsets, place);
    }
    offsets_done(&offsets, offsets_receive(&offsets, 1000000));
    struct offset_ranges done;
    assert_int_equal(commit_metadata_read(write(&offsets, out), &topic, 0, INT64_MAX, &done), METADATA_VALID);
    assert_int_equal(done.count, 7500);
    assert_int_equal(done.items[0].from, 1);
    assert_true(done.items[7499].from == 14999 && done.items[7499].to < 1000001);
    assert_int_equal(commit_metadata_room(&offsets), 0);
    mem_free(done.items);
    offsets_close(&offsets);
}

static void each_verdict_has_its_word_and_its_reason(void **state)
{
    for (int verdict = METADATA_VALID; verdict <= METADATA_NO_MEMORY; verdict++) {
        assert_non_null(commit_metadata_word((enum commit_metadata_verdict)verdict));
        assert_non_null(commit_metadata_reason((enum commit_metadata_verdict)verdict));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_documentation_is_what_is_written),
        cmocka_unit_test(long_runs_are_shorter_as_runs),
        cmocka_unit_test(where_nothing_is_done_above_the_watermark_only_topic_and_offset_are_told),
        cmocka_unit_test(what_is_written_is_read_back_or_its_beginning),
        cmocka_unit_test(a_successor_that_has_read_it_writes_the_same),
        cmocka_unit_test(another_topic_another_offset_and_what_others_write_are_not_believed),
        cmocka_unit_test(a_commit_that_tells_of_no_record_still_tells_its_topic),
        cmocka_unit_test(what_the_log_does_not_have_is_not_done),
        cmocka_unit_test(a_broker_without_topic_ids_still_gives_back_what_it_was_given),
        cmocka_unit_test(no_changed_or_missing_character_goes_unnoticed),
        cmocka_unit_test(payloads_that_no_writer_writes_are_not_believed),
        cmocka_unit_test(without_memory_it_is_ignored),
        cmocka_unit_test(beyond_eighteen_thousand_offsets_a_partition_goes_on_with_fewer_open_ones),
        cmocka_unit_test(beside_a_stuck_key_a_partition_goes_on_as_far_as_can_be_told),
        cmocka_unit_test(a_partition_without_open_records_has_room_whatever_was_restored),
        cmocka_unit_test(a_gap_that_nobody_could_foresee_leaves_out_the_end_not_the_beginning),
        cmocka_unit_test(each_verdict_has_its_word_and_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
