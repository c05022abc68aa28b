/* One rate shared: by two limiters of one process on connections of their own, and by two processes. Each always wants more
 * than there is; over 10 s they admit together at most rate x 10 + burst, and at least 0.98 of it.
 *
 * Time is Redis' own, for the bucket runs on it: whoever asks for tokens looks at it over and over. Where two looks lie so far
 * apart that a bucket may have run over, the machine let nobody ask: what is too long does not count, and they go on for longer. */
#include "limiter_fixture.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define WANTED_US       10000000
#define MOST_BETWEEN_US 100000 /* half of what fills the smallest bucket: the rest of two leases may come back meanwhile */
#define LOOKS_MAX       100000
#define PENDING_MAX     1000 /* well below LIMITER_WAITING_MAX: none is refused for being one too many */

struct load {
    const char *name;
    double rate;
    int64_t burst;
};

static const struct load loads[] = {
    { "low", 50, 120 },
    { "middle", 2000, 500 },
    { "high", 100000, 20000 },
};

#define LOADS (sizeof(loads) / sizeof(loads[0]))

/* What a process has to say, in memory that the other one sees. */
struct report {
    atomic_bool ready;
    uint64_t admitted[LOADS];
    double calls[LOADS];
    double without_redis; /* decisions that Redis had no part in */
    size_t looks;
    uint64_t redis_us[LOOKS_MAX]; /* the clock of Redis at each look */
};

struct asker {
    struct limiter_fixture l;
    uint64_t *admitted;
    unsigned pending;
};

static void given_asker(struct asker *asker, const struct redis_server *server, const char *test, size_t load, struct report *report)
{
    char name[64];
    snprintf(name, sizeof(name), "%s-%s", test, loads[load].name);
    *asker = (struct asker){ .admitted = &report->admitted[load] };
    given_url(&asker->l.f, "redis://127.0.0.1:%d", server->port);
    asker->l.f.config.timeout_us = 30000000; /* no outage, however long the machine lets Redis wait */
    connect_redis(&asker->l.f);
    assert_true(becomes_ready(&asker->l.f, 30000));
    asker->l.config = (struct limiter_config){ .rate = loads[load].rate, .burst = loads[load].burst, .name = name };
    start_limiter(&asker->l);
}

static void on_decided(void *arg, struct limiter_decision decision)
{
    struct asker *asker = arg;
    asker->pending--;
    *asker->admitted += decision.outcome == LIMITER_ADMITTED;
}

static void ask_until_it_says_no(struct asker *asker)
{
    while (asker->pending < PENDING_MAX) {
        struct limiter_decision decision = limiter_take(asker->l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_decided, asker);
        if (decision.outcome == LIMITER_LIMITED)
            return;
        asker->pending += decision.outcome == LIMITER_PENDING;
        *asker->admitted += decision.outcome == LIMITER_ADMITTED;
    }
}

/* "*2\r\n$10\r\n<seconds>\r\n$6\r\n<microseconds>\r\n" */
static uint64_t redis_us(const struct redis_server *server)
{
    char answer[128];
    unsigned long long seconds, microseconds;
    assert_true(server_ask(server, "TIME", answer, sizeof(answer)));
    assert_int_equal(sscanf(answer, "*2 $%*d %llu $%*d %llu", &seconds, &microseconds), 2);
    return seconds * 1000000 + microseconds;
}

static uint64_t that_counts(const uint64_t *looks_us, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 1; i < count; i++) {
        uint64_t between_us = looks_us[i] - looks_us[i - 1];
        sum += between_us < MOST_BETWEEN_US ? between_us : MOST_BETWEEN_US;
    }
    return sum;
}

/* Nobody asks before the first look or after the last. */
static uint64_t look(const struct redis_server *server, struct report *report)
{
    assert_true(report->looks < LOOKS_MAX);
    report->redis_us[report->looks++] = redis_us(server);
    return that_counts(report->redis_us, report->looks);
}

static void run_askers(struct asker *askers, size_t count, const struct redis_server *server, struct report *report)
{
    while (look(server, report) < WANTED_US)
        for (size_t turn = 0; turn < 10 * count; turn++) {
            struct asker *asker = &askers[turn % count];
            ask_until_it_says_no(asker);
            uv_run(&asker->l.f.loop, UV_RUN_NOWAIT);
            usleep(500 / (unsigned)count);
        }
}

/* So many limiters of this process share each rate, and maybe those of another one. */
static void be_a_process(const struct redis_server *server, const char *test, size_t sharers, struct report *report, struct report *other)
{
    struct asker askers[2 * LOADS];
    size_t count = sharers * LOADS;
    for (size_t i = 0; i < count; i++)
        given_asker(&askers[i], server, test, i % LOADS, report);
    atomic_store(&report->ready, true);
    while (!atomic_load(&other->ready))
        usleep(100);
    run_askers(askers, count, server, report);
    for (size_t i = 0; i < count; i++) {
        report->calls[i % LOADS] += counted(&askers[i].l.f, "ok");
        report->without_redis += decisions(&askers[i].l, "refused") + decisions(&askers[i].l, "assumed");
        close_limiter(&askers[i].l);
    }
}

static int earlier(const void *one, const void *another)
{
    const uint64_t *a = one, *b = another;
    return *a < *b ? -1 : *a > *b;
}

static void judge(const struct report *reports, size_t count)
{
    static uint64_t looks_us[2 * LOOKS_MAX];
    size_t looks = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(looks_us + looks, reports[i].redis_us, reports[i].looks * sizeof(looks_us[0]));
        looks += reports[i].looks;
        assert_true(reports[i].without_redis == 0);
    }
    qsort(looks_us, looks, sizeof(looks_us[0]), earlier);
    double least_s = (double)that_counts(looks_us, looks) / 1e6, most_s = (double)(looks_us[looks - 1] - looks_us[0]) / 1e6;
    print_message("%.3f s, of which %.3f s count\n", most_s, least_s);

    for (size_t i = 0; i < LOADS; i++) {
        double admitted = 0, calls = 0;
        for (size_t j = 0; j < count; j++) {
            assert_true(reports[j].admitted[i] > 0);
            admitted += (double)reports[j].admitted[i];
            calls += reports[j].calls[i];
        }
        double least = loads[i].rate * least_s + (double)loads[i].burst, most = loads[i].rate * most_s + (double)loads[i].burst;
        print_message("%-6s %6.0f/s: %.0f admitted, %.4f of the least, %.4f of the most, %.0f calls\n", loads[i].name, loads[i].rate,
                      admitted, admitted / least, admitted / most, calls);
        assert_true(admitted <= most);
        assert_true(admitted >= 0.98 * least);
    }
}

static struct report *given_reports(void)
{
    struct report *reports = mmap(NULL, 2 * sizeof(*reports), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(reports != MAP_FAILED);
    return reports;
}

static void two_limiters_of_a_process_share_a_rate(void **state)
{
    struct report *reports = given_reports();
    be_a_process(*state, "one-process", 2, &reports[0], &reports[0]);
    judge(reports, 1);
    munmap(reports, 2 * sizeof(*reports));
}

static void two_processes_share_a_rate(void **state)
{
    struct report *reports = given_reports();
    pid_t other = fork();
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_a_process(*state, "two-processes", 1, &reports[1], &reports[0]);
        _exit(0);
    }
    be_a_process(*state, "two-processes", 1, &reports[0], &reports[1]);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    judge(reports, 2);
    munmap(reports, 2 * sizeof(*reports));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_limiters_of_a_process_share_a_rate),
        cmocka_unit_test(two_processes_share_a_rate),
    };
    return cmocka_run_group_tests(tests, start_server, end_server);
}
