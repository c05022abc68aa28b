#include "work/work_group_config.h"

#include "io/kafka/consumer.h"

const char *const work_protocols[] = { [CONSUMER_PROTOCOL_CLASSIC] = "classic", [CONSUMER_PROTOCOL_CONSUMER] = "consumer", NULL };

/* Who knows an assignor: the members of a group under `classic`, the broker under `consumer`. */
const char *const work_assignors[] = { [ASSIGNOR_AUTO] = "auto",       [ASSIGNOR_COOPERATIVE_STICKY] = "cooperative-sticky",
                                       [ASSIGNOR_RANGE] = "range",     [ASSIGNOR_ROUNDROBIN] = "roundrobin",
                                       [ASSIGNOR_UNIFORM] = "uniform", NULL };
static const bool known[][ASSIGNOR_UNIFORM + 1] = {
    [CONSUMER_PROTOCOL_CLASSIC] = { true, true, true, true, false },
    [CONSUMER_PROTOCOL_CONSUMER] = { true, false, true, false, true },
};

/* librdkafka's 45 s would leave a lone worker still for that long after a kill -9. */
#define SESSION_US   10000000
#define HEARTBEAT_US 3000000

const char *work_assignor_name(const struct work_config *config)
{
    if (config->assignor != ASSIGNOR_AUTO)
        return work_assignors[config->assignor];
    return config->protocol == CONSUMER_PROTOCOL_CLASSIC ? work_assignors[ASSIGNOR_COOPERATIVE_STICKY] : NULL;
}

uint64_t work_session_us(const struct work_config *config)
{
    return config->session_us == 0 ? SESSION_US : config->session_us;
}

uint64_t work_heartbeat_us(const struct work_config *config)
{
    return config->heartbeat_us == 0 ? HEARTBEAT_US : config->heartbeat_us;
}

/* What stands in a file is often a variable that nobody has set. */
static void check_names(const struct work_config *config, const struct config_place *place, struct config_report *report)
{
    if (config->group != NULL && config->group[0] == '\0')
        config_mistake_at(report, place, "group", "found a group without a name; allowed: a name");
    if (config->instance != NULL && config->instance[0] == '\0')
        config_mistake_at(report, place, "instance",
                          "found an instance without a name, which all members would share; allowed: a name, or leave it out");
}

/* A broker takes a member that is busy with a rebalance for dead after max_poll; a part of it is left for the commit. */
static void check_drain(const struct work_config *config, const struct config_place *place, struct config_report *report)
{
    if (config->drain_us >= config->max_poll_us)
        config_mistake(report, place,
                       "found drain %llu ms, not below max_poll %llu ms: the group would not wait for it; allowed: drain < max_poll",
                       (unsigned long long)config->drain_us / 1000, (unsigned long long)config->max_poll_us / 1000);
}

static void check_session(const struct work_config *config, const struct config_place *place, struct config_report *report)
{
    uint64_t session_us = work_session_us(config), heartbeat_us = work_heartbeat_us(config);
    if (heartbeat_us * 2 > session_us)
        config_mistake(report, place,
                       "found heartbeat %llu ms with session %llu ms: one lost heartbeat would end the session; allowed: at most half",
                       (unsigned long long)heartbeat_us / 1000, (unsigned long long)session_us / 1000);
    if (config->max_poll_us < session_us)
        config_mistake(report, place, "found max_poll shorter than session; allowed: max_poll >= session");
}

static void check_remote(const struct work_config *config, const struct config_place *place, struct config_report *report)
{
    static const char *const advice = "is the broker's under protocol: consumer (group.consumer.*.ms there); allowed: leave it out";
    if (config->session_us != 0)
        config_mistake_at(report, place, "session", "found a session, which %s", advice);
    if (config->heartbeat_us != 0)
        config_mistake_at(report, place, "heartbeat", "found a heartbeat, which %s", advice);
}

void work_group_check(const struct work_config *config, const struct config_place *place, struct config_report *report)
{
    check_names(config, place, report);
    check_drain(config, place, report);
    if (config->protocol == CONSUMER_PROTOCOL_CLASSIC)
        check_session(config, place, report);
    else
        check_remote(config, place, report);
    if (!known[config->protocol][config->assignor])
        config_mistake_at(report, place, "assignor", "found %s, which the protocol %s does not have; allowed: %s",
                          work_assignors[config->assignor], work_protocols[config->protocol],
                          config->protocol == CONSUMER_PROTOCOL_CLASSIC ? "auto, cooperative-sticky, range, roundrobin"
                                                                        : "auto, uniform, range");
}
