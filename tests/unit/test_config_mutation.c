/* A valid file, damaged at random. Whatever comes of it: no crash, memory within a bound, a sentence for each mistake; and
 * what was taken is printed as a configuration that means the same. CONFIG_SEED repeats a run; each prints its own. */
#include "config_reading.h"

#include "base/random.h"
#include "config/tree.h"

#include <stdio.h>

enum { RUNS = 3000, DAMAGES_MAX = 4, MEMORY_MAX = 4 << 20 };

static const char whole[] = "# a system\n"
                            "kafka: { brokers: \"${T_BROKERS:-localhost:9092}\", properties: { max.poll.interval.ms: 6000 } }\n"
                            "store: redis://user:word@localhost:6379/0\n"
                            "eager: true\n"
                            "workers: ${T_UNSET:-${T_TEN:-5}}\n"
                            "linger: 1.5ms\n"
                            "buffer: 64KiB\n"
                            "streams:\n"
                            "  jobs: &jobs\n"
                            "    topic: 'jobs_topic'\n"
                            "    share: 0.25\n"
                            "    reply: { message: \"Job \\u00e9 enqueued\", trace_id: $trace, n: [1, 2.5, ~, true] }\n"
                            "    work: { group: g, order: key, timeout: 5m }\n"
                            "  orders: *jobs\n"
                            "routes:\n"
                            "  - on: |\n"
                            "      GET /a\n"
                            "    use: [health, metrics]\n"
                            "  - use: debug\n";

static const char *const pieces[] = { "{",
                                      "}",
                                      "[",
                                      "]",
                                      ":",
                                      ": ",
                                      "- ",
                                      "\n",
                                      "\n  ",
                                      "\t",
                                      "'",
                                      "\"",
                                      "&jobs ",
                                      "*jobs",
                                      "${",
                                      "${A",
                                      ":-",
                                      "}",
                                      "!!int ",
                                      "#",
                                      "|\n",
                                      "? ",
                                      "\xff",
                                      "\xc3\xa9",
                                      "null",
                                      "~",
                                      "-1",
                                      "1e9",
                                      "0x",
                                      "",
                                      "\\u2028",
                                      "\\0",
                                      "%",
                                      "---\n",
                                      "...\n",
                                      "<<: *jobs\n",
                                      "99999999999999999999" };

/* A piece put in, a stretch taken out, a stretch doubled, or a byte changed. */
static void damage(struct buffer *yaml, struct random *random)
{
    size_t at = (size_t)random_between(random, 0, (int64_t)yaml->size);
    size_t length = (size_t)random_between(random, 0, (int64_t)(yaml->size - at) < 30 ? (int64_t)(yaml->size - at) : 30);
    struct buffer damaged = { 0 };
    buffer_append(&damaged, yaml->data, at);
    switch (random_between(random, 0, 3)) {
    case 0:
        buffer_string(&damaged, pieces[random_between(random, 0, sizeof(pieces) / sizeof(*pieces) - 1)]);
        length = 0;
        break;
    case 1:
        break;
    case 2:
        buffer_append(&damaged, yaml->data + at, length);
        length = 0;
        break;
    default:
        buffer_char(&damaged, (char)random_between(random, 1, 255));
        length = length > 0;
    }
    buffer_append(&damaged, yaml->data + at + length, yaml->size - at - length);
    buffer_free(yaml);
    *yaml = damaged;
}

static void assert_prints_the_same(const struct reading *reading)
{
    struct buffer out = { 0 };
    config_print(reading->config, &out);
    buffer_char(&out, '\0');
    struct reading again;
    given(&again, out.data);

    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    assert_true(yyjson_mut_equals(config_json(reading->config, doc), config_json(again.config, doc)));
    yyjson_mut_doc_free(doc);
    end_reading(&again);
    buffer_free(&out);
}

static void assert_sentences(const struct reading *reading)
{
    for (size_t i = 0; i < reading->report.count; i++) {
        const struct config_mistake *mistake = &reading->report.mistakes[i];
        assert_string_equal(mistake->file, "x.yaml");
        assert_true(mistake->line > 0);
        assert_true(strlen(mistake->message) > 10);
    }
}

static bool read_damaged(struct random *random)
{
    struct buffer yaml = { 0 };
    buffer_string(&yaml, whole);
    for (int64_t i = random_between(random, 1, DAMAGES_MAX); i > 0; i--)
        damage(&yaml, random);
    buffer_char(&yaml, '\0');

    struct reading reading;
    read_with(&reading, yaml.data, NULL, 0);
    bool is_taken = reading.report.count == 0;
    assert_true(reading.config->arena.total < MEMORY_MAX);
    assert_sentences(&reading);
    if (is_taken)
        assert_prints_the_same(&reading);
    end_reading(&reading);
    buffer_free(&yaml);
    return is_taken;
}

static uint64_t seed_of_run(void)
{
    const char *fixed = getenv("CONFIG_SEED");
    struct random random;
    random_init(&random);
    return fixed != NULL ? strtoull(fixed, NULL, 10) : random_next(&random);
}

static void a_damaged_file_is_refused_or_taken_but_never_harmful(void **state)
{
    uint64_t seed = seed_of_run();
    print_message("CONFIG_SEED=%llu\n", (unsigned long long)seed);
    struct random random;
    random_init_seed(&random, seed);
    size_t taken = 0;
    for (int run = 0; run < RUNS; run++)
        taken += read_damaged(&random);
    assert_in_range(taken, RUNS / 50, RUNS / 2); /* else the damage is of the wrong size to show anything */
}

static void the_file_without_damage_is_taken(void **state)
{
    struct reading reading;
    given(&reading, whole);
    assert_prints_the_same(&reading);
    end_reading(&reading);
}

int main(void)
{
    setenv("T_TEN", "10", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_without_damage_is_taken),
        cmocka_unit_test(a_damaged_file_is_refused_or_taken_but_never_harmful),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
