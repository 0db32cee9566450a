/* Prompts: rendered by the model's template, then cut at the control tokens that the template spells, and what lies
 * between them tokenized as text. Between two of them a template's words and a user's are tokenized as one: "Question:
 * " and what follows may share a token. */
#include "engine/llama/prompt.h"

#include "base/thinking.h"
#include "engine/llama/guard.h"
#include "engine/llama/marked.h"
#include "engine/llama/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A token that the tokenizer finds in a text by its spelling, before anything else. */
typedef struct special {
    ps_token token;
    const char *text; /* the vocabulary's */
    size_t length;
    bool control;   /* else one that any text may spell */
    bool markable;  /* its spelling has a character that is marked in a user's text */
    bool guarded;   /* any text may spell it, and it looks like a control token: no user's text becomes it */
    bool eats_left; /* white space beside it */
    bool eats_right;
} special;

struct ps_prompter {
    const struct llama_vocab *vocab;
    const char *path;
    ps_log log;
    ps_template chat;
    special *specials; /* [n_specials], the longest first */
    size_t n_specials;
    bool merged; /* that a system message is put into a user's has been said */
};

/* ---- What the model has -------------------------------------------------- */

static int longer_first(const void *a, const void *b) {
    const special *x = a, *y = b;
    if (x->length != y->length) return x->length > y->length ? -1 : 1;
    return x->token < y->token ? -1 : x->token > y->token;
}

static bool is_special(enum llama_token_attr attr) {
    return (attr & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED | LLAMA_TOKEN_ATTR_UNKNOWN)) != 0;
}

static bool ends_with(const char *text, const char *end) {
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* <|message|>, <|turn>, [INST], <think>: converters and libllama itself give some of these a type that any text may
 * spell. A <table> is a word. */
static bool looks_like_control(const char *text) {
    const bool bars = strncmp(text, "<|", 2) == 0 || strncmp(text, "<｜", 4) == 0 || ends_with(text, "|>");
    return (bars && strlen(text) > 2) || (text[0] == '[' && text[1] != ']' && ends_with(text, "]")) ||
           (strlen(text) > 2 && ps_is_thinking_token(text));
}

static ps_status find_specials(ps_prompter *p, ps_error *err) {
    const int32_t n = llama_vocab_n_tokens(p->vocab);
    size_t count = 0;
    for (ps_token token = 0; token < n; token++)
        count += is_special(llama_vocab_get_attr(p->vocab, token));
    p->specials = ps_calloc(count + 1, sizeof *p->specials);
    if (p->specials == NULL) return ps_nomem(err);
    for (ps_token token = 0; token < n; token++) {
        enum llama_token_attr attr = llama_vocab_get_attr(p->vocab, token);
        const char *text = llama_vocab_get_text(p->vocab, token);
        if (!is_special(attr) || text == NULL || text[0] == '\0') continue;
        p->specials[p->n_specials++] = (special){
            .token = token,
            .text = text,
            .length = strlen(text),
            .control = (attr & LLAMA_TOKEN_ATTR_USER_DEFINED) == 0,
            .markable = strpbrk(text, PS_MARKED_CHARACTERS) != NULL,
            .guarded = (attr & LLAMA_TOKEN_ATTR_USER_DEFINED) != 0 && looks_like_control(text),
            .eats_left = (attr & LLAMA_TOKEN_ATTR_LSTRIP) != 0,
            .eats_right = (attr & LLAMA_TOKEN_ATTR_RSTRIP) != 0,
        };
    }
    qsort(p->specials, p->n_specials, sizeof *p->specials, longer_first);
    return PS_OK;
}

static const char *spelling(const struct llama_vocab *vocab, ps_token token) {
    return token == LLAMA_TOKEN_NULL ? NULL : llama_vocab_get_text(vocab, token);
}

ps_status ps_prompter_create(const struct llama_model *model, const char *path, const ps_log *log, ps_prompter **out,
                             ps_error *err) {
    ps_prompter *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->vocab = llama_model_get_vocab(model);
    p->path = path;
    if (log != NULL) p->log = *log;
    p->chat.source = llama_model_chat_template(model, NULL);
    p->chat.bos = spelling(p->vocab, llama_vocab_bos(p->vocab));
    p->chat.eos = spelling(p->vocab, llama_vocab_eos(p->vocab));
    p->chat.now = time(NULL); /* one day for all of a run */
    ps_status status = find_specials(p, err);
    if (status != PS_OK) {
        ps_prompter_free(p);
        return status;
    }
    *out = p;
    return PS_OK;
}

void ps_prompter_free(ps_prompter *prompter) {
    if (prompter == NULL) return;
    ps_free(prompter->specials);
    ps_free(prompter);
}

/* ---- Rendering ----------------------------------------------------------- */

/* The system message in front of the first one of the user. */
static ps_status render_merged(ps_prompter *p, const ps_chat_message *messages, size_t n, ps_text *marked,
                               ps_error *err) {
    ps_text both = {0};
    ps_text_printf(&both, "%s\n\n%s", messages[0].content, messages[1].content);
    ps_chat_message *fewer = ps_calloc(n - 1, sizeof *fewer);
    ps_status status = PS_OK;
    if (fewer == NULL || !ps_text_ok(&both)) {
        status = ps_nomem(err);
    } else {
        bool refused;
        memcpy(fewer, messages + 1, (n - 1) * sizeof *fewer);
        fewer[0].content = ps_text_cstr(&both);
        status = ps_template_render(&p->chat, fewer, n - 1, marked, &refused, err);
    }
    ps_free(fewer);
    ps_text_clear(&both);
    return status;
}

/* Whether a message is in what was rendered, but for white space around it: templates trim. */
static ps_status is_rendered(const ps_chat_message *message, const ps_text *marked, bool *is, ps_error *err) {
    const char *content = message->content;
    size_t n = strlen(content);
    while (n > 0 && isspace((unsigned char)content[n - 1]))
        n--;
    while (n > 0 && isspace((unsigned char)*content)) {
        content++;
        n--;
    }
    ps_text looked_for = {0};
    ps_marked_user(&looked_for, content, n);
    *is = n == 0 || (marked->length >= looked_for.length && looked_for.length > 0 &&
                     strstr(ps_text_cstr(marked), ps_text_cstr(&looked_for)) != NULL);
    const bool ok = ps_text_ok(&looked_for);
    ps_text_clear(&looked_for);
    return ok ? PS_OK : ps_nomem(err);
}

/* Many templates have no place for a system message. Some say so, others leave it out without a word. What others do
 * then is done: it goes in front of the first message of the user. */
static ps_status merge(ps_prompter *p, const ps_chat_message *messages, size_t n, const char *why, ps_text *marked,
                       ps_error *err) {
    ps_text merged = {0};
    ps_status status = render_merged(p, messages, n, &merged, err);
    if (status != PS_OK) {
        ps_text_clear(&merged);
        return status;
    }
    ps_text_clear(marked);
    *marked = merged;
    if (!p->merged)
        ps_log_printf(&p->log, PS_LOG_INFO,
                      "%s (%s): the system message is put in front of the user's; prompt.system=\"\" leaves it out",
                      why, p->path);
    p->merged = true;
    return PS_OK;
}

static ps_status render_chat(ps_prompter *p, const ps_chat_message *messages, size_t n, ps_text *marked,
                             ps_error *err) {
    if (p->chat.source == NULL) return ps_fail(err, PS_ENGINE, "%s has no chat template: set prompt.template", p->path);
    const bool mergeable = n > 1 && strcmp(messages[0].role, "system") == 0 && strcmp(messages[1].role, "user") == 0;
    bool refused = false, whole = true;
    ps_error first;
    ps_status status = ps_template_render(&p->chat, messages, n, marked, &refused, &first);
    if (status == PS_OK && mergeable) status = is_rendered(&messages[0], marked, &whole, &first);
    if (status == PS_OK && !whole)
        status = merge(p, messages, n, "the model's template leaves a system message out", marked, &first);
    if (status == PS_OK) return PS_OK;
    if (refused && mergeable && merge(p, messages, n, first.message, marked, NULL) == PS_OK) return PS_OK;
    if (status != PS_ENGINE) return ps_fail(err, status, "%s", first.message);
    return ps_fail(err, PS_ENGINE, "%s (%s): set prompt.template", first.message, p->path);
}

ps_status ps_prompter_render(ps_prompter *prompter, const ps_prompt *prompt, ps_text *marked, ps_error *err) {
    if (prompt->n_messages > 0) return render_chat(prompter, prompt->messages, prompt->n_messages, marked, err);
    for (size_t i = 0; i < prompt->n_parts; i++) {
        const ps_prompt_part *part = &prompt->parts[i];
        (part->user ? ps_marked_user : ps_marked_own)(marked, part->text, part->length);
    }
    if (prompt->n_parts == 0) ps_marked_own(marked, prompt->text, strlen(prompt->text));
    return ps_text_ok(marked) ? PS_OK : ps_nomem(err);
}

/* ---- Pieces -------------------------------------------------------------- */

/* A stretch of the marked text: a token that is spelled there, or text. */
typedef struct piece {
    size_t from, to;
    const special *spelled; /* NULL: text */
} piece;

typedef struct pieces {
    piece *items; /* [n] in order */
    size_t n, capacity;
    bool failed;
} pieces;

static void add(pieces *list, size_t from, size_t to, const special *spelled) {
    if (from == to) return;
    if (ps_reserve(&list->items, &list->capacity, list->n + 1) != PS_OK)
        list->failed = true;
    else
        list->items[list->n++] = (piece){from, to, spelled};
}

static const char *find(const char *text, size_t length, const special *s) {
    for (const char *end = text + length; (size_t)(end - text) >= s->length; text++) {
        text = memchr(text, s->text[0], (size_t)(end - text) - s->length + 1);
        if (text == NULL) break;
        if (memcmp(text, s->text, s->length) == 0) return text;
    }
    return NULL;
}

/* The text pieces of `from`, cut wherever `s` is spelled. */
static void cut_at(const special *s, const char *text, const pieces *from, pieces *to) {
    for (size_t i = 0; i < from->n; i++) {
        piece left = from->items[i];
        const char *found;
        while (left.spelled == NULL && (found = find(text + left.from, left.to - left.from, s)) != NULL) {
            size_t at = (size_t)(found - text), end = at, next = at + s->length;
            while (s->eats_left && end > left.from && isspace((unsigned char)text[end - 1]))
                end--;
            while (s->eats_right && next < left.to && isspace((unsigned char)text[next]))
                next++;
            add(to, left.from, end, NULL);
            add(to, at, at + s->length, s);
            left.from = next;
        }
        add(to, left.from, left.to, left.spelled);
    }
}

/* In libllama's order: each special token in the whole text, the longest first. A control token that has no character
 * with a mark could be a user's, so where there is any user's text it is none. */
static ps_status cut_up(const ps_prompter *p, const ps_text *marked, pieces *out, ps_error *err) {
    const char *text = ps_text_cstr(marked);
    bool users = false;
    for (size_t i = 0; i < marked->length && !users; i++)
        users = ps_is_mark(text[i]);
    pieces other = {0};
    add(out, 0, marked->length, NULL);
    for (size_t i = 0; i < p->n_specials && !out->failed; i++) {
        const special *s = &p->specials[i];
        if ((s->control && !s->markable && users) || find(text, marked->length, s) == NULL) continue;
        other.n = 0;
        cut_at(s, text, out, &other);
        const pieces swap = *out;
        *out = other;
        other = swap;
    }
    ps_free(other.items);
    return out->failed || other.failed ? ps_nomem(err) : PS_OK;
}

/* ---- Tokens -------------------------------------------------------------- */

typedef struct token_list {
    ps_token *items;
    size_t n, capacity;
} token_list;

static ps_status add_text(const ps_prompter *p, const char *text, size_t length, token_list *out, ps_error *err) {
    if (length == 0) return PS_OK;
    if (length > INT32_MAX / 4) return ps_fail(err, PS_ARG, "a prompt of %zu bytes is too long", length);
    for (size_t room = length / 2 + 8;;) {
        if (ps_reserve(&out->items, &out->capacity, out->n + room) != PS_OK) return ps_nomem(err);
        int32_t count = ps_guarded_tokenize(p->vocab, text, (int32_t)length, out->items + out->n, (int32_t)room, false);
        if (count >= 0) {
            out->n += (size_t)count;
            return PS_OK;
        }
        if (count == INT32_MIN || (size_t)-count <= room)
            return ps_fail(err, PS_ENGINE, "libllama could not tokenize a text of %zu bytes", length);
        room = (size_t)-count;
    }
}

/* A token that a user's text might become, since a tokenizer finds it in any text. */
typedef struct forgery {
    const special *token;
    const char *next; /* where the text spells it next; NULL: no more */
} forgery;

/* Those that look like control tokens, and those that this prompt's template spells. */
static ps_status find_forgeries(const ps_prompter *p, const pieces *all, forgery **out, size_t *n, ps_error *err) {
    bool *spelled = ps_calloc(p->n_specials + 1, sizeof *spelled);
    forgery *found = ps_calloc(p->n_specials + 1, sizeof *found);
    *out = found;
    *n = 0;
    if (spelled != NULL && found != NULL) {
        for (size_t i = 0; i < all->n; i++)
            if (all->items[i].spelled != NULL) spelled[all->items[i].spelled - p->specials] = true;
        for (size_t i = 0; i < p->n_specials; i++) {
            const special *s = &p->specials[i];
            if (!s->control && s->markable && (s->guarded || spelled[i])) found[(*n)++].token = s;
        }
    }
    const bool had = spelled != NULL && found != NULL;
    ps_free(spelled);
    return had ? PS_OK : ps_nomem(err);
}

/* The first place where one of them is spelled. Each text is looked through once for each of them: those that it spells
 * no more are left out of the n. */
static const char *first_forgery(forgery *all, size_t *n, const char *text, const char *end) {
    const char *first = NULL;
    for (size_t i = 0; i < *n;) {
        forgery *f = &all[i];
        if (f->next == NULL || f->next < text) f->next = find(text, (size_t)(end - text), f->token);
        if (f->next == NULL) {
            const forgery gone = *f;
            *f = all[--*n];
            all[*n] = gone;
            continue;
        }
        if (first == NULL || f->next < first) first = f->next;
        i++;
    }
    return first;
}

/* A text piece: what is spelled there like a token is cut after its first character, so that it is text for the
 * tokenizer as well. */
static ps_status add_piece(const ps_prompter *p, const char *marked, size_t length, forgery *forgeries, size_t n,
                           token_list *out, ps_error *err) {
    ps_text plain = {0};
    ps_marked_plain(&plain, marked, length);
    ps_status status = ps_text_ok(&plain) ? PS_OK : ps_nomem(err);
    const char *text = ps_text_cstr(&plain), *end = text + plain.length, *found;
    for (size_t i = 0; i < n; i++)
        forgeries[i].next = NULL;
    while (status == PS_OK && (found = first_forgery(forgeries, &n, text, end)) != NULL) {
        const char *cut = found + ps_utf8_length(found, (size_t)(end - found));
        if (cut == found) cut++;
        status = add_text(p, text, (size_t)(cut - text), out, err);
        text = cut;
    }
    if (status == PS_OK) status = add_text(p, text, (size_t)(end - text), out, err);
    ps_text_clear(&plain);
    return status;
}

ps_status ps_prompter_tokenize(const ps_prompter *p, const ps_text *marked, ps_token **tokens, size_t *n,
                               ps_error *err) {
    if (llama_vocab_type(p->vocab) == LLAMA_VOCAB_TYPE_NONE)
        return ps_fail(err, PS_ENGINE, "%s has no tokenizer", p->path);
    pieces all = {0};
    token_list out = {0};
    forgery *forgeries = NULL;
    size_t n_forgeries = 0;
    ps_status status = cut_up(p, marked, &all, err);
    if (status == PS_OK) status = find_forgeries(p, &all, &forgeries, &n_forgeries, err);
    for (size_t i = 0; i < all.n && status == PS_OK; i++) {
        const piece *here = &all.items[i];
        if (here->spelled == NULL)
            status = add_piece(p, ps_text_cstr(marked) + here->from, here->to - here->from, forgeries, n_forgeries,
                               &out, err);
        else if (ps_reserve(&out.items, &out.capacity, out.n + 1) != PS_OK)
            status = ps_nomem(err);
        else
            out.items[out.n++] = here->spelled->token;
    }
    ps_free(all.items);
    ps_free(forgeries);
    if (status != PS_OK) {
        ps_free(out.items);
        return status;
    }
    *tokens = out.items;
    *n = out.n;
    return PS_OK;
}
