package main

import (
	"encoding/json"
	"time"

	"github.com/IBM/sarama"
)

// Answers after all replicas have acknowledged. Idempotent as its peers are; with the one request under way that sarama asks for
// then, batches grow, and a job costs no more than without.
type producer struct {
	client sarama.SyncProducer
	topic  string
}

func newProducer(brokers []string, topic string) (*producer, error) {
	config := sarama.NewConfig()
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	config.Producer.Retry.Max = 5
	config.Producer.Return.Successes = true
	client, err := sarama.NewSyncProducer(brokers, config)
	return &producer{client: client, topic: topic}, err
}

func (p *producer) send(key string, job simpleJob) error {
	value, err := json.Marshal(job)
	if err != nil {
		return err
	}
	message := &sarama.ProducerMessage{Topic: p.topic, Value: sarama.ByteEncoder(value)}
	if key != "" {
		message.Key = sarama.StringEncoder(key)
	}
	began := time.Now()
	_, _, err = p.client.SendMessage(message)
	producerDuration.Observe(time.Since(began).Seconds())
	if err != nil {
		producerErrors.Inc()
		return err
	}
	producerSent.Inc()
	return nil
}
