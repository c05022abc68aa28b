/* Random schedules of lanes, scheduler, offsets, their metadata and retry together, against a model that knows only which offsets
 * are done, and which of them the last commit told.
 *
 * Partitions come and go, alone and in peace, or lost; a handle fails and all of its stream begin anew beside jobs that still run; a
 * process dies. What is known then is thrown away, and work begins where the last commit stands that the broker has. One is under way for
 * a while, and what is lost may take it along or not.
 *
 * What must hold whatever happens: no record starts before its predecessor in the lane is done; the first ends of a lane come in its
 * order, whoever runs them; nothing is committed that is not done; what is done is covered by the watermark as soon as all below it is;
 * what a commit told is never worked again, all else is; slots are never exceeded; no partition with something ready is passed over for
 * longer than a round; nothing but a new record takes a place in the queue. WAY_OUT_SEED repeats one schedule; each prints its seed when it
 * fails. */
#include "base/list.h"
#include "base/memory.h"
#include "base/random.h"
#include "core/commit_metadata.h"
#include "core/lanes.h"
#include "core/offsets.h"
#include "core/retry.h"
#include "core/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STREAMS = 2, PARTITIONS = 3, SOURCES = STREAMS * PARTITIONS, KEYS = 5, LENGTH = 120, SLOTS = 4, SCHEDULES = 500, STEPS = 2000 };

/* What the broker holds of a partition, and the model's memory of it. */
struct log {
    char keys[LENGTH][2]; /* "" means no key */
    bool gap[LENGTH];     /* compacted: never received */
    bool done[LENGTH];    /* in any assignment: the model */
    bool ended[LENGTH];   /* worked to its end, even if nobody listened any more */
    int64_t committed;
    bool told[LENGTH]; /* by the last commit: below it, or in its metadata */
    char metadata[COMMIT_METADATA_MAX];
    size_t metadata_size;
};

/* What was true when a commit was sent. */
struct sent {
    bool under_way;
    int64_t watermark;
    bool told[LENGTH];
    char metadata[COMMIT_METADATA_MAX];
    size_t metadata_size;
};

struct assignment {
    struct lane_set lanes;
    struct schedule_source source;
    struct offsets offsets;
    struct log *log;
    int64_t position;
    bool known[LENGTH]; /* to be done: told at its begin, or done by itself */
    size_t passed_over;
    struct sent sent;
    bool revoked;
    struct list link; /* in world.zombies once revoked with jobs still running */
    struct list jobs;
};

struct job {
    struct record record;
    struct schedule_entry entry;
    struct list link; /* in its assignment */
    struct assignment *assignment;
    int64_t offset;
    uint32_t place;
    unsigned attempt;
};

struct world {
    struct random random;
    enum lane_order order;
    struct scheduler scheduler;
    struct schedule_stream streams[STREAMS];
    struct log logs[SOURCES];
    struct assignment *assigned[SOURCES];
    struct list zombies;
    struct job *running[SLOTS];
    size_t running_count;
};

static const struct topic_id topic = { { 7 } };
static const struct retry_policy policy = { .retries = 3, .base_us = 1, .max_us = 4 };

static bool chance(struct world *world, int percent)
{
    return random_between(&world->random, 1, 100) <= percent;
}

static struct assignment *assign(struct world *world, size_t index)
{
    struct assignment *a = mem_zalloc(sizeof(*a));
    a->log = &world->logs[index];
    a->position = a->log->committed;
    lane_set_init(&a->lanes, world->order, random_next(&world->random));
    memcpy(a->known, a->log->told, sizeof(a->known));
    struct text metadata = { a->log->metadata, a->log->metadata_size };
    struct offset_ranges done;
    enum commit_metadata_verdict verdict = commit_metadata_read(metadata, &topic, a->log->committed, LENGTH, &done);
    assert_true(metadata.size == 0 ? verdict == METADATA_ABSENT : verdict == METADATA_VALID || verdict == METADATA_EMPTY);
    assert_int_equal(verdict == METADATA_VALID, done.count > 0);
    offsets_init(&a->offsets, a->log->committed);
    offsets_restore(&a->offsets, done);
    schedule_source_init(&a->source, &world->streams[index / PARTITIONS]);
    list_init(&a->jobs);
    list_init(&a->link);
    return a;
}

static void free_if_idle(struct assignment *a)
{
    if (!a->revoked || !list_empty(&a->jobs))
        return;
    list_remove(&a->link);
    lane_set_close(&a->lanes);
    offsets_close(&a->offsets);
    mem_free(a);
}

static void free_job(struct job *job)
{
    list_remove(&job->link);
    mem_free(job);
}

/* --- the invariants --- */

static bool same_lane(const struct world *world, const struct log *log, int64_t a, int64_t b)
{
    if (world->order == LANE_ORDER_PARTITION)
        return true;
    return world->order == LANE_ORDER_KEY && log->keys[a][0] != '\0' && log->keys[a][0] == log->keys[b][0];
}

static void check_predecessors_done(const struct world *world, const struct job *job)
{
    const struct log *log = job->assignment->log;
    for (int64_t before = 0; before < job->offset; before++)
        assert_true(log->gap[before] || log->done[before] || !same_lane(world, log, before, job->offset));
}

static void note_end(const struct world *world, const struct job *job)
{
    struct log *log = job->assignment->log;
    for (int64_t before = 0; before < job->offset && !log->ended[job->offset]; before++)
        assert_true(log->gap[before] || log->ended[before] || !same_lane(world, log, before, job->offset));
    log->ended[job->offset] = true;
}

/* The twenty-line model: the watermark is the first offset at or above the start that was received and is not done now. */
static void check_watermark(const struct assignment *a)
{
    int64_t expected = a->offsets.next;
    list_each(link, &a->jobs) {
        const struct job *job = list_entry(link, struct job, link);
        expected = job->offset < expected ? job->offset : expected;
    }
    assert_int_equal(a->offsets.watermark, expected);
    for (int64_t offset = 0; offset < a->offsets.watermark && offset < LENGTH; offset++)
        assert_true(a->log->gap[offset] || a->log->done[offset]);
}

static void check_turns(struct world *world, const struct assignment *chosen)
{
    for (size_t i = 0; i < SOURCES; i++) {
        struct assignment *a = world->assigned[i];
        if (a == NULL)
            continue;
        a->passed_over = a == chosen || list_empty(&a->source.entries) ? 0 : a->passed_over + 1;
        assert_true(a->passed_over <= SOURCES);
    }
}

/* --- what may happen --- */

static void receive(struct world *world, struct assignment *a)
{
    while (a->position < LENGTH && a->log->gap[a->position])
        a->position++;
    if (a->position >= LENGTH)
        return;
    assert_true(commit_metadata_room(&a->offsets) > 0);
    int64_t offset = a->position++;
    uint32_t place = offsets_receive(&a->offsets, offset);
    assert_int_equal(place == 0, a->known[offset]);
    if (place == 0)
        return;
    struct job *job = mem_zalloc(sizeof(*job));
    job->assignment = a;
    job->offset = offset;
    job->place = place;
    job->attempt = 1;
    const char *key = a->log->keys[job->offset];
    job->record.key = key[0] == '\0' ? TEXT_NONE : text_of(key);
    list_push(&a->jobs, &job->link);
    if (lane_add(&a->lanes, &job->record))
        schedule_add(&a->source, &job->entry);
}

static void start_one(struct world *world)
{
    struct schedule_entry *entry = schedule_next(&world->scheduler);
    if (entry == NULL)
        return;
    struct job *job = list_entry(entry, struct job, entry);
    check_turns(world, job->assignment);
    check_predecessors_done(world, job);
    lane_start(&job->assignment->lanes, &job->record);
    assert_true(world->running_count < SLOTS);
    world->running[world->running_count++] = job;
}

static void complete(struct world *world, struct job *job)
{
    struct assignment *a = job->assignment;
    a->log->done[job->offset] |= !a->revoked;
    if (!a->revoked) {
        a->known[job->offset] = true;
        offsets_done(&a->offsets, job->place);
    }
    struct record *successor = lane_done(&a->lanes, &job->record);
    free_job(job);
    if (successor != NULL)
        schedule_add(&a->source, &list_entry(successor, struct job, record)->entry);
    if (a->revoked)
        free_if_idle(a);
    else
        check_watermark(a);
}

static void end_one(struct world *world)
{
    if (world->running_count == 0)
        return;
    size_t which = (size_t)random_between(&world->random, 0, (int64_t)world->running_count - 1);
    struct job *job = world->running[which];
    world->running[which] = world->running[--world->running_count];
    schedule_release(&world->scheduler);

    uint64_t delay_us;
    bool failed = chance(world, 30) && !job->assignment->revoked;
    if (failed && retry_next(&policy, job->attempt++, &world->random, &delay_us)) {
        lane_rest(&job->assignment->lanes, &job->record);
        return;
    }
    note_end(world, job);
    complete(world, job); /* worked, or a dead letter: the offset is done either way */
}

static void wake_some(struct world *world, struct assignment *a, int percent)
{
    list_each(link, &a->jobs) {
        struct job *job = list_entry(link, struct job, link);
        if (job->record.state != RECORD_RESTING || !chance(world, percent))
            continue;
        lane_wake(&a->lanes, &job->record);
        schedule_add(&a->source, &job->entry);
    }
}

/* One is under way at most. */
static void send_commit(struct assignment *a)
{
    struct sent *sent = &a->sent;
    if (sent->under_way)
        return;
    check_watermark(a);
    sent->under_way = true;
    sent->watermark = a->offsets.watermark;
    sent->metadata_size = commit_metadata_write(&a->offsets, &topic, sent->metadata);
    for (int64_t offset = 0; offset < LENGTH; offset++)
        sent->told[offset] = offset < sent->watermark || (a->known[offset] && sent->metadata_size > 0);
}

static void arrive(struct assignment *a)
{
    struct log *log = a->log;
    const struct sent *sent = &a->sent;
    if (!sent->under_way)
        return;
    assert_true(sent->watermark >= log->committed);
    log->committed = sent->watermark;
    log->metadata_size = sent->metadata_size;
    memcpy(log->metadata, sent->metadata, sent->metadata_size);
    memcpy(log->told, sent->told, sizeof(log->told));
    for (int64_t offset = 0; offset < LENGTH; offset++)
        assert_true(!log->told[offset] || log->done[offset] || log->gap[offset]);
    a->sent.under_way = false;
}

static void commit(struct assignment *a)
{
    arrive(a);
    send_commit(a);
    arrive(a);
}

/* The broker has refused the metadata. */
static void commit_bare(struct assignment *a)
{
    arrive(a);
    send_commit(a);
    a->sent.metadata_size = 0;
    for (int64_t offset = a->sent.watermark; offset < LENGTH; offset++)
        a->sent.told[offset] = false;
    arrive(a);
}

static void drop_what_does_not_run(struct assignment *a)
{
    list_each(link, &a->jobs) {
        struct job *job = list_entry(link, struct job, link);
        if (job->record.state == RECORD_RUNNING)
            continue;
        if (job->record.state == RECORD_READY && job->entry.source != NULL)
            schedule_remove(&job->entry);
        lane_drop(&a->lanes, &job->record);
        free_job(job);
    }
    assert_int_equal(a->lanes.queued, 0);
    assert_int_equal(a->lanes.resting, 0);
}

static void revoke(struct world *world, size_t index, bool lost)
{
    struct assignment *a = world->assigned[index];
    if (!lost)
        commit(a);
    else if (chance(world, 50))
        arrive(a); /* but nobody hears of it */
    world->assigned[index] = NULL;
    a->revoked = true;
    drop_what_does_not_run(a);
    list_push(&world->zombies, &a->link);
    free_if_idle(a);
}

/* A fatal error of the client: all of its partitions are lost, and come again, while some of their jobs still run. */
static void restart_handle(struct world *world, size_t stream)
{
    for (size_t i = stream * PARTITIONS; i < (stream + 1) * PARTITIONS; i++) {
        if (world->assigned[i] != NULL)
            revoke(world, i, true);
        world->assigned[i] = assign(world, i);
    }
}

static size_t queued_of_all(const struct world *world)
{
    size_t queued = 0;
    for (size_t i = 0; i < SOURCES; i++)
        queued += world->assigned[i] == NULL ? 0 : world->assigned[i]->lanes.queued;
    return queued;
}

/* The process is killed: what runs is gone with it, and nobody commits. */
static void crash(struct world *world)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (world->assigned[i] != NULL)
            revoke(world, i, true);
    }
    while (world->running_count > 0) {
        schedule_release(&world->scheduler);
        complete(world, world->running[--world->running_count]);
    }
    assert_true(list_empty(&world->zombies));
}

static void step(struct world *world)
{
    size_t before = queued_of_all(world);
    size_t index = (size_t)random_between(&world->random, 0, SOURCES - 1);
    struct assignment *a = world->assigned[index];
    if (a == NULL) {
        if (chance(world, 50))
            world->assigned[index] = assign(world, index);
        return;
    }
    int what = (int)random_between(&world->random, 1, 100);
    if (what <= 35)
        receive(world, a);
    else if (what <= 60)
        start_one(world);
    else if (what <= 85)
        end_one(world);
    else if (what <= 92)
        wake_some(world, a, 50);
    else if (what <= 94)
        send_commit(a);
    else if (what <= 96)
        arrive(a);
    else if (what == 97)
        commit(a);
    else if (what == 98)
        commit_bare(a);
    else if (what == 99 || chance(world, 60))
        revoke(world, index, what == 100);
    else if (chance(world, 50))
        restart_handle(world, index / PARTITIONS);
    else
        crash(world);
    assert_true(world->scheduler.busy == world->running_count && world->running_count <= SLOTS);
    assert_true(queued_of_all(world) <= before + (what <= 35));
}

/* --- a schedule: begin, many steps, then everything must come to its end --- */

static void given_world(struct world *world, uint64_t seed)
{
    *world = (struct world){ .running_count = 0 };
    random_init_seed(&world->random, seed);
    world->order = (enum lane_order)(seed % 3);
    scheduler_init(&world->scheduler, SLOTS);
    list_init(&world->zombies);
    for (size_t i = 0; i < STREAMS; i++)
        schedule_stream_init(&world->streams[i], &world->scheduler);
    for (size_t i = 0; i < SOURCES; i++) {
        for (size_t offset = 0; offset < LENGTH; offset++) {
            world->logs[i].gap[offset] = chance(world, 10);
            world->logs[i].keys[offset][0] = (char)(chance(world, 10) ? '\0' : 'a' + random_between(&world->random, 0, KEYS - 1));
        }
    }
}

static bool all_done(const struct world *world)
{
    for (size_t i = 0; i < SOURCES; i++) {
        for (size_t offset = 0; offset < LENGTH; offset++) {
            if (!world->logs[i].gap[offset] && !world->logs[i].done[offset])
                return false;
        }
    }
    return true;
}

static void bring_to_an_end(struct world *world)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (world->assigned[i] == NULL)
            world->assigned[i] = assign(world, i);
    }
    for (int round = 0; !all_done(world); round++) {
        assert_true(round < LENGTH * SOURCES * 20);
        for (size_t i = 0; i < SOURCES; i++) {
            receive(world, world->assigned[i]);
            wake_some(world, world->assigned[i], 100);
        }
        for (size_t i = 0; i < SLOTS; i++)
            start_one(world);
        for (size_t i = 0; i < SLOTS; i++)
            end_one(world);
    }
    while (world->running_count > 0)
        end_one(world);
    for (size_t i = 0; i < SOURCES; i++)
        revoke(world, i, false);
    assert_true(list_empty(&world->zombies));
    assert_int_equal(world->scheduler.busy, 0);
}

static void run_schedule(uint64_t seed)
{
    static struct world world;
    given_world(&world, seed);
    for (int i = 0; i < STEPS; i++)
        step(&world);
    bring_to_an_end(&world);
}

static void whatever_happens_order_holds_and_only_what_is_done_is_committed(void **state)
{
    const char *one = getenv("WAY_OUT_SEED");
    struct random random;
    random_init(&random);
    uint64_t first = one == NULL ? random_next(&random) >> 16 : strtoull(one, NULL, 10);
    int schedules = one == NULL ? SCHEDULES : 1;
    printf("seeds %llu .. %llu\n", (unsigned long long)first, (unsigned long long)first + (unsigned)schedules - 1);
    for (int i = 0; i < schedules; i++)
        run_schedule(first + (unsigned)i);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whatever_happens_order_holds_and_only_what_is_done_is_committed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
