/* persamp/base.h: what every other room stands on: status codes and errors, memory, random numbers, text.
 *
 * A leaf: it includes nothing of ours. Every function here may be called from any thread on objects that no other
 * thread uses at the same time; there is no hidden state but the allocator hook, which is set before the first use. */
#ifndef PERSAMP_BASE_H
#define PERSAMP_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PS_API               __attribute__((visibility("default")))
#define PS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PS_API
#define PS_PRINTF(fmt, args)
#endif

/* ---- Version ------------------------------------------------------------- */

/* Of these headers, as numbers and as text: "0.1.0". CMakeLists.txt reads the three numbers from here. */
#define PERSAMP_VERSION_MAJOR 0
#define PERSAMP_VERSION_MINOR 1
#define PERSAMP_VERSION_PATCH 0
#define PERSAMP_VERSION                                                                                                \
    PS_VERSION_TEXT(PERSAMP_VERSION_MAJOR)                                                                             \
    "." PS_VERSION_TEXT(PERSAMP_VERSION_MINOR) "." PS_VERSION_TEXT(PERSAMP_VERSION_PATCH)
#define PS_VERSION_TEXT(number)   PS_VERSION_STRING(number)
#define PS_VERSION_STRING(number) #number

/* PERSAMP_VERSION of the library that is linked, which may be newer than the headers; static. */
PS_API const char *ps_version(void);

/* ---- Status and error ---------------------------------------------------- */

/* The one list of codes: name, what it means to a user. */
#define PS_STATUS_LIST(X)                                                                                              \
    X(OK, "success")                                                                                                   \
    X(ARG, "invalid argument")                                                                                         \
    X(DOMAIN, "value outside the domain of the computation")                                                           \
    X(NOMEM, "out of memory")                                                                                          \
    X(IO, "input or output failed")                                                                                    \
    X(FORMAT, "malformed input")                                                                                       \
    X(ENGINE, "the inference engine failed")                                                                           \
    X(HTTP, "the remote server failed")                                                                                \
    X(CANCELLED, "cancelled")                                                                                          \
    X(BUDGET, "budget exhausted")

typedef enum ps_status {
#define X(name, text) PS_##name,
    PS_STATUS_LIST(X)
#undef X
} ps_status;

/* The meaning of `status` in a few words; never NULL, static. */
PS_API const char *ps_status_text(ps_status status);

/* What went wrong and where in our source. Functions that can fail take one as their last parameter; it may be NULL.
 * It is written only on failure. Plain data: no destructor. */
typedef struct ps_error {
    ps_status code;
    char message[1024]; /* one sentence for a user: what, where, what was expected, what to do */
    const char *file;   /* static */
    int line;
} ps_error;

/* Fill *err (when not NULL) and return `code`, so that `return ps_fail(err, PS_IO, "…")` is the idiom. */
#define ps_fail(err, code, ...) ps_error_code((code), ps_error_set((err), (code), __FILE__, __LINE__, __VA_ARGS__))
#define ps_nomem(err)           ps_fail((err), PS_NOMEM, "out of memory")
/* Gives `code` back, in sight of compilers and analyzers: a failure is never PS_OK. */
static inline ps_status ps_error_code(ps_status code, ps_status given) {
    (void)given;
    return code;
}
PS_API ps_status ps_error_set(ps_error *err, ps_status code, const char *file, int line, const char *format, ...)
    PS_PRINTF(5, 6);

/* Put "context: " before the message of an error that is being passed up (err may be NULL); returns `code`. */
PS_API ps_status ps_error_prefix(ps_error *err, ps_status code, const char *format, ...) PS_PRINTF(3, 4);

/* As vsnprintf, for messages: where the whole does not fit, the longest texts among the arguments lose their middle
 * ("runs/of/ … /results.jsonl: cannot write: No space left on device"), so that what the format says of them, and the
 * reason at its end, stay. Always terminated, and cut between characters (without memory at its end, as vsnprintf). Of
 * the format: at most 16 %s, no positional arguments. Errors and logs are written by it. */
PS_API void ps_format(char *out, size_t size, const char *format, va_list args) PS_PRINTF(3, 0);

/* ---- Memory -------------------------------------------------------------- */

/* The allocator of the whole library, as one function: resize(user, NULL, n) allocates, resize(user, p, 0) frees and
 * returns NULL, anything else reallocates; NULL means failure and leaves p valid. Set it before any other call (tests
 * use it to fail the n-th allocation and to count what is left); NULL restores the C library's. */
typedef struct ps_allocator {
    void *(*resize)(void *user, void *p, size_t size);
    void *user;
} ps_allocator;
PS_API void ps_set_allocator(const ps_allocator *allocator);

/* For a program that owns its process: GMP, FLINT and jansson, which have one allocator for the whole process, take
 * their memory from the hook too, and where it has none left `out_of_memory` is called. It must not return, for these
 * libraries cannot go on: it ends the process in words, or the thread. Call it after ps_set_allocator and before
 * anything else, of those libraries too. A library cannot do this for its host, which may use them itself: blocks taken
 * before would be given back to another allocator.
 *
 * Without it these three call malloc. Then, where malloc fails in them: GMP and FLINT (ps_verify…, ps_answer_classes,
 * and what counts votes or judges answers by them) print a line and abort; jansson may assert while it reads JSON. With
 * and without it libfyaml (ps_config_load…) may crash, and libllama throw std::bad_alloc through the engine. PCRE2
 * always uses the hook. All else is PS_NOMEM. */
PS_API void ps_adopt_libraries(void (*out_of_memory)(void));

PS_API void *ps_malloc(size_t size);                              /* NULL on failure; size 0 gives a unique pointer */
PS_API void *ps_calloc(size_t count, size_t size);                /* zeroed; NULL on failure or overflow */
PS_API void *ps_realloc(void *p, size_t size);                    /* as realloc; p stays valid on failure */
PS_API void *ps_reallocarray(void *p, size_t count, size_t size); /* as ps_realloc; NULL on overflow */
PS_API void ps_free(void *p);                                     /* NULL is fine */
PS_API char *ps_strdup(const char *text);                         /* NULL on failure; free with ps_free */
PS_API char *ps_strndup(const char *text, size_t length);         /* likewise; always terminated */

/* Make room for `need` elements in a growing array: *p and *capacity change together, by doubling. */
#define ps_reserve(p, capacity, need) ps_reserve_bytes((p), (capacity), (need), sizeof **(p))
PS_API ps_status ps_reserve_bytes(void *p, size_t *capacity, size_t need, size_t element);

/* Arena: allocations that die together. Freed by ps_arena_free, emptied (memory kept) by ps_arena_reset. An allocation
 * that failed is remembered until the next reset: what computes in an arena asks ps_arena_ok once, at its end. */
typedef struct ps_arena ps_arena;
PS_API ps_arena *ps_arena_create(void); /* NULL on failure */
PS_API void ps_arena_free(ps_arena *arena);
PS_API void ps_arena_reset(ps_arena *arena);
PS_API void *ps_arena_alloc(ps_arena *arena, size_t size); /* aligned for any type, not zeroed; NULL on failure */
PS_API void *ps_arena_calloc(ps_arena *arena, size_t count, size_t size);
PS_API char *ps_arena_strndup(ps_arena *arena, const char *text, size_t length);
PS_API size_t ps_arena_bytes(const ps_arena *arena); /* handed out since creation or reset */
PS_API bool ps_arena_ok(const ps_arena *arena);      /* false: an allocation has failed since creation or reset */
/* ps_reserve for an array that lies in an arena. */
#define ps_arena_reserve(arena, p, capacity, need)                                                                     \
    ps_arena_reserve_bytes((arena), (p), (capacity), (need), sizeof **(p))
PS_API ps_status ps_arena_reserve_bytes(ps_arena *arena, void *p, size_t *capacity, size_t need, size_t element);

/* ---- Text ---------------------------------------------------------------- */

/* A growing, always terminated string. Start with {0}; once an append has failed it stays failed and `data` NULL-safe:
 * check ps_text_ok once at the end. Started with {.arena = a} it lies in that arena: it lives as long, needs no clear,
 * and what fails in it has failed in the arena. */
typedef struct ps_text {
    char *data; /* owned, or in the arena; NULL while empty: use ps_text_cstr */
    size_t length, capacity;
    bool failed;
    ps_arena *arena; /* NULL: the text owns its data */
} ps_text;
PS_API void ps_text_clear(ps_text *text); /* frees and resets to how it was started */
PS_API void ps_text_reset(ps_text *text); /* length 0, memory kept */
PS_API void ps_text_append(ps_text *text, const char *bytes, size_t length);
PS_API void ps_text_puts(ps_text *text, const char *string);
PS_API void ps_text_printf(ps_text *text, const char *format, ...) PS_PRINTF(2, 3);
PS_API const char *ps_text_cstr(const ps_text *text); /* "" while empty */
static inline bool ps_text_ok(const ps_text *text) {
    return !text->failed;
}

/* ---- UTF-8 --------------------------------------------------------------- */

/* Bytes of the character that begins at text[0..room), or 0 when none does: cut off, overlong, a surrogate, beyond
 * Unicode. */
PS_API size_t ps_utf8_length(const char *text, size_t room);
/* Bytes from the start that are characters: `length` when all are. */
PS_API size_t ps_utf8_valid(const char *text, size_t length);
/* The most bytes, no more than `limit`, that end between two characters. */
PS_API size_t ps_utf8_cut(const char *text, size_t length, size_t limit);
/* Characters; about the columns that a terminal shows. */
PS_API size_t ps_utf8_count(const char *text, size_t length);
/* Append `text`, each byte that is part of no character replaced by U+FFFD. */
PS_API void ps_utf8_repair(ps_text *out, const char *text, size_t length);

/* ---- Names and files ----------------------------------------------------- */

/* The member of names[0..n) nearest to `name` by edit distance, or NULL when none is near enough to be worth saying
 * ("did you mean …?"). O(n·|name|²). */
PS_API const char *ps_nearest_name(const char *name, const char *const *names, size_t n);

/* The whole of a file, terminated by a NUL that is not counted. Owned by the caller (ps_free). At most `limit` bytes:
 * a larger file is PS_FORMAT, before anything of it is read. "-" is standard input. PS_IO: it cannot be read, or is no
 * regular file, which might never end; /dev/stdin, /dev/fd/N and /dev/null are read all the same. */
PS_API ps_status ps_read_file(const char *path, size_t limit, char **data, size_t *length, ps_error *err);

/* Put a file of these `length` bytes in the place of `path`: whoever reads it finds what was there before or all of it,
 * also after a power cut. A pipe or a device takes them as it is. PS_IO: it cannot be written, or is a link to a file,
 * which is not written through; then everything is as it was. */
PS_API ps_status ps_write_file(const char *path, const char *data, size_t length, ps_error *err);

/* ---- Numbers ------------------------------------------------------------- */

/* The one way from a user's text to a number. Digits of a base up to 16 and nothing else, no sign, no blank: false
 * where there is none, where anything else stands, and beyond `most`. *value is written on success only. */
PS_API bool ps_parse_count(const char *digits, size_t length, int base, uint64_t most, uint64_t *value);
/* [+-]digits[.digits][e[+-]digits], of at most 512 bytes, whatever the locale. Beyond double it is infinite. False: it
 * is something else. */
PS_API bool ps_parse_real(const char *text, size_t length, double *value);

/* ---- Random numbers ------------------------------------------------------ */

/* Counter-based: Philox4x64-10 (Salmon et al., SC'11; Random123). A uniform depends on nothing but its key and
 * position, so batch order, threads and evictions cannot change it. `purpose` keeps streams for
 * different uses apart. */
typedef enum ps_rng_purpose {
    PS_RNG_TOKEN = 0,
    PS_RNG_RESAMPLE,
    PS_RNG_MOVE,
    PS_RNG_METHOD,
    PS_RNG_TEST
} ps_rng_purpose;
typedef struct ps_rng_key {
    uint64_t seed;    /* the run's */
    uint64_t problem; /* index of the problem in its data set */
    uint64_t id;      /* of the child node, the event, … */
    ps_rng_purpose purpose;
} ps_rng_key;

/* Uniform in the open interval (0, 1), 52 random bits; never 0, never 1. */
PS_API double ps_uniform(ps_rng_key key, uint64_t position);
/* n of them, positions first … first+n−1. */
PS_API void ps_uniforms(ps_rng_key key, uint64_t first, size_t n, double *out);
/* Standard normal by Box–Muller from positions 2p and 2p+1. */
PS_API double ps_normal(ps_rng_key key, uint64_t position);

/* ---- Log ----------------------------------------------------------------- */

/* The library never prints: it hands messages to this callback. A zeroed ps_log is silent. Called from any thread. */
typedef enum ps_log_level { PS_LOG_DEBUG, PS_LOG_INFO, PS_LOG_WARNING, PS_LOG_ERROR } ps_log_level;
typedef struct ps_log {
    void (*write)(void *user, ps_log_level level, const char *message);
    void *user;
    ps_log_level least; /* messages below it are not formatted */
} ps_log;
PS_API void ps_log_printf(const ps_log *log, ps_log_level level, const char *format, ...) PS_PRINTF(3, 4);

/* Seconds on a clock that never goes back. For reports only: no result may depend on it. */
PS_API double ps_now(void);

#ifdef __cplusplus
}
#endif
#endif
