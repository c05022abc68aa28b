#include "io/http/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_ip(struct address *address, struct error *err);
static int open_unix(const struct address *address, struct error *err);

int socket_listen(struct address *address, int backlog, struct error *err)
{
    int fd = address->kind == ADDRESS_UNIX ? open_unix(address, err) : open_ip(address, err);
    if (fd < 0)
        return fd;
    if (listen(fd, backlog) == 0)
        return fd;
    error_set(err, E_IO, "listen: %s", strerror(errno));
    close(fd);
    return E_IO;
}

static void set_options(int fd, int family)
{
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Linux hands it down to accepted sockets. A turn's answers are one write, so nothing is gained by waiting for more. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)); /* "[::]" is every interface */
}

static int open_ip(struct address *address, struct error *err)
{
    struct sockaddr *ip = (struct sockaddr *)&address->ip;
    socklen_t size = ip->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(ip->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set(err, E_IO, "socket: %s", strerror(errno));

    set_options(fd, ip->sa_family);
    if (bind(fd, ip, size) == 0 && getsockname(fd, ip, &size) == 0)
        return fd;
    int code = error_set(err, errno == EADDRINUSE ? E_UNAVAILABLE : E_IO, "bind: %s", strerror(errno));
    close(fd);
    return code;
}

/* Only a socket can be stale; any other file of that name is somebody's data. */
static int remove_stale(const struct sockaddr_un *name, struct error *err)
{
    struct stat status;
    if (lstat(name->sun_path, &status) != 0)
        return 0;
    if (!S_ISSOCK(status.st_mode))
        return error_set(err, E_INVALID, "%s exists and is not a socket", name->sun_path);

    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return error_set(err, E_IO, "socket: %s", strerror(errno));
    int rc = connect(probe, (const struct sockaddr *)name, sizeof(*name));
    bool stale = rc != 0 && errno == ECONNREFUSED;
    close(probe);
    if (!stale)
        return error_set(err, E_UNAVAILABLE, "another process listens on %s", name->sun_path);
    if (unlink(name->sun_path) != 0 && errno != ENOENT)
        return error_set(err, E_IO, "stale socket %s cannot be removed: %s", name->sun_path, strerror(errno));
    return 0;
}

static int open_unix(const struct address *address, struct error *err)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    memcpy(name.sun_path, address->path, sizeof(name.sun_path));
    int rc = remove_stale(&name, err);
    if (rc != 0)
        return rc;

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set(err, E_IO, "socket: %s", strerror(errno));
    if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
        return fd;
    error_set(err, E_IO, "bind: %s", strerror(errno));
    close(fd);
    return E_IO;
}
