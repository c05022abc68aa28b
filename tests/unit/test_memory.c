#include "base/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void zeroed_memory_is_zero_and_copies_are_copies(void **state)
{
    char *zeroed = mem_zalloc(1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zeroed[i], 0);
    mem_free(zeroed);

    const char *original = "millrace";
    char *copy = mem_strdup(original);
    assert_ptr_not_equal(copy, original);
    assert_string_equal(copy, original);
    mem_free(copy);

    char *part = mem_strndup(original, 4);
    assert_string_equal(part, "mill");
    mem_free(part);
    mem_free(NULL);
}

/* Three allocations that belong together, as code whose input decides the sizes would make them. */
struct triple {
    char *parts[3];
};

static bool make_triple(struct triple *triple)
{
    *triple = (struct triple){ { NULL } };
    for (int i = 0; i < 3; i++) {
        char *small = mem_try_alloc(8);
        char *part = small == NULL ? NULL : mem_try_realloc(small, 64);
        if (part == NULL) {
            mem_free(small);
            goto fail;
        }
        triple->parts[i] = part;
    }
    return true;

fail:
    for (int i = 0; i < 3; i++)
        mem_free(triple->parts[i]);
    return false;
}

static void a_sweep_meets_every_allocation_once(void **state)
{
    struct triple triple;
    long failures = 0;
    bool made = false;
    while (!made) {
        mem_fail_after(failures);
        made = make_triple(&triple);
        mem_fail_after(-1);
        failures += !made;
    }
    assert_int_equal(failures, 6);
    for (int i = 0; i < 3; i++)
        mem_free(triple.parts[i]);
}

static void a_failed_growth_leaves_the_old_memory(void **state)
{
    char *memory = mem_try_alloc(4);
    memcpy(memory, "old", 4);
    mem_fail_after(0);
    assert_null(mem_try_realloc(memory, 1 << 20));
    assert_null(mem_try_alloc(1));
    mem_fail_after(-1);
    assert_string_equal(memory, "old");
    mem_free(memory);
}

static void what_the_program_sizes_is_not_touched_by_a_sweep(void **state)
{
    mem_fail_after(0);
    void *memory = mem_alloc(16);
    mem_fail_after(-1);
    assert_non_null(memory);
    mem_free(memory);
}

/* Else the sanitizer's own allocator ends the process at such a size, before ours can say a word. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void without_memory_the_process_ends_with_a_line(void **state)
{
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        dup2(pipe_ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        mem_alloc(SIZE_MAX / 4); /* beyond any address space */
        _exit(0);
    }
    close(pipe_ends[1]);
    char said[256] = "";
    size_t size = 0;
    ssize_t got;
    while (size < sizeof(said) - 1 && (got = read(pipe_ends[0], said + size, sizeof(said) - 1 - size)) > 0)
        size += (size_t)got;
    close(pipe_ends[0]);

    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(said, "out of memory: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_zero_and_copies_are_copies), cmocka_unit_test(a_sweep_meets_every_allocation_once),
        cmocka_unit_test(a_failed_growth_leaves_the_old_memory),       cmocka_unit_test(what_the_program_sizes_is_not_touched_by_a_sweep),
        cmocka_unit_test(without_memory_the_process_ends_with_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
