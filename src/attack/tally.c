#include "attack/tally.h"

#include <stdio.h>

void tally_count(struct tally *tally, int status, uint64_t latency_us)
{
    tally->total++;
    if (status == 0) {
        tally->errors++;
        return;
    }
    if (status == 200)
        tally->ok++;
    else if (status == 429)
        tally->limited++;
    else
        tally->other++;
    histogram_record(&tally->latency, latency_us);
}

static double milliseconds(const struct tally *tally, double quantile)
{
    return (double)histogram_quantile(&tally->latency, quantile) / 1000;
}

static double seconds_between(uint64_t from_us, uint64_t to_us)
{
    return to_us > from_us ? (double)(to_us - from_us) / 1e6 : 1e-6;
}

void tally_progress(const struct tally *tally, uint64_t now_us, bool terminal)
{
    double seconds = seconds_between(tally->started_us, now_us);
    printf("%s%6.1f s  total %llu (%.0f/s)  200 %llu  429 %llu  other %llu  errors %llu  p99 %.2f ms%s", terminal ? "\r\033[K" : "",
           seconds, (unsigned long long)tally->total, (double)tally->total / seconds, (unsigned long long)tally->ok,
           (unsigned long long)tally->limited, (unsigned long long)tally->other, (unsigned long long)tally->errors,
           milliseconds(tally, 0.99), terminal ? "" : "\n");
    fflush(stdout);
}

static void print_json(const struct tally *tally, double seconds)
{
    printf(
        "{\"total\":%llu,\"200\":%llu,\"429\":%llu,\"other\":%llu,\"errors\":%llu,\"unanswered\":%llu,\"unsent\":%llu,\"seconds\":%.3f,\"rate\":%.1f,"
        "\"latency_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}}\n",
        (unsigned long long)tally->total, (unsigned long long)tally->ok, (unsigned long long)tally->limited,
        (unsigned long long)tally->other, (unsigned long long)tally->errors, (unsigned long long)tally->unanswered,
        (unsigned long long)tally->unsent, seconds, (double)tally->total / seconds, milliseconds(tally, 0.5), milliseconds(tally, 0.9),
        milliseconds(tally, 0.99), (double)tally->latency.max_us / 1000);
}

static void print_text(const struct tally *tally, double seconds)
{
    printf("total    %llu in %.1f s (%.1f/s)\n", (unsigned long long)tally->total, seconds, (double)tally->total / seconds);
    printf("200      %llu\n", (unsigned long long)tally->ok);
    printf("429      %llu\n", (unsigned long long)tally->limited);
    printf("other    %llu\n", (unsigned long long)tally->other);
    printf("errors   %llu\n", (unsigned long long)tally->errors);
    if (tally->unanswered > 0)
        printf("cut      %llu (on their way when the time was over)\n", (unsigned long long)tally->unanswered);
    if (tally->unsent > 0)
        printf("unsent   %llu (no connection was free: raise -conns)\n", (unsigned long long)tally->unsent);
    printf("latency  p50 %.2f ms  p90 %.2f ms  p99 %.2f ms  max %.2f ms\n", milliseconds(tally, 0.5), milliseconds(tally, 0.9),
           milliseconds(tally, 0.99), (double)tally->latency.max_us / 1000);
}

void tally_summary(const struct tally *tally, bool json)
{
    double seconds = seconds_between(tally->started_us, tally->ended_us);
    if (json)
        print_json(tally, seconds);
    else
        print_text(tally, seconds);
}
