/* A ring of records against a model that keeps them all, and what a cursor sees of it. */
#include "base/random.h"
#include "trace/trace_ring.h"

#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CAPACITY 1024

/* A record is its sequence number, then bytes made of it. */
static size_t record_make(uint64_t sequence, size_t size, unsigned char *record)
{
    memcpy(record, &sequence, sizeof(sequence));
    memset(record + sizeof(sequence), (int)(sequence * 31 % 251), size - sizeof(sequence));
    return size;
}

static uint64_t record_check(struct text record)
{
    uint64_t sequence;
    assert_true(record.size >= sizeof(sequence));
    memcpy(&sequence, record.data, sizeof(sequence));
    for (size_t i = sizeof(sequence); i < record.size; i++)
        assert_int_equal((unsigned char)record.data[i], sequence * 31 % 251);
    return sequence;
}

static void add(struct trace_ring *ring, struct random *random)
{
    unsigned char record[CAPACITY];
    size_t largest = trace_ring_record_max(ring);
    size_t size = (size_t)random_between(random, sizeof(uint64_t), random_between(random, 0, 20) == 0 ? (int64_t)largest : 60);
    trace_ring_add(ring, record, record_make(ring->added, size, record));
}

/* Reads what is there, and finds each record in its place or counted as missed. */
static uint64_t read_some(const struct trace_ring *ring, struct trace_cursor *cursor, uint64_t expected, int64_t limit)
{
    struct text record;
    uint64_t missed = 0;
    for (int64_t i = 0; i < limit && trace_ring_next(ring, cursor, &record, &missed); i++) {
        assert_int_equal(record_check(record), expected + missed);
        expected += missed + 1;
        missed = 0;
    }
    assert_int_equal(cursor->sequence, expected + missed);
    return expected + missed;
}

static void what_a_cursor_reads_and_misses_is_all_that_was_added(void **state)
{
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init_seed(&random, seed);
    struct trace_ring ring;
    trace_ring_init(&ring, CAPACITY);
    struct trace_cursor cursor = { 0 };
    uint64_t seen = 0;
    for (int round = 0; round < 20000; round++) {
        for (int64_t i = random_between(&random, 0, 30); i > 0; i--)
            add(&ring, &random);
        seen = read_some(&ring, &cursor, seen, random_between(&random, 0, 40));
        assert_true(ring.head - ring.tail <= CAPACITY);
    }
    assert_int_equal(read_some(&ring, &cursor, seen, CAPACITY), ring.added);
    trace_ring_close(&ring);
}

static void a_new_cursor_begins_at_the_oldest_that_is_held(void **state)
{
    struct random random;
    random_init_seed(&random, 1);
    struct trace_ring ring;
    trace_ring_init(&ring, CAPACITY);
    for (int i = 0; i < 500; i++)
        add(&ring, &random);

    struct trace_cursor cursor = { 0 };
    struct text record;
    uint64_t missed = 0;
    uint64_t held = 0;
    while (trace_ring_next(&ring, &cursor, &record, &missed))
        held++;
    assert_true(held > 0);
    assert_int_equal(missed, ring.forgotten);
    assert_int_equal(missed + held, 500);
    assert_false(trace_ring_next(&ring, &cursor, &record, &missed));
    assert_int_equal(missed + held, 500);
    trace_ring_close(&ring);
}

/* All positions that were ever returned: those of the newest `held` are there, the others are not. */
static void a_position_tells_whether_its_record_is_still_there(void **state)
{
    uint64_t positions[500];
    struct random random;
    random_init_seed(&random, 2);
    struct trace_ring ring;
    trace_ring_init(&ring, CAPACITY);
    for (size_t i = 0; i < 500; i++) {
        unsigned char record[CAPACITY];
        size_t size = (size_t)random_between(&random, 8, 100);
        positions[i] = trace_ring_add(&ring, record, record_make(i, size, record));
        for (size_t k = 0; k <= i; k++) {
            struct text found;
            assert_int_equal(trace_ring_at(&ring, positions[k], &found), k >= ring.forgotten);
            assert_true(k < ring.forgotten || record_check(found) == k);
        }
    }
    struct text found;
    assert_false(trace_ring_at(&ring, TRACE_RING_NOWHERE, &found));
    trace_ring_close(&ring);
}

static void going_back_meets_each_record_that_is_held_once(void **state)
{
    struct random random;
    random_init_seed(&random, 3);
    struct trace_ring ring;
    trace_ring_init(&ring, CAPACITY);
    for (int i = 0; i < 2000; i++) {
        add(&ring, &random);
        uint64_t position = ring.head, expected = ring.added;
        struct text record;
        while (trace_ring_back(&ring, &position, &record))
            assert_int_equal(record_check(record), --expected);
        assert_int_equal(expected, ring.forgotten);
    }
    trace_ring_close(&ring);
}

static void the_largest_record_fits_wherever_the_head_is(void **state)
{
    unsigned char bytes[CAPACITY];
    struct trace_ring ring;
    trace_ring_init(&ring, CAPACITY);
    for (size_t before = 8; before < CAPACITY; before += 8) {
        trace_ring_add(&ring, bytes, record_make(ring.added, before, bytes));
        size_t size = trace_ring_record_max(&ring);
        trace_ring_add(&ring, bytes, record_make(ring.added, size, bytes));

        struct trace_cursor cursor = { 0 };
        struct text record;
        uint64_t last = 0;
        while (trace_ring_next(&ring, &cursor, &record, NULL))
            last = record_check(record);
        assert_int_equal(last, ring.added - 1);
    }
    trace_ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_cursor_reads_and_misses_is_all_that_was_added),
        cmocka_unit_test(a_new_cursor_begins_at_the_oldest_that_is_held),
        cmocka_unit_test(a_position_tells_whether_its_record_is_still_there),
        cmocka_unit_test(going_back_meets_each_record_that_is_held_once),
        cmocka_unit_test(the_largest_record_fits_wherever_the_head_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
