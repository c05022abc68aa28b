/* One rate shared: by two limiters of one process on connections of their own, and by two processes. Each is asked for more
 * than its share for 10 s; together they admit at most rate x 10 + burst, and at least 0.98 of it.
 *
 * The upper bound holds always. The lower one needs a machine that lets us ask: where others take its processors away, we try
 * again, on fresh buckets. */
#include "limiter_fixture.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define SECONDS 10
#define TRIES   3

struct load {
    const char *name;
    double rate;
    int64_t burst;
    unsigned asked_a_ms; /* of each limiter: together well over the rate */
};

static const struct load loads[] = {
    { "low", 50, 120, 1 },
    { "middle", 2000, 500, 3 },
    { "high", 100000, 20000, 120 },
};

#define LOADS (sizeof(loads) / sizeof(loads[0]))

static struct redis_server server;

static int start(void **state)
{
    server_start(&server);
    return 0;
}

static int finish(void **state)
{
    server_end(&server);
    return 0;
}

static void on_late(void *arg, struct limiter_decision decision)
{
    uint64_t *admitted = arg;
    *admitted += decision.outcome == LIMITER_ADMITTED;
}

struct asker {
    struct limiter_fixture l;
    const struct load *load;
    uint64_t *admitted;
    uint64_t asked;
};

/* Each try has buckets of its own. */
static void given_asker(struct asker *asker, const struct load *load, uint64_t *admitted, const char *test, int attempt)
{
    char name[64];
    snprintf(name, sizeof(name), "%s-%d-%s", test, attempt, load->name);
    *asker = (struct asker){ .load = load, .admitted = admitted };
    given_limiter(&asker->l, &server, (struct limiter_config){ .rate = load->rate, .burst = load->burst, .name = name });
}

/* What is due by now, at an even pace. */
static void ask(struct asker *asker, uint64_t passed_us)
{
    uint64_t due = passed_us * asker->load->asked_a_ms / 1000;
    for (; asker->asked < due; asker->asked++) {
        struct limiter_decision decision = limiter_take(asker->l.limiter, TEXT_NONE, 1, clock_us(), on_late, asker->admitted);
        *asker->admitted += decision.outcome == LIMITER_ADMITTED;
    }
}

static void run_askers(struct asker *askers, size_t count, uint64_t began_us)
{
    uint64_t passed_us;
    while ((passed_us = clock_us() - began_us) < SECONDS * 1000000) {
        for (size_t i = 0; i < count; i++) {
            ask(&askers[i], passed_us);
            uv_run(&askers[i].l.f.loop, UV_RUN_NOWAIT);
        }
        usleep(500);
    }
}

static bool is_enough(const struct load *load, uint64_t admitted, double calls)
{
    double whole = load->rate * SECONDS + (double)load->burst;
    print_message("%-6s %6.0f/s: %llu admitted, %.4f of the whole, %.0f calls\n", load->name, load->rate, (unsigned long long)admitted,
                  (double)admitted / whole, calls);
    assert_true((double)admitted <= whole + load->rate * 0.02); /* the last round ends some milliseconds after the 10 s */
    return (double)admitted >= 0.98 * whole;
}

/* Returns whether they got what they might have. */
static bool try_two_limiters(int attempt)
{
    struct asker askers[2 * LOADS];
    uint64_t admitted[LOADS] = { 0 };
    bool enough = true;
    for (size_t i = 0; i < 2 * LOADS; i++)
        given_asker(&askers[i], &loads[i / 2], &admitted[i / 2], "one-process", attempt);
    run_askers(askers, 2 * LOADS, clock_us());
    for (size_t i = 0; i < LOADS; i++) {
        double calls = counted(&askers[2 * i].l.f, "ok") + counted(&askers[2 * i + 1].l.f, "ok");
        enough = is_enough(&loads[i], admitted[i], calls) && enough;
    }
    for (size_t i = 0; i < 2 * LOADS; i++) {
        enough = decisions(&askers[i].l, "refused") == 0 && enough;
        close_limiter(&askers[i].l);
    }
    return enough;
}

static void two_limiters_of_a_process_share_a_rate(void **state)
{
    for (int i = 0; i < TRIES; i++)
        if (try_two_limiters(i))
            return;
    fail_msg("less than 0.98 of the rate in each of %d tries", TRIES);
}

struct report {
    uint64_t admitted[LOADS];
    double calls[LOADS];
    atomic_bool ready;
};

/* What one process does; it tells the other through shared memory. */
static void be_a_process(struct report *report, struct report *other, int attempt)
{
    struct asker askers[LOADS];
    for (size_t i = 0; i < LOADS; i++)
        given_asker(&askers[i], &loads[i], &report->admitted[i], "two-processes", attempt);
    atomic_store(&report->ready, true);
    while (!atomic_load(&other->ready))
        usleep(100);
    run_askers(askers, LOADS, clock_us());
    for (size_t i = 0; i < LOADS; i++) {
        report->calls[i] = counted(&askers[i].l.f, "ok");
        close_limiter(&askers[i].l);
    }
}

static bool try_two_processes(struct report reports[2], int attempt)
{
    pid_t other = fork();
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_a_process(&reports[1], &reports[0], attempt);
        _exit(0);
    }
    be_a_process(&reports[0], &reports[1], attempt);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);

    bool enough = true;
    for (size_t i = 0; i < LOADS; i++) {
        uint64_t admitted = reports[0].admitted[i] + reports[1].admitted[i];
        enough = is_enough(&loads[i], admitted, reports[0].calls[i] + reports[1].calls[i]) && enough;
        enough = reports[0].admitted[i] > 0 && reports[1].admitted[i] > 0 && enough;
    }
    return enough;
}

static void two_processes_share_a_rate(void **state)
{
    for (int i = 0; i < TRIES; i++) {
        struct report *reports = mmap(NULL, 2 * sizeof(*reports), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(reports != MAP_FAILED);
        bool enough = try_two_processes(reports, i);
        munmap(reports, 2 * sizeof(*reports));
        if (enough)
            return;
    }
    fail_msg("less than 0.98 of the rate in each of %d tries", TRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_limiters_of_a_process_share_a_rate),
        cmocka_unit_test(two_processes_share_a_rate),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
