#include "base/memory.h"
#include "base/random.h"
#include "ingest/limiter_state.h"

#include <assert.h>
#include <string.h>

#define KEY_SIZE_MAX 64 /* longer keys stand as their digest */

/* What stands for the key in the table and in Redis: short ones themselves; tokens, which are secrets, never. */
static struct text name_of_key(const struct limiter *limiter, struct text key, char digest[KEY_DIGEST_SIZE])
{
    if (key.data == NULL)
        return TEXT("");
    if (limiter->per != LIMITER_PER_TOKEN && key.size <= KEY_SIZE_MAX)
        return key;
    key_digest(key, digest);
    return text_of(digest);
}

static struct account *new_account(struct limiter *limiter, struct text key, uint64_t now_us)
{
    size_t prefix = strlen(limiter->name);
    size_t colon = limiter->per == LIMITER_PER_GLOBAL ? 0 : 1;
    struct account *account = mem_zalloc(sizeof(*account) + prefix + colon + key.size + 1);
    account->limiter = limiter;
    account->name_size = prefix + colon + key.size;
    memcpy(account->name, limiter->name, prefix);
    memset(account->name + prefix, ':', colon);
    memcpy(account->name + prefix + colon, key.data, key.size);
    lease_init(&account->lease, limiter->rate, limiter->burst, now_us);
    list_init(&account->leased);
    list_init(&account->queued);
    list_init(&account->waiting);
    list_push(&limiter->accounts, &account->in_limiter);
    return account;
}

static void free_account(struct account *account)
{
    assert(list_empty(&account->waiting));
    limiter_trace_forget(&account->call);
    list_remove(&account->leased);
    list_remove(&account->queued);
    list_remove(&account->in_limiter);
    mem_free(account);
}

/* Makes room by forgetting the key not used for longest. What is left of its lease is lost: less is admitted, never more. */
static bool make_room(struct limiter *limiter)
{
    if (!key_table_full(&limiter->table))
        return true;
    struct key_entry *oldest = key_table_oldest(&limiter->table);
    if (oldest == NULL)
        return false;
    key_table_remove(&limiter->table, oldest);
    free_account(list_entry(oldest, struct account, entry));
    return true;
}

struct account *limiter_account(struct limiter *limiter, struct text key, uint64_t now_us)
{
    if (limiter->global != NULL)
        return limiter->global;
    char digest[KEY_DIGEST_SIZE];
    struct text name = name_of_key(limiter, key, digest);
    struct key_entry *entry = key_table_find(&limiter->table, name);
    if (entry != NULL)
        return list_entry(entry, struct account, entry);
    if (!make_room(limiter))
        return NULL;
    struct account *account = new_account(limiter, name, now_us);
    key_table_add(&limiter->table, &account->entry, (struct text){ account->name + account->name_size - name.size, name.size });
    return account;
}

void limiter_init_accounts(struct limiter *limiter, uint64_t now_us)
{
    list_init(&limiter->accounts);
    if (limiter->per == LIMITER_PER_GLOBAL)
        limiter->global = new_account(limiter, TEXT(""), now_us);
    else
        key_table_init(&limiter->table, LIMITER_KEYS_MAX, random_seed());
}

void limiter_free_accounts(struct limiter *limiter)
{
    list_each(link, &limiter->accounts) {
        struct account *account = list_entry(link, struct account, in_limiter);
        if (limiter->global == NULL)
            key_table_remove(&limiter->table, &account->entry);
        free_account(account);
    }
    if (limiter->global == NULL)
        key_table_free(&limiter->table);
}
