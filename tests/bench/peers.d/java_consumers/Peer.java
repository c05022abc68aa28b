import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Consumes a topic from its beginning, does nothing with a record but count it, commits each second, and prints the count every 20 ms.
 *
 * <p>java Peer key|partition BROKERS TOPIC GROUP: parallel-consumer, in that order.
 * <p>java Peer plain BROKERS TOPIC GROUP RECORDS: one thread and Kafka's own client; after so many records from the beginning again.
 */
public final class Peer {
    private static final LongAdder done = new LongAdder();
    private static final int CONCURRENCY = 100; // of 16 (its default), 100 and 1,000: beyond 100 nothing was gained
    private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

    public static void main(String[] args) throws InterruptedException {
        String mode = args[0];
        String topic = args[2];
        KafkaConsumer<byte[], byte[]> consumer = consumer(args[1], args[3]);
        if (mode.equals("plain")) {
            consumer.subscribe(List.of(topic));
            new Thread(() -> consume(consumer, Long.parseLong(args[4]))).start();
        } else {
            consumeInParallel(consumer, topic, ProcessingOrder.valueOf(mode.toUpperCase()));
        }
        while (true) {
            Thread.sleep(20);
            System.out.println(done.sum());
        }
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String brokers, String group) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", brokers);
        settings.put("group.id", group);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static void consumeInParallel(KafkaConsumer<byte[], byte[]> consumer, String topic, ProcessingOrder order) {
        ParallelConsumerOptions<byte[], byte[]> options = ParallelConsumerOptions.<byte[], byte[]>builder()
                .consumer(consumer)
                .ordering(order)
                .maxConcurrency(CONCURRENCY)
                .commitInterval(COMMIT_INTERVAL)
                .build();
        ParallelStreamProcessor<byte[], byte[]> processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(topic));
        processor.poll(context -> done.increment());
    }

    private static void consume(KafkaConsumer<byte[], byte[]> consumer, long records) {
        long committed = System.nanoTime();
        long round = 0;
        while (true) {
            int count = consumer.poll(Duration.ofMillis(100)).count();
            done.add(count);
            round += count;
            if (round >= records) {
                consumer.seekToBeginning(consumer.assignment());
                round = 0;
            }
            if (System.nanoTime() - committed >= COMMIT_INTERVAL.toNanos()) {
                consumer.commitAsync();
                committed = System.nanoTime();
            }
        }
    }
}
