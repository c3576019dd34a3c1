#pragma once
// Macros, variadic calls and thread-local storage that Swift cannot import directly. No logic.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

static const uint32_t cl_epoll_in = EPOLLIN;
static const uint32_t cl_epoll_out = EPOLLOUT;
static const uint32_t cl_epoll_rdhup = EPOLLRDHUP;
static const uint32_t cl_epoll_hup = EPOLLHUP;
static const uint32_t cl_epoll_err = EPOLLERR;

/// EAI_NODATA, which <netdb.h> shows with _GNU_SOURCE only: the name exists and has no address.
static const int cl_eai_no_data = -5;

/// Creates a close-on-exec, non-blocking eventfd, or -1 with errno.
int cl_eventfd(void);
/// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC.
int cl_accept(int descriptor, struct sockaddr_storage *address, socklen_t *length);
/// socket(2) with SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC.
int cl_stream_socket(int family);
/// epoll_pwait2(2): waits at most `timeout_nanoseconds` (-1: for ever). Falls back to milliseconds, rounded up, on an older kernel.
int cl_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_nanoseconds);
/// CLOCK_MONOTONIC in nanoseconds.
int64_t cl_monotonic_nanoseconds(void);
/// The reading of the calling thread's own clock (`cl_set_thread_clock`), CLOCK_MONOTONIC when it has none.
int64_t cl_thread_nanoseconds(void);
/// Gives the calling thread a clock of its own: a reading that `cl_clock_write` changes. Null takes it away.
void cl_set_thread_clock(const int64_t *reading);
/// Reads and writes a clock's reading, each as one atomic access.
int64_t cl_clock_read(const int64_t *reading);
void cl_clock_write(int64_t *reading, int64_t nanoseconds);
/// Cores this process may run on (sched_getaffinity), at least 1.
int cl_available_cores(void);
/// Descriptors this process has open (/proc/self/fd); 0 when that cannot be read.
int cl_open_descriptors(void);
/// malloc_trim(3): gives the free pages of every arena back to the system. Does nothing where the C library has no such function.
void cl_return_heap(void);
/// Names the calling thread (at most 15 bytes are kept).
void cl_name_thread(const char *name);

/// One pointer a thread: the event loop that runs on it.
extern __thread void *cl_thread_context_storage __attribute__((tls_model("initial-exec")));
static inline void *cl_thread_context(void) { return cl_thread_context_storage; }
static inline void cl_set_thread_context(void *context) { cl_thread_context_storage = context; }

#ifdef __cplusplus
}
#endif
