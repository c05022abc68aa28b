/* A configuration file, and behind a NUL byte an override as PATH=VALUE. Whatever comes: no crash, memory within a bound, a
 * sentence for each mistake, and what was taken is printed as a configuration that means the same. */
#include "../unit/config_sample.h"

#include "base/memory.h"
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX ((size_t)64 << 20)

#define REQUIRE(condition) \
    do {                   \
        if (!(condition))  \
            abort();       \
    } while (0)

struct reading {
    struct config *config;
    struct sample sample;
    struct config_report report;
};

static void read_text(struct reading *reading, const char *yaml, const struct config_override *overrides, size_t count)
{
    reading->config = config_read_text("x.yaml", yaml, &sample_schema, overrides, count, &reading->sample, &reading->report);
    REQUIRE(reading->config->arena.total < MEMORY_MAX);
    for (size_t i = 0; i < reading->report.count; i++)
        REQUIRE(reading->report.mistakes[i].message[0] != '\0');
}

static void require_prints_the_same(const struct reading *reading)
{
    struct buffer out = { 0 };
    config_print(reading->config, &out);
    buffer_char(&out, '\0');
    struct reading again;
    read_text(&again, out.data, NULL, 0);
    REQUIRE(again.report.count == 0);

    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    REQUIRE(yyjson_mut_equals(config_json(reading->config, doc), config_json(again.config, doc)));
    yyjson_mut_doc_free(doc);
    config_free(again.config);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *yaml = mem_strndup((const char *)data, size);
    size_t length = strlen(yaml);
    char *path = length < size ? yaml + length + 1 : NULL;
    char *value = path == NULL ? NULL : strchr(path, '=');
    if (value != NULL)
        *value++ = '\0';

    struct reading reading;
    const struct config_override override = { path, value };
    read_text(&reading, yaml, &override, value != NULL);
    mem_free(yaml);
    if (reading.report.count == 0)
        require_prints_the_same(&reading);
    config_free(reading.config);
    return 0;
}
