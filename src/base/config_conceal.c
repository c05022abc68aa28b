#include "base/config_conceal.h"

#include "base/buffer.h"

#include <string.h>

bool config_conceal_name(const char *name)
{
    static const char *const marks[] = { "password", "passwd", "secret", "token", "sasl.jaas", "ssl.key.pem", "private.key", "credential" };
    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
        if (strcasestr(name, marks[i]) != NULL)
            return true;
    }
    return false;
}

static size_t word(const char *text)
{
    return strcspn(text, " \t\r\n\"'");
}

/* The secret piece of a word that begins at `url`, behind "://": from the first colon to the last at-sign. A password may
 * hold a slash that should have been escaped, so the word's whole rest is searched. */
static struct text userinfo(const char *url)
{
    size_t size = word(url);
    const char *colon = memchr(url, ':', size);
    const char *at = memrchr(url, '@', size);
    if (colon == NULL || at == NULL || at < colon + 1)
        return TEXT_NONE;
    return (struct text){ colon + 1, (size_t)(at - colon - 1) };
}

/* The value behind "password=": in libpq's quotes, or up to a blank or the next parameter. */
static struct text assignment(const char *value)
{
    const char *quote = *value == '\'' ? strchr(value + 1, '\'') : NULL;
    const char *rest = quote == NULL ? value : quote;
    return (struct text){ value, (size_t)(rest - value) + strcspn(rest, " \t\r\n&") };
}

static struct text first_secret(const char *text)
{
    const char *searched = text; /* a word is searched for user info once, or a long one would cost its square */
    for (const char *at = text; *at != '\0'; at++) {
        if (strncasecmp(at, "password=", strlen("password=")) == 0)
            return assignment(at + strlen("password="));
        if (at < searched || strncmp(at, "://", 3) != 0)
            continue;
        struct text secret = userinfo(at + 3);
        if (secret.data != NULL)
            return secret;
        searched = at + 3 + word(at + 3);
    }
    return TEXT_NONE;
}

const char *config_conceal(struct arena *arena, const char *text)
{
    struct text secret = first_secret(text);
    if (secret.data == NULL)
        return text;

    struct buffer shown = { 0 };
    while (secret.data != NULL) {
        buffer_append(&shown, text, (size_t)(secret.data - text));
        buffer_string(&shown, CONFIG_HIDDEN);
        text = secret.data + secret.size;
        secret = first_secret(text);
    }
    buffer_string(&shown, text);
    const char *copy = arena_strndup(arena, shown.data, shown.size);
    buffer_free(&shown);
    return copy;
}
