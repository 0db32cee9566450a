/* Studies in a SQLite file. */
#include "tune/db.h"
#include "tune/tables.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/vfs.h>
#endif

enum { PATIENCE = 30 }; /* seconds, for the lock of another process, where nobody can be told of it */

/* ---- Messages ------------------------------------------------------------ */

static ps_status failed(ps_db *db, int code, ps_error *err) {
    if (db->given_up) return ps_fail(err, PS_CANCELLED, "interrupted");
    switch (code & 0xff) {
    case SQLITE_NOMEM: return ps_nomem(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ps_fail(err, PS_IO,
                       "%s: another process has held the lock of this study for %d seconds; is one of them stopped? "
                       "End it, or work in another file with --study FILE",
                       db->where, PATIENCE);
    case SQLITE_NOTADB:
        return ps_fail(err, PS_FORMAT, "%s: this file is no SQLite database; choose another with --study FILE",
                       db->where);
    case SQLITE_CORRUPT:
        return ps_fail(err, PS_IO, "%s: the database is damaged (%s); what can be saved, `sqlite3 FILE .recover` saves",
                       db->where, sqlite3_errmsg(db->handle));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return ps_fail(err, PS_IO, "%s: cannot be opened for writing: %s", db->where, sqlite3_errmsg(db->handle));
    default: return ps_fail(err, PS_IO, "%s: %s", db->where, sqlite3_errmsg(db->handle));
    }
}

/* ---- The lock of another process ----------------------------------------- */

static void say_once(ps_db *db) {
    char sentence[1200];
    if (db->told) return;
    snprintf(sentence, sizeof sentence, "%s: another process holds the lock of this database: waiting for it",
             db->where);
    db->told = true;
    db->waiting(db->user, sentence);
}

/* Called by SQLite while the lock is held: 0 gives up. A lock is held for milliseconds; one that is held for long is
 * named, and waited for as long as its waiter likes. */
static int on_busy(void *user, int tries) {
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    const double worth_saying = 1; /* seconds */
    ps_db *db = user;
    double now = ps_now();
    if (tries == 0 || db->locked_since == 0) db->locked_since = now;
    nanosleep(&pause, NULL);
    if (db->waiting == NULL) return now - db->locked_since < PATIENCE;
    if (now - db->locked_since > worth_saying) say_once(db);
    db->given_up = db->waiting(db->user, NULL);
    return !db->given_up;
}

static void have_lock(ps_db *db) {
    if (db->told) db->waiting(db->user, "the database is free again");
    db->told = false;
    db->locked_since = 0;
}

/* ---- Statements ---------------------------------------------------------- */

static int bind(sqlite3_stmt *statement, int at, const ps_db_value *v) {
    switch (v->kind) {
    case PS_DB_NULL: return sqlite3_bind_null(statement, at);
    case PS_DB_INT: return sqlite3_bind_int64(statement, at, v->number);
    case PS_DB_REAL: return sqlite3_bind_double(statement, at, v->real);
    case PS_DB_TEXT: return sqlite3_bind_text(statement, at, v->text, -1, SQLITE_TRANSIENT);
    }
    return SQLITE_MISUSE;
}

enum { MOST_CELLS = 16 };

static ps_status give_row(sqlite3_stmt *statement, ps_db_row *each, void *user, ps_error *err) {
    ps_db_value cells[MOST_CELLS];
    int n = sqlite3_column_count(statement);
    for (int i = 0; i < n && i < MOST_CELLS; i++) {
        /* The number is read first: asking for the text converts the cell. */
        cells[i] = (ps_db_value){.kind = sqlite3_column_type(statement, i) == SQLITE_NULL ? PS_DB_NULL : PS_DB_TEXT,
                                 .number = sqlite3_column_int64(statement, i),
                                 .real = sqlite3_column_double(statement, i)};
        cells[i].text = (const char *)sqlite3_column_text(statement, i);
        if (cells[i].kind == PS_DB_TEXT && cells[i].text == NULL) return ps_nomem(err);
    }
    return each(user, cells, err);
}

static ps_status run(ps_db *db, const char *sql, const ps_db_value *values, size_t n, ps_db_row *each, void *user,
                     size_t *changed, ps_error *err) {
    sqlite3_stmt *statement = NULL;
    ps_status status = PS_OK;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    for (size_t i = 0; i < n && code == SQLITE_OK; i++) {
        char name[24];
        snprintf(name, sizeof name, "$%zu", i + 1);
        int at = sqlite3_bind_parameter_index(statement, name);
        if (at > 0) code = bind(statement, at, &values[i]);
    }
    if (code == SQLITE_OK)
        while (status == PS_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
            if (each != NULL) status = give_row(statement, each, user, err);
    if (status == PS_OK && code != SQLITE_DONE) status = failed(db, code, err);
    if (status == PS_OK) have_lock(db);
    if (status == PS_OK && changed != NULL) *changed = (size_t)sqlite3_changes(db->handle);
    sqlite3_finalize(statement);
    return status;
}

static ps_status script(ps_db *db, const char *sql, ps_error *err) {
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) return failed(db, code, err);
    have_lock(db);
    return PS_OK;
}

/* ---- Opening ------------------------------------------------------------- */

static void close_file(ps_db *db) {
    sqlite3_close(db->handle);
}

/* SQLite's locks do not hold between machines. */
static ps_status check_place(const char *path, ps_error *err) {
#if defined(__linux__)
    static const struct {
        unsigned long magic; /* statfs(2) */
        const char *name;
    } network[] = {{0x6969, "NFS"},        {0x517B, "SMB"},      {0xFF534D42, "CIFS"},
                   {0xFE534D42, "SMB2"},   {0x01021997, "9P"},   {0x47504653, "GPFS"},
                   {0x0BD00BD0, "Lustre"}, {0x00C36400, "Ceph"}, {0x5346414F, "AFS"}};
    ps_text folder = {0};
    struct statfs about;
    const char *slash = strrchr(path, '/');
    ps_text_append(&folder, path, slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path));
    if (slash == NULL) ps_text_puts(&folder, ".");
    if (!ps_text_ok(&folder)) return ps_nomem(err);
    bool known = statfs(ps_text_cstr(&folder), &about) == 0;
    ps_text_clear(&folder);
    for (size_t i = 0; known && i < sizeof network / sizeof *network; i++)
        if (((unsigned long)about.f_type & 0xFFFFFFFFu) == network[i].magic)
            return ps_fail(
                err, PS_IO,
                "%s lies on a network file system (%s), where SQLite's locks do not hold: put the study on a "
                "local disk, or into PostgreSQL with --study postgresql://…",
                path, network[i].name);
#endif
    (void)path;
    (void)err;
    return PS_OK;
}

static const ps_db_ops sqlite = {
    .begin = "BEGIN IMMEDIATE",
    .look = "BEGIN",
    .lock_rows = "", /* the whole database is locked by then */
    .lock_all = "",
    .now = "(strftime('%Y-%m-%d %H:%M:%f', 'now', 'localtime') || '000')",
    .seconds = "((julianday('now') - 2440587.5) * 86400.0)",
    .tables = PS_TABLES_SQLITE,
    .extra = PS_TABLES_OURS("REAL", "FLOAT"),
    /* WAL: readers, such as a dashboard, do not wait for writers. A killed process loses nothing. */
    .settle = "PRAGMA journal_mode=WAL",
    .close = close_file,
    .run = run,
    .script = script,
};

ps_status ps_db_sqlite_open(const char *path, bool create, ps_db *db, ps_error *err) {
    struct stat about;
    bool there = stat(path, &about) == 0;
    if (!there && !create)
        return ps_fail(err, PS_IO, "%s: there is no such study file; `persamp tune` makes one", path);
    if (there && !S_ISREG(about.st_mode)) return ps_fail(err, PS_IO, "%s: not a regular file", path);
    ps_status status = check_place(path, err);
    if (status != PS_OK) return status;
    sqlite3 *handle = NULL;
    db->ops = &sqlite;
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &handle, flags, NULL);
    db->handle = handle;
    if (handle == NULL) return ps_nomem(err);
    if (code != SQLITE_OK) return failed(db, code, err);
    sqlite3_busy_handler(handle, on_busy, db);
    return script(db, "PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL;", err);
}
