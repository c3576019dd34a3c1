// Not in the header: the Glibc module is built without it, and its types must stay the same in this module.
#define _GNU_SOURCE 1
#include "CLinux.h"

#include <dirent.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

__thread void *cl_thread_context_storage __attribute__((tls_model("initial-exec"))) = 0;
static __thread const int64_t *cl_thread_clock __attribute__((tls_model("initial-exec"))) = 0;

int cl_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cl_accept(int descriptor, struct sockaddr_storage *address, socklen_t *length) {
  return accept4(descriptor, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int cl_stream_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int cl_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_nanoseconds) {
  static int milliseconds_only = 0;
  if (timeout_nanoseconds > 0 && !milliseconds_only) {
    struct timespec timeout = {timeout_nanoseconds / 1000000000, timeout_nanoseconds % 1000000000};
    int count = epoll_pwait2(epoll, events, capacity, &timeout, 0);
    if (count >= 0 || errno != ENOSYS) return count;
    milliseconds_only = 1;
  }
  int64_t milliseconds = timeout_nanoseconds < 0 ? -1 : (timeout_nanoseconds + 999999) / 1000000;
  if (milliseconds > 1000000000) milliseconds = 1000000000;
  return epoll_wait(epoll, events, capacity, (int)milliseconds);
}

int64_t cl_monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t cl_thread_nanoseconds(void) {
  const int64_t *reading = cl_thread_clock;
  return __builtin_expect(reading != 0, 0) ? cl_clock_read(reading) : cl_monotonic_nanoseconds();
}

void cl_set_thread_clock(const int64_t *reading) { cl_thread_clock = reading; }

int64_t cl_clock_read(const int64_t *reading) { return __atomic_load_n(reading, __ATOMIC_ACQUIRE); }

void cl_clock_write(int64_t *reading, int64_t nanoseconds) { __atomic_store_n(reading, nanoseconds, __ATOMIC_RELEASE); }

void cl_name_thread(const char *name) {
  char kept[16];
  snprintf(kept, sizeof kept, "%s", name);
  pthread_setname_np(pthread_self(), kept);
}

int cl_available_cores(void) {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return count > 0 ? count : 1;
}

int cl_open_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  if (!directory) return 0;
  // ".", ".." and the directory's own descriptor are not counted.
  int count = -3;
  while (readdir(directory)) count++;
  closedir(directory);
  return count > 0 ? count : 0;
}

void cl_return_heap(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
