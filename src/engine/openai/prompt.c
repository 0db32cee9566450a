#include "engine/openai/prompt.h"

#include "base/control.h"

#include <stdio.h>
#include <string.h>

/* A stretch of the prompt that is tokenized by itself. */
typedef struct piece {
    const char *text;
    size_t length;
    bool user;
    ps_token *tokens; /* [n] */
    size_t n;
} piece;

struct ps_remote_prompt {
    ps_remote_prompt *next; /* of those to be begun, or of those that are being made */
    ps_remote_node *root;   /* referenced */
    ps_arena *arena;
    ps_chat_message *messages; /* [n_messages]; with `careful` their contents are placeholders … */
    size_t n_messages;
    const char **contents; /* … for these */
    ps_prompt_part *parts; /* [n_parts] */
    size_t n_parts;
    bool careful;  /* what a user wrote is tokenized apart */
    piece *pieces; /* [n] */
    size_t n, capacity;
    size_t asked; /* calls under way */
    bool over;    /* the root is there, or failed; what still comes is nobody's */
};

/* ---- What may be a control token ----------------------------------------- */

static bool spells_control(const char *text, size_t length) {
    size_t end;
    return ps_find_control(text, length, 0, &end) != SIZE_MAX;
}

/* ---- Life ---------------------------------------------------------------- */

static void free_prompt(ps_remote *e, ps_remote_prompt *p) {
    ps_remote_prompt **link = &e->being_made;
    while (*link != NULL && *link != p)
        link = &(*link)->next;
    if (*link == p) *link = p->next;
    ps_remote_tree_unreference(&e->tree, p->root);
    ps_arena_free(p->arena);
    ps_free(p);
}

static void release_when_done(ps_remote *e, ps_remote_prompt *p) {
    if (p->over && p->asked == 0) free_prompt(e, p);
}

static void over(ps_remote *e, ps_remote_prompt *p) {
    p->over = true;
    p->root->prompt = NULL;
    ps_remote_unblock(e);
}

static void fail(ps_remote *e, ps_remote_prompt *p, ps_status status, const char *message) {
    if (p->over) return;
    (void)ps_fail(&p->root->failed, status, "%s", message);
    over(e, p);
}

static ps_status copy_messages(ps_remote_prompt *p, const ps_prompt *from, ps_error *err) {
    p->n_messages = from->n_messages;
    p->messages = ps_arena_calloc(p->arena, from->n_messages, sizeof *p->messages);
    p->contents = ps_arena_calloc(p->arena, from->n_messages, sizeof *p->contents);
    for (size_t i = 0; i < from->n_messages && ps_arena_ok(p->arena); i++) {
        const ps_chat_message *m = &from->messages[i];
        const char *content = ps_arena_strndup(p->arena, m->content, strlen(m->content));
        p->messages[i] = (ps_chat_message){ps_arena_strndup(p->arena, m->role, strlen(m->role)), content};
        p->contents[i] = content;
        p->careful = p->careful || spells_control(m->content, strlen(m->content));
    }
    return ps_arena_ok(p->arena) ? PS_OK : ps_nomem(err);
}

/* Whether a control token that a user had a hand in may be spelled in parts[0..n) as one text. */
static bool users_spell_control(const ps_prompt_part *parts, size_t n, const char *text, size_t length) {
    size_t end = 0;
    for (size_t at = ps_find_control(text, length, 0, &end); at != SIZE_MAX;
         at = ps_find_control(text, length, at + 1, &end)) {
        size_t from = 0;
        for (size_t i = 0; i < n; from += parts[i++].length)
            if (parts[i].user && from < end && from + parts[i].length > at) return true;
    }
    return false;
}

static ps_status copy_parts(ps_remote_prompt *p, const ps_prompt *from, ps_error *err) {
    const ps_prompt_part whole = {.text = from->text, .length = from->text != NULL ? strlen(from->text) : 0};
    const ps_prompt_part *parts = from->n_parts > 0 ? from->parts : &whole;
    ps_text all = {.arena = p->arena};
    p->n_parts = from->n_parts > 0 ? from->n_parts : 1;
    p->parts = ps_arena_calloc(p->arena, p->n_parts, sizeof *p->parts);
    for (size_t i = 0; i < p->n_parts; i++)
        ps_text_append(&all, parts[i].text, parts[i].length);
    if (!ps_arena_ok(p->arena)) return ps_nomem(err);
    size_t at = 0;
    for (size_t i = 0; i < p->n_parts; at += parts[i++].length)
        p->parts[i] = (ps_prompt_part){ps_text_cstr(&all) + at, parts[i].length, parts[i].user};
    p->careful = users_spell_control(p->parts, p->n_parts, ps_text_cstr(&all), all.length);
    if (!p->careful) {
        p->parts[0] = (ps_prompt_part){ps_text_cstr(&all), all.length, false};
        p->n_parts = 1;
    }
    return PS_OK;
}

ps_status ps_remote_prompt_new(ps_remote *e, const ps_prompt *prompt, ps_remote_node **root, ps_error *err) {
    ps_remote_prompt *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->arena = ps_arena_create();
    ps_status status = p->arena != NULL ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = prompt->n_messages > 0 ? copy_messages(p, prompt, err) : copy_parts(p, prompt, err);
    if (status == PS_OK) status = ps_remote_tree_add(&e->tree, NULL, root, err);
    if (status != PS_OK) {
        ps_arena_free(p->arena);
        ps_free(p);
        return status;
    }
    ps_remote_place(e, *root);
    (*root)->prompt = p;
    (*root)->references++;
    p->root = *root;
    ps_remote_prompt **last = &e->prompts;
    while (*last != NULL)
        last = &(*last)->next;
    *last = p;
    return PS_OK;
}

void ps_remote_prompts_clear(ps_remote *e) {
    for (ps_remote_prompt *p; (p = e->prompts) != NULL;) {
        e->prompts = p->next;
        free_prompt(e, p);
    }
    while (e->being_made != NULL)
        free_prompt(e, e->being_made);
}

/* ---- Roots --------------------------------------------------------------- */

/* The tokens of a root, which were put into `tokens` (taken over); BOS exactly once. */
static ps_status set_root(ps_remote *e, ps_remote_node *root, const ps_token *tokens, size_t n, ps_error *err) {
    const bool bos = e->bos >= 0 && (n == 0 || tokens[0] != e->bos);
    if (n + bos >= e->context)
        return ps_fail(err, PS_BUDGET, "the prompt has %zu tokens and the context %zu: no room for an answer", n + bos,
                       e->context);
    if (n + bos == 0) return ps_fail(err, PS_ARG, "the prompt is empty");
    root->tokens = ps_malloc((n + bos) * sizeof *tokens);
    if (root->tokens == NULL) return ps_nomem(err);
    if (bos) root->tokens[0] = e->bos;
    if (n > 0) memcpy(root->tokens + bos, tokens, n * sizeof *tokens);
    root->n_tokens = n + bos;
    e->stats.prompt += n + bos;
    return PS_OK;
}

ps_status ps_remote_root_new(ps_remote *e, const ps_token *tokens, size_t n, ps_remote_node **root, ps_error *err) {
    ps_remote_node *made = NULL;
    ps_status status = ps_remote_tree_add(&e->tree, NULL, &made, err);
    if (status != PS_OK) return status;
    ps_remote_place(e, made);
    status = set_root(e, made, tokens, n, err);
    if (status == PS_OK)
        *root = made;
    else
        ps_remote_tree_unreference(&e->tree, made);
    return status;
}

/* ---- Asking -------------------------------------------------------------- */

static void failed_call(ps_remote *e, ps_remote_prompt *p, ps_status status, const char *message) {
    p->asked--;
    fail(e, p, status, message);
}

/* Send what was written, for a prompt. */
static void send(ps_remote *e, ps_remote_prompt *p, size_t index, ps_status status, const char *path, ps_error *err,
                 void (*done)(ps_remote *, ps_remote_call *, const ps_http_reply *)) {
    ps_remote_call *call = status == PS_OK ? ps_remote_call_new(e, done) : NULL;
    p->asked++;
    if (status == PS_OK && call == NULL) status = ps_nomem(err);
    if (status == PS_OK) {
        call->owner = p;
        call->index = index;
        call->endpoint = p->root->home;
        status = ps_remote_call_send(e, call, path, e->timeout_s, false, err);
    }
    if (status == PS_OK) return;
    ps_remote_call_free(e, call);
    failed_call(e, p, status, err->message);
}

/* What a refusal means for the prompt; true: there is an answer to be read. */
static bool is_answered(ps_remote *e, ps_remote_prompt *p, const ps_http_reply *reply) {
    ps_error why;
    p->asked--;
    if (reply->status == PS_OK) return !p->over;
    ps_status status = ps_remote_refused(e, reply, &why);
    (void)ps_error_prefix(&why, status, "the server does not take the prompt");
    fail(e, p, status, why.message);
    return false;
}

static void unreadable(ps_remote *e, ps_remote_prompt *p, ps_status status, const ps_error *err) {
    fail(e, p, status == PS_FORMAT ? PS_ENGINE : status, err->message);
}

/* ---- Tokens -------------------------------------------------------------- */

static void join(ps_remote *e, ps_remote_prompt *p) {
    size_t n = 0;
    ps_error err;
    for (size_t i = 0; i < p->n; i++)
        n += p->pieces[i].n;
    ps_token *tokens = ps_arena_calloc(p->arena, n, sizeof *tokens);
    ps_status status = tokens != NULL ? PS_OK : ps_nomem(&err);
    n = 0;
    for (size_t i = 0; i < p->n && status == PS_OK; i++) {
        if (p->pieces[i].n > 0) memcpy(tokens + n, p->pieces[i].tokens, p->pieces[i].n * sizeof *tokens);
        n += p->pieces[i].n;
    }
    if (status == PS_OK) status = set_root(e, p->root, tokens, n, &err);
    if (status != PS_OK)
        fail(e, p, status, err.message);
    else
        over(e, p);
}

static void tokens_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_prompt *p = call->owner;
    ps_error err = {0};
    if (is_answered(e, p, reply)) {
        piece *one = &p->pieces[call->index];
        ps_status status = e->dialect->read_tokenize(reply->body, reply->length, p->arena, &one->tokens, &one->n, &err);
        if (status != PS_OK)
            unreadable(e, p, status, &err);
        else if (p->asked == 0)
            join(e, p);
    }
    release_when_done(e, p);
}

static ps_status add_piece(ps_remote_prompt *p, const char *text, size_t length, bool user, ps_error *err) {
    if (length == 0) return PS_OK;
    if (ps_arena_reserve(p->arena, &p->pieces, &p->capacity, p->n + 1) != PS_OK) return ps_nomem(err);
    p->pieces[p->n++] = (piece){.text = text, .length = length, .user = user};
    return PS_OK;
}

/* A user's text. For a server that always reads control tokens what may be one is cut behind its first character. */
static ps_status add_users(const ps_remote *e, ps_remote_prompt *p, const char *text, size_t length, ps_error *err) {
    size_t from = 0, end = 0, at = 0;
    ps_status status = PS_OK;
    while (e->dialect->control_always && status == PS_OK &&
           (at = ps_find_control(text, length, at, &end)) != SIZE_MAX) {
        at++;
        status = add_piece(p, text + from, at - from, true, err);
        from = at;
    }
    return status == PS_OK ? add_piece(p, text + from, length - from, true, err) : status;
}

static void ask_tokens(ps_remote *e, ps_remote_prompt *p) {
    if (p->n == 0) {
        join(e, p);
        return;
    }
    for (size_t i = 0; i < p->n && !p->over; i++) {
        ps_error err;
        const char *path = NULL;
        const piece *one = &p->pieces[i];
        ps_remote_call_write(e);
        ps_status status =
            e->dialect->write_tokenize(e->facts.model, one->text, one->length, !one->user, &e->body, &path, &err);
        send(e, p, i, status, path, &err, tokens_done);
    }
}

/* ---- Chats --------------------------------------------------------------- */

static const char *placeholder(ps_remote_prompt *p, size_t i) {
    char text[32];
    const int n = snprintf(text, sizeof text, "Qz7Placeholder%zuXw", i);
    return ps_arena_strndup(p->arena, text, (size_t)n);
}

/* The rendered text, with contents in the places of their placeholders. A template may leave a message out, but not
 * change their order. */
static ps_status cut_at_placeholders(const ps_remote *e, ps_remote_prompt *p, const char *text, size_t length,
                                     ps_error *err) {
    const char *at = text, *end = text + length;
    ps_status status = PS_OK;
    for (size_t i = 0; i < p->n_messages && status == PS_OK; i++) {
        const char *found = strstr(at, p->messages[i].content);
        if (found == NULL) continue;
        status = add_piece(p, at, (size_t)(found - at), false, err);
        if (status == PS_OK) status = add_users(e, p, p->contents[i], strlen(p->contents[i]), err);
        at = found + strlen(p->messages[i].content);
    }
    return status == PS_OK ? add_piece(p, at, (size_t)(end - at), false, err) : status;
}

static void ask_chat(ps_remote *e, ps_remote_prompt *p);

static bool may_merge(const ps_remote_prompt *p) {
    return !p->over && p->n_messages > 1 && strcmp(p->messages[0].role, "system") == 0 &&
           strcmp(p->messages[1].role, "user") == 0;
}

/* Many templates have no place for a system message. Some say so, others leave it out without a word. What others do
 * then is done: it goes in front of the first message of the user, and the server is asked again. False: no memory. */
static bool merge_system(ps_remote *e, ps_remote_prompt *p, const char *why) {
    ps_text both = {.arena = p->arena};
    ps_text_printf(&both, "%s\n\n%s", p->contents[0], p->contents[1]);
    if (!ps_text_ok(&both)) return false;
    p->messages++;
    p->contents++;
    p->n_messages--;
    p->contents[0] = p->messages[0].content = ps_text_cstr(&both);
    if (!e->merged)
        ps_log_printf(&e->log, PS_LOG_INFO,
                      "%s: the system message is put in front of the user's; prompt.system=\"\" leaves it out", why);
    e->merged = true;
    ask_chat(e, p);
    return true;
}

/* Whether a message is in what was rendered, by its placeholder or but for white space around it: templates trim. */
static bool is_rendered(ps_remote_prompt *p, const char *text, const char *content) {
    size_t n = strlen(content);
    while (n > 0 && strchr(" \t\r\n\v\f", content[n - 1]) != NULL)
        n--;
    while (n > 0 && strchr(" \t\r\n\v\f", *content) != NULL) {
        content++;
        n--;
    }
    const char *trimmed = ps_arena_strndup(p->arena, content, n);
    return trimmed == NULL || strstr(text, trimmed) != NULL; /* a failure is the arena's, and told later */
}

static void take_text(ps_remote *e, ps_remote_prompt *p, const char *text, size_t length) {
    ps_error err;
    if (may_merge(p) && !is_rendered(p, text, p->messages[0].content) &&
        merge_system(e, p, "the server's template leaves a system message out"))
        return;
    ps_status status =
        p->careful ? cut_at_placeholders(e, p, text, length, &err) : add_piece(p, text, length, false, &err);
    if (status != PS_OK)
        fail(e, p, status, err.message);
    else
        ask_tokens(e, p);
}

static void text_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_prompt *p = call->owner;
    ps_error err = {0};
    const char *text = NULL;
    size_t length = 0;
    if (is_answered(e, p, reply)) {
        ps_status status = e->dialect->read_detokenize(reply->body, reply->length, p->arena, &text, &length, &err);
        if (status != PS_OK)
            unreadable(e, p, status, &err);
        else
            take_text(e, p, text, length);
    }
    release_when_done(e, p);
}

/* Of placeholders, as a server gives ids: their text. */
static void ask_text(ps_remote *e, ps_remote_prompt *p, const ps_token *tokens, size_t n) {
    ps_error err;
    const char *path = NULL;
    ps_remote_call_write(e);
    ps_status status = e->dialect->write_detokenize(e->facts.model, tokens, n, &e->body, &path, &err);
    send(e, p, 0, status, path, &err, text_done);
}

static void take_tokens(ps_remote *e, ps_remote_prompt *p, ps_token *tokens, size_t n) {
    ps_error err;
    if (add_piece(p, "", 1, false, &err) != PS_OK) {
        fail(e, p, PS_NOMEM, err.message);
        return;
    }
    p->pieces[0].tokens = tokens;
    p->pieces[0].n = n;
    join(e, p);
}

static void chat_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_prompt *p = call->owner;
    ps_error err = {0};
    const char *text = NULL;
    ps_token *tokens = NULL;
    size_t n = 0;
    const bool refused = reply->status == PS_HTTP && reply->code >= 400 && reply->code != 401 && reply->code != 403;
    if (refused && may_merge(p) && merge_system(e, p, reply->message)) {
        p->asked--;
        release_when_done(e, p);
        return;
    }
    if (is_answered(e, p, reply)) {
        ps_status status = e->dialect->read_chat(reply->body, reply->length, p->arena, &text, &tokens, &n, &err);
        if (status != PS_OK)
            unreadable(e, p, status, &err);
        else if (text != NULL)
            take_text(e, p, text, strlen(text));
        else if (p->careful)
            ask_text(e, p, tokens, n);
        else
            take_tokens(e, p, tokens, n);
    }
    release_when_done(e, p);
}

static void ask_chat(ps_remote *e, ps_remote_prompt *p) {
    ps_error err;
    const char *path = NULL;
    for (size_t i = 0; p->careful && i < p->n_messages; i++)
        p->messages[i].content = placeholder(p, i);
    ps_remote_call_write(e);
    ps_status status = ps_arena_ok(p->arena)
                           ? e->dialect->write_chat(e->facts.model, p->messages, p->n_messages, &e->body, &path, &err)
                           : ps_nomem(&err);
    send(e, p, 0, status, path, &err, chat_done);
}

/* ---- Text alone ---------------------------------------------------------- */

/* What a server without ids says of the prompt's length, with one token after it. */
static void count_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_prompt *p = call->owner;
    ps_error err = {0};
    ps_remote_answer answer = {0};
    if (is_answered(e, p, reply)) {
        ps_remote_node *root = p->root;
        ps_status status = e->dialect->read_answer(&call->ask, reply->body, reply->length, p->arena, &answer, &err);
        if (status == PS_OK && answer.prompt_tokens >= e->context)
            status = ps_fail(&err, PS_BUDGET, "the prompt has %zu tokens and the context %zu: no room for an answer",
                             answer.prompt_tokens, e->context);
        if (status == PS_OK) {
            root->n_tokens = answer.prompt_tokens;
            e->stats.prompt += answer.prompt_tokens;
            if (p->n_messages > 0) { /* they go out with each answer */
                root->messages = p->messages;
                root->n_messages = p->n_messages;
                root->kept = p->arena;
                p->arena = NULL;
            }
            over(e, p);
        } else {
            unreadable(e, p, status, &err);
        }
    }
    release_when_done(e, p);
}

static void ask_count(ps_remote *e, ps_remote_prompt *p) {
    ps_error err = {0};
    const char *path = NULL;
    ps_remote_call *call = ps_remote_call_new(e, count_done);
    ps_status status = call != NULL ? PS_OK : ps_nomem(&err);
    ps_text all = {0};
    for (size_t i = 0; i < p->n_parts; i++)
        ps_text_append(&all, p->parts[i].text, p->parts[i].length);
    if (status == PS_OK && !ps_text_ok(&all)) status = ps_nomem(&err);
    p->root->text = all.data;
    p->root->text_length = all.length;
    p->asked++;
    ps_remote_call_write(e);
    if (status == PS_OK) {
        call->owner = p;
        call->endpoint = p->root->home;
        call->ask = (ps_remote_ask){.model = e->facts.model,
                                    .text = p->n_messages > 0 ? NULL : ps_text_cstr(&all),
                                    .text_length = all.length,
                                    .messages = p->n_messages > 0 ? p->messages : NULL,
                                    .n_messages = p->n_messages,
                                    .temperature = 0,
                                    .top_p = 1,
                                    .max_tokens = 1,
                                    .n = 1};
        status = e->dialect->write_ask(&call->ask, &e->body, &path, &err);
    }
    if (status == PS_OK) status = ps_remote_call_send(e, call, path, e->timeout_s, false, &err);
    if (status == PS_OK) return;
    ps_remote_call_free(e, call);
    failed_call(e, p, status, err.message);
}

/* ---- Beginning ----------------------------------------------------------- */

static void begin(ps_remote *e, ps_remote_prompt *p) {
    ps_error err;
    ps_status status = PS_OK;
    if (e->dialect->write_tokenize == NULL) {
        ask_count(e, p);
    } else if (p->n_messages > 0) {
        ask_chat(e, p);
    } else {
        for (size_t i = 0; i < p->n_parts && status == PS_OK; i++)
            status = p->parts[i].user ? add_users(e, p, p->parts[i].text, p->parts[i].length, &err)
                                      : add_piece(p, p->parts[i].text, p->parts[i].length, false, &err);
        if (status == PS_OK)
            ask_tokens(e, p);
        else
            fail(e, p, status, err.message);
    }
    release_when_done(e, p);
}

void ps_remote_prompts_begin(ps_remote *e) {
    for (ps_remote_prompt *p; (p = e->prompts) != NULL;) {
        e->prompts = p->next;
        p->next = e->being_made;
        e->being_made = p;
        begin(e, p);
    }
}
