/* evidence: a file that takes a line of JSON at each start and end of an attempt, for judges outside of this program.
 *
 *   {"us":1764000000000000,"pid":4711,"event":"start","topic":"jobs","partition":3,"offset":17,"attempt":1,"key":"a"}
 *   {... ,"event":"end", ...,"outcome":"done"}
 *
 * `us` is the wall clock. Each line is one write(2) to a file opened with O_APPEND, so that several processes may share it, and
 * nothing is lost when this one is killed. It is written on the loop: for tests and proofs, not for speed. */
#pragma once

#include "base/error.h"
#include "work/handler.h"

struct evidence {
    int fd; /* -1: nobody wants it */
};

/* `file` NULL: evidence_* do nothing. Returns 0, or E_IO with a sentence. */
int evidence_open(struct evidence *evidence, const char *file, struct error *err);
/* What evidence_open would say; makes no file. */
int evidence_check(const char *file, struct error *err);
void evidence_start(const struct evidence *evidence, const struct attempt *attempt);
void evidence_end(const struct evidence *evidence, const struct attempt *attempt, enum outcome outcome);
void evidence_close(struct evidence *evidence);
