/* Guarded calls of libllama: the other source here that is C++, for no C can catch an exception, and only one lets the
 * objects of libllama's frames go. ggml calls back before it aborts; an exception thrown there goes up through ggml and
 * libllama, which catches it where it loads models and makes contexts, or else up to here. */
#include "engine/llama/guard.h"

#include <cstdio>
#include <exception>
#include <ggml.h>
#include <pthread.h>
#include <stdexcept>

namespace {

thread_local bool guarded;
ggml_abort_callback_t before_ours;

void about_to_abort(const char *message) {
    if (guarded) throw std::runtime_error(message);
    /* Not ours to catch: it goes on as if nobody had been asked. */
    ggml_set_abort_callback(before_ours);
    ggml_abort(__FILE__, __LINE__, "%s", message);
}

void install() {
    before_ours = ggml_set_abort_callback(about_to_abort);
}

} // namespace

bool ps_llama_guard(void (*call)(void *argument), void *argument, char *why, size_t size) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    const bool outside = !guarded;
    bool good = false;
    guarded = true;
    try {
        call(argument);
        good = true;
    } catch (const std::exception &e) {
        std::snprintf(why, size, "%s", e.what());
    } catch (...) {
        std::snprintf(why, size, "an exception of an unknown kind");
    }
    if (outside) guarded = false;
    return good;
}
