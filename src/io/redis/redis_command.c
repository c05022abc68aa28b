#include "base/clock.h"
#include "base/hex.h"
#include "base/memory.h"
#include "io/redis/redis_state.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

/* command: from redis_send until hiredis gives its reply up.
 *
 *   sent --reply--> ended, freed
 *     | --"NOSCRIPT"--> sent again, by the script's source; once
 *     '--deadline, close--> ended; freed when the late reply, or the link's end, comes */
struct command {
    struct list link; /* among redis->commands; alone when ended */
    struct redis *redis;
    redis_cb done; /* NULL: ended */
    void *arg;
    uint64_t sent_us;
    const struct redis_script *script; /* may be asked again by its source; else NULL */
    struct buffer words;               /* what follows the script on the wire */
    size_t word_count;
};

static void on_reply(redisAsyncContext *context, void *reply, void *arg);

/* RESP: "$<size>\r\n<bytes>\r\n" a word, with "*<count>\r\n" before all of them. */
static void append_word(struct buffer *out, struct text word)
{
    buffer_char(out, '$');
    buffer_uint(out, word.size);
    buffer_string(out, "\r\n");
    buffer_text(out, word);
    buffer_string(out, "\r\n");
}

static void begin_words(struct buffer *out, size_t count)
{
    buffer_clear(out);
    buffer_char(out, '*');
    buffer_uint(out, count);
    buffer_string(out, "\r\n");
}

static int write_command(struct command *command, struct error *err)
{
    struct redis *redis = command->redis;
    struct buffer *words = &redis->scratch;
    *buffer_reserve(words, 1) = '\0'; /* hiredis looks for a second argument behind the first: it takes the command for a string */
    if (redisAsyncFormattedCommand(redis->link->context, on_reply, command, words->data, words->size) != REDIS_OK)
        return error_set(err, E_UNAVAILABLE, "Redis at %s is away: the connection ends", redis->place);
    if (redis->under_way++ == 0)
        redis->unanswered_us = clock_us();
    return 0;
}

static void free_command(struct command *command)
{
    buffer_free(&command->words);
    mem_free(command);
}

static void arm(struct redis *redis)
{
    struct list *oldest = list_first(&redis->commands);
    if (oldest == NULL)
        return;
    uint64_t now_us = clock_us();
    uint64_t due_us = list_entry(oldest, struct command, link)->sent_us + redis->timeout_us;
    uint64_t wait_ms = due_us > now_us ? (due_us - now_us + 999) / 1000 : 0;
    uv_update_time(redis->loop); /* libuv counts from the start of the turn */
    uv_timer_start(&redis->deadline, redis_on_deadline, wait_ms, 0);
}

/* The command stands in `scratch`. */
static int send_scratch(struct command *command, redis_cb done, void *arg, struct error *err)
{
    struct redis *redis = command->redis;
    if (write_command(command, err) != 0) {
        free_command(command);
        return E_UNAVAILABLE;
    }
    command->done = done;
    command->arg = arg;
    command->sent_us = clock_us();
    list_push(&redis->commands, &command->link);
    if (!uv_is_active((uv_handle_t *)&redis->deadline))
        arm(redis);
    return 0;
}

static struct command *new_command(struct redis *redis)
{
    struct command *command = mem_zalloc(sizeof(*command));
    command->redis = redis;
    list_init(&command->link);
    return command;
}

int redis_send(struct redis *redis, const struct text *words, size_t count, redis_cb done, void *arg, struct error *err)
{
    begin_words(&redis->scratch, count);
    for (size_t i = 0; i < count; i++)
        append_word(&redis->scratch, words[i]);
    return send_scratch(new_command(redis), done, arg, err);
}

static int refuse(struct redis *redis, struct error *err)
{
    metric_add(redis->results[REDIS_RESULT_REFUSED], 1);
    if (redis->state != REDIS_READY)
        return redis_say_away(redis, err);
    return error_set(err, E_UNAVAILABLE, "Redis at %s owes %zu answers, which is the most", redis->place, redis->under_way);
}

static bool takes_commands(const struct redis *redis)
{
    return redis->state == REDIS_READY && redis->under_way < REDIS_COMMANDS_MAX;
}

int redis_command(struct redis *redis, const struct text *words, size_t count, redis_cb done, void *arg, struct error *err)
{
    if (!takes_commands(redis))
        return refuse(redis, err);
    return redis_send(redis, words, count, done, arg, err);
}

static void write_script(struct command *command, struct text name, struct text script)
{
    struct buffer *out = &command->redis->scratch;
    begin_words(out, command->word_count + 2);
    append_word(out, name);
    append_word(out, script);
    buffer_text(out, buffer_as_text(&command->words));
}

int redis_run(struct redis *redis, const struct redis_script *script, struct text key, const struct text *args, size_t count, redis_cb done,
              void *arg, struct error *err)
{
    if (!takes_commands(redis))
        return refuse(redis, err);
    struct command *command = new_command(redis);
    command->script = script;
    command->word_count = count + 2;
    append_word(&command->words, TEXT("1"));
    append_word(&command->words, key);
    for (size_t i = 0; i < count; i++)
        append_word(&command->words, args[i]);
    write_script(command, TEXT("EVALSHA"), text_of(script->sha1));
    return send_scratch(command, done, arg, err);
}

static void count_result(struct command *command, enum redis_result result)
{
    struct redis *redis = command->redis;
    uint64_t took_us = clock_us() - command->sent_us;
    metric_add(redis->results[result], 1);
    metric_observe(redis->duration, (double)took_us / 1e6);
    histogram_record(&redis->latency, took_us);
}

static void end(struct command *command, int status, enum redis_result result, const struct redis_reply *reply)
{
    redis_cb done = command->done;
    assert(done != NULL);
    command->done = NULL;
    list_remove(&command->link);
    count_result(command, result);
    done(command->arg, status, reply);
}

static bool is_error(const struct redis_reply *reply, const char *code)
{
    struct text text = redis_reply_text(reply);
    return redis_reply_type(reply) == REDIS_ERROR && text.size >= strlen(code) && memcmp(text.data, code, strlen(code)) == 0;
}

/* Redis has forgotten the script: it was restarted or told to. EVAL makes it known again. */
static bool sent_again(struct command *command, const struct redis_reply *reply)
{
    if (command->script == NULL || !is_error(reply, "NOSCRIPT"))
        return false;
    write_script(command, TEXT("EVAL"), text_of(command->script->source));
    command->script = NULL;
    return write_command(command, NULL) == 0;
}

static void on_answer(struct command *command, const struct redis_reply *reply)
{
    if (reply == NULL)
        end(command, E_UNAVAILABLE, REDIS_RESULT_LOST, NULL);
    else
        end(command, 0, redis_reply_type(reply) == REDIS_ERROR ? REDIS_RESULT_ERROR : REDIS_RESULT_OK, reply);
}

/* Another Redis has become the one to write to, or this one does not know us any more: only a new connection helps. */
static bool ends_connection(const struct redis_reply *reply)
{
    static const char *const codes[] = { "READONLY ", "MASTERDOWN ", "NOAUTH ", "LOADING " };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (is_error(reply, codes[i]))
            return true;
    return false;
}

static void on_reply(redisAsyncContext *context, void *data, void *arg)
{
    struct command *command = arg;
    struct redis *redis = command->redis;
    const struct redis_reply *reply = data;
    redis->under_way--;
    if (reply != NULL)
        redis->unanswered_us = clock_us();
    if (command->done != NULL && reply != NULL && sent_again(command, reply))
        return;
    if (command->done != NULL)
        on_answer(command, reply);
    free_command(command);
    if (reply != NULL && redis->state == REDIS_READY && ends_connection(reply))
        redis_give_up(redis, "it says %.*s", TEXT_ARG(redis_reply_text(reply)));
}

void redis_end_commands(struct redis *redis, int status, enum redis_result result)
{
    struct list *link;
    while ((link = list_first(&redis->commands)) != NULL)
        end(list_entry(link, struct command, link), status, result, NULL);
}

static void end_late(struct redis *redis, uint64_t now_us)
{
    struct list *link;
    while ((link = list_first(&redis->commands)) != NULL) {
        struct command *command = list_entry(link, struct command, link);
        if (command->sent_us + redis->timeout_us > now_us)
            return;
        end(command, E_UNAVAILABLE, REDIS_RESULT_TIMEOUT, NULL);
    }
}

void redis_take_in(struct redis *redis)
{
    if (redis->link != NULL)
        redis_link_read(redis->link);
}

/* What lies in the socket came in time: it is our loop that is late. */
void redis_on_deadline(uv_timer_t *timer)
{
    struct redis *redis = timer->data;
    if (list_empty(&redis->commands))
        return;
    redis_take_in(redis);

    uint64_t now_us = clock_us();
    end_late(redis, now_us);
    bool silent = redis->under_way > 0 && now_us >= redis->unanswered_us + 2 * redis->timeout_us;
    if (silent && redis->state == REDIS_READY)
        redis_give_up(redis, "no answer for %llu ms", (unsigned long long)(now_us - redis->unanswered_us) / 1000);
    if (redis->state != REDIS_CLOSING)
        arm(redis);
}

void redis_script_init(struct redis_script *script, const char *source)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    script->source = source;
    EVP_Digest(source, strlen(source), digest, &size, EVP_sha1(), NULL);
    assert(size == 20);
    *hex_write(script->sha1, digest, size) = '\0';
}
