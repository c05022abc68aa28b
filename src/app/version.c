#include "app/version.h"

#include "io/kafka/client_target.h"

const char *version_millrace(void)
{
    return MILLRACE_VERSION;
}

const char *version_librdkafka(void)
{
    return client_library_version();
}
