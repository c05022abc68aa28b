#!/usr/bin/env python3
"""Makes the Grafana dashboards of this folder: one family, from the few words below. Usage: dashboards/generate.py

A dashboard is rows of panels; a panel is a title, a unit, queries with their legends, and a sentence that says what to look for.
$__rate_interval is Grafana's; tests/system/test_dashboards.py runs each query against a real Prometheus.
"""

import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
CHOSEN = 'instance=~"$instance"'


def here(metric, where=""):
    """The metric of the chosen instances."""
    return f"{metric}{{{', '.join(part for part in (CHOSEN, where) if part)}}}"


def rate(metric, by="", where=""):
    return f"sum by ({by}) (rate({here(metric, where)}[$__rate_interval]))"


def quantile(q, metric, by="", where=""):
    return f"histogram_quantile({q}, {rate(metric + '_bucket', ', '.join(part for part in ('le', by) if part), where)})"


def quantiles(metric, where=""):
    return [(quantile(q, metric, where=where), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)]


def panel(title, unit, queries, look_for, kind="timeseries", **defaults):
    return {"title": title, "unit": unit, "queries": queries, "look_for": look_for, "kind": kind, "defaults": defaults}


def variable(name, query, label, multi=True):
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "query": {"query": query, "refId": name},
        "refresh": 2, "sort": 1, "multi": multi, "includeAll": multi, "allValue": ".*" if multi else None, "hide": 0,
    }


INSTANCE = variable("instance", "label_values(millrace_build_info, instance)", "Instance")

OVERVIEW = {
    "uid": "millrace-overview", "title": "Millrace: overview", "variables": [INSTANCE],
    "rows": [
        ("In", [
            panel("Requests by status", "reqps", [(rate("millrace_http_requests_total", "status"), "{{status}}")],
                  "429 is the rate limit, 503 something that is away or full, 504 an answer that could not be known."),
            panel("Request duration", "s", quantiles("millrace_http_request_duration_seconds"),
                  "From the first byte to the answer handed to the kernel; the broker's acknowledgement is most of it."),
            panel("Records acknowledged and not", "short",
                  [(rate("millrace_produced_total", "topic"), "{{topic}} acknowledged"),
                   (rate("millrace_produce_errors_total", "topic, reason"), "{{topic}} {{reason}}")],
                  "Every 200 is an acknowledged record."),
            panel("Rate limiter", "short", [(rate("millrace_limiter_decisions_total", "stream, decision"), "{{stream}} {{decision}}")],
                  "refused and assumed: Redis is away."),
        ]),
        ("Out", [
            panel("Records worked", "short", [(rate("millrace_worked_total", "stream, outcome"), "{{stream}} {{outcome}}")],
                  "dead: went to the dead letter topic after its last attempt."),
            panel("Attempts", "short", [(rate("millrace_work_attempts_total", "stream, outcome"), "{{stream}} {{outcome}}")],
                  "unavailable: what the handler needs is away; counts no attempt of the record."),
            panel("Lag", "short", [("sum by (group, topic) (max by (group, topic, partition) (millrace_group_lag_offsets))",
                                    "{{group}} {{topic}}")],
                  "Records that wait in Kafka. It should come back to 0 after each burst."),
            panel("Slots", "short", [(f"sum({here('millrace_pool_slots_busy')})", "busy"), (f"sum({here('millrace_pool_slots')})", "all")],
                  "All busy for long: jobs come faster than they are worked.", min=0),
            panel("Outputs", "short", [(rate("millrace_outputs_total", "stream"), "{{stream}}"),
                                       (rate("millrace_output_errors_total", "stream"), "{{stream}} not taken")],
                  "What is done and has gone on to another topic, where a stream has an output."),
            panel("Transactions", "short", [(rate("millrace_transactions_total", "stream, result"), "{{stream}} {{result}}"),
                                            (f"sum by (stream) ({here('millrace_work_uncommitted_records')})", "{{stream}} results that wait")],
                  "Exactly once: outputs, dead letters and offsets together. unknown: its partitions are read anew."),
        ]),
        ("Health", [
            panel("Ready", "short", [(f"min by (instance, check) ({here('millrace_ready_check')})", "{{instance}} {{check}}")],
                  "0: /readyz of that process is 503, and says why.", min=0, max=1),
            panel("Breaker", "short", [(f"max by (topic) ({here('millrace_breaker_state')})", "{{topic}}")],
                  "1: open, the topic takes nothing; 0.5: trying again.", min=0, max=1),
            panel("Loop utilization", "percentunit", [(here("millrace_loop_utilization_ratio"), "{{instance}}")],
                  "The loop is one thread. Above 0.9 everything waits for it.", min=0, max=1),
            panel("Dead letters not taken", "short", [(f"sum by (instance, stream) ({here('millrace_dead_letters_refused')})",
                                                       "{{instance}} {{stream}}")],
                  "Records that wait until their dead letter is taken, and hold back what is behind them.", min=0),
            panel("Redis", "short", [(f"min({here('millrace_redis_connected')})", "connected")],
                  "0: limits follow on_error.", min=0, max=1),
            panel("Resident memory", "bytes", [(here("process_resident_memory_bytes", 'job="millrace"'), "{{instance}}")],
                  "Flat under any load: queues are bounded.", min=0),
        ]),
    ],
}

POOL = "my_system_worker_pool_"
GROUP = 'consumergroup=~"$group", topic=~"$topic"'
WORKER_POOL = {
    "uid": "millrace-worker-pool", "title": "Millrace: worker pool",
    "variables": [
        variable("group", "label_values(kafka_consumergroup_lag_sum, consumergroup)", "Group"),
        variable("topic", 'label_values(kafka_consumergroup_lag_sum{consumergroup=~"$group"}, topic)', "Topic"),
        INSTANCE,
    ],
    "rows": [
        ("Producer", [
            panel("Jobs sent", "short", [(rate(POOL + "producer_sent_total"), "sent")], "Acknowledged by the broker."),
            panel("Jobs not sent", "short", [(rate(POOL + "producer_errors_total"), "errors")],
                  "The broker is away or its queue full; each was answered 503 or 504."),
            panel("Time to the acknowledgement", "s", quantiles(POOL + "producer_duration_seconds"), "The broker's time and the linger."),
            panel("Rate limited", "short", [(rate(POOL + "rate_limited_total"), "429")], "Answered 429 with Retry-After."),
        ]),
        ("Workers", [
            panel("Throughput", "short", [(rate(POOL + "consumer_processed_total"), "processed")], "Jobs done a second."),
            panel("Errors", "short", [(rate(POOL + "consumer_errors_total"), "dead letters")], "Once a job, after its last attempt."),
            panel("Processing time", "s", quantiles(POOL + "consumer_duration_seconds"), "From the first attempt to the end, retries included."),
            panel("In flight", "short", [(f"sum({here(POOL + 'consumer_inflight')})", "in flight"),
                                         (f"sum({here('millrace_pool_slots')})", "workers")],
                  "Demo 2: capped at the number of workers.", min=0),
            panel("Queue length", "short", [(f"sum({here(POOL + 'consumer_queue_length')})", "queue")],
                  "Demo 2: grows to QUEUE_SIZE, then Kafka keeps the rest.", min=0),
            panel("Attempts by outcome", "short", [(rate("millrace_work_attempts_total", "outcome"), "{{outcome}}")],
                  "Demo 3: failures that are tried again."),
        ]),
        ("Lag", [
            panel("Lag", "short", [(f"sum by (consumergroup, topic) (max by (consumergroup, topic, partition) (kafka_consumergroup_lag{{{GROUP}}}))",
                                    "{{consumergroup}} {{topic}}")], "Demo 4: rises under load, drains after it.", min=0),
            panel("Lag by partition", "short", [(f"max by (partition) (kafka_consumergroup_lag{{{GROUP}}})", "{{partition}}")],
                  "Demo 2.5: a hot key fills one partition, the others stay low.", min=0),
            panel("Members", "short", [('max by (consumergroup) (kafka_consumergroup_members{consumergroup=~"$group"})', "{{consumergroup}}")],
                  "Processes that share the group's partitions.", min=0),
        ]),
    ],
}

KAFKA = {
    "uid": "millrace-kafka", "title": "Millrace: Kafka and lag",
    "variables": [variable("topic", "label_values(millrace_topic_partitions, topic)", "Topic"), INSTANCE],
    "rows": [
        ("Groups", [
            panel("Lag by partition", "short",
                  [('max by (group, topic, partition) (millrace_group_lag_offsets{topic=~"$topic"})', "{{group}} {{topic}}/{{partition}}")],
                  "One partition that grows alone: a hot key, or a job that does not end. /debug/stats?partition=N says why.", min=0),
            panel("Committed a second", "short",
                  [('sum by (group, topic) (rate(millrace_group_committed_offset{topic=~"$topic"}[$__rate_interval]))', "{{group}} {{topic}}")],
                  "Offsets a second that the group is done with."),
            panel("Members", "short", [("max by (group) (millrace_group_members)", "{{group}}")], "0: nobody works.", min=0),
            panel("Rebalances", "short", [(rate("millrace_rebalances_total", "stream, kind"), "{{stream}} {{kind}}")],
                  "lost: the group went on without this process; its uncommitted work is done again."),
        ]),
        ("Work", [
            panel("Taken by partition", "short", [(rate("millrace_consumed_total", "stream, partition"), "{{stream}}/{{partition}}")],
                  "Records a second from each partition."),
            panel("Records held", "short",
                  [(f"sum by (stream) ({here('millrace_work_' + state + '_records')})", "{{stream}} " + state)
                   for state in ("queue", "running", "resting")],
                  "resting: wait for their next attempt, without a slot.", min=0),
            panel("Commits", "short", [(rate("millrace_commits_total", "stream, result"), "{{stream}} {{result}}")],
                  "refused: sent again; many of them are a group that does not come to rest."),
            panel("Dead letters", "short", [(rate("millrace_dead_letters_total", "stream"), "{{stream}}"),
                                            (rate("millrace_dead_letter_errors_total", "stream"), "{{stream}} not taken")],
                  "not taken: tried again, nothing is committed meanwhile."),
        ]),
        ("Cluster", [
            panel("Brokers", "short", [("max(millrace_brokers)", "brokers")], "Alive, as the cluster says.", min=0),
            panel("Partitions without a leader", "short", [('count(max by (topic, partition) (millrace_topic_leader{topic=~"$topic"}) < 0) or vector(0)',
                                                           "without a leader")],
                  "Nothing goes in or out of them.", min=0),
            panel("Partitions under-replicated", "short",
                  [('sum by (topic) (max by (topic, partition) (millrace_topic_under_replicated{topic=~"$topic"}))', "{{topic}}")],
                  "A broker is away or behind.", min=0),
            panel("Producer queue", "short", [(f"sum by (producer) ({here('millrace_producer_queue_records')})", "{{producer}}")],
                  "Records without an acknowledgement yet; above 80 % of its bound bodies are not read, at the bound it is 503.", min=0),
            panel("Watching", "short", [(rate("millrace_watch_polls_total", "stream, result"), "{{stream}} {{result}}")],
                  "failed: the lag shown is old, then unknown."),
        ]),
        ("Connections, as librdkafka sees them", [
            panel("Round trip", "s", [('max by (client, broker) (%s)' % here("millrace_kafka_broker_rtt_seconds", 'statistic="p99"'),
                                       "{{client}} to {{broker}}")],
                  "p99 of the last interval. A fetch waits at the broker for records, so a consumer's says little.", min=0),
            panel("In flight", "short", [(f"sum by (client, broker) ({here('millrace_kafka_broker_requests_in_flight')})",
                                          "{{client}} to {{broker}}")],
                  "Requests that the broker has not answered.", min=0),
            panel("Fetched, not taken", "bytes", [(f"sum by (client) ({here('millrace_kafka_fetched_bytes')})", "{{client}}")],
                  "Bounded by `prefetch`: that is the backpressure.", min=0),
            panel("Connections lost", "short", [(rate("millrace_kafka_broker_disconnects_total", "client, broker"), "{{client}} to {{broker}}")],
                  "Now and then is normal, brokers close idle ones; many are a broker that comes and goes.", min=0),
        ]),
    ],
}

PROCESS = {
    "uid": "millrace-process", "title": "Millrace: process", "variables": [INSTANCE],
    "rows": [
        ("Loop", [
            panel("Utilization", "percentunit", [(here("millrace_loop_utilization_ratio"), "{{instance}}")],
                  "Share of time that the loop did not wait.", min=0, max=1),
            panel("Turn", "s", quantiles("millrace_loop_turn_seconds"), "What everything else waits for."),
            panel("CPU", "short", [(rate("process_cpu_seconds_total", "instance", 'job="millrace"'), "{{instance}}")],
                  "Processors; the loop is at most one of them, librdkafka's threads come on top.", min=0),
        ]),
        ("Memory and descriptors", [
            panel("Resident memory", "bytes", [(here("process_resident_memory_bytes", 'job="millrace"'), "{{instance}}")], "Flat.", min=0),
            panel("Descriptors", "short", [(here("process_open_fds", 'job="millrace"'), "{{instance}}"),
                                           (here("process_max_fds", 'job="millrace"'), "{{instance}} limit")],
                  "A connection is one.", min=0),
            panel("Threads", "short", [(here("process_threads", 'job="millrace"'), "{{instance}}")], "Constant after the start.", min=0),
        ]),
        ("Connections", [
            panel("Open", "short", [(f"sum by (listener) ({here('millrace_http_connections')})", "{{listener}}")],
                  "At the listener's cap new ones are answered 503 and closed.", min=0),
            panel("Accepted", "short", [(rate("millrace_http_connections_accepted_total", "listener"), "{{listener}}")],
                  "Many a second: clients without keep-alive."),
            panel("Errors of clients", "short", [(rate("millrace_http_errors_total", "listener, reason"), "{{listener}} {{reason}}")],
                  "Malformed, too large, too slow."),
            panel("Left before their answer", "short", [(rate("millrace_http_client_gone_total", "listener"), "{{listener}}")],
                  "Their records are stored all the same."),
            panel("Redis round trip", "s", quantiles("millrace_redis_command_duration_seconds"), "Most requests need none: tokens are leased."),
            panel("Build", "short", [(here("millrace_build_info"), "{{instance}}: {{version}}, librdkafka {{librdkafka}}")],
                  "What runs where.", kind="stat"),
        ]),
        ("Log and traces", [
            panel("Lines of the log", "short", [(rate("millrace_log_lines_total", "level"), "{{level}}")], "Errors want somebody to read them."),
            panel("Lines not written", "short", [(rate("millrace_log_lines_lost_total", "reason"), "lost: {{reason}}"),
                                                 (rate("millrace_log_lines_left_out_total"), "repeated")],
                  "lost: nobody reads the log fast enough, or its disk is full. repeated: left out on purpose, and counted."),
            panel("Requests and jobs traced", "short", [(rate("millrace_trace_local_roots_total", "decision"), "{{decision}}")],
                  "kept: not sampled, and kept since it failed, was tried again, or was among the slowest."),
        ]),
    ],
}


def target(number, expression, legend):
    """Over a histogram also its exemplars: points that lead to the trace of a request."""
    exemplars = {"exemplar": True} if expression.startswith("histogram_quantile(") else {}
    return {"refId": chr(ord("A") + number), "datasource": SOURCE, "editorMode": "code", "expr": expression, "legendFormat": legend,
            "range": True, **exemplars}


def drawn(entry, number, x, y, width):
    out = {
        "id": number, "type": entry["kind"], "title": entry["title"], "description": entry["look_for"], "datasource": SOURCE,
        "gridPos": {"h": 8, "w": width, "x": x, "y": y},
        "fieldConfig": {"defaults": {"unit": entry["unit"], **entry["defaults"]}, "overrides": []},
        "targets": [target(i, *query) for i, query in enumerate(entry["queries"])],
    }
    if entry["kind"] == "timeseries":
        out["fieldConfig"]["defaults"]["custom"] = {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
        out["options"] = {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
                          "tooltip": {"mode": "multi", "sort": "desc"}}
    else:
        out["options"] = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "textMode": "name",
                          "colorMode": "none", "graphMode": "none", "justifyMode": "auto", "orientation": "horizontal"}
    return out


def panels(rows):
    out, y = [], 0
    for title, row in rows:
        out.append({"id": len(out) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                    "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}})
        y += 1
        in_line = 4 if len(row) % 4 == 0 else 3
        for i, entry in enumerate(row):
            width = WIDTH // in_line
            out.append(drawn(entry, len(out) + 1, i % in_line * width, y + i // in_line * 8, width))
        y += (len(row) + in_line - 1) // in_line * 8
    return out


def dashboard(about):
    datasource = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0,
                  "multi": False, "includeAll": False, "refresh": 1}
    return {
        "uid": about["uid"], "title": about["title"], "tags": ["millrace"], "timezone": "browser", "schemaVersion": 39, "editable": True,
        "graphTooltip": 1, "refresh": "10s", "time": {"from": "now-30m", "to": "now"},
        "links": [{"title": "Millrace", "type": "dashboards", "tags": ["millrace"], "asDropdown": True, "includeVars": True, "keepTime": True,
                   "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}],
        "templating": {"list": [datasource, *about["variables"]]},
        "annotations": {"list": []},
        "panels": panels(about["rows"]),
    }


def documents():
    for about in (OVERVIEW, WORKER_POOL, KAFKA, PROCESS):
        yield f"{about['uid'].removeprefix('millrace-')}.json", json.dumps(dashboard(about), indent=2) + "\n"


if __name__ == "__main__":
    for name, text in documents():
        (FOLDER / name).write_text(text)
