/* Result files: append whole lines, read them back, cut off a torn one. */
#include "base/file.h"
#include "base/json.h"
#include "base/write.h"
#include "study/store.h"
#include "study/syncer.h"
#include "study/tokens.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct ps_results {
    ps_text path, held; /* held: lines not yet written */
    int file;
    off_t good; /* end of the last complete line */
    ps_syncer syncer;
};

const char *ps_results_path(const ps_results *results) {
    return ps_text_cstr(&results->path);
}

static double number_of(const json_t *line, const char *key) {
    const json_t *value = json_object_get(line, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The confidence in a prediction. Lines of earlier versions do not have it: votes for the plain vote, else posterior
 * weight. */
static double confidence_in(const json_t *line, const char *key, ps_select select) {
    const json_t *said = json_object_get(line, "confidence");
    if (json_is_object(said)) return number_of(said, ps_select_name(select));
    bool by_votes = select == PS_SELECT_MAJORITY;
    size_t i;
    const json_t *one, *answer = json_object_get(line, key), *classes = json_object_get(line, "answers");
    double votes = 0, chosen_votes = NAN, chosen_weight = NAN;
    json_array_foreach(classes, i, one) {
        double n = (double)json_integer_value(json_object_get(one, "votes"));
        votes += n;
        if (!json_is_string(answer) || !json_equal(answer, json_object_get(one, "answer"))) continue;
        chosen_votes = n;
        chosen_weight = json_number_value(json_object_get(one, "weight"));
    }
    return by_votes ? chosen_votes / votes : chosen_weight;
}

/* True, false, or null where nothing is known. */
static bool is_verdict(const json_t *value) {
    return json_is_boolean(value) || json_is_null(value);
}

static bool read_result(const json_t *line, ps_result_line *out) {
    const json_t *index = json_object_get(line, "problem_idx");
    if (!json_is_integer(index) || json_integer_value(index) < 0 || !is_verdict(json_object_get(line, "correct")))
        return false;
    *out = (ps_result_line){
        .index = (size_t)json_integer_value(index),
        .correct = json_is_true(json_object_get(line, "correct")),
        .truncated = json_is_true(json_object_get(line, "truncated")),
        .error = json_is_string(json_object_get(line, "error")),
        .ess = number_of(line, "final_ess"),
        .resamples = number_of(line, "resample_count"),
        .shared_text = number_of(line, "shared_text"),
        .drawn = json_object_get(line, "correct_draw") != NULL,
        .tokens = ps_tokens_read(json_object_get(line, "tokens")),
        .seconds = json_number_value(json_object_get(json_object_get(line, "timing"), "total")),
        .read = json_is_true(json_object_get(line, "read")),
    };
    ps_json_read_counts(json_object_get(line, "endings"), ps_ending_name, out->endings);
    for (int s = 0; s < PS_SELECTS; s++) {
        char correct[32], answer[32];
        snprintf(correct, sizeof correct, "correct_%s", ps_select_name((ps_select)s));
        snprintf(answer, sizeof answer, "pred_%s", ps_select_name((ps_select)s));
        out->correct_by[s] = json_is_true(json_object_get(line, correct));
        out->confidence[s] = confidence_in(line, answer, (ps_select)s);
    }
    return true;
}

static ps_status no_result(const char *path, size_t number, ps_error *err) {
    return ps_fail(err, PS_FORMAT, "%s:%zu: not a result line; mend or remove it, or start over with --fresh", path,
                   number);
}

/* What follows the last newline was being written when a run died: it is the beginning of one of our lines, and what
 * the machine had not yet brought to the disk is zero. */
static bool is_torn(const char *tail, size_t length) {
    static const char beginning[] = "{\"problem_idx\":";
    while (length > 0 && tail[length - 1] == '\0')
        length--;
    size_t known = sizeof beginning - 1;
    return memcmp(tail, beginning, length < known ? length : known) == 0;
}

static ps_status take_line(ps_stored_line *line, ps_each_line *each, void *user, ps_error *err) {
    json_t *json = json_loadb(line->text, line->length, JSON_REJECT_DUPLICATES, NULL);
    line->object = json;
    ps_status status =
        read_result(json, &line->result) ? each(user, line, err) : no_result(line->path, line->number, err);
    json_decref(json);
    return status;
}

/* A file line by line: what is read and not yet told is data[at..length), and begins at `offset` of the file. */
typedef struct line_reader {
    int file;
    char *data;
    size_t at, length, capacity;
    off_t offset;
    bool ended;
} line_reader;

/* More bytes behind those that are there. A line may be as long as it likes; what was told makes room first. */
static ps_status read_more(line_reader *r, const char *path, ps_error *err) {
    enum { CHUNK = 1 << 20 };
    if (r->at > 0 && r->length > r->at) memmove(r->data, r->data + r->at, r->length - r->at);
    r->offset += (off_t)r->at;
    r->length -= r->at;
    r->at = 0;
    if (ps_reserve(&r->data, &r->capacity, r->length + CHUNK) != PS_OK) return ps_nomem(err);
    ssize_t n;
    do
        n = read(r->file, r->data + r->length, CHUNK);
    while (n < 0 && errno == EINTR);
    if (n < 0) return ps_fail(err, PS_IO, "%s: cannot read: %s", path, strerror(errno));
    r->length += (size_t)n;
    r->ended = n == 0;
    return PS_OK;
}

/* The next complete line; false where there is none, or *status is an error. */
static bool next_line(line_reader *r, ps_stored_line *line, ps_status *status, ps_error *err) {
    for (size_t seen = r->at;;) {
        const char *newline = r->length > seen ? memchr(r->data + seen, '\n', r->length - seen) : NULL;
        if (newline != NULL) {
            line->text = r->data + r->at;
            line->length = (size_t)(newline - line->text);
            line->offset = (uint64_t)r->offset + r->at;
            line->number++;
            r->at += line->length + 1;
            return true;
        }
        if (r->ended) return false;
        seen = r->length - r->at;
        *status = read_more(r, line->path, err);
        if (*status != PS_OK) return false;
    }
}

/* Every complete line goes to `each`; they end at *good. Memory: the longest line, whatever the file has. */
static ps_status read_back(const char *path, ps_each_line *each, void *user, off_t *good, ps_error *err) {
    line_reader r = {.file = -1};
    ps_stored_line line = {.path = path};
    uint64_t size;
    ps_status status = ps_file_open(path, &r.file, &size, err);
    while (status == PS_OK && next_line(&r, &line, &status, err))
        status = take_line(&line, each, user, err);
    if (status == PS_OK && !is_torn(r.data + r.at, r.length - r.at)) status = no_result(path, line.number + 1, err);
    if (status == PS_OK) *good = r.offset + (off_t)r.at;
    if (r.file >= 0) close(r.file);
    ps_free(r.data);
    return status;
}

ps_status ps_results_scan(const char *path, ps_each_line *each, void *user, ps_error *err) {
    off_t good;
    return read_back(path, each, user, &good, err);
}

typedef struct plain_reader {
    void (*each)(void *user, const ps_result_line *line);
    void *user;
} plain_reader;

static ps_status tell_result(void *user, const ps_stored_line *line, ps_error *err) {
    const plain_reader *reader = user;
    (void)err;
    reader->each(reader->user, &line->result);
    return PS_OK;
}

ps_status ps_results_read(const char *path, void (*each)(void *, const ps_result_line *), void *user, ps_error *err) {
    return ps_results_scan(path, tell_result, &(plain_reader){each, user}, err);
}

/* ---- Writing ------------------------------------------------------------- */

static ps_status io_error(const ps_results *r, ps_error *err) {
    return ps_fail(err, PS_IO, "%s: cannot write: %s; what was finished before is kept", ps_results_path(r),
                   strerror(errno));
}

ps_status ps_results_open(ps_store *store, const char *name, ps_each_line *each, void *user, ps_results **results,
                          ps_error *err) {
    ps_status status = ps_store_check(store, err);
    if (status != PS_OK) return status;
    ps_results *r = ps_calloc(1, sizeof *r);
    if (r == NULL) return ps_nomem(err);
    r->file = -1;
    ps_text_printf(&r->path, "%s/%s", ps_store_folder(store), name);
    status = ps_text_ok(&r->path) ? ps_file_grow(ps_results_path(r), &r->file, err) : ps_nomem(err);
    if (status == PS_OK && flock(r->file, LOCK_EX | LOCK_NB) != 0)
        status = ps_store_busy(ps_results_path(r), errno, err);
    if (status == PS_OK) status = read_back(ps_results_path(r), each, user, &r->good, err);
    if (status == PS_OK && ftruncate(r->file, r->good) != 0) status = io_error(r, err);
    if (status != PS_OK) {
        ps_results_close(r, NULL);
        return status;
    }
    ps_syncer_open(&r->syncer, r->file);
    *results = r;
    return PS_OK;
}

/* Whether what is written goes where it is looked for: to the file under that name. */
static ps_status check_place(const ps_results *r, ps_error *err) {
    struct stat mine, now;
    const char *path = ps_results_path(r);
    if (fstat(r->file, &mine) != 0) return io_error(r, err);
    if (mine.st_nlink == 0)
        return ps_fail(err, PS_IO,
                       "%s: this file, or its folder, was removed while the run was writing it; the run ends, and what "
                       "it had finished is gone with the file. The same command begins anew",
                       path);
    if (stat(path, &now) != 0 || mine.st_ino != now.st_ino || mine.st_dev != now.st_dev)
        return ps_fail(err, PS_IO,
                       "%s: this file, or its folder, was moved or replaced while the run was writing it; the run "
                       "ends. What it had finished is in its own file, wherever that is now",
                       path);
    return PS_OK;
}

/* Write what is held. A write that fails half-way (a full disk) is undone, so that the file never ends in
 * half a line. */
static ps_status flush(ps_results *r, ps_error *err) {
    ps_status status = check_place(r, err);
    if (status != PS_OK) return status;
    for (size_t at = 0; at < r->held.length;) {
        ssize_t n = pwrite(r->file, r->held.data + at, r->held.length - at, r->good + (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            status = io_error(r, err);
            if (ftruncate(r->file, r->good) != 0) return status; /* the next start cuts it off */
            return status;
        }
        at += (size_t)n;
    }
    r->good += (off_t)r->held.length;
    ps_text_reset(&r->held);
    return PS_OK;
}

ps_status ps_results_append_bytes(ps_results *r, const char *json, size_t length, bool hold, ps_error *err) {
    size_t before = r->held.length;
    ps_text_append(&r->held, json, length);
    ps_text_puts(&r->held, "\n");
    if (!ps_text_ok(&r->held)) { /* the lines before this one are still whole */
        r->held.length = before;
        r->held.failed = false;
        return ps_nomem(err);
    }
    return hold ? PS_OK : flush(r, err);
}

ps_status ps_results_append(ps_results *r, const char *json, bool hold, ps_error *err) {
    return ps_results_append_bytes(r, json, strlen(json), hold, err);
}

ps_status ps_results_checkpoint(ps_results *r, ps_error *err) {
    ps_status status = flush(r, err);
    if (status == PS_OK && (errno = ps_syncer_ask(&r->syncer)) != 0) status = io_error(r, err);
    return status;
}

ps_status ps_results_close(ps_results *r, ps_error *err) {
    if (r == NULL) return PS_OK;
    ps_status status = r->file >= 0 ? flush(r, err) : PS_OK;
    int error = ps_syncer_close(&r->syncer);
    if (error != 0 && status == PS_OK) {
        errno = error;
        status = io_error(r, err);
    }
    if (r->file >= 0) close(r->file);
    ps_text_clear(&r->path);
    ps_text_clear(&r->held);
    ps_free(r);
    return status;
}
