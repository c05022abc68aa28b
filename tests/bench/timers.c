/* timers: the least that can be done to run C jobs that wait: one libuv loop with C timers, each started again when it ends.
 * What jobs of a millisecond are measured against.
 *
 * timers COUNT MILLISECONDS SECONDS     prints how many ended a second */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static uint64_t job_ms;
static uint64_t ended;

static void on_end(uv_timer_t *timer)
{
    ended++;
    uv_timer_start(timer, on_end, job_ms, 0);
}

static void on_over(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: timers COUNT MILLISECONDS SECONDS\n");
        return 2;
    }
    size_t count = strtoul(argv[1], NULL, 10);
    uint64_t over_ms = strtoul(argv[3], NULL, 10) * 1000;
    job_ms = strtoul(argv[2], NULL, 10);

    uv_loop_t *loop = uv_default_loop();
    uv_timer_t *timers = calloc(count + 1, sizeof(*timers));
    for (size_t i = 0; i < count; i++) {
        uv_timer_init(loop, &timers[i]);
        uv_timer_start(&timers[i], on_end, job_ms, 0);
    }
    uv_timer_init(loop, &timers[count]);
    uv_timer_start(&timers[count], on_over, over_ms, 0);
    uint64_t began = uv_hrtime();
    uv_run(loop, UV_RUN_DEFAULT);
    printf("%.0f\n", (double)ended * 1e9 / (double)(uv_hrtime() - began));
    return 0;
}
