#include "io/kafka/statistics.h"

#include "io/kafka/client_statistics.h"

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    const struct statistics *statistics = arg;
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    list_each(link, &statistics->clients)
        client_statistics_add_rows(client_statistics_of(link), doc, rows);
    return rows;
}

void statistics_init(struct statistics *statistics, struct metrics *metrics, struct stats *stats)
{
    *statistics = (struct statistics){ .metrics = metrics };
    list_init(&statistics->clients);
    statistics->section = (struct stats_section){ .name = "brokers",
                                                  .summary = "Connections to the brokers, as librdkafka saw them in its last interval.",
                                                  .fill = fill,
                                                  .arg = statistics };
    stats_add(stats, &statistics->section);
}

void statistics_close(struct statistics *statistics)
{
    stats_remove(&statistics->section);
}
