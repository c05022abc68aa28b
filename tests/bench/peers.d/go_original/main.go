// A program of the kind that Millrace replaces: gin in front of Kafka, a token bucket in Redis, and a pool of workers behind a
// consumer group, each part from the library that most would take, wired as its documentation shows. What scripts/bench peers
// compares with. Metrics are on; traces and the access log are off, and so are they in Millrace there. The work does nothing
// and never fails, so there is no retry and no dead letter topic here.
package main

import (
	"flag"
	"log"
	"net/http"
	"strings"

	"github.com/IBM/sarama"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
)

type simpleJob struct {
	ID             string `json:"id"`
	ProcessingTime int    `json:"processing_time"`
	Note           string `json:"note,omitempty"`
}

// The posted job, or a new one where nothing was posted.
func jobOf(c *gin.Context) (simpleJob, error) {
	if c.Request.ContentLength == 0 {
		return simpleJob{ID: uuid.NewString(), ProcessingTime: 100}, nil
	}
	var job simpleJob
	err := c.ShouldBindJSON(&job)
	return job, err
}

func submit(jobs *producer) gin.HandlerFunc {
	return func(c *gin.Context) {
		job, err := jobOf(c)
		if err != nil {
			c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
			return
		}
		if err := jobs.send(c.Query("key"), job); err != nil {
			c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
			return
		}
		c.JSON(http.StatusOK, gin.H{"message": "Job Enqueued to Kafka", "trace_id": job.ID})
	}
}

func serveJobs(router *gin.Engine, brokers []string, topic, redisAddress string) {
	jobs, err := newProducer(brokers, topic)
	if err != nil {
		log.Fatal(err)
	}
	limiter := &tokenBucket{client: redis.NewClient(&redis.Options{Addr: redisAddress}), rate: 1e7, capacity: 1e7}
	handlers := []gin.HandlerFunc{limited(limiter), submit(jobs)}
	router.GET("/submit", handlers...)
	router.POST("/submit", handlers...)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address of the HTTP server")
	brokers := flag.String("brokers", "localhost:9092", "addresses of Kafka")
	topic := flag.String("topic", "jobs_topic", "topic of the jobs")
	redisAddress := flag.String("redis", "", "address of Redis: takes jobs in by HTTP")
	group := flag.String("group", "", "consumer group: works the jobs")
	workers := flag.Int("workers", 10, "jobs at once")
	queue := flag.Int("queue", 100, "jobs that wait")
	flag.Parse()
	sarama.Logger = log.New(log.Writer(), "sarama: ", log.LstdFlags)

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery())
	router.GET("/metrics", gin.WrapH(promhttp.Handler()))
	list := strings.Split(*brokers, ",")
	if *redisAddress != "" {
		serveJobs(router, list, *topic, *redisAddress)
	}
	if *group != "" {
		go work(list, *topic, *group, newPool(*workers, *queue))
	}
	log.Fatal(router.Run(*listen))
}
