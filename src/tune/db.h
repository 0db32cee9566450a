/* One database of studies behind one seam: SQLite or PostgreSQL. The same SQL goes to both, with $1, $2, … for values;
 * what differs is in the table of each (ps_db_ops). */
#ifndef PERSAMP_TUNE_DB_H
#define PERSAMP_TUNE_DB_H

#include "persamp/tune.h"

typedef struct ps_study_db ps_db;

typedef enum ps_db_kind { PS_DB_NULL, PS_DB_INT, PS_DB_REAL, PS_DB_TEXT } ps_db_kind;

/* A value that goes in, or a cell that comes out; of a cell all of number, real and text say the same. */
typedef struct ps_db_value {
    ps_db_kind kind;
    int64_t number;
    double real;
    const char *text; /* NULL: there is none */
} ps_db_value;
#define ps_db_int(i)  ((ps_db_value){.kind = PS_DB_INT, .number = (int64_t)(i)})
#define ps_db_real(x) ((ps_db_value){.kind = PS_DB_REAL, .real = (x)})
#define ps_db_text(s) ((ps_db_value){.kind = PS_DB_TEXT, .text = (s)})

/* A row of a result; valid during the call. Anything but PS_OK ends the query and is what it returns. */
typedef ps_status ps_db_row(void *user, const ps_db_value *cells, ps_error *err);

typedef bool ps_db_waiting(void *user, const char *sentence);

typedef struct ps_db_ops {
    const char *begin;     /* of a transaction that will write */
    const char *look;      /* of one that only reads: it keeps no writer waiting */
    const char *lock_rows; /* after a SELECT: its rows stay as they are until the end of the transaction */
    const char *now;       /* the time by the database's own clock, as Optuna's columns have it */
    const char *seconds;   /* likewise in seconds since 1970, as a real */
    const char *lock_all;  /* nobody else makes tables until the end of the transaction */
    const char *tables;    /* what makes Optuna's tables and ours in an empty database */
    const char *extra;     /* what makes ours where Optuna's are there */
    const char *settle;    /* what a database of studies is set to, once it is known to be one */
    void (*close)(ps_db *db);
    /* One statement. `each` may be NULL; *changed (may be NULL): how many rows it changed. PS_IO; db->lost is set where
     * the connection is gone. */
    ps_status (*run)(ps_db *db, const char *sql, const ps_db_value *values, size_t n, ps_db_row *each, void *user,
                     size_t *changed, ps_error *err);
    ps_status (*script)(ps_db *db, const char *sql, ps_error *err); /* statements without values */
    /* Connect again. NULL: this kind of database is never away. */
    ps_status (*reconnect)(ps_db *db, ps_error *err);
} ps_db_ops;

struct ps_study_db {
    const ps_db_ops *ops;
    char *where; /* for messages: it has no password in it */
    bool lost;
    void *handle;
    /* Told while a connection or a lock is waited for, with NULL where there is nothing new to say; returns whether to
     * give up. NULL: nobody can be told, and the waiting ends by itself. */
    ps_db_waiting *waiting;
    void *user;
    double locked_since; /* by another process, when it was first met; 0: it is not */
    bool told;           /* that the lock is waited for */
    bool given_up;       /* the waiting was */
};

/* ps_study_open with somebody who is told while it waits. */
ps_status ps_db_open(const char *where, bool create, ps_db_waiting *waiting, void *user, ps_db **db, ps_error *err);

ps_status ps_db_sqlite_open(const char *path, bool create, ps_db *db, ps_error *err);
ps_status ps_db_postgres_open(const char *url, ps_db *db, ps_error *err);

/* For callers with their values at hand. */
#define ps_db_query(db, each, user, changed, err, sql, ...)                                                            \
    ps_db_run((db), (sql), (const ps_db_value[]){__VA_ARGS__},                                                         \
              sizeof((const ps_db_value[]){__VA_ARGS__}) / sizeof(ps_db_value), (each), (user), (changed), (err))
ps_status ps_db_run(ps_db *db, const char *sql, const ps_db_value *values, size_t n, ps_db_row *each, void *user,
                    size_t *changed, ps_error *err);

/* Run `body` as one transaction that will write: all of it happens or nothing. Where the connection is lost it is
 * waited for and `body` called again, from its start. */
ps_status ps_db_transaction(ps_db *db, ps_status (*body)(ps_db *db, void *user, ps_error *err), void *user,
                            ps_error *err);

/* Likewise of one that only reads. */
ps_status ps_db_look(ps_db *db, ps_status (*body)(ps_db *db, void *user, ps_error *err), void *user, ps_error *err);

/* What a query of one cell gives: a number, or *there is false. */
typedef struct ps_db_one {
    bool there;
    int64_t number;
    double real;
} ps_db_one;
ps_status ps_db_take_one(void *user, const ps_db_value *cells, ps_error *err); /* user: ps_db_one */

#endif
