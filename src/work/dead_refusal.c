/* Dead letters that are not taken: what of it is told as readiness. */
#include "base/clock.h"
#include "base/text.h"
#include "work/work_parts.h"

#include <inttypes.h>

/* What takes nothing for so long does not only change its leader. */
enum { PATIENCE_US = 10000000 };

void dead_refusal_note(struct work *work, bool again, const char *reason, uint64_t now_us)
{
    struct dead_refusal *refusal = &work->dead_refusal;
    if (!again && refusal->letters++ == 0)
        refusal->since_us = now_us;
    error_set(&refusal->reason, E_UNAVAILABLE, "%s", reason);
}

void dead_refusal_end(struct work *work)
{
    work->dead_refusal.letters--;
}

void dead_refusal_pass(struct work *work, uint64_t now_us)
{
    work->dead_refusal.since_us = now_us;
}

bool work_dead_letters_ready(const struct work *work, struct error *err)
{
    const struct dead_refusal *refusal = &work->dead_refusal;
    uint64_t since_us = clock_us() - refusal->since_us;
    if (refusal->letters == 0 || since_us < PATIENCE_US)
        return true;
    error_set(err, E_UNAVAILABLE, "the dead letter topic %s has taken nothing for %" PRIu64 " s, and %zu record%s wait%s for it: %s",
              work->config->dead.name, since_us / 1000000, refusal->letters, refusal->letters == 1 ? "" : "s",
              refusal->letters == 1 ? "s" : "", refusal->reason.message);
    return false;
}
