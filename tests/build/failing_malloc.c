/* A malloc for LD_PRELOAD that fails the PS_FAIL_AT-th allocation of the process, or with PS_FAIL_ON all from there.
 * PS_FAIL_COUNT names a file that gets the number of allocations at the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_size_t calls;
static size_t fail_at;
static bool fail_on;

/* Before the constructor nothing fails: that is the loader's. */
__attribute__((constructor)) static void start(void) {
    const char *at = getenv("PS_FAIL_AT");
    fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
    fail_on = getenv("PS_FAIL_ON") != NULL;
    calls = 0;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("PS_FAIL_COUNT");
    char text[32];
    int n = snprintf(text, sizeof text, "%zu\n", (size_t)calls), fd = path != NULL ? creat(path, 0600) : -1;
    if (fd < 0) return;
    if (write(fd, text, (size_t)n) != n) _exit(99);
    close(fd);
}

static bool fails(void) {
    size_t call = ++calls;
    bool failing = fail_at > 0 && (call == fail_at || (fail_on && call > fail_at));
    if (failing) errno = ENOMEM;
    return failing;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size) {
    return fails() ? NULL : __libc_realloc(p, size);
}

void *memalign(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size) {
    *p = memalign(alignment, size);
    return *p == NULL ? ENOMEM : 0;
}
