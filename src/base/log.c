/* Messages to the caller's callback, and the clock of reports. */
#include "persamp/base.h"

#include <time.h>

void ps_log_printf(const ps_log *log, ps_log_level level, const char *format, ...) {
    if (log == NULL || log->write == NULL || level < log->least) return;
    char message[2048];
    va_list args;
    va_start(args, format);
    ps_format(message, sizeof message, format, args);
    va_end(args);
    log->write(log->user, level, message);
}

double ps_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
