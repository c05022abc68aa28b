#include "core/standstill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A partition that is ours and has nothing to do; each case changes what it is about. */
static struct standstill idle(void)
{
    return (struct standstill){ .partition = 7,
                                .standing = STANDING_OURS,
                                .position = 50,
                                .end = 50,
                                .watermark = 50,
                                .committed = 50,
                                .slots_limit = 10,
                                .oldest.goes_to = "jobs-dlq" };
}

/* Its oldest record is offset 12 of key k-7; the log goes on behind what was taken. */
static struct standstill waiting(enum standstill_oldest oldest)
{
    struct standstill facts = idle();
    facts.end = 900;
    facts.watermark = facts.committed = 12;
    facts.oldest.state = oldest;
    facts.oldest.offset = 12;
    facts.oldest.key = TEXT("k-7");
    return facts;
}

static void then_told(struct standstill facts, const char *expected)
{
    struct buffer out = { 0 };
    standstill_tell(&facts, &out);
    buffer_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

static void a_partition_with_nothing_to_do_says_so(void **state)
{
    then_told(idle(), "partition 7 has no records to work: position = end = 50");
    struct standstill facts = idle();
    facts.end = -1;
    then_told(facts, "partition 7 has received no records yet: it reads from offset 50");
    facts = idle();
    facts.committed = 40;
    then_told(facts, "partition 7 has done all its records: offset 50 is told with the next commit");
    facts = idle();
    facts.end = 60;
    then_told(facts, "partition 7 fetches its next records: position 50, end 60");
}

static void an_open_transaction_that_holds_it_is_told(void **state)
{
    struct standstill facts = idle();
    facts.end = 60;
    facts.undecided = true;
    then_told(facts, "partition 7 cannot be read beyond offset 50: an open transaction of a producer holds it; its end is 60");
    facts.full = FULL_QUEUE;
    then_told(facts, "partition 7 cannot be read beyond offset 50: an open transaction of a producer holds it; its end is 60");
    facts = waiting(OLDEST_READY); /* what it has already comes first */
    facts.undecided = true;
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which is about to start");
}

static void the_oldest_record_is_named_with_what_it_waits_for(void **state)
{
    struct standstill facts = waiting(OLDEST_RESTING);
    facts.oldest.failures = 3;
    facts.oldest.again_ms = 12345;
    facts.oldest.behind = 20;
    facts.done_above = 400;
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which has failed 3 times and is tried again in 12 s; 400 later records "
                     "are done and 20 wait behind it in its lane");

    facts = waiting(OLDEST_RUNNING);
    facts.oldest.running_ms = 40000;
    facts.oldest.behind = 1;
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which runs since 40 s; 1 waits behind it in its lane");
    facts.oldest.failures = 1;
    facts.oldest.key = TEXT_NONE;
    facts.oldest.behind = 0;
    facts.done_above = 1;
    then_told(facts, "partition 7 waits for offset 12, which has failed 1 time and runs since 40 s; 1 later record is done");

    facts = waiting(OLDEST_READY);
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which is about to start");
    facts.slots_busy = 10;
    facts.slots_taken = "7 of jobs and 3 of orders";
    then_told(facts, "partition 7 waits for a slot to work offset 12 (key k-7): 10 of 10 are taken, by 7 of jobs and 3 of orders");
}

static void an_attempt_past_its_timeout_says_whether_it_can_be_ended(void **state)
{
    struct standstill facts = waiting(OLDEST_RUNNING);
    facts.oldest.running_ms = 7300000;
    facts.oldest.timeout_ms = 500;
    then_told(facts,
              "partition 7 waits for offset 12 (key k-7), which runs since 2 h, longer than its timeout of 500 ms, and is being ended");
    facts.oldest.stuck = true;
    facts.away = "no database"; /* a job that cannot be ended is the nearer reason */
    then_told(facts,
              "partition 7 waits for offset 12 (key k-7), which runs since 2 h, longer than its timeout of 500 ms, and cannot be ended");
}

static void a_full_window_is_told_with_the_record_that_keeps_it_full(void **state)
{
    struct standstill facts = waiting(OLDEST_RUNNING);
    facts.oldest.running_ms = 40000;
    facts.full = FULL_RECORDS;
    facts.full_limit = 10000;
    facts.done_above = 9000;
    then_told(facts, "partition 7 is not polled: the window (10000 records) has no room for more of it, because it waits for offset 12 "
                     "(key k-7), which runs since 40 s; 9000 later records are done");
    facts.full = FULL_QUEUE; /* backpressure as it is meant to be */
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which runs since 40 s; 9000 later records are done");

    facts = idle();
    facts.end = 60;
    facts.full = FULL_QUEUE;
    facts.full_limit = 100;
    then_told(facts, "partition 7 is not polled: the queue (100 records) has no room for more of it: other partitions fill it");
}

static void a_key_that_is_head_of_line_is_told(void **state)
{
    struct standstill facts = waiting(OLDEST_RUNNING);
    facts.oldest.running_ms = 20;
    facts.oldest.crowd = 5000;
    facts.oldest.behind = 4999;
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which runs since 20 ms; its key alone holds 5000 records and is head of "
                     "line; 4999 wait behind it in its lane");
}

static void dead_letters_name_their_topic(void **state)
{
    struct standstill facts = waiting(OLDEST_SENDING);
    then_told(facts,
              "partition 7 waits for offset 12 (key k-7), which cannot be worked and is on its way to the dead letter topic jobs-dlq");
    facts = waiting(OLDEST_REFUSED);
    facts.oldest.reason = "topic jobs-dlq is missing";
    facts.oldest.again_ms = 3000;
    facts.refused = "not the coordinator"; /* what it waits for is the nearer reason */
    facts.watermark = 13;
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which cannot be worked, and the dead letter topic jobs-dlq does not take "
                     "it: topic jobs-dlq is missing; it is sent again in 3 s");
}

static void what_is_done_and_not_told_yet_names_where_it_goes(void **state)
{
    struct standstill facts = waiting(OLDEST_SENDING);
    facts.oldest.is_output = true;
    facts.oldest.goes_to = "jobs-out";
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which is done and is on its way to the output topic jobs-out");
    facts.oldest.state = OLDEST_UNCOMMITTED;
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which is done and waits for the transaction that takes it to the output "
                     "topic jobs-out");
    facts.refused = "topic jobs-out is missing";
    then_told(facts, "partition 7 waits for offset 12 (key k-7), which is done and waits for the transaction that takes it to the output "
                     "topic jobs-out, the last of which failed: topic jobs-out is missing");
}

static void what_concerns_the_whole_partition_comes_before_its_oldest_record(void **state)
{
    struct standstill facts = waiting(OLDEST_RUNNING);
    facts.oldest.running_ms = 1000;
    facts.running = 1;
    facts.waiting = 5;
    facts.watermark = 12;
    facts.committed = 2;
    facts.away = "no database";
    facts.away_again_ms = 1500;
    then_told(facts, "partition 7 waits, because what its handler needs is away: no database; it is tried again in 1 s");
    facts.refused = "not the coordinator";
    facts.refused_ms = 90000;
    then_told(facts, "partition 7 is done up to offset 12, but the broker refuses its commits since 90 s: not the coordinator");
    facts.paused = true;
    then_told(facts, "partition 7 is paused: 5 records of it wait, and 1 job of it still runs");
    facts.doubtful = true;
    then_told(facts, "partition 7 waits until the group has acknowledged a commit: the process stood still, and others may have been "
                     "given it");
    facts.stopping = true;
    then_told(facts, "partition 7 takes nothing any more, because the process is shutting down: 1 job of it still runs");
    facts.standing = STANDING_GIVEN_UP;
    then_told(facts, "partition 7 is being given back to the group: 1 job of it still runs");
    facts.standing = STANDING_ELSEWHERE;
    then_told(facts, "partition 7 is not assigned to this process");
}

static void a_commit_that_was_refused_and_has_come_through_since_is_no_reason(void **state)
{
    struct standstill facts = idle();
    facts.refused = "not the coordinator";
    then_told(facts, "partition 7 has no records to work: position = end = 50");
}

static void a_key_of_any_bytes_and_length_can_be_read(void **state)
{
    struct standstill facts = waiting(OLDEST_READY);
    facts.oldest.key = TEXT("a\n\x1b[2J");
    then_told(facts, "partition 7 waits for offset 12 (key a\\x0a\\x1b[2J), which is about to start");
    char key[100];
    memset(key, 'x', sizeof(key));
    facts.oldest.key = (struct text){ key, sizeof(key) };
    then_told(facts, "partition 7 waits for offset 12 (key xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...), which is "
                     "about to start");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_with_nothing_to_do_says_so),
        cmocka_unit_test(an_open_transaction_that_holds_it_is_told),
        cmocka_unit_test(the_oldest_record_is_named_with_what_it_waits_for),
        cmocka_unit_test(an_attempt_past_its_timeout_says_whether_it_can_be_ended),
        cmocka_unit_test(a_full_window_is_told_with_the_record_that_keeps_it_full),
        cmocka_unit_test(a_key_that_is_head_of_line_is_told),
        cmocka_unit_test(dead_letters_name_their_topic),
        cmocka_unit_test(what_is_done_and_not_told_yet_names_where_it_goes),
        cmocka_unit_test(what_concerns_the_whole_partition_comes_before_its_oldest_record),
        cmocka_unit_test(a_commit_that_was_refused_and_has_come_through_since_is_no_reason),
        cmocka_unit_test(a_key_of_any_bytes_and_length_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
