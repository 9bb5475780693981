/* A library to preload that has one call of the system fail: see fuzz_calls.py. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHORT = -1, KILL = -2 }; /* besides the numbers of errors */

static long left = 0;    /* calls until the one that fails */
static int how = 0;      /* a number of an error, or SHORT: only some of the bytes, or KILL: the process dies there */
static char folder[4096]; /* only calls for files in it count */
static char *fired;      /* the name of the call that failed, for the parent process */

static __attribute__((constructor)) void share(void) {
    fired = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void arm(long call, int kind, const char *path) {
    strncpy(folder, path, sizeof folder - 1);
    how = kind, left = call, fired[0] = 0;
}

const char *failed(void) { return fired; }

static int fails(const char *name, const char *path, int fd, int sized) {
    char link[64], target[4096];
    if (left <= 0 || (how == SHORT && !sized)) return 0;
    if (!path) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long size = syscall(SYS_readlinkat, AT_FDCWD, link, target, sizeof target - 1);
        target[size < 0 ? 0 : size] = 0;
        path = target;
    }
    if (path[0] == '/' && strncmp(path, folder, strlen(folder))) return 0;
    if (path == target && path[0] != '/') return 0; /* a pipe */
    if (--left) return 0;
    strncpy(fired, name, 63);
    if (how == KILL) kill(getpid(), SIGKILL);
    return 1;
}

#define REAL(name) (real ? real : (real = dlsym(RTLD_NEXT, #name)))
#define CALL(type, failed, name, path, fd, parameters, ...)                       \
    type name parameters {                                                        \
        static type(*real) parameters;                                            \
        if (fails(#name, path, fd, 0)) { errno = how; return failed; }            \
        return REAL(name)(__VA_ARGS__);                                           \
    }
#define SIZED(name, parameters, ...)                                              \
    ssize_t name parameters {                                                     \
        static ssize_t(*real) parameters;                                         \
        if (fails(#name, NULL, fd, size > 1)) {                                   \
            if (how != SHORT) { errno = how; return -1; }                         \
            size /= 2;                                                            \
        }                                                                         \
        return REAL(name)(__VA_ARGS__);                                           \
    }
#define OPEN(name)                                                                \
    int name(const char *path, int flags, ...) {                                  \
        static int (*real)(const char *, int, ...);                               \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if (fails(#name, path, 0, 0)) { errno = how; return -1; }                 \
        return REAL(name)(path, flags, mode);                                     \
    }
#define OPENAT(name)                                                              \
    int name(int at, const char *path, int flags, ...) {                          \
        static int (*real)(int, const char *, int, ...);                          \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if (fails(#name, path, 0, 0)) { errno = how; return -1; }                 \
        return REAL(name)(at, path, flags, mode);                                 \
    }

OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)
SIZED(read, (int fd, void *data, size_t size), fd, data, size)
SIZED(write, (int fd, const void *data, size_t size), fd, data, size)
SIZED(pread, (int fd, void *data, size_t size, off_t at), fd, data, size, at)
SIZED(pread64, (int fd, void *data, size_t size, off_t at), fd, data, size, at)
CALL(int, -1, close, NULL, fd, (int fd), fd)
CALL(int, -1, fsync, NULL, fd, (int fd), fd)
CALL(int, -1, syncfs, NULL, fd, (int fd), fd)
CALL(int, -1, flock, NULL, fd, (int fd, int kind), fd, kind)
CALL(int, -1, fstat, NULL, fd, (int fd, struct stat *found), fd, found)
CALL(int, -1, fstat64, NULL, fd, (int fd, struct stat64 *found), fd, found)
CALL(off_t, -1, lseek, NULL, fd, (int fd, off_t at, int from), fd, at, from)
CALL(off_t, -1, lseek64, NULL, fd, (int fd, off_t at, int from), fd, at, from)
CALL(int, -1, stat, path, 0, (const char *path, struct stat *found), path, found)
CALL(int, -1, stat64, path, 0, (const char *path, struct stat64 *found), path, found)
CALL(int, -1, lstat, path, 0, (const char *path, struct stat *found), path, found)
CALL(int, -1, lstat64, path, 0, (const char *path, struct stat64 *found), path, found)
CALL(int, -1, fstatat, path, 0, (int at, const char *path, struct stat *found, int flags), at, path, found, flags)
CALL(int, -1, fstatat64, path, 0, (int at, const char *path, struct stat64 *found, int flags), at, path, found, flags)
CALL(int, -1, statvfs, path, 0, (const char *path, struct statvfs *found), path, found)
CALL(int, -1, statvfs64, path, 0, (const char *path, struct statvfs64 *found), path, found)
CALL(int, -1, rename, path, 0, (const char *path, const char *to), path, to)
CALL(int, -1, mkdir, path, 0, (const char *path, mode_t mode), path, mode)
CALL(int, -1, unlink, path, 0, (const char *path), path)
CALL(int, -1, unlinkat, path, 0, (int at, const char *path, int flags), at, path, flags)
CALL(int, -1, rmdir, path, 0, (const char *path), path)
CALL(DIR *, NULL, opendir, path, 0, (const char *path), path)
CALL(DIR *, NULL, fdopendir, NULL, fd, (int fd), fd)
CALL(struct dirent *, NULL, readdir, NULL, dirfd(list), (DIR *list), list)
CALL(struct dirent64 *, NULL, readdir64, NULL, dirfd(list), (DIR *list), list)
