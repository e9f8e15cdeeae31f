// libmicrohttpd's options and questions are variadic, which Swift cannot call: one fixed wrapper for each that is used.
#ifndef YIKA_CMICROHTTP_H
#define YIKA_CMICROHTTP_H
#include <microhttpd.h>
#include <sys/eventfd.h>

// A server on a socket that listens already, run by whoever calls MHD_run: it has no thread of its own.
static inline struct MHD_Daemon *yika_http_start(
    int listener, MHD_AccessHandlerCallback access, MHD_RequestCompletedCallback completed, void *context,
    unsigned connections, unsigned idle_seconds, size_t memory) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, access, context, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}
// What becomes readable when the server has something to do; -1: nothing.
static inline int yika_http_descriptor(struct MHD_Daemon *server) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}
static inline int yika_http_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}
// The milliseconds after which the server wants to run though nothing came; -1: never.
static inline int yika_http_patience(struct MHD_Daemon *server) {
    MHD_UNSIGNED_LONG_LONG left;
    if (MHD_get_timeout(server, &left) != MHD_YES) return -1;
    return left < 3600000 ? (int)left : 3600000;
}
// Something that poll() waits for and any thread may ring, without ever waiting.
static inline int yika_doorbell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void yika_ring(int doorbell) { eventfd_write(doorbell, 1); }
static inline void yika_silence(int doorbell) {
    eventfd_t count;
    eventfd_read(doorbell, &count);
}
#endif
