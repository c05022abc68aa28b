package main

import (
	"context"
	"log"
	"time"

	"github.com/IBM/sarama"
)

// A bounded queue before a fixed number of workers, for all partitions together.
type pool struct {
	jobs chan pooledJob
}

type pooledJob struct {
	message *sarama.ConsumerMessage
	done    chan error
}

func newPool(workers, queue int) *pool {
	p := &pool{jobs: make(chan pooledJob, queue)}
	for range workers {
		go p.run()
	}
	return p
}

func (p *pool) run() {
	for job := range p.jobs {
		queueLength.Dec()
		inFlight.Inc()
		job.done <- process(job.message)
		inFlight.Dec()
	}
}

// Waits for the job's end: so a partition's jobs stay in order.
func (p *pool) submit(message *sarama.ConsumerMessage) error {
	job := pooledJob{message: message, done: make(chan error, 1)}
	queueLength.Inc()
	p.jobs <- job
	return <-job.done
}

func process(*sarama.ConsumerMessage) error { return nil }

// Only what has succeeded is marked, and what is marked is committed each second.
type handler struct {
	pool *pool
}

func (*handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		began := time.Now()
		err := h.pool.submit(message)
		consumerDuration.Observe(time.Since(began).Seconds())
		if err != nil {
			consumerErrors.Inc()
			return err
		}
		consumerProcessed.Inc()
		session.MarkMessage(message, "")
	}
	return nil
}

func work(brokers []string, topic, name string, p *pool) {
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Interval = time.Second
	group, err := sarama.NewConsumerGroup(brokers, name, config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		if err := group.Consume(context.Background(), []string{topic}, &handler{pool: p}); err != nil {
			log.Print(err)
			time.Sleep(time.Second)
		}
	}
}
