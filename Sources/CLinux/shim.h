// What glibc offers but Swift's Glibc module does not show: thread names (for `top -H`) and variadic calls.
//
// No _GNU_SOURCE here: it changes types that Swift's own module of glibc has without it, and then the two do not fit. What
// only GNU's headers declare is declared by hand.
#ifndef YIKA_CLINUX_H
#define YIKA_CLINUX_H
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/memfd.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>

int pthread_setname_np(pthread_t, const char *);
int sem_clockwait(void *, clockid_t, const struct timespec *);
int accept4(int, struct sockaddr *, socklen_t *, int);
int pipe2(int[2], int);
int memfd_create(const char *, unsigned);

// Waits on a semaphore (a sem_t) for so long at most, by the clock that nobody sets.
static inline int yika_semaphore_wait(void *semaphore, long long nanoseconds) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    nanoseconds += end.tv_nsec;
    end.tv_sec += nanoseconds / 1000000000;
    end.tv_nsec = nanoseconds % 1000000000;
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &end);
}

static inline int yika_name_this_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }
static inline int yika_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
// The flag for writing past the page cache, which fcntl.h shows only with _GNU_SOURCE.
static inline int yika_direct(void) { return __O_DIRECT; }
static inline int yika_accept(int listener) { return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }
// A file that is nowhere but in memory, for what must not lie on a disk.
static inline int yika_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
static inline int yika_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }
static inline int yika_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
// Takes a keyboard away from everybody else who reads it, the console above all.
static inline int yika_input_grab(int device) { return ioctl(device, EVIOCGRAB, 1); }
// Nobody but root can open the terminal from now on.
static inline int yika_terminal_exclusive(int terminal) { return ioctl(terminal, TIOCEXCL, 0); }

// Who has connected to a Unix socket, as the kernel saw it then. GNU's name for the structure is struct ucred.
struct yika_peer { pid_t process; uid_t user; gid_t group; };
static inline int yika_peer(int connection, struct yika_peer *peer) {
    socklen_t size = sizeof *peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, peer, &size) != 0) return -1;
    if (size == sizeof *peer) return 0;
    errno = EPROTO;
    return -1;
}
// The groups of who has connected, beside the one above (unix(7), SO_PEERGROUPS, Linux 4.13); how many, or -1.
static inline int yika_peer_groups(int connection, gid_t *groups, int room) {
    socklen_t size = room * sizeof *groups;
    if (getsockopt(connection, SOL_SOCKET, 59, groups, &size) != 0) return -1;
    return size / sizeof *groups;
}
// Whether somebody disciplines the clock, whatever program that is (adjtimex(2)); -1: the kernel does not tell.
static inline int yika_clock_is_kept(void) {
    struct timex state = {0};
    int status = adjtimex(&state);
    return status < 0 ? -1 : status != TIME_ERROR && !(state.status & STA_UNSYNC);
}
static inline int yika_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}
#endif
