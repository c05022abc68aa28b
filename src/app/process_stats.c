#include "app/process_stats.h"

#include "app/version.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

/* A line of /proc/self/status in kB: "RssAnon:     5120 kB". */
static uint64_t status_bytes(const char *status, const char *name)
{
    const char *line = strstr(status, name);
    unsigned long long kilobytes = 0;
    if (line != NULL)
        sscanf(line + strlen(name), ": %llu", &kilobytes);
    return kilobytes * 1024;
}

static void add_status(yyjson_mut_doc *doc, yyjson_mut_val *section)
{
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL)
        return;
    char status[4096];
    size_t size = fread(status, 1, sizeof(status) - 1, file);
    fclose(file);
    status[size] = '\0';
    yyjson_mut_obj_add_uint(doc, section, "resident_bytes", status_bytes(status, "VmRSS"));
    yyjson_mut_obj_add_uint(doc, section, "resident_anonymous_bytes", status_bytes(status, "RssAnon"));
    yyjson_mut_obj_add_uint(doc, section, "resident_peak_bytes", status_bytes(status, "VmHWM"));
}

static yyjson_mut_val *fill_memory(void *arg, yyjson_mut_doc *doc)
{
    yyjson_mut_val *section = yyjson_mut_obj(doc);
    add_status(doc, section);
    struct mallinfo2 heap = mallinfo2();
    yyjson_mut_obj_add_uint(doc, section, "heap_used_bytes", heap.uordblks + heap.hblkhd);
    yyjson_mut_obj_add_uint(doc, section, "heap_free_bytes", heap.fordblks);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    yyjson_mut_obj_add_uint(doc, section, "file_limit", files.rlim_cur);
    return section;
}

static yyjson_mut_val *fill_config(void *arg, yyjson_mut_doc *doc)
{
    return config_json(arg, doc);
}

static yyjson_mut_val *fill_build(void *arg, yyjson_mut_doc *doc)
{
    yyjson_mut_val *section = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, section, "version", version_millrace());
    yyjson_mut_obj_add_str(doc, section, "librdkafka", version_librdkafka());
    yyjson_mut_obj_add_str(doc, section, "libuv", uv_version_string());
    yyjson_mut_obj_add_str(doc, section, "compiler", __VERSION__);
    yyjson_mut_obj_add_int(doc, section, "pid", getpid());
    return section;
}

void process_stats_add(struct process_stats *process, struct stats *stats, struct config *config)
{
    *process = (struct process_stats){
        .memory = { .name = "memory", .summary = "Memory and descriptors of the process.", .fill = fill_memory },
        .config = { .name = "config", .summary = "The effective configuration, secrets hidden.", .fill = fill_config, .arg = config },
        .build = { .name = "build", .summary = "What this program is made of.", .fill = fill_build },
    };
    stats_add(stats, &process->memory);
    stats_add(stats, &process->build);
}

void process_stats_add_config(struct process_stats *process, struct stats *stats)
{
    stats_add(stats, &process->config);
}

void process_stats_remove(struct process_stats *process)
{
    stats_remove(&process->memory);
    stats_remove(&process->config);
    stats_remove(&process->build);
}
