#include "base/thinking.h"

#include <string.h>

/* The words in the marks. Those from FAMILIAR on are said in square brackets for other reasons too, as "[Analysis]". */
static const char *const names[] = {
    "think",      "thinking",         "thought",         "thoughts",          "reason",         "reasoning",
    "seed:think", "analysis",         "reflection",      "scratchpad",        "antml:thinking", "rationale",
    "draft",      "thinking_process", "thought_process", "reasoning_process",
};
enum { N_NAMES = sizeof names / sizeof *names, FAMILIAR = 7 };

/* What may stand around a name. Gemma's <|think|> asks for thinking, in the prompt, and opens none: it is not here. */
static const struct frame {
    const char *before, *after;
    size_t first, last; /* of the names */
    ps_thinking kind;
} frames[] = {
    {"<", ">", 0, N_NAMES, PS_THINKING_OPENS},
    {"</", ">", 0, N_NAMES, PS_THINKING_CLOSES},
    {"[", "]", 0, FAMILIAR, PS_THINKING_OPENS},
    {"[/", "]", 0, N_NAMES, PS_THINKING_CLOSES},
    {"◁", "▷", 0, N_NAMES, PS_THINKING_OPENS},
    {"◁/", "▷", 0, N_NAMES, PS_THINKING_CLOSES},
    {"<|", "|>", 1, N_NAMES, PS_THINKING_OPENS},
    {"<|/", "|>", 1, N_NAMES, PS_THINKING_CLOSES},
    {"<|begin_of_", "|>", 0, N_NAMES, PS_THINKING_OPENS},
    {"<|end_of_", "|>", 0, N_NAMES, PS_THINKING_CLOSES},
    {"<|begin_", "|>", 0, N_NAMES, PS_THINKING_OPENS},
    {"<|start_", "|>", 0, N_NAMES, PS_THINKING_OPENS},
    {"<|end_", "|>", 0, N_NAMES, PS_THINKING_CLOSES},
    {"<|", "_start|>", 0, N_NAMES, PS_THINKING_OPENS},
    {"<|", "_end|>", 0, N_NAMES, PS_THINKING_CLOSES},
};

/* Marks of one family alone: gpt-oss, Gemma, and those whose thinking ends where the solution begins. */
static const struct whole {
    const char *text;
    ps_thinking kind;
} wholes[] = {
    {"<|channel|>analysis", PS_THINKING_OPENS}, {"<|channel|>commentary", PS_THINKING_OPENS},
    {"<|channel|>final", PS_THINKING_CLOSES},   {"<|channel|>final<|message|>", PS_THINKING_CLOSES},
    {"<|message|>", PS_THINKING_OTHER},         {"<|channel>thought", PS_THINKING_OPENS},
    {"<channel|>", PS_THINKING_CLOSES},         {"<|begin_of_solution|>", PS_THINKING_CLOSES},
};

static char small(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* A text that is compared with a mark, part by part. */
typedef struct reader {
    const char *text;
    size_t n, at;
    bool differs, ends; /* from the mark; before it does */
} reader;

static void read(reader *r, const char *part) {
    for (; *part != '\0' && !r->differs && !r->ends; part++) {
        r->ends = r->at == r->n;
        r->differs = !r->ends && small(r->text[r->at]) != *part;
        r->at += !r->ends && !r->differs;
    }
}

/* What is found so far, and one more mark. */
static ps_thinking better(ps_thinking found, const reader *r, ps_thinking kind, size_t *length) {
    if (r->differs) return found;
    if (r->ends) return found == PS_THINKING_NONE ? PS_THINKING_PARTIAL : found;
    if (r->at <= *length) return found;
    *length = r->at;
    return kind;
}

ps_thinking ps_thinking_mark(const char *text, size_t n, size_t *length) {
    ps_thinking found = PS_THINKING_NONE;
    *length = 0;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        reader before = {.text = text, .n = n};
        read(&before, frames[i].before);
        for (size_t k = frames[i].first; k < frames[i].last && !before.differs; k++) {
            reader r = before;
            read(&r, names[k]);
            read(&r, frames[i].after);
            found = better(found, &r, frames[i].kind, length);
        }
    }
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        reader r = {.text = text, .n = n};
        read(&r, wholes[i].text);
        found = better(found, &r, wholes[i].kind, length);
    }
    return found;
}

bool ps_is_thinking_token(const char *text) {
    size_t n = strlen(text), length;
    ps_thinking kind = ps_thinking_mark(text, n, &length);
    return n > 0 && (kind == PS_THINKING_PARTIAL || length == n);
}
