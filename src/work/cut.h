/* cut: what goes along with the next commit, exactly once: the publications of jobs that have ended since the last one, and the offsets of
 * those jobs, in one transaction (io/kafka/transactor.h). Nobody outside of work/ includes this.
 *
 *   fills up     jobs end, their publications wait here; their lanes go on
 *   under way    with a commit (work/commit.c), one transaction at a time, while the next cut fills up
 *   committed    the jobs are gone
 *   aborted      its publications come first in the next cut, in their order: nothing is worked again, and nothing overtakes
 *   unknown      it cannot be told which of both: all is lost, and begins again where the group stands
 *
 * A job without a publication has nothing to do with it: its offset is done at once. */
#pragma once

#include "io/kafka/consumer.h"
#include "work/publication.h"

struct work;

/* The job of the publication has ended, and left its lane. */
void cut_add(struct publication *publication);
/* It was refused: it goes along with the next. */
void cut_put_back(struct publication *publication);

/* The partition is left: what waits here of it is forgotten, and does not release it. What is under way ends by itself. */
void cut_forget(struct partition *partition);

/* There is so much that the next commit should not be waited for: what is held until then leaves no room for more. */
bool cut_is_large(const struct work *work);

/* Publications in the transaction that is under way. */
size_t cut_under_way(const struct work *work);

/* A commit takes all along that is here now: the offsets of its jobs count as done, so that their watermarks can be told. */
void cut_count(struct work *work);

/* Commits these along with all that was counted. Returns 0, and calls `done` later, once, as consumer_commit does; or E_UNAVAILABLE, and
 * all stays as it is: the transactional id is not ours yet, a topic is missing, or we are no member. */
int cut_commit(struct work *work, const struct consumer_commit *commits, size_t count, consumer_commit_cb done, void *arg,
               struct error *err);
