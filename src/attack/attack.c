#include "attack/attack.h"

#include "attack/load.h"
#include "base/memory.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void run(const struct attack_options *options, const struct url *target, struct tally *tally)
{
    uv_loop_t loop;
    struct load load;
    uv_loop_init(&loop);
    load_start(&load, &loop, options, target, tally);
    uv_run(&loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&loop);
    assert(rc == 0);
    load_free(&load);
}

int attack_main(int argc, char **argv)
{
    struct attack_options options;
    int status = attack_options_parse(&options, argc, argv);
    if (status != 0)
        return status < 0 ? 0 : status;

    struct url target;
    struct error err;
    if (url_parse(&target, options.target, &err) != 0) {
        fprintf(stderr, "millrace attack: %s\n", err.message);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    struct tally *tally = mem_zalloc(sizeof(*tally));
    run(&options, &target, tally);
    tally_summary(tally, options.json);
    bool answered = tally->errors < tally->total;
    if (!answered)
        fprintf(stderr, "millrace attack: nothing answered at %s\n", options.target);
    mem_free(tally);
    return answered ? 0 : 1;
}
