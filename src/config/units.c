
#include "config/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "m", 60 * 1000000 }, { "h", 3600ULL * 1000000 }, { NULL, 0 },
};

static const struct unit sizes[] = {
    { "", 1 },          { "B", 1 },           { "KB", 1000 },     { "KiB", 1 << 10 },    { "MB", 1000000 },
    { "MiB", 1 << 20 }, { "GB", 1000000000 }, { "GiB", 1 << 30 }, { "TiB", 1ULL << 40 }, { NULL, 0 },
};

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, name) == 0)
            return units;
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const char *text)
{
    size_t count = 0;
    while (is_digit(text[count]))
        count++;
    return count;
}

bool config_parse_int(const char *text, int64_t *value)
{
    size_t sign = text[0] == '-' || text[0] == '+';
    size_t count = digits(text + sign);
    if (count == 0 || text[sign + count] != '\0')
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}

/* The length of a decimal number with fraction and exponent at the beginning of a text, or 0. */
static size_t decimal(const char *text)
{
    size_t whole = digits(text);
    size_t fraction = text[whole] == '.' ? digits(text + whole + 1) : 0;
    if (whole + fraction == 0)
        return 0;
    size_t end = whole + (text[whole] == '.') + fraction;
    if (text[end] != 'e' && text[end] != 'E')
        return end;
    size_t sign = text[end + 1] == '-' || text[end + 1] == '+';
    size_t exponent = digits(text + end + 1 + sign);
    return exponent == 0 ? 0 : end + 1 + sign + exponent;
}

bool config_parse_number(const char *text, double *value)
{
    size_t sign = text[0] == '-' || text[0] == '+';
    size_t size = decimal(text + sign);
    if (size == 0 || text[sign + size] != '\0')
        return false;
    *value = strtod(text, NULL);
    return isfinite(*value);
}

bool config_parse_bool(const char *text, bool *value)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "True") == 0 || strcmp(text, "TRUE") == 0)
        *value = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "False") == 0 || strcmp(text, "FALSE") == 0)
        *value = false;
    else
        return false;
    return true;
}

bool config_parse_duration(const char *text, uint64_t *micros)
{
    if (strcmp(text, "0") == 0) {
        *micros = 0;
        return true;
    }

    size_t whole = digits(text);
    size_t fraction = whole > 0 && text[whole] == '.' ? digits(text + whole + 1) : 0;
    size_t size = whole + (fraction > 0) + fraction;
    const struct unit *unit = find_unit(durations, text + size);
    if (whole == 0 || unit == NULL)
        return false;
    double value = strtod(text, NULL) * (double)unit->factor;
    if (value >= 9e15) /* 285 years; a double counts single microseconds up to there */
        return false;
    *micros = (uint64_t)llround(value);
    return true;
}

bool config_parse_size(const char *text, uint64_t *bytes)
{
    size_t count = digits(text);
    const struct unit *unit = find_unit(sizes, text + count);
    if (count == 0 || unit == NULL)
        return false;
    errno = 0;
    uint64_t value = strtoull(text, NULL, 10);
    return errno == 0 && !__builtin_mul_overflow(value, unit->factor, bytes);
}

static void format(const struct unit *units, double value, char text[CONFIG_UNIT_TEXT])
{
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name != NULL && value > 0; unit++) {
        if (fmod(value, (double)unit->factor) == 0 && unit->factor > best->factor)
            best = unit;
    }
    snprintf(text, CONFIG_UNIT_TEXT, "%.15g%s", value / (double)best->factor, value == 0 ? "" : best->name);
}

void config_format_duration(double micros, char text[CONFIG_UNIT_TEXT])
{
    format(durations, micros, text);
}

void config_format_size(double bytes, char text[CONFIG_UNIT_TEXT])
{
    format(sizes, bytes, text);
}

void config_format_number(double value, char text[CONFIG_UNIT_TEXT])
{
    snprintf(text, CONFIG_UNIT_TEXT, "%.15g", value);
}
