/* Publications that are not taken: what of it is told as readiness. */
#include "base/clock.h"
#include "base/text.h"
#include "work/publication.h"

#include <inttypes.h>

/* What takes nothing for so long does not only change its leader. */
enum { PATIENCE_US = 10000000 };

static const char *const names[] = { [PUBLICATION_OUTPUT] = "output", [PUBLICATION_DEAD_LETTER] = "dead letter" };

void refusal_note(struct publication *publication, uint64_t now_us)
{
    struct refusal *refusal = &publication->job->partition->work->refusals[publication->kind];
    if (publication->tries++ == 0 && refusal->records++ == 0)
        refusal->since_us = now_us;
    error_set(&refusal->reason, E_UNAVAILABLE, "%s", publication->trouble);
}

void refusal_end(struct publication *publication)
{
    if (publication->tries > 0)
        publication->job->partition->work->refusals[publication->kind].records--;
    publication->tries = 0;
}

void refusal_pass(const struct publication *publication, uint64_t now_us)
{
    publication->job->partition->work->refusals[publication->kind].since_us = now_us;
}

static bool is_taken(const struct work *work, enum publication_kind kind, const struct producer_topic *topic, struct error *err)
{
    const struct refusal *refusal = &work->refusals[kind];
    uint64_t since_us = clock_us() - refusal->since_us;
    if (refusal->records == 0 || since_us < PATIENCE_US)
        return true;
    bool one = refusal->records == 1;
    error_set(err, E_UNAVAILABLE, "the %s topic %s has taken nothing for %" PRIu64 " s, and %zu record%s wait%s for it: %s", names[kind],
              producer_topic_name(topic), since_us / 1000000, refusal->records, one ? "" : "s", one ? "s" : "", refusal->reason.message);
    return false;
}

static bool is_committed(const struct work *work, struct error *err)
{
    uint64_t since_us = clock_us() - work->refused_us;
    if (!work_is_exactly_once(work) || work->refused.code == 0 || since_us < PATIENCE_US)
        return true;
    error_set(err, E_UNAVAILABLE, "no transaction of %s could be committed for %" PRIu64 " s: %s", work->options.stream, since_us / 1000000,
              work->refused.message);
    return false;
}

bool work_publishes(const struct work *work, struct error *err)
{
    return is_taken(work, PUBLICATION_OUTPUT, work->options.output, err) &&
           is_taken(work, PUBLICATION_DEAD_LETTER, work->options.dead, err) && is_committed(work, err);
}
