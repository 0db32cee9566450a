/* Studies in PostgreSQL, for workers on several machines. */
#include "tune/db.h"
#include "tune/tables.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 8, MOST_CELLS = 16 };

/* ---- Messages ------------------------------------------------------------ */

/* The connection is gone where libpq says so, where the server said that it ends it (class 57P), or where a failure has
 * no code of the server's: it came from this side, and libpq may not have noticed yet. */
static bool is_gone(ps_db *db, const PGresult *result) {
    const char *code = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return PQstatus(db->handle) != CONNECTION_OK || code == NULL || strncmp(code, "57P", 3) == 0;
}

/* The first line of the message, which has no password in it. */
static ps_status failed(ps_db *db, const PGresult *result, ps_error *err) {
    const char *message = PQerrorMessage(db->handle);
    db->lost = is_gone(db, result);
    return ps_fail(err, PS_IO, "%s: %.*s", db->where, (int)strcspn(message, "\n"), message);
}

/* ---- Statements ---------------------------------------------------------- */

static const char *value_text(const ps_db_value *v, char *digits, size_t size) {
    switch (v->kind) {
    case PS_DB_NULL: return NULL;
    case PS_DB_INT: snprintf(digits, size, "%lld", (long long)v->number); return digits;
    case PS_DB_REAL: snprintf(digits, size, "%.17g", v->real); return digits;
    case PS_DB_TEXT: return v->text;
    }
    return NULL;
}

/* Integers of the tables are not below 0; anything else is 0. */
static int64_t whole(const char *text) {
    uint64_t n;
    return ps_parse_count(text, strlen(text), 10, INT64_MAX, &n) ? (int64_t)n : 0;
}

static ps_status give_row(const PGresult *result, int row, ps_db_row *each, void *user, ps_error *err) {
    ps_db_value cells[MOST_CELLS] = {{0}};
    for (int i = 0; i < PQnfields(result) && i < MOST_CELLS; i++) {
        if (PQgetisnull(result, row, i)) continue;
        const char *text = PQgetvalue(result, row, i);
        cells[i] = (ps_db_value){.kind = PS_DB_TEXT, .text = text, .number = whole(text)};
        if (!ps_parse_real(text, strlen(text), &cells[i].real)) cells[i].real = 0;
    }
    return each(user, cells, err);
}

static ps_status take(ps_db *db, PGresult *result, ps_db_row *each, void *user, size_t *changed, ps_error *err) {
    ExecStatusType kind = PQresultStatus(result);
    if (kind == PGRES_EMPTY_QUERY) return PS_OK;
    if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK) return failed(db, result, err);
    ps_status status = PS_OK;
    for (int row = 0; row < PQntuples(result) && each != NULL && status == PS_OK; row++)
        status = give_row(result, row, each, user, err);
    if (changed != NULL) *changed = (size_t)whole(PQcmdTuples(result));
    return status;
}

static ps_status run(ps_db *db, const char *sql, const ps_db_value *values, size_t n, ps_db_row *each, void *user,
                     size_t *changed, ps_error *err) {
    char digits[MOST_VALUES][32];
    const char *texts[MOST_VALUES] = {0};
    for (size_t i = 0; i < n && i < MOST_VALUES; i++)
        texts[i] = value_text(&values[i], digits[i], sizeof digits[i]);
    PGresult *result = PQexecParams(db->handle, sql, (int)n, NULL, texts, NULL, NULL, 0);
    if (result == NULL) return failed(db, NULL, err);
    ps_status status = take(db, result, each, user, changed, err);
    PQclear(result);
    return status;
}

static ps_status script(ps_db *db, const char *sql, ps_error *err) {
    PGresult *result = PQexec(db->handle, sql);
    if (result == NULL) return failed(db, NULL, err);
    ps_status status = take(db, result, NULL, NULL, NULL, err);
    PQclear(result);
    return status;
}

/* ---- Connecting ---------------------------------------------------------- */

static void silent(void *unused, const char *message) {
    (void)unused;
    (void)message;
}

static void close_connection(ps_db *db) {
    PQfinish(db->handle);
}

/* What a connection is set to, when it is made and when it is made again. */
static ps_status settle(ps_db *db, ps_error *err) {
    if (PQstatus(db->handle) != CONNECTION_OK) return failed(db, NULL, err);
    return script(db, "SET client_min_messages = warning; SET extra_float_digits = 1", err);
}

static ps_status reconnect(ps_db *db, ps_error *err) {
    PQreset(db->handle);
    return settle(db, err);
}

/* A server that vanished without a word is taken for away after half a minute, and not after the quarter of an hour
 * that TCP waits. What the URL says of these comes after and wins. */
static PGconn *connect_to(const char *url) {
    static const char *const keys[] = {"connect_timeout",
                                       "tcp_user_timeout",
                                       "keepalives_idle",
                                       "keepalives_interval",
                                       "keepalives_count",
                                       "dbname",
                                       NULL};
    const char *const values[] = {"10", "30000", "10", "5", "4", url, NULL};
    return PQconnectdbParams(keys, values, 1);
}

/* What stands in a command line or a study is read by others. */
static ps_status check_url(const char *url, ps_error *err) {
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    ps_status status = PS_OK;
    if (options == NULL)
        status =
            ps_fail(err, PS_ARG, "--study: not a URL of PostgreSQL: %.*s; expected postgresql://USER@HOST/DATABASE",
                    (int)strcspn(message != NULL ? message : "", "\n"), message != NULL ? message : "");
    for (PQconninfoOption *o = options; status == PS_OK && o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, "password") == 0 && o->val != NULL && *o->val != '\0')
            status =
                ps_fail(err, PS_ARG,
                        "--study: leave the password out of the URL, where others can read it: put it into the file "
                        "that PGPASSFILE names (~/.pgpass), as HOST:PORT:DATABASE:USER:PASSWORD");
    PQconninfoFree(options);
    PQfreemem(message);
    return status;
}

static const ps_db_ops postgres = {
    .begin = "BEGIN",
    .look = "BEGIN READ ONLY",
    .lock_rows = " FOR UPDATE",
    .lock_all = "SELECT pg_advisory_xact_lock(8017273)",
    .now = "clock_timestamp()::timestamp",
    .seconds = "extract(epoch from clock_timestamp())::double precision",
    .tables = PS_TABLES_POSTGRES,
    .extra = PS_TABLES_OURS("DOUBLE PRECISION", "DOUBLE PRECISION"),
    .settle = "",
    .close = close_connection,
    .run = run,
    .script = script,
    .reconnect = reconnect,
};

ps_status ps_db_postgres_open(const char *url, ps_db *db, ps_error *err) {
    ps_status status = check_url(url, err);
    if (status != PS_OK) return status;
    db->ops = &postgres;
    db->handle = connect_to(url);
    if (db->handle == NULL) return ps_nomem(err);
    PQsetNoticeProcessor(db->handle, silent, NULL);
    return settle(db, err);
}
