#include "tune/db.h"

#include <stdio.h>
#include <time.h>

ps_status ps_db_run(ps_db *db, const char *sql, const ps_db_value *values, size_t n, ps_db_row *each, void *user,
                    size_t *changed, ps_error *err) {
    return db->ops->run(db, sql, values, n, each, user, changed, err);
}

ps_status ps_db_take_one(void *user, const ps_db_value *cells, ps_error *err) {
    (void)err;
    *(ps_db_one *)user = (ps_db_one){cells->kind != PS_DB_NULL, cells->number, cells->real};
    return PS_OK;
}

/* Until it is there again, or whoever looks gives up. *err has why it is away. */
static ps_status wait_for_it(ps_db *db, ps_error *err) {
    const struct timespec pause = {.tv_nsec = 500 * 1000 * 1000};
    ps_status status = PS_IO;
    char sentence[1200];
    if (db->waiting == NULL) return PS_IO; /* nobody could be told, or say when it is enough */
    for (size_t tries = 0; status != PS_OK; tries++) {
        if (tries == 0) snprintf(sentence, sizeof sentence, "%s: the database is away: waiting for it", db->where);
        if (db->waiting(db->user, tries == 0 ? sentence : NULL)) return ps_fail(err, PS_CANCELLED, "interrupted");
        status = db->ops->reconnect(db, err);
        if (status != PS_OK) nanosleep(&pause, NULL);
    }
    db->waiting(db->user, "the database is there again");
    db->lost = false;
    return PS_OK;
}

static ps_status once(ps_db *db, const char *begin, ps_status (*body)(ps_db *db, void *user, ps_error *err), void *user,
                      ps_error *err) {
    ps_status status = db->ops->script(db, begin, err);
    if (status != PS_OK) return status;
    status = body(db, user, err);
    if (status == PS_OK) status = db->ops->script(db, "COMMIT", err);
    if (status != PS_OK && !db->lost) db->ops->script(db, "ROLLBACK", NULL);
    return status;
}

static ps_status until_it_is_done(ps_db *db, const char *begin, ps_status (*body)(ps_db *db, void *user, ps_error *err),
                                  void *user, ps_error *err) {
    ps_status status = once(db, begin, body, user, err);
    while (status == PS_IO && db->lost && db->ops->reconnect != NULL) {
        status = wait_for_it(db, err);
        if (status != PS_OK) return status;
        status = once(db, begin, body, user, err);
    }
    return status;
}

ps_status ps_db_transaction(ps_db *db, ps_status (*body)(ps_db *db, void *user, ps_error *err), void *user,
                            ps_error *err) {
    return until_it_is_done(db, db->ops->begin, body, user, err);
}

ps_status ps_db_look(ps_db *db, ps_status (*body)(ps_db *db, void *user, ps_error *err), void *user, ps_error *err) {
    return until_it_is_done(db, db->ops->look, body, user, err);
}
