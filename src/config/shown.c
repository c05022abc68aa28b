#include "config/shown.h"

#include "base/buffer.h"

#include <string.h>

/* Names of free properties whose values are secrets: "sasl.password", "ssl.key.pem", "oauth.token", ... */
static bool names_secret(const char *name)
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

/* The bytes of "password=" and its like, if the text begins with one; or 0. */
static size_t secret_name(const char *text)
{
    static const char *const names[] = { "password=", "passwd=", "token=", "secret=", "api_key=", "api-key=", "apikey=", "signature=" };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strncasecmp(text, names[i], strlen(names[i])) == 0)
            return strlen(names[i]);
    }
    return 0;
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
        size_t name = secret_name(at);
        if (name > 0)
            return assignment(at + name);
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

const char *config_shown_text(struct arena *arena, const struct config_node *node, const struct config_field *field)
{
    if (strcmp(node->file, CONFIG_FROM_DEFAULT) == 0 && node->variables == NULL) /* stands in the documentation */
        return node->text;
    if (node->text[0] == '\0') /* no secret */
        return node->text;
    bool is_secret = field != NULL && node->field == field && field->type == CONFIG_SECRET;
    bool is_free = node->field == NULL && node->name != NULL && (field == NULL || field->type != CONFIG_SECRET);
    if (is_secret || (is_free && names_secret(node->name)))
        return CONFIG_HIDDEN;
    return config_conceal(arena, node->text);
}

bool config_shown_typed(const struct config_node *node, const struct config_field *field)
{
    if (field == NULL)
        return false;
    bool is_number = field->type == CONFIG_INT || field->type == CONFIG_NUMBER || field->type == CONFIG_BOOL;
    return is_number || (field->type == CONFIG_JSON && node->plain);
}

bool config_shown_absent(const struct config_node *node)
{
    if (!node->absent)
        return false;
    const struct config_schema *schema = node->field->schema;
    if (schema->present_offset != 0)
        return true;
    for (const struct config_field *field = schema->fields; field->name != NULL; field++) {
        if (field->required)
            return true;
    }
    return false;
}
