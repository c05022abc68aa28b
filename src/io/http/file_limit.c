#include "base/log.h"
#include "io/http/server.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

uint64_t http_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warn("http", "the limit of open files cannot be read: %s", strerror(errno));
        return 0;
    }
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (before != limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warn("http", "the limit of open files stays at %llu: %s", (unsigned long long)before, strerror(errno));
        return before;
    }
    log_info("http", "limit of open files: %llu (was %llu)", (unsigned long long)limit.rlim_max, (unsigned long long)before);
    return limit.rlim_max;
}
