#include "base/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What /proc/self/stat says; proc(5) numbers its fields from 1. */
enum { FIELD_THREADS = 20, FIELD_START = 22, FIELD_VIRTUAL = 23, FIELD_RESIDENT = 24, FIELD_LAST = FIELD_RESIDENT };

static bool read_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, out, size - 1);
    close(fd);
    if (got <= 0)
        return false;
    out[got] = '\0';
    return true;
}

/* The name, field 2, stands in parentheses and may hold anything, so counting begins after the last one. */
static bool read_stat(unsigned long long fields[FIELD_LAST + 1])
{
    char stat[1024];
    if (!read_file("/proc/self/stat", stat, sizeof(stat)))
        return false;
    char *at = strrchr(stat, ')');
    if (at == NULL)
        return false;

    char *rest = NULL;
    char *word = strtok_r(at + 1, " ", &rest);
    for (int field = 3; field <= FIELD_LAST; field++, word = strtok_r(NULL, " ", &rest)) {
        if (word == NULL)
            return false;
        if (sscanf(word, "%llu", &fields[field]) != 1)
            fields[field] = 0; /* the state, a letter */
    }
    return true;
}

/* Since Linux 6.2 the folder's size is the number of descriptors; before it was 0, and they must be counted. */
static double count_descriptors(void)
{
    struct stat stat_of_folder;
    if (stat("/proc/self/fd", &stat_of_folder) == 0 && stat_of_folder.st_size > 0)
        return (double)stat_of_folder.st_size;

    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    double count = -1; /* the one that reads */
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            count++;
    closedir(folder);
    return count;
}

static double limit_of(int resource)
{
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 ? (double)limit.rlim_cur : 0;
}

static double cpu_seconds(void)
{
    struct timespec used = { 0 };
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* The kernel counts a start from boot; now and the time since boot give the moment of boot. */
static double start_seconds(unsigned long long start_ticks)
{
    struct timespec now, since_boot;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    double boot = (double)(now.tv_sec - since_boot.tv_sec) + (double)(now.tv_nsec - since_boot.tv_nsec) / 1e9;
    double start = boot + (double)start_ticks / (double)sysconf(_SC_CLK_TCK);
    return (double)(int64_t)(start * 100) / 100; /* a tick is the most that is known */
}

static void set(struct metrics *metrics, enum metric_id id, double value)
{
    metric_set(metric(metrics, id), value);
}

static void collect(void *arg)
{
    struct metrics *metrics = arg;
    set(metrics, METRIC_PROCESS_CPU, cpu_seconds());
    set(metrics, METRIC_PROCESS_FDS, count_descriptors());
    set(metrics, METRIC_PROCESS_FDS_MAX, limit_of(RLIMIT_NOFILE));
    set(metrics, METRIC_PROCESS_VIRTUAL_MAX, limit_of(RLIMIT_AS));

    unsigned long long fields[FIELD_LAST + 1];
    if (!read_stat(fields))
        return;
    set(metrics, METRIC_PROCESS_THREADS, (double)fields[FIELD_THREADS]);
    set(metrics, METRIC_PROCESS_VIRTUAL, (double)fields[FIELD_VIRTUAL]);
    set(metrics, METRIC_PROCESS_RESIDENT, (double)fields[FIELD_RESIDENT] * (double)sysconf(_SC_PAGESIZE));
    if (metric_value(metric(metrics, METRIC_PROCESS_START)) == 0) /* once: the wall clock may step */
        set(metrics, METRIC_PROCESS_START, start_seconds(fields[FIELD_START]));
}

void metrics_add_process(struct metrics *metrics)
{
    metrics_on_collect(metrics, collect, metrics);
}
