/* libllama's messages. Its log callback is one for the whole process (llama_log_set), so this is the one place of the
 * library with state outside an engine: the log of the engine loaded last, and the first error since somebody asked, to
 * say why a call that only returned NULL has failed (the first is the specific one). */
#include "engine/llama/log.h"

#include <stdio.h>
#include <string.h>

static struct {
    pthread_mutex_t mutex;
    const ps_llama *owner;
    ps_log log;
    char line[1024]; /* libllama writes a line in pieces */
    size_t length;
    enum ggml_log_level level;
    char error[256];
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* libllama is talkative: its information and warnings are our debugging (what it warns of is checked by us). */
static ps_log_level level_of(enum ggml_log_level level) {
    return level == GGML_LOG_LEVEL_ERROR ? PS_LOG_ERROR : PS_LOG_DEBUG;
}

static void end_line(void) {
    state.line[state.length] = '\0';
    if (state.length > 0) {
        if (state.level == GGML_LOG_LEVEL_ERROR && !state.error[0])
            snprintf(state.error, sizeof state.error, "%.*s", (int)sizeof state.error - 1, state.line);
        ps_log_printf(&state.log, level_of(state.level), "libllama: %s", state.line);
    }
    state.length = 0;
}

static void receive(enum ggml_log_level level, const char *text, void *user) {
    (void)user;
    pthread_mutex_lock(&state.mutex);
    if (level != GGML_LOG_LEVEL_CONT) state.level = level;
    for (; *text; text++) {
        if (*text == '\n' || state.length == sizeof state.line - 1)
            end_line();
        else
            state.line[state.length++] = *text;
    }
    pthread_mutex_unlock(&state.mutex);
}

void ps_llama_log_attach(ps_llama *engine) {
    pthread_mutex_lock(&state.mutex);
    state.owner = engine;
    state.log = engine->log;
    pthread_mutex_unlock(&state.mutex);
    llama_log_set(receive, NULL);
}

void ps_llama_log_detach(const ps_llama *engine) {
    pthread_mutex_lock(&state.mutex);
    if (state.owner == engine) {
        state.owner = NULL;
        state.log = (ps_log){0};
    }
    pthread_mutex_unlock(&state.mutex);
}

void ps_llama_log_clear(void) {
    pthread_mutex_lock(&state.mutex);
    state.error[0] = '\0';
    pthread_mutex_unlock(&state.mutex);
}

void ps_llama_log_take_error(char *buffer, size_t size) {
    pthread_mutex_lock(&state.mutex);
    snprintf(buffer, size, "%s", state.error);
    state.error[0] = '\0';
    pthread_mutex_unlock(&state.mutex);
}

void ps_llama_log_error(const char *message) {
    receive(GGML_LOG_LEVEL_ERROR, message, NULL);
    receive(GGML_LOG_LEVEL_ERROR, "\n", NULL);
}
