/* Result files: append whole lines, read them back, cut off a torn one. */
#include "study/store.h"
#include "study/syncer.h"
#include "study/tokens.h"

#include <errno.h>
#include <fcntl.h>
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

/* The confidence in a prediction, as ps_arm_run counts it: votes for the plain vote, else posterior weight. */
static double confidence_in(const json_t *line, const char *key, bool by_votes) {
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

static bool parse_line(const char *text, size_t length, ps_result_line *out) {
    json_t *line = json_loadb(text, length, 0, NULL);
    const json_t *index = json_object_get(line, "problem_idx");
    bool ok = json_is_integer(index) && json_is_boolean(json_object_get(line, "correct"));
    if (ok) {
        *out = (ps_result_line){
            .index = (size_t)json_integer_value(index),
            .correct = json_is_true(json_object_get(line, "correct")),
            .truncated = json_is_true(json_object_get(line, "truncated")),
            .error = json_is_string(json_object_get(line, "error")),
            .ess = number_of(line, "final_ess"),
            .resamples = number_of(line, "resample_count"),
            .tokens = ps_tokens_read(json_object_get(line, "tokens")),
        };
        for (int s = 0; s < PS_SELECTS; s++) {
            char correct[32], answer[32];
            snprintf(correct, sizeof correct, "correct_%s", ps_select_name((ps_select)s));
            snprintf(answer, sizeof answer, "pred_%s", ps_select_name((ps_select)s));
            out->correct_by[s] = json_is_true(json_object_get(line, correct));
            out->confidence[s] = confidence_in(line, answer, s == PS_SELECT_MAJORITY);
        }
    }
    json_decref(line);
    return ok;
}

/* Every complete line goes to `each`; what follows the last newline, at *good, was being written when the run died. */
static ps_status read_back(const char *path, void (*each)(void *, const ps_result_line *), void *user, off_t *good,
                           ps_error *err) {
    char *data = NULL;
    size_t length = 0, line_number = 0;
    ps_status status = ps_read_file(path, (size_t)1 << 34, &data, &length, err);
    for (size_t at = 0; status == PS_OK && at < length;) {
        const char *newline = memchr(data + at, '\n', length - at);
        if (newline == NULL) break;
        size_t end = (size_t)(newline - data);
        ps_result_line line;
        line_number++;
        if (parse_line(data + at, end - at, &line))
            each(user, &line);
        else
            status = ps_fail(err, PS_FORMAT, "%s:%zu: not a result line; mend or remove it, or start over with --fresh",
                             path, line_number);
        at = end + 1;
        *good = (off_t)at;
    }
    ps_free(data);
    return status;
}

ps_status ps_results_read(const char *path, void (*each)(void *, const ps_result_line *), void *user, ps_error *err) {
    off_t good = 0;
    return read_back(path, each, user, &good, err);
}

static ps_status io_error(const ps_results *r, ps_error *err) {
    return ps_fail(err, PS_IO, "%s: cannot write: %s; what was finished before is kept", ps_results_path(r),
                   strerror(errno));
}

ps_status ps_results_open(ps_store *store, const char *name, void (*each)(void *, const ps_result_line *), void *user,
                          ps_results **results, ps_error *err) {
    ps_results *r = ps_calloc(1, sizeof *r);
    if (r == NULL) return ps_nomem(err);
    ps_text_printf(&r->path, "%s/%s", ps_store_folder(store), name);
    r->file = ps_text_ok(&r->path) ? open(ps_results_path(r), O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    ps_status status = !ps_text_ok(&r->path) ? ps_nomem(err) : r->file < 0 ? io_error(r, err) : PS_OK;
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

/* Write what is held. A write that fails half-way (a full disk) is undone, so that the file never ends in
 * half a line. */
static ps_status flush(ps_results *r, ps_error *err) {
    for (size_t at = 0; at < r->held.length;) {
        ssize_t n = pwrite(r->file, r->held.data + at, r->held.length - at, r->good + (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            ps_status status = io_error(r, err);
            if (ftruncate(r->file, r->good) != 0) return status; /* the next start cuts it off */
            return status;
        }
        at += (size_t)n;
    }
    r->good += (off_t)r->held.length;
    ps_text_reset(&r->held);
    return PS_OK;
}

ps_status ps_results_append(ps_results *r, const char *json, bool hold, ps_error *err) {
    ps_text_puts(&r->held, json);
    ps_text_puts(&r->held, "\n");
    if (!ps_text_ok(&r->held)) return ps_nomem(err);
    return hold ? PS_OK : flush(r, err);
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
