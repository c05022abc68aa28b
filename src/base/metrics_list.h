/* The one list of metrics: METRIC(id, type, name, help, label names...). No include guard: included for each use.
 * A use takes METRIC(id, ...), because a metric without labels leaves nothing for the dots otherwise.
 * Units are in the names, as Prometheus asks. docs/metrics.md is made from this list. */

METRIC(PROCESS_CPU, METRIC_COUNTER, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
METRIC(PROCESS_START, METRIC_GAUGE, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.")
METRIC(PROCESS_RESIDENT, METRIC_GAUGE, "process_resident_memory_bytes", "Resident memory size in bytes.")
METRIC(PROCESS_VIRTUAL, METRIC_GAUGE, "process_virtual_memory_bytes", "Virtual memory size in bytes.")
METRIC(PROCESS_VIRTUAL_MAX, METRIC_GAUGE, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.")
METRIC(PROCESS_FDS, METRIC_GAUGE, "process_open_fds", "Number of open file descriptors.")
METRIC(PROCESS_FDS_MAX, METRIC_GAUGE, "process_max_fds", "Maximum number of open file descriptors.")
METRIC(PROCESS_THREADS, METRIC_GAUGE, "process_threads", "Number of OS threads in the process.")

METRIC(BUILD_INFO, METRIC_GAUGE, "millrace_build_info", "Always 1; the labels tell the build.", "version", "librdkafka")

METRIC(READY, METRIC_GAUGE, "millrace_ready",
       "1 while the process should get traffic, as /readyz says; 0 while a check fails, or it shuts down.")
METRIC(READY_CHECK, METRIC_GAUGE, "millrace_ready_check", "1 while this check of /readyz is well.", "check")

METRIC(LOG_LINES, METRIC_COUNTER, "millrace_log_lines_total", "Lines of the log, by level; those that were lost count too.", "level")
METRIC(LOG_LEFT_OUT, METRIC_COUNTER, "millrace_log_lines_left_out_total",
       "Lines of the log that were not written, because the same place in the program had just written many.")
METRIC(LOG_LOST, METRIC_COUNTER, "millrace_log_lines_lost_total",
       "Lines of the log that got lost, by reason: full (whoever reads did not take the lines before them), failed (a full disk, a "
       "closed pipe).",
       "reason")

METRIC(LOOP_UTILIZATION, METRIC_GAUGE, "millrace_loop_utilization_ratio",
       "Share of the last seconds that the loop was busy rather than waiting.")
METRIC(LOOP_TURN, METRIC_HISTOGRAM, "millrace_loop_turn_seconds", "Time of a loop turn without its wait for events.")

METRIC(HTTP_REQUESTS, METRIC_COUNTER, "millrace_http_requests_total", "HTTP requests answered, by route and status.", "listener", "route",
       "status")
METRIC(HTTP_DURATION, METRIC_HISTOGRAM, "millrace_http_request_duration_seconds",
       "From a request's first byte to its answer handed to the kernel.", "listener")
METRIC(HTTP_CONNECTIONS, METRIC_GAUGE, "millrace_http_connections", "Open connections.", "listener")
METRIC(HTTP_CONNECTIONS_ACCEPTED, METRIC_COUNTER, "millrace_http_connections_accepted_total", "Connections accepted.", "listener")
METRIC(HTTP_ERRORS, METRIC_COUNTER, "millrace_http_errors_total",
       "Requests and connections ended by a fault of the client or a limit, by reason.", "listener", "reason")
METRIC(HTTP_CLIENT_GONE, METRIC_COUNTER, "millrace_http_client_gone_total", "Clients that left before their answer.", "listener")
METRIC(HTTP_ACCEPT_FAILURES, METRIC_COUNTER, "millrace_http_accept_failures_total",
       "Times that accepting rested because the process had no descriptor left.", "listener")

METRIC(LIMITER_DECISIONS, METRIC_COUNTER, "millrace_limiter_decisions_total",
       "Decisions of the rate limiter: admitted, limited, refused (Redis away, deny), assumed (Redis away, allow or local), "
       "too_large (more at once than the burst).",
       "stream", "decision")
METRIC(RATE_LIMITED, METRIC_COUNTER, "millrace_rate_limited_total", "Requests answered 429.", "stream")
METRIC(REDIS_COMMANDS, METRIC_COUNTER, "millrace_redis_commands_total", "Redis commands, by result.", "result")
METRIC(REDIS_DURATION, METRIC_HISTOGRAM, "millrace_redis_command_duration_seconds", "Redis round trips.")
METRIC(REDIS_CONNECTED, METRIC_GAUGE, "millrace_redis_connected", "1 while the connection to Redis stands.")
METRIC(REDIS_RECONNECTS, METRIC_COUNTER, "millrace_redis_reconnects_total", "Attempts to connect to Redis again.")

METRIC(PRODUCED, METRIC_COUNTER, "millrace_produced_total", "Records acknowledged by the broker.", "stream", "topic")
METRIC(PRODUCE_ERRORS, METRIC_COUNTER, "millrace_produce_errors_total",
       "Records that were not acknowledged, by reason: full, breaker, not_persisted, possibly_persisted, too_large, other.", "stream",
       "topic", "reason")
METRIC(PRODUCE_DURATION, METRIC_HISTOGRAM, "millrace_produce_duration_seconds", "From handing a record over to its report.", "stream",
       "topic")
METRIC(PRODUCER_QUEUE, METRIC_GAUGE, "millrace_producer_queue_records", "Records without a report yet.", "producer")
METRIC(PRODUCER_QUEUE_BYTES, METRIC_GAUGE, "millrace_producer_queue_bytes", "Bytes of records without a report yet.", "producer")
METRIC(BREAKER_STATE, METRIC_GAUGE, "millrace_breaker_state", "0 closed, 1 open, 0.5 half open.", "topic")
METRIC(BREAKER_OPENED, METRIC_COUNTER, "millrace_breaker_opened_total", "Times that the breaker opened.", "topic")

METRIC(KAFKA_BROKER_UP, METRIC_GAUGE, "millrace_kafka_broker_up", "1 while the client is connected to the broker.", "client", "broker")
METRIC(KAFKA_BROKER_RTT, METRIC_GAUGE, "millrace_kafka_broker_rtt_seconds",
       "From a request to its answer, in the last interval of kafka.statistics: avg, p99, max. Absent where there was none.", "client",
       "broker", "statistic")
METRIC(KAFKA_BROKER_THROTTLE, METRIC_GAUGE, "millrace_kafka_broker_throttle_seconds",
       "How long the broker asked the client to wait, because of a quota, in the last interval: avg, max.", "client", "broker", "statistic")
METRIC(KAFKA_QUEUE_LATENCY, METRIC_GAUGE, "millrace_kafka_queue_latency_seconds",
       "How long records waited in librdkafka before they were put into a request, in the last interval: avg, p99, max.", "client",
       "broker", "statistic")
METRIC(KAFKA_SEND_LATENCY, METRIC_GAUGE, "millrace_kafka_send_latency_seconds",
       "How long requests waited in librdkafka before they were sent, in the last interval: avg, p99, max.", "client", "broker",
       "statistic")
METRIC(KAFKA_BROKER_REQUESTS, METRIC_COUNTER, "millrace_kafka_broker_requests_total", "Requests sent to the broker.", "client", "broker")
METRIC(KAFKA_BROKER_REQUESTS_WAITING, METRIC_GAUGE, "millrace_kafka_broker_requests_waiting", "Requests that are not sent yet.", "client",
       "broker")
METRIC(KAFKA_BROKER_REQUESTS_IN_FLIGHT, METRIC_GAUGE, "millrace_kafka_broker_requests_in_flight", "Requests without an answer yet.",
       "client", "broker")
METRIC(KAFKA_BROKER_SENT_BYTES, METRIC_COUNTER, "millrace_kafka_broker_sent_bytes_total", "Bytes sent to the broker.", "client", "broker")
METRIC(KAFKA_BROKER_RECEIVED_BYTES, METRIC_COUNTER, "millrace_kafka_broker_received_bytes_total", "Bytes received from the broker.",
       "client", "broker")
METRIC(KAFKA_BROKER_ERRORS, METRIC_COUNTER, "millrace_kafka_broker_errors_total", "Requests that failed, by kind: send, receive, timeout.",
       "client", "broker", "kind")
METRIC(KAFKA_BROKER_RETRIES, METRIC_COUNTER, "millrace_kafka_broker_retries_total", "Requests that were sent again.", "client", "broker")
METRIC(KAFKA_BROKER_CONNECTS, METRIC_COUNTER, "millrace_kafka_broker_connects_total", "Attempts to connect to the broker.", "client",
       "broker")
METRIC(KAFKA_BROKER_DISCONNECTS, METRIC_COUNTER, "millrace_kafka_broker_disconnects_total", "Connections to the broker that ended.",
       "client", "broker")
METRIC(KAFKA_REPLIES_WAITING, METRIC_GAUGE, "millrace_kafka_replies_waiting",
       "Reports and answers that librdkafka has and the loop has not taken yet.", "client")
METRIC(KAFKA_FETCHED_RECORDS, METRIC_GAUGE, "millrace_kafka_fetched_records", "Records that were fetched and not taken yet.", "client")
METRIC(KAFKA_FETCHED_BYTES, METRIC_GAUGE, "millrace_kafka_fetched_bytes", "Bytes of records that were fetched and not taken yet.", "client")
METRIC(KAFKA_GROUP_REBALANCES, METRIC_COUNTER, "millrace_kafka_group_rebalances_total", "Rebalances of the client's group that it saw.",
       "client")
METRIC(KAFKA_GROUP_REBALANCE_AGE, METRIC_GAUGE, "millrace_kafka_group_rebalance_age_seconds", "Time since the last rebalance.", "client")

METRIC(CONSUMED, METRIC_COUNTER, "millrace_consumed_total", "Records taken from the broker.", "stream", "partition")
METRIC(WORKED, METRIC_COUNTER, "millrace_worked_total", "Records worked for good, by outcome: done, dead.", "stream", "outcome")
METRIC(WORK_ATTEMPTS, METRIC_COUNTER, "millrace_work_attempts_total", "Attempts, by outcome: done, failed, rejected, unavailable.",
       "stream", "outcome")
METRIC(WORK_RETRIES, METRIC_COUNTER, "millrace_work_retries_total", "Attempts scheduled again after a failure.", "stream")
METRIC(WORK_DURATION, METRIC_HISTOGRAM, "millrace_work_duration_seconds", "From a record's first attempt to its end.", "stream")
METRIC(WORK_ATTEMPT_DURATION, METRIC_HISTOGRAM, "millrace_work_attempt_duration_seconds", "One attempt.", "stream")
METRIC(WORK_SKIPPED, METRIC_COUNTER, "millrace_work_skipped_total",
       "Records received that an earlier owner of their partition had done, as its last commit told; they are not worked.", "stream")
METRIC(WORK_WAITING, METRIC_GAUGE, "millrace_work_waiting_records", "Records received that do not run yet.", "stream")
METRIC(WORK_QUEUE, METRIC_GAUGE, "millrace_work_queue_records", "Records that wait for their first start: what `queue` bounds.", "stream")
METRIC(WORK_RUNNING, METRIC_GAUGE, "millrace_work_running_records", "Records that hold a slot.", "stream")
METRIC(WORK_RESTING, METRIC_GAUGE, "millrace_work_resting_records", "Records that wait for their next attempt.", "stream")
METRIC(WORK_PARTITIONS, METRIC_GAUGE, "millrace_work_assigned_partitions", "Partitions assigned to this process.", "stream")
METRIC(WORK_PAUSED, METRIC_GAUGE, "millrace_work_paused", "1 while the work is paused from outside.", "stream")
METRIC(WORK_SLOTS, METRIC_GAUGE, "millrace_work_slots", "Slots that its jobs may take: the pool's, or its own.", "stream")
METRIC(WORK_CROWDS, METRIC_GAUGE, "millrace_work_head_of_line_partitions",
       "Partitions in which one key fills half of what they may hold, and holds others back.", "stream")
METRIC(WORK_CROWDED, METRIC_COUNTER, "millrace_work_head_of_line_total",
       "Times that a key began to fill half of what its partition may hold.", "stream")
METRIC(WORK_STUCK, METRIC_GAUGE, "millrace_work_stuck_records", "Records that run longer than their timeout and cannot be ended.", "stream")
METRIC(SLOTS_BUSY, METRIC_GAUGE, "millrace_pool_slots_busy", "Slots of the pool in use.")
METRIC(SLOTS, METRIC_GAUGE, "millrace_pool_slots", "Slots of the pool.")
METRIC(DEAD, METRIC_COUNTER, "millrace_dead_letters_total", "Records acknowledged by the dead letter topic.", "stream")
METRIC(DEAD_ERRORS, METRIC_COUNTER, "millrace_dead_letter_errors_total", "Dead letters that the broker did not take.", "stream")
METRIC(OUTPUTS, METRIC_COUNTER, "millrace_outputs_total", "Records that are done and acknowledged by the output topic.", "stream")
METRIC(OUTPUT_ERRORS, METRIC_COUNTER, "millrace_output_errors_total", "Outputs that the broker did not take.", "stream")
METRIC(TRANSACTIONS, METRIC_COUNTER, "millrace_transactions_total",
       "Transactions of outputs, dead letters and offsets, by result: committed, aborted, unknown.", "stream", "result")
METRIC(TRANSACTION_DURATION, METRIC_HISTOGRAM, "millrace_transaction_duration_seconds", "From a transaction's hand-over to its end.",
       "stream")
METRIC(WORK_UNCOMMITTED, METRIC_GAUGE, "millrace_work_uncommitted_records",
       "Records whose work is over and whose output or dead letter waits for its transaction, or is in one.", "stream")
METRIC(OUTPUTS_REFUSED, METRIC_GAUGE, "millrace_outputs_refused",
       "Records whose output was not taken, and is sent again; those behind them in their lane wait.", "stream")
METRIC(DEAD_REFUSED, METRIC_GAUGE, "millrace_dead_letters_refused",
       "Records whose dead letter was not taken, and is sent again; those behind them in their lane wait.", "stream")
METRIC(COMMITS, METRIC_COUNTER, "millrace_commits_total", "Offset commits, by result.", "stream", "result")
METRIC(COMMITS_BARE, METRIC_COUNTER, "millrace_commits_bare_total",
       "Commits of a partition sent again without metadata, because the broker found it too large.", "stream")
METRIC(COMMIT_METADATA_IGNORED, METRIC_COUNTER, "millrace_commit_metadata_ignored_total",
       "Assigned partitions whose commit had metadata that was not believed, by reason; what it told as done is done again.", "stream",
       "reason")
METRIC(REBALANCES, METRIC_COUNTER, "millrace_rebalances_total",
       "Partitions assigned, revoked, lost; and clients that were broken by a fatal error and made anew.", "stream", "kind")
METRIC(GROUP_LAG, METRIC_GAUGE, "millrace_group_lag_offsets",
       "Offsets between where a watched group is and the end of the log; NaN while the brokers cannot be asked.", "group", "topic",
       "partition")
METRIC(GROUP_COMMITTED, METRIC_GAUGE, "millrace_group_committed_offset", "The group's commit; NaN where it has none.", "group", "topic",
       "partition")
METRIC(GROUP_MEMBERS, METRIC_GAUGE, "millrace_group_members",
       "Members of a watched group; NaN where the broker divides its partitions (protocol: consumer), for nothing safe can be asked there.",
       "group")
METRIC(TOPIC_PARTITIONS, METRIC_GAUGE, "millrace_topic_partitions", "Partitions of a watched topic.", "topic")
METRIC(TOPIC_END, METRIC_GAUGE, "millrace_topic_end_offset", "The offset that the next record of the partition gets.", "topic", "partition")
METRIC(TOPIC_LEADER, METRIC_GAUGE, "millrace_topic_leader", "The broker that leads the partition, by its id; -1: none.", "topic",
       "partition")
METRIC(TOPIC_IN_SYNC, METRIC_GAUGE, "millrace_topic_in_sync_replicas", "Replicas of the partition that are in sync.", "topic", "partition")
METRIC(TOPIC_UNDER_REPLICATED, METRIC_GAUGE, "millrace_topic_under_replicated", "1 while a replica of the partition is not in sync.",
       "topic", "partition")
METRIC(BROKERS, METRIC_GAUGE, "millrace_brokers", "Brokers of the cluster that are alive.")
METRIC(WATCH_POLLS, METRIC_COUNTER, "millrace_watch_polls_total", "Questions to the brokers about a watched group: answered, failed.",
       "stream", "result")
METRIC(WATCH_LAST, METRIC_GAUGE, "millrace_watch_last_answer_timestamp_seconds", "When a watched group was read last, since unix epoch.",
       "stream")
METRIC(WATCH_INTERVAL, METRIC_GAUGE, "millrace_watch_interval_seconds", "How often a watched group is asked for: `watch.every`.", "stream")
METRIC(OFFSETS_MISSING, METRIC_COUNTER, "millrace_offsets_missing_total",
       "Offsets that were not in the log any more when they were to be read.", "stream")
METRIC(TRACE_ROOTS, METRIC_COUNTER, "millrace_trace_local_roots_total",
       "Requests and jobs whose spans were sampled, kept (not sampled, but failed, tried again or slow), or forgotten.", "decision")
METRIC(TRACE_SPANS, METRIC_COUNTER, "millrace_trace_spans_total", "Spans recorded in memory.")
METRIC(TRACE_SPANS_OVERWRITTEN, METRIC_COUNTER, "millrace_trace_spans_overwritten_total",
       "Spans in memory that newer ones took the place of.")
METRIC(TRACE_SPANS_EXPORTED, METRIC_COUNTER, "millrace_trace_spans_exported_total", "Spans that the collector has taken.")
METRIC(TRACE_SPANS_DROPPED, METRIC_COUNTER, "millrace_trace_spans_dropped_total",
       "Spans that were not exported, by reason: missed (memory had to forget them first), refused (the collector's answer was final), "
       "rejected (it took the others of their batch), unavailable (no try of their batch succeeded), shutdown.",
       "reason")
METRIC(TRACE_EXPORTS, METRIC_COUNTER, "millrace_trace_exports_total", "Requests to the collector, by result: taken, refused, unavailable.",
       "result")
METRIC(TRACE_EXPORT_DURATION, METRIC_HISTOGRAM, "millrace_trace_export_duration_seconds", "One request to the collector.")
