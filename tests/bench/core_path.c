/* core_path: how fast the decisions of the way out are made, alone: a record gets its place among the offsets and in its lane, is
 * chosen, starts, and is done; the watermark moves. Nothing is read, copied, worked or counted.
 *
 * core_path ORDER [RECORDS]     ORDER: key (10,000 lanes), partition or none; prints "RECORDS_A_SECOND NANOSECONDS_A_RECORD" */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "core/lanes.h"
#include "core/offsets.h"
#include "core/scheduler.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS    10000
#define HELD    20000 /* at once: two for each key, so that some find their lane busy and some do not */
#define RECORDS 10000000

struct job {
    struct record record; /* first: a record leads back to its job */
    struct schedule_entry entry;
    uint64_t sequence;
};

struct bench {
    struct scheduler scheduler;
    struct schedule_stream stream;
    struct schedule_source source;
    struct lane_set lanes;
    struct offsets offsets;
    int64_t next_offset;
    unsigned chance;
    char (*keys)[12];
    struct job *jobs;
    struct job **free;
    size_t free_count;
};

static struct text some_key(struct bench *bench)
{
    bench->chance = bench->chance * 1664525u + 1013904223u;
    return text_of(bench->keys[(bench->chance >> 8) % KEYS]);
}

static void add(struct bench *bench)
{
    struct job *job = bench->free[--bench->free_count];
    job->record.key = some_key(bench);
    job->sequence = offsets_receive(&bench->offsets, bench->next_offset++);
    if (lane_add(&bench->lanes, &job->record))
        schedule_add(&bench->source, &job->entry);
}

static void work(struct bench *bench, struct schedule_entry *entry)
{
    struct job *job = list_entry(entry, struct job, entry);
    lane_start(&bench->lanes, &job->record);
    schedule_release(&bench->scheduler);
    offsets_done(&bench->offsets, job->sequence);
    struct record *successor = lane_done(&bench->lanes, &job->record);
    if (successor != NULL)
        schedule_add(&bench->source, &list_entry(successor, struct job, record)->entry);
    bench->free[bench->free_count++] = job;
}

static void run(struct bench *bench, int64_t records)
{
    while (bench->next_offset < records) {
        while (bench->free_count > 0 && bench->next_offset < records)
            add(bench);
        struct schedule_entry *entry;
        for (size_t i = 0; i < HELD / 2 && (entry = schedule_next(&bench->scheduler)) != NULL; i++)
            work(bench, entry);
    }
    for (struct schedule_entry *entry; (entry = schedule_next(&bench->scheduler)) != NULL;)
        work(bench, entry);
    assert(bench->offsets.watermark == records);
}

static void init(struct bench *bench, enum lane_order order)
{
    *bench = (struct bench){ .free_count = HELD };
    scheduler_init(&bench->scheduler, HELD);
    schedule_stream_init(&bench->stream, &bench->scheduler);
    schedule_source_init(&bench->source, &bench->stream);
    lane_set_init(&bench->lanes, order, random_seed());
    offsets_init(&bench->offsets, 0);
    bench->keys = mem_alloc(KEYS * sizeof(*bench->keys));
    for (int i = 0; i < KEYS; i++)
        snprintf(bench->keys[i], sizeof(*bench->keys), "key-%d", i);
    bench->jobs = mem_zalloc(HELD * sizeof(*bench->jobs));
    bench->free = mem_alloc(HELD * sizeof(struct job *));
    for (size_t i = 0; i < HELD; i++)
        bench->free[i] = &bench->jobs[i];
}

static void close_all(struct bench *bench)
{
    lane_set_close(&bench->lanes);
    offsets_close(&bench->offsets);
    mem_free(bench->keys);
    mem_free(bench->jobs);
    mem_free(bench->free);
}

int main(int argc, char **argv)
{
    static const char *const orders[] = { [LANE_ORDER_PARTITION] = "partition", [LANE_ORDER_KEY] = "key", [LANE_ORDER_NONE] = "none" };
    int order = LANE_ORDER_NONE;
    while (argc > 1 && order >= 0 && strcmp(orders[order], argv[1]) != 0)
        order--;
    if (argc < 2 || argc > 3 || order < 0) {
        fprintf(stderr, "usage: core_path key|partition|none [RECORDS]\n");
        return 2;
    }
    int64_t records = argc > 2 ? atol(argv[2]) : RECORDS;
    struct bench bench;
    init(&bench, (enum lane_order)order);
    uint64_t began_us = clock_us();
    run(&bench, records);
    double took_us = (double)(clock_us() - began_us);
    printf("%.0f %.1f\n", (double)records * 1e6 / took_us, took_us * 1e3 / (double)records);
    close_all(&bench);
    return 0;
}
