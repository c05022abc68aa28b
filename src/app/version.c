#include "app/version.h"

#include <librdkafka/rdkafka.h>

const char *version_millrace(void)
{
    return MILLRACE_VERSION;
}

const char *version_librdkafka(void)
{
    return rd_kafka_version_str();
}
