#include "app/command.h"

#include <fcntl.h>
#include <unistd.h>

/* Where a parent has closed descriptors 0 to 2, the next pipes, sockets and files would get these numbers: the log would be written into
 * one of them, and libuv, which never closes them, would abort at the end. /dev/null takes their places, as in every daemon. */
static void fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR); /* the lowest number that is free */
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Before the constructors of libraries, of which one (libunwind's, for the profiler) opens a pipe; main would come too late. */
__attribute__((section(".preinit_array"), used)) static void (*const before_libraries)(void) = fill_standard_descriptors;

int main(int argc, char **argv)
{
    return command_run(argc, argv);
}
