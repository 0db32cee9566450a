#include "verify/extract/turns.h"

#include "base/thinking.h"

#include <ctype.h>
#include <string.h>

static bool blank_from(const char *text, size_t i, size_t end) {
    while (i < end && (isspace((unsigned char)text[i]) || strchr("*.`#-", text[i]) != NULL))
        i++;
    return i == end;
}

/* ---- Thinking ------------------------------------------------------------ */

psv_span psv_after_thinking(const char *text, psv_span span) {
    size_t begin = span.begin, length;
    for (size_t i = span.begin; (i = psv_next_of(text, i, span.end, PSV_TAGS_OR_E2)) < span.end; i++) {
        if (ps_thinking_mark(text + i, span.end - i, &length) != PS_THINKING_CLOSES) continue;
        if (!blank_from(text, i + length, span.end)) begin = i + length;
    }
    return (psv_span){begin, span.end};
}

bool psv_is_thinking(const char *text, psv_span *span, bool inside) {
    size_t length;
    for (size_t i = span->begin; i < span->end; i++) {
        if (!ps_thinking_begins(text[i])) continue;
        ps_thinking kind = ps_thinking_mark(text + i, span->end - i, &length);
        if (kind == PS_THINKING_CLOSES) span->begin = i + length;
        if (kind == PS_THINKING_CLOSES || kind == PS_THINKING_OPENS) inside = kind == PS_THINKING_OPENS;
    }
    return inside;
}

/* ---- Turns --------------------------------------------------------------- */

/* Tokens that end a text wherever they stand. */
static size_t end_token(const char *text, size_t i, size_t end) {
    static const char *const tokens[] = {"<|im_end|>",
                                         "<|endoftext|>",
                                         "<|eot_id|>",
                                         "<|end|>",
                                         "<|end_of_text|>",
                                         "</s>",
                                         "<|eom_id|>",
                                         "<|return|>",
                                         "<eos>",
                                         "<end_of_turn>",
                                         "<｜end▁of▁sentence｜>",
                                         "<|user|>",
                                         "<|im_start|>",
                                         "<|start_header_id|>",
                                         "[inst]",
                                         "<start_of_turn>",
                                         "<|eos|>",
                                         "<|endofturn|>",
                                         "<｜user｜>",
                                         "<|end_of_sentence|>"};
    for (size_t k = 0; k < sizeof tokens / sizeof *tokens; k++)
        if (psv_letters_at(text + i, end - i, tokens[k])) return strlen(tokens[k]);
    return 0;
}

/* A heading or a label that opens another question, at the start of a line: "Question:", "### Problem", "**User:**". */
static bool opens_turn(const char *text, size_t i, size_t end) {
    static const char *const names[] = {"question",    "q",           "problem",       "user",         "human",
                                        "input",       "exercise",    "next question", "new question", "next problem",
                                        "new problem", "instruction", "assistant",     "example",      "题目",
                                        "问题",        "frage",       "pregunta",      "вопрос",       "aufgabe",
                                        "task",        "query"};
    bool heading = false;
    for (size_t most = i + 16; i < end && i < most && text[i] && strchr("#*>_ \t-", text[i]) != NULL;) {
        heading |= text[i] == '#';
        i++;
    }
    char first = i < end ? psv_lower(text[i]) : '\0';
    if ((unsigned char)first < 128 && strchr("qpuhienatf", first) == NULL) return false; /* none of them begins so */
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (names[k][0] != first || !psv_letters_at(text + i, end - i, names[k])) continue;
        size_t at = i + strlen(names[k]);
        while (at < end && (text[at] == ' ' || isdigit((unsigned char)text[at]) || text[at] == '#'))
            at++;
        while (at < end && (text[at] == '*' || text[at] == '_'))
            at++;
        if (at < end && (text[at] == ':' || strncmp(text + at, "：", 3) == 0)) return true;
        if (heading && (at == end || text[at] == '\n')) return true;
        bool numbered = at > i + strlen(names[k]) && isdigit((unsigned char)text[at - 1]);
        if (numbered && at < end && (text[at] == '.' || text[at] == '\n')) return true;
    }
    return false;
}

/* What was seen before a turn: it ends the answer only when there was one. */
typedef struct seen {
    size_t until; /* looked at so far */
    bool content, digit, answer;
    char last; /* the last character that is no white space */
} seen;

/* Look on, up to `end`: from mark to mark every character once, and none where there is no mark. */
static void look_on(seen *before, const char *text, size_t end) {
    for (size_t i = before->until; i < end; i++) {
        size_t left = end - i;
        if (isspace((unsigned char)text[i])) continue;
        before->last = text[i];
        before->content = before->content || strchr("*.`#-", text[i]) == NULL;
        before->digit |= isdigit((unsigned char)text[i]) != 0;
        before->answer = before->answer || psv_letters_at(text + i, left, "answer") ||
                         psv_letters_at(text + i, left, "\\boxed") || psv_letters_at(text + i, left, "\\fbox");
    }
    before->until = end;
}

/* A box, an announcement, or a statement with a number in it? */
static bool is_answered(const seen *before) {
    return before->content && (before->answer || (before->digit && before->last != ':'));
}

psv_span psv_before_next_turn(const char *text, psv_span span) {
    seen before = {.until = span.begin};
    for (size_t i = span.begin; (i = psv_next_of(text, i, span.end, PSV_TAGS_OR_LINES)) < span.end; i++) {
        bool line = text[i] == '\n';
        size_t at = i + line;
        bool mark = line ? at < span.end && opens_turn(text, at, span.end) : end_token(text, i, span.end) != 0;
        if (!mark) continue;
        look_on(&before, text, at);
        if (is_answered(&before)) return (psv_span){span.begin, at};
    }
    return span;
}
