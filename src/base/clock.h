/* clock: where time comes from. Only app/, io/ and the flows read it, once a loop turn, and hand it down;
 * core/ takes time as an argument. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Microseconds since an arbitrary start; never steps back. Any thread. */
uint64_t clock_us(void);

/* The same as of the kernel's last tick, up to 10 ms ago, at a third of the cost: for what happens with every record. */
uint64_t clock_coarse_us(void);

/* Microseconds since 1970 UTC; may step. Any thread. */
int64_t clock_wall_us(void);

/* "2026-01-31T23:59:59.123456Z" (RFC 3339, UTC). `out` takes CLOCK_RFC3339_SIZE bytes. */
#define CLOCK_RFC3339_SIZE 28
void clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_SIZE]);
