#include "core/standstill.h"

#include <inttypes.h>

enum { KEY_SHOWN = 64 /* bytes */ };

/* --- words --- */

static void tell_time(uint64_t ms, struct buffer *out)
{
    static const struct {
        uint64_t below_ms, unit_ms;
        const char *name;
    } units[] = {
        { 1000, 1, "ms" },
        { 120 * UINT64_C(1000), 1000, "s" },
        { 7200 * UINT64_C(1000), 60000, "min" },
        { UINT64_MAX, 3600000, "h" },
    };
    size_t i = 0;
    while (ms >= units[i].below_ms && units[i].below_ms != UINT64_MAX)
        i++;
    buffer_printf(out, "%" PRIu64 " %s", ms / units[i].unit_ms, units[i].name);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void tell_offset(const struct standstill *facts, struct buffer *out)
{
    struct text key = facts->oldest.key;
    buffer_printf(out, "offset %" PRId64, facts->oldest.offset);
    if (key.data == NULL)
        return;
    bool cut = key.size > KEY_SHOWN;
    key.size = cut ? KEY_SHOWN : key.size;
    buffer_string(out, " (key ");
    buffer_printable(out, key);
    buffer_string(out, cut ? "...)" : ")");
}

static void tell_failures(const struct standstill *facts, struct buffer *out)
{
    unsigned failures = facts->oldest.failures;
    if (failures > 0)
        buffer_printf(out, "has failed %u time%s and ", failures, plural(failures));
}

static void tell_run(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "runs since ");
    tell_time(facts->oldest.running_ms, out);
    if (facts->oldest.timeout_ms == 0)
        return;
    buffer_string(out, ", longer than its timeout of ");
    tell_time(facts->oldest.timeout_ms, out);
    buffer_string(out, facts->oldest.stuck ? ", and cannot be ended" : ", and is being ended");
}

/* "cannot be worked and is on its way to the dead letter topic jobs-dlq" */
static void tell_publication(const struct standstill *facts, struct buffer *out)
{
    const char *kind = facts->oldest.is_output ? "output" : "dead letter";
    buffer_string(out, facts->oldest.is_output ? "is done" : "cannot be worked");
    if (facts->oldest.state == OLDEST_SENDING) {
        buffer_printf(out, " and is on its way to the %s topic %s", kind, facts->oldest.goes_to);
        return;
    }
    if (facts->oldest.state == OLDEST_UNCOMMITTED) {
        buffer_printf(out, " and waits for the transaction that takes it to the %s topic %s", kind, facts->oldest.goes_to);
        if (facts->refused != NULL)
            buffer_printf(out, ", the last of which failed: %s", facts->refused);
        return;
    }
    buffer_printf(out, ", and the %s topic %s does not take it: %s; it is sent again in ", kind, facts->oldest.goes_to,
                  facts->oldest.reason);
    tell_time(facts->oldest.again_ms, out);
}

/* "offset 12 (key a), which has failed 3 times and is tried again in 12 s" */
static void tell_oldest(const struct standstill *facts, struct buffer *out)
{
    tell_offset(facts, out);
    buffer_string(out, ", which ");
    switch (facts->oldest.state) {
    case OLDEST_NONE:
    case OLDEST_READY:
        tell_failures(facts, out);
        buffer_string(out, "is about to start");
        break;
    case OLDEST_RUNNING:
        tell_failures(facts, out);
        tell_run(facts, out);
        break;
    case OLDEST_RESTING:
        tell_failures(facts, out);
        buffer_string(out, "is tried again in ");
        tell_time(facts->oldest.again_ms, out);
        break;
    case OLDEST_SENDING:
    case OLDEST_REFUSED:
    case OLDEST_UNCOMMITTED:
        tell_publication(facts, out);
        break;
    }
}

static void tell_later(const struct standstill *facts, struct buffer *out)
{
    size_t done = facts->done_above, behind = facts->oldest.behind;
    if (facts->oldest.crowd > 0)
        buffer_printf(out, "; its key alone holds %zu records and is head of line", facts->oldest.crowd);
    if (done > 0)
        buffer_printf(out, "; %zu later record%s done", done, done == 1 ? " is" : "s are");
    if (behind > 0)
        buffer_printf(out, "%s %zu wait%s behind it in its lane", done > 0 ? " and" : ";", behind, behind == 1 ? "s" : "");
}

static void tell_jobs(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "%zu job%s of it still run%s", facts->running, plural(facts->running), facts->running == 1 ? "s" : "");
}

static void tell_full(const struct standstill *facts, struct buffer *out)
{
    static const struct {
        const char *room, *unit;
    } rooms[] = {
        [FULL_QUEUE] = { "the queue", "records" },
        [FULL_RECORDS] = { "the window", "records" },
        [FULL_BYTES] = { "the window", "bytes" },
        [FULL_METADATA] = { "a commit", "bytes about what is done" },
    };
    buffer_printf(out, "%s (%" PRIu64 " %s) has no room for more of it", rooms[facts->full].room, facts->full_limit,
                  rooms[facts->full].unit);
}

/* --- rules: the first that applies tells --- */

static bool is_elsewhere(const struct standstill *facts)
{
    return facts->standing == STANDING_ELSEWHERE;
}

static void tell_elsewhere(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "is not assigned to this process");
}

static bool is_given_up(const struct standstill *facts)
{
    return facts->standing == STANDING_GIVEN_UP;
}

static void tell_given_up(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "is being given back to the group: ");
    tell_jobs(facts, out);
}

static bool is_stopping(const struct standstill *facts)
{
    return facts->stopping;
}

static void tell_stopping(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "takes nothing any more, because the process is shutting down: ");
    tell_jobs(facts, out);
}

static bool is_doubtful(const struct standstill *facts)
{
    return facts->doubtful;
}

static void tell_doubtful(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "waits until the group has acknowledged a commit: the process stood still, and others may have been given it");
}

static bool is_paused(const struct standstill *facts)
{
    return facts->paused;
}

static void tell_paused(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "is paused: %zu record%s of it wait%s, and ", facts->waiting, plural(facts->waiting),
                  facts->waiting == 1 ? "s" : "");
    tell_jobs(facts, out);
}

static bool is_stuck(const struct standstill *facts)
{
    return facts->oldest.state == OLDEST_RUNNING && facts->oldest.stuck;
}

static bool is_without_dead_letters(const struct standstill *facts)
{
    return facts->oldest.state == OLDEST_REFUSED;
}

static bool is_refused(const struct standstill *facts)
{
    return facts->refused != NULL && facts->watermark > facts->committed;
}

static void tell_refused(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "is done up to offset %" PRId64 ", but the broker refuses its commits since ", facts->watermark);
    tell_time(facts->refused_ms, out);
    buffer_printf(out, ": %s", facts->refused);
}

static bool is_away(const struct standstill *facts)
{
    return facts->away != NULL && facts->oldest.state != OLDEST_NONE;
}

static void tell_away(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "waits, because what its handler needs is away: %s; it is tried again in ", facts->away);
    tell_time(facts->away_again_ms, out);
}

static bool is_waiting_for_one(const struct standstill *facts)
{
    return facts->oldest.state > OLDEST_READY;
}

/* A full queue is how backpressure is meant to be; a full window means that one record holds the others up. */
static void tell_waiting_for_one(const struct standstill *facts, struct buffer *out)
{
    if (facts->full > FULL_QUEUE) {
        buffer_string(out, "is not polled: ");
        tell_full(facts, out);
        buffer_string(out, ", because it ");
    }
    buffer_string(out, "waits for ");
    tell_oldest(facts, out);
    tell_later(facts, out);
}

static bool is_without_slot(const struct standstill *facts)
{
    return facts->oldest.state == OLDEST_READY && facts->slots_busy >= facts->slots_limit;
}

static void tell_without_slot(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "waits for a slot to work ");
    tell_offset(facts, out);
    buffer_printf(out, ": %zu of %zu are taken, by %s", facts->slots_busy, facts->slots_limit, facts->slots_taken);
    tell_later(facts, out);
}

static bool is_ready(const struct standstill *facts)
{
    return facts->oldest.state == OLDEST_READY;
}

static bool is_behind(const struct standstill *facts)
{
    return facts->position < facts->end;
}

static bool is_undecided(const struct standstill *facts)
{
    return facts->undecided;
}

static void tell_undecided(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "cannot be read beyond offset %" PRId64 ": an open transaction of a producer holds it; its end is %" PRId64,
                  facts->position, facts->end);
}

static bool is_crowded_out(const struct standstill *facts)
{
    return is_behind(facts) && facts->full != FULL_NOT;
}

static void tell_crowded_out(const struct standstill *facts, struct buffer *out)
{
    buffer_string(out, "is not polled: ");
    tell_full(facts, out);
    buffer_string(out, ": other partitions fill it");
}

static void tell_behind(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "fetches its next records: position %" PRId64 ", end %" PRId64, facts->position, facts->end);
}

static bool is_uncommitted(const struct standstill *facts)
{
    return facts->committed >= 0 && facts->watermark > facts->committed;
}

static void tell_uncommitted(const struct standstill *facts, struct buffer *out)
{
    buffer_printf(out, "has done all its records: offset %" PRId64 " is told with the next commit", facts->watermark);
}

static bool always(const struct standstill *facts)
{
    return true;
}

static void tell_idle(const struct standstill *facts, struct buffer *out)
{
    if (facts->end < 0)
        buffer_printf(out, "has received no records yet: it reads from offset %" PRId64, facts->position);
    else
        buffer_printf(out, "has no records to work: position = end = %" PRId64, facts->position);
}

static const struct {
    bool (*applies)(const struct standstill *facts);
    void (*tell)(const struct standstill *facts, struct buffer *out);
} rules[] = {
    { is_elsewhere, tell_elsewhere },
    { is_given_up, tell_given_up },
    { is_stopping, tell_stopping },
    { is_doubtful, tell_doubtful },
    { is_paused, tell_paused },
    { is_stuck, tell_waiting_for_one },
    { is_without_dead_letters, tell_waiting_for_one },
    { is_refused, tell_refused },
    { is_away, tell_away },
    { is_waiting_for_one, tell_waiting_for_one },
    { is_without_slot, tell_without_slot },
    { is_ready, tell_waiting_for_one },
    { is_undecided, tell_undecided },
    { is_crowded_out, tell_crowded_out },
    { is_behind, tell_behind },
    { is_uncommitted, tell_uncommitted },
    { always, tell_idle },
};

void standstill_tell(const struct standstill *facts, struct buffer *out)
{
    size_t i = 0;
    while (!rules[i].applies(facts))
        i++;
    buffer_printf(out, "partition %" PRId32 " ", facts->partition);
    rules[i].tell(facts, out);
}
