#include "attack/load.h"

#include "base/clock.h"
#include "base/memory.h"

#include <signal.h>
#include <unistd.h>

/* --- the request --- */

static void append_key(struct load *load, struct buffer *out)
{
    const struct attack_options *options = load->options;
    if (options->mode == ATTACK_HOT && random_unit(&load->random) < options->hot_ratio)
        buffer_string(out, options->hot_key);
    else
        buffer_printf(out, "k-%lld", (long long)random_between(&load->random, 0, options->key_space - 1));
}

static void compose(struct load *load, struct buffer *out)
{
    const struct attack_options *options = load->options;
    const char *path = load->target->path;
    buffer_clear(out);
    buffer_printf(out, "%s %s", options->body == NULL ? "GET" : "POST", path);
    if (options->key_param[0] != '\0') {
        buffer_printf(out, "%c%s=", strchr(path, '?') == NULL ? '?' : '&', options->key_param);
        append_key(load, out);
    }
    buffer_printf(out, " HTTP/1.1\r\nHost: %s\r\n", load->target->host);
    if (options->body != NULL)
        buffer_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(options->body), options->body);
    else
        buffer_string(out, "\r\n");
}

/* --- the line of due requests --- */

static void push_due(struct load *load, uint64_t intended_us)
{
    if (load->due_count == load->due_capacity) {
        size_t capacity = load->due_capacity == 0 ? 1024 : load->due_capacity * 2;
        uint64_t *due = mem_alloc(capacity * sizeof(*due));
        for (size_t i = 0; i < load->due_count; i++)
            due[i] = load->due[(load->due_first + i) % load->due_capacity];
        mem_free(load->due);
        load->due = due;
        load->due_first = 0;
        load->due_capacity = capacity;
    }
    load->due[(load->due_first + load->due_count++) % load->due_capacity] = intended_us;
}

static void send_due(struct load *load)
{
    while (load->due_count > 0 && load->idle_count > 0 && !load->ended) {
        struct caller *caller = load->idle[--load->idle_count];
        caller->intended_us = load->due[load->due_first];
        load->due_first = (load->due_first + 1) % load->due_capacity;
        load->due_count--;
        compose(load, &caller->request);
        caller_send(caller);
    }
}

/* --- closed loop --- */

static void on_thought(uv_timer_t *think)
{
    struct load_worker *worker = think->data;
    push_due(worker->load, clock_us());
    send_due(worker->load);
}

/* Workers are alike, so whichever rests is the one that thinks next. */
static void think_again(struct load *load)
{
    if (load->options->think_us == 0) {
        push_due(load, clock_us());
        return;
    }
    for (int64_t i = 0; i < load->options->workers; i++) {
        uv_timer_t *think = &load->workers[i].think;
        if (uv_is_active((uv_handle_t *)think))
            continue;
        uv_timer_start(think, on_thought, load->options->think_us / 1000, 0);
        return;
    }
}

/* --- open loop --- */

static void on_tick(uv_timer_t *tick)
{
    struct load *load = tick->data;
    uint64_t now = clock_us();
    double interval_us = 1e6 / load->options->rate;
    for (;; load->sent++) {
        uint64_t intended = load->tally->started_us + (uint64_t)((double)load->sent * interval_us);
        if (intended > now)
            break;
        push_due(load, intended);
    }
    send_due(load);
}

/* --- the end, and between --- */

static void end(struct load *load)
{
    if (load->ended)
        return;
    load->ended = true;
    load->tally->ended_us = clock_us();
    load->tally->unsent = load->options->rate > 0 ? load->due_count : 0;
    for (int64_t i = 0; i < load->options->connections; i++) {
        load->tally->unanswered += load->callers[i].waiting;
        caller_close(&load->callers[i]);
    }
    for (int64_t i = 0; load->workers != NULL && i < load->options->workers; i++)
        uv_close((uv_handle_t *)&load->workers[i].think, NULL);
    uv_close((uv_handle_t *)&load->tick, NULL);
    uv_close((uv_handle_t *)&load->end, NULL);
    uv_close((uv_handle_t *)&load->progress, NULL);
    uv_close((uv_handle_t *)&load->interrupt, NULL);
    if (load->terminal)
        (void)!write(STDOUT_FILENO, "\r\033[K", 4);
}

static void on_end(uv_timer_t *timer)
{
    end(timer->data);
}

static void on_interrupt(uv_signal_t *signal, int signum)
{
    end(signal->data);
}

static void on_progress(uv_timer_t *timer)
{
    struct load *load = timer->data;
    tally_progress(load->tally, clock_us(), load->terminal);
}

static void on_done(struct caller *caller, int status)
{
    struct load *load = caller->user;
    tally_count(load->tally, status, clock_us() - caller->intended_us);
    load->idle[load->idle_count++] = caller;
    if (load->options->rate == 0)
        think_again(load);
    send_due(load);
}

static void start_clients(struct load *load, uv_loop_t *loop)
{
    size_t count = (size_t)load->options->connections;
    load->callers = mem_alloc(count * sizeof(*load->callers));
    load->idle = mem_alloc(count * sizeof(struct caller *));
    for (size_t i = 0; i < count; i++) {
        caller_init(&load->callers[i], loop, load->target, load->options->timeout_us, on_done);
        load->callers[i].user = load;
        load->idle[load->idle_count++] = &load->callers[i];
    }
}

static void start_workers(struct load *load, uv_loop_t *loop)
{
    load->workers = mem_zalloc((size_t)load->options->workers * sizeof(*load->workers));
    for (int64_t i = 0; i < load->options->workers; i++) {
        load->workers[i].load = load;
        uv_timer_init(loop, &load->workers[i].think);
        load->workers[i].think.data = &load->workers[i];
        push_due(load, load->tally->started_us);
    }
    send_due(load);
}

static void start_timer(struct load *load, uv_loop_t *loop, uv_timer_t *timer, uv_timer_cb on_time, uint64_t after_us, bool again)
{
    uint64_t after_ms = after_us < 1000 ? 1 : after_us / 1000;
    uv_timer_init(loop, timer);
    timer->data = load;
    if (after_us > 0)
        uv_timer_start(timer, on_time, after_ms, again ? after_ms : 0);
}

void load_start(struct load *load, uv_loop_t *loop, const struct attack_options *options, const struct url *target, struct tally *tally)
{
    *load = (struct load){ .options = options, .target = target, .tally = tally };
    load->terminal = isatty(STDOUT_FILENO) && !options->json;
    random_init(&load->random);
    tally->started_us = clock_us();
    start_clients(load, loop);

    uint64_t between_us = load->terminal ? 1000000 : options->json ? 0 : options->print_every_us;
    start_timer(load, loop, &load->end, on_end, options->duration_us, false);
    start_timer(load, loop, &load->progress, on_progress, options->print_every_us == 0 ? 0 : between_us, true);
    start_timer(load, loop, &load->tick, on_tick, options->rate > 0 ? 1000 : 0, true);
    uv_signal_init(loop, &load->interrupt);
    load->interrupt.data = load;
    uv_signal_start(&load->interrupt, on_interrupt, SIGINT);
    if (options->rate == 0)
        start_workers(load, loop);
}

void load_free(struct load *load)
{
    for (int64_t i = 0; i < load->options->connections; i++)
        caller_free(&load->callers[i]);
    mem_free(load->callers);
    mem_free(load->idle);
    mem_free(load->workers);
    mem_free(load->due);
}
