/* The inside of the live view: view.c keeps what was seen, view_draw.c draws it. */
#ifndef PERSAMP_CLI_VIEW_ROWS_H
#define PERSAMP_CLI_VIEW_ROWS_H

#include "screen.h"
#include "view.h"

/* What was seen of a snapshot. */
typedef struct ps_view_seen {
    uint32_t parent, depth;
    uint64_t prefix; /* a hash of all its text: equal ones are one row */
    char *text;      /* of its step, owned */
} ps_view_seen;

/* Particles of one iteration whose whole texts are equal. */
typedef struct ps_view_row {
    uint32_t snapshot; /* the first of them */
    uint32_t depth;
    uint64_t prefix;
    size_t copies;
    double weight; /* of all of them */
    double ell, reward;
    uint32_t back; /* steps from the deepest snapshot to the one it went on from, where the search went back */
    ps_snapshot_state state;
} ps_view_row;

enum { PS_VIEW_LINES = 128 };

struct ps_cli_view {
    bool terminal, colour;
    const char *method;
    double started, drawn; /* seconds */
    /* The search: */
    ps_view_seen *snapshots; /* [n], by number; 0 is the root */
    size_t n, capacity;
    uint32_t deepest;
    ps_view_row *rows; /* [n_rows] of the last iteration, the heaviest first */
    size_t n_rows, n_particles;
    size_t iteration, tokens, selections, finished;
    double beta, ess;
    size_t back_at, back_particles; /* the last iteration in which the search went back; 0: none */
    uint32_t back_steps;            /* … by so many at most */
    /* The screen: */
    ps_cli_size size;
    size_t widths[PS_VIEW_LINES], lines; /* what is drawn over */
};

/* A snapshot that was seen; NULL: none of that number. */
static inline const ps_view_seen *ps_view_at(const ps_cli_view *v, uint32_t id) {
    return id < v->n ? &v->snapshots[id] : NULL;
}

/* All of it on standard output, over what is drawn there. */
void ps_view_draw(ps_cli_view *v);

#endif
