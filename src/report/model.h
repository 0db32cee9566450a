/* What a report is made of: runs, problems, what each run came to on each problem, and where its line lies. */
#ifndef PERSAMP_REPORT_MODEL_H
#define PERSAMP_REPORT_MODEL_H

#include "base/hash.h"
#include "persamp/report.h"

#include <jansson.h>

/* What a run came to on a problem. */
typedef struct ps_report_mark {
    uint64_t offset;                             /* of its line in its file */
    size_t length;                               /* of the line; 0: there is none */
    size_t file;                                 /* of the report */
    size_t fault;                                /* of the report, and 1; 0: none */
    uint64_t tokens;                             /* generated */
    double seconds, ess, confidence;             /* NaN where not known */
    bool known, correct, truncated, error, pool; /* known: there is a right answer to compare with */
} ps_report_mark;

/* Sums over the problems of a run at one iteration, or at one depth of the tree. */
typedef struct ps_report_tick {
    double ess, beta, tokens;
    size_t n_ess, n_beta, n_tokens, reached;
} ps_report_tick;
enum { PS_REPORT_TICKS = 64 };

/* One file of results, or several that are shards of one. */
typedef struct ps_report_run {
    const char *label;  /* for tables: what tells it from the others */
    const char *name;   /* of its files; "" for the configuration's own */
    const char *method; /* that name, or else what its lines say; "" where they say nothing */
    size_t folder;
    uint64_t budget, seed;
    bool has_seed;
    ps_report_mark *marks; /* [n_marks] by problem of the report; those behind have no line */
    size_t n_marks, capacity;
    ps_report_tick ticks[PS_REPORT_TICKS];
    size_t arm; /* of the report */
} ps_report_run;

/* Runs that differ in nothing but the seed. */
typedef struct ps_report_arm {
    const char *label, *method;
    size_t folder, first; /* run */
    uint64_t budget;
    size_t runs, done, correct, known, truncated, errors;
    double tokens, seconds, ess; /* sums */
    size_t n_seconds, n_ess;
    double squares; /* of confidence − correct */
    struct {
        double confidence;
        size_t correct, n;
    } bins[10];
    size_t n_confident;
} ps_report_arm;

typedef struct ps_report_problem {
    uint64_t index;        /* problem_idx */
    uint64_t hash[2];      /* of question and truth */
    size_t subject, level; /* of the report's words; SIZE_MAX: none */
    const char *beginning; /* of the question */
} ps_report_problem;

typedef struct ps_report_folder {
    const char *path;
    char *config;       /* text of config.yaml; NULL: none */
    json_t *comparison; /* summary.compare.json; NULL: none */
} ps_report_folder;

typedef struct ps_report_study {
    const char *where, *name;
    ps_trials trials;
} ps_report_study;

/* Why problems failed: the message, and how many. */
typedef struct ps_report_fault {
    const char *message;
    size_t n;
} ps_report_fault;

/* A list of subjects or of levels. */
typedef struct ps_report_words {
    const char **words; /* [n] as they came */
    size_t n, capacity;
} ps_report_words;

struct ps_report {
    ps_arena *arena; /* of all texts */
    ps_report_folder *folders;
    size_t n_folders, folders_capacity;
    const char **files; /* [n_files] paths */
    size_t n_files, files_capacity;
    ps_report_run *runs;
    size_t n_runs, runs_capacity;
    ps_report_arm *arms;
    size_t n_arms;
    ps_report_problem *problems;
    size_t n_problems, problems_capacity;
    size_t *table; /* [table_size] of problem + 1; 0: free */
    size_t table_size;
    ps_report_words subjects, levels;
    ps_report_study *studies;
    size_t n_studies, studies_capacity;
    ps_report_fault *faults; /* [n_faults] */
    size_t n_faults, faults_capacity;
};

/* The mark of a run on a problem; one without a line where it has none. */
const ps_report_mark *ps_report_mark_of(const ps_report_run *run, size_t problem);

/* The line behind a mark, as an object of the caller's (json_decref). PS_IO, PS_FORMAT: the file has changed. */
ps_status ps_report_line(const ps_report *report, const ps_report_mark *mark, json_t **line, ps_error *err);

/* Arms and their sums, after everything was read. */
ps_status ps_report_count(ps_report *report, ps_error *err);

/* How many of an arm's runs got a problem, of how many that have a line of it. */
void ps_report_got(const ps_report *report, size_t arm, size_t problem, size_t *got, size_t *of);

#endif
