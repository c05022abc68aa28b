/* Why a partition does not move: what is seen of it here, for core/standstill to choose from. */
#include "base/clock.h"
#include "core/commit_metadata.h"
#include "core/standstill.h"
#include "work/publication.h"

#include <inttypes.h>

static uint64_t ms_until(const struct due *due, uint64_t now_us)
{
    bool set = agenda_has(&due->entry);
    return set && due->entry.due_us > now_us ? (due->entry.due_us - now_us) / 1000 : 0;
}

static enum standstill_oldest state_of(const struct job *job)
{
    if (!job_is_in_lane(job))
        return OLDEST_UNCOMMITTED;
    if (job->publication != NULL)
        return publication_is_under_way(job) ? OLDEST_SENDING : OLDEST_REFUSED;
    if (job->record.state == RECORD_RUNNING)
        return OLDEST_RUNNING;
    return job->record.state == RECORD_RESTING ? OLDEST_RESTING : OLDEST_READY;
}

static bool is_crowd(const struct partition *partition, struct text key)
{
    return partition->crowd.key.data != NULL && text_equal(partition->crowd.key, key);
}

static void see_publication(struct standstill *facts, const struct publication *publication)
{
    facts->oldest.is_output = publication->kind == PUBLICATION_OUTPUT;
    facts->oldest.goes_to = producer_topic_name(publication_topic(publication));
    facts->oldest.reason = publication->trouble == NULL ? "" : publication->trouble;
}

/* The oldest record is the head of its lane: what would go before it is older. */
static void see_oldest(struct standstill *facts, const struct partition *partition, uint64_t now_us)
{
    if (list_empty(&partition->jobs))
        return;
    const struct job *job = list_entry(partition->jobs.next, struct job, link);
    facts->oldest.state = state_of(job);
    facts->oldest.offset = job->offset;
    facts->oldest.key = job->record.key;
    facts->oldest.failures = job->failures;
    facts->oldest.again_ms = ms_until(&job->rest, now_us);
    if (job_is_in_lane(job)) {
        facts->oldest.behind = lane_length(&job->record) - 1;
        facts->oldest.crowd = is_crowd(partition, job->record.key) ? lane_length(&job->record) : 0;
    }
    if (job->publication != NULL)
        see_publication(facts, job->publication);
    if (job->run == NULL)
        return;
    facts->oldest.running_ms = (now_us - job->run->attempt.started_us) / 1000;
    facts->oldest.timeout_ms = job->run->overdue ? partition->work->config->timeout_us / 1000 : 0;
    facts->oldest.stuck = job->run->stuck;
}

static void see_position(struct standstill *facts, const struct partition *partition)
{
    struct consumer_position position;
    consumer_position(partition->source, &position);
    facts->position = position.next;
    facts->end = position.end;
    facts->undecided = position.undecided;
    facts->watermark = partition->offsets.watermark;
    facts->committed = partition->committed;
    facts->running = partition->lanes.running;
    facts->waiting = partition->lanes.records - partition->lanes.running - partition->lanes.resting;
    facts->done_above = offsets_above(&partition->offsets);
}

static void see_room(struct standstill *facts, const struct partition *partition)
{
    const struct work *work = partition->work;
    const struct {
        enum standstill_full full;
        bool is;
        uint64_t limit;
    } rooms[] = {
        { FULL_RECORDS, room_for(&work->records, partition->records) == 0, work->records.limit },
        { FULL_BYTES, room_for(&work->bytes, partition->bytes) == 0, work->bytes.limit },
        { FULL_METADATA, commit_room(partition) == 0, COMMIT_METADATA_MAX },
        { FULL_QUEUE, room_for(&work->queue, partition->lanes.queued) == 0, work->queue.limit },
    };
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]) && facts->full == FULL_NOT; i++) {
        if (rooms[i].is) {
            facts->full = rooms[i].full;
            facts->full_limit = rooms[i].limit;
        }
    }
}

static void see_work(struct standstill *facts, const struct work *work, uint64_t now_us)
{
    facts->stopping = work->draining;
    facts->doubtful = (work->holds & HOLD_DOUBT) != 0;
    facts->paused = work_paused(work);
    facts->slots_busy = work->slots->busy;
    facts->slots_limit = work->slots->limit;
    if (work->unavailable > 0)
        facts->away = work->away.message;
    facts->away_again_ms = ms_until(&work->probe_due, now_us);
    if (work->refused.code != 0)
        facts->refused = work->refused.message;
    facts->refused_ms = (now_us - work->refused_us) / 1000;
}

/* "7 of jobs and 3 of orders" */
static void write_holders(const struct work *work, struct buffer *out)
{
    list_each(link, &work->shared->works) {
        const struct work *other = list_entry(link, struct work, link);
        if (other->slots == work->slots && other->running > 0)
            buffer_printf(out, "%s%zu of %s", out->size == 0 ? "" : " and ", other->running, other->options.stream);
    }
    buffer_char(out, '\0');
}

static void add_sentence(const struct standstill *facts, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    struct buffer sentence = { 0 };
    standstill_tell(facts, &sentence);
    stats_add_text(doc, value, "why", buffer_as_text(&sentence));
    buffer_free(&sentence);
}

void why_describe(const struct partition *partition, yyjson_mut_doc *doc, yyjson_mut_val *value, uint64_t now_us)
{
    struct buffer holders = { 0 };
    struct standstill facts = { .partition = partition->number };
    facts.standing = partition->state == PARTITION_OURS ? STANDING_OURS : STANDING_GIVEN_UP;
    see_work(&facts, partition->work, now_us);
    see_position(&facts, partition);
    see_room(&facts, partition);
    see_oldest(&facts, partition, now_us);
    write_holders(partition->work, &holders);
    facts.slots_taken = holders.data;
    add_sentence(&facts, doc, value);
    buffer_free(&holders);
}

/* --- the question, from outside --- */

static const struct work *find_work(const struct work_shared *shared, struct text stream, struct error *err)
{
    const struct work *found = NULL;
    struct buffer names = { 0 };
    size_t count = 0;
    list_each(link, &shared->works) {
        const struct work *work = list_entry(link, struct work, link);
        buffer_printf(&names, "%s%s", count++ == 0 ? "" : ", ", work->options.stream);
        if (stream.data == NULL || text_is(stream, work->options.stream))
            found = work;
    }
    if (count == 0)
        error_set(err, E_NOT_FOUND, "no stream is worked in this process");
    else if (found == NULL)
        error_set(err, E_NOT_FOUND, "found the stream \"%.*s\"; allowed: %.*s", (int)(stream.size < 64 ? stream.size : 64), stream.data,
                  TEXT_ARG(buffer_as_text(&names)));
    else if (stream.data == NULL && count > 1)
        error_set(err, E_INVALID, "found a partition of no stream; allowed: stream=NAME beside it, one of %.*s",
                  TEXT_ARG(buffer_as_text(&names)));
    bool clear = found != NULL && (stream.data != NULL || count == 1);
    buffer_free(&names);
    return clear ? found : NULL;
}

static const struct partition *find_partition(const struct work *work, int32_t number)
{
    const struct list *const places[] = { &work->partitions, &work->giving_up };
    for (size_t i = 0; i < 2; i++) {
        list_each(link, places[i]) {
            const struct partition *partition = list_entry(link, struct partition, link);
            if (partition->number == number)
                return partition;
        }
    }
    return NULL;
}

static yyjson_mut_val *describe_elsewhere(const struct work *work, int32_t number, yyjson_mut_doc *doc)
{
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "stream", work->options.stream);
    yyjson_mut_obj_add_int(doc, value, "partition", number);
    add_sentence(&(struct standstill){ .partition = number, .standing = STANDING_ELSEWHERE }, doc, value);
    return value;
}

yyjson_mut_val *work_shared_why(const struct work_shared *shared, struct text stream, int32_t partition, yyjson_mut_doc *doc,
                                struct error *err)
{
    const struct work *work = find_work(shared, stream, err);
    if (work == NULL)
        return NULL;
    int32_t count = work->options.log == NULL ? 0 : topic_partitions(work->options.log);
    if (partition < 0 || (count > 0 && partition >= count)) {
        error_set(err, E_NOT_FOUND, "topic %s has no partition %" PRId32 "; allowed: 0 to %" PRId32, work->options.topic, partition,
                  count - 1);
        return NULL;
    }
    const struct partition *ours = find_partition(work, partition);
    return ours == NULL ? describe_elsewhere(work, partition, doc) : describe_partition(ours, doc, clock_us());
}
