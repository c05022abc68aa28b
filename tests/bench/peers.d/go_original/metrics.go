package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

func counter(name, help string) prometheus.Counter {
	return promauto.NewCounter(prometheus.CounterOpts{Namespace: "my_system", Subsystem: "worker_pool", Name: name, Help: help})
}

func gauge(name, help string) prometheus.Gauge {
	return promauto.NewGauge(prometheus.GaugeOpts{Namespace: "my_system", Subsystem: "worker_pool", Name: name, Help: help})
}

func seconds(name, help string) prometheus.Histogram {
	return promauto.NewHistogram(prometheus.HistogramOpts{Namespace: "my_system", Subsystem: "worker_pool", Name: name, Help: help})
}

var (
	producerSent      = counter("producer_sent_total", "Jobs stored.")
	producerErrors    = counter("producer_errors_total", "Jobs not stored.")
	producerDuration  = seconds("producer_duration_seconds", "Time to store a job.")
	consumerProcessed = counter("consumer_processed_total", "Jobs done.")
	consumerErrors    = counter("consumer_errors_total", "Jobs failed.")
	consumerDuration  = seconds("consumer_duration_seconds", "Time of a job, its wait in the queue included.")
	queueLength       = gauge("consumer_queue_length", "Jobs that wait for a worker.")
	inFlight          = gauge("consumer_inflight", "Jobs that run.")
	rateLimited       = counter("rate_limited_total", "Requests refused by the limit.")
)
