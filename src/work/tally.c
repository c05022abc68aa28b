/* Records ended for good, a partition of the topic: counted over assignments, for whoever asks what this process has worked. */
#include "base/memory.h"
#include "work/work_parts.h"

struct tally *tally_of(struct work *work, int32_t number)
{
    for (size_t i = work->tally_count; i <= (size_t)number; i++) {
        work->tallies = mem_realloc(work->tallies, (i + 1) * sizeof(*work->tallies));
        work->tallies[work->tally_count++] = mem_zalloc(sizeof(struct tally));
    }
    return work->tallies[number];
}

void tally_close(struct work *work)
{
    for (size_t i = 0; i < work->tally_count; i++)
        mem_free(work->tallies[i]);
    mem_free(work->tallies);
}
