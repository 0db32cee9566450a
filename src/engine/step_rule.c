#include "engine/step_rule.h"

#include "engine/sentence.h"

#include <string.h>

/* What is within a block says nothing yet: the block does, when it is closed. */
static void say(ps_step_state *s) {
    s->line.substance = true;
    if (s->block == PS_BLOCK_NONE) s->substance = true;
}

/* ---- Blocks -------------------------------------------------------------- */

static void open_block(ps_step_state *s, ps_step_block block) {
    s->block = (uint8_t)block;
    s->block_cut = false;
}

/* A display that was closed is something said, and what a line announced has come. */
static void close_block(ps_step_state *s) {
    s->block = PS_BLOCK_NONE;
    s->hold = false;
    say(s);
}

/* \begin{name} or \end{name}. One inside another kind of block is a part of that. */
static void at_environment(ps_step_state *s) {
    if (s->name_length == 0 || s->name_length >= PS_STEP_NAME) return;
    bool same = s->block == PS_BLOCK_ENVIRONMENT && strcmp(s->name, s->environment) == 0;
    if (s->block == PS_BLOCK_NONE && !s->ends_environment) {
        open_block(s, PS_BLOCK_ENVIRONMENT);
        memcpy(s->environment, s->name, sizeof s->environment);
        s->nested = 0;
    } else if (same && !s->ends_environment) {
        ps_count(&s->nested);
    } else if (same && s->nested > 0) {
        s->nested--;
    } else if (same) {
        close_block(s);
    }
}

static void at_dollars(ps_step_state *s) {
    s->line.dollar = false;
    if (s->block == PS_BLOCK_DOLLARS)
        close_block(s);
    else if (s->block == PS_BLOCK_NONE)
        open_block(s, PS_BLOCK_DOLLARS);
}

/* A mark such as </think> ends the thinking, whatever was left open there. */
static void close_everything(ps_step_state *s) {
    s->block = PS_BLOCK_NONE;
    s->hold = s->table = false;
    s->line.parenthesis = s->line.dollar = s->line.dollar_seen = s->line.code = false;
    s->line.lead = PS_LEAD_PAST;
}

/* ---- TeX ----------------------------------------------------------------- */

static void begin_name(ps_step_state *s, ps_step_lexer lexer) {
    s->lexer = (uint8_t)lexer;
    s->name_length = 0;
    memset(s->name, 0, sizeof s->name);
}

static void add_to_name(ps_step_state *s, char c) {
    if (s->name_length + 1 < PS_STEP_NAME)
        s->name[s->name_length++] = c;
    else
        s->name_length = PS_STEP_NAME;
}

static bool name_is_relation(const char *name) {
    static const char *const relations[] = {"le", "leq", "ge", "geq", "ne", "neq", "approx", "equiv", "lt", "gt"};
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        if (strcmp(name, relations[i]) == 0) return true;
    return false;
}

/* The character after a backslash that begins no name. */
static void at_escape(ps_step_state *s, char c) {
    s->lexer = PS_LEX_TEXT;
    if (c == '[' && s->block == PS_BLOCK_NONE) open_block(s, PS_BLOCK_DISPLAY);
    if (c == ']' && s->block == PS_BLOCK_DISPLAY) close_block(s);
    if (c == '(') s->line.parenthesis = true;
    if (c == ')') s->line.parenthesis = false;
}

/* A byte after a backslash. False: it is not part of the command, and plain again. */
static bool in_tex(ps_step_state *s, char c) {
    switch ((ps_step_lexer)s->lexer) {
    case PS_LEX_TEXT: return false;
    case PS_LEX_BACKSLASH:
        if (ps_is_letter(c)) {
            begin_name(s, PS_LEX_COMMAND);
            add_to_name(s, c);
        } else if (c == '\n') {
            s->lexer = PS_LEX_TEXT;
            return false;
        } else {
            at_escape(s, c);
        }
        return true;
    case PS_LEX_COMMAND:
        if (ps_is_letter(c)) {
            add_to_name(s, c);
            return true;
        }
        s->lexer = PS_LEX_TEXT;
        s->ends_environment = strcmp(s->name, "end") == 0;
        if (c == '{' && (s->ends_environment || strcmp(s->name, "begin") == 0)) {
            begin_name(s, PS_LEX_NAME);
            return true;
        }
        if (s->block == PS_BLOCK_NONE && name_is_relation(s->name)) say(s);
        return false;
    case PS_LEX_NAME:
        if (c != '}' && c != '\n') {
            add_to_name(s, c);
            return true;
        }
        s->lexer = PS_LEX_TEXT;
        if (c == '}') at_environment(s);
        return c == '}';
    }
    return false;
}

/* ---- Words --------------------------------------------------------------- */

/* A letter of a script that has no Latin letters: one is enough to say something. */
static bool is_other_letter(uint32_t code) {
    return (code >= 0x370 && code < 0x2000) || (code >= 0x2C00 && code < 0x2E00) || (code >= 0x3041 && code < 0xD800) ||
           (code >= 0xF900 && code < 0xFB00) || (code >= 0x20000 && code < 0x32000);
}

/* A character beyond ASCII. */
static void at_character(ps_step_state *s, uint32_t code) {
    ps_step_line *line = &s->line;
    bool relation = code == 0x2260 || code == 0x2261 || code == 0x2264 || code == 0x2265 || code == 0x2248;
    bool latin = code >= 0xC0 && code < 0x250 && code != 0xD7 && code != 0xF7;
    bool closes =
        code == 0xBB || code == 0x2019 || code == 0x201D || code == 0x300D || code == 0x300F || code == 0xFF09;
    if (latin || is_other_letter(code))
        ps_sentence_word(line, '\0');
    else
        line->letters = line->word = 0;
    if (relation || is_other_letter(code) || line->letters >= 2) say(s);
    ps_sentence_character(line, code, closes);
    if (line->start == PS_START_OPEN) line->start = is_other_letter(code) ? PS_START_SCRIPT : PS_START_OTHER;
    line->last = ps_sentence_plain(code);
}

/* A byte of a character beyond ASCII. */
static void at_high_byte(ps_step_state *s, unsigned char c) {
    if (s->more > 0 && (c & 0xC0) == 0x80) {
        s->code = s->code << 6 | (c & 0x3Fu);
        if (--s->more == 0) at_character(s, s->code);
        return;
    }
    s->more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
    s->code = c & (0x3Fu >> s->more);
}

/* A visible byte of ASCII outside of blocks. */
static void at_visible(ps_step_state *s, char c) {
    ps_step_line *line = &s->line;
    bool word = ps_is_letter(c) || ps_is_digit(c);
    ps_sentence_money(line, c);
    if (c == '.' || c == '!' || c == '?')
        line->stop = ps_sentence_ends(line, c);
    else if (word || !ps_is_one_of(c, "\"')]}*_")) /* what closes comes before the white space */
        line->stop = line->full_stop = false;
    if (word)
        ps_sentence_word(line, c);
    else
        line->letters = line->word = 0;
    if (line->letters >= 2) say(s);
    if (c != '*' && c != '_') line->last = c;
    line->pipe = line->pipe || c == '|';
}

/* = < > are a relation beside something: not in a line of ===, and not in an arrow. */
static void at_relation(ps_step_state *s, char c) {
    ps_step_line *line = &s->line;
    bool arrow = c == '>' && line->dash;
    if (ps_is_one_of(c, "=<>"))
        line->relation = line->relation || !arrow;
    else if (c != '-' && !ps_is_space(c))
        line->beside = true;
    line->dash = c == '-';
    if (!line->relation || !line->beside) return;
    line->relation = false;
    say(s);
}

/* ---- Marks of a line ----------------------------------------------------- */

/* ** opens and closes bold; a list marker before it is no text. */
static void at_bold(ps_step_line *line, char c) {
    if (c == '*') {
        ps_count(&line->stars);
        return;
    }
    if (line->stars >= 2) {
        line->bold = !line->bold;
        line->bolds = true;
    }
    line->stars = 0;
    if (line->plain || line->bold || ps_is_space(c)) return;
    line->plain = c != '.' && c != ':' && (line->bolds || !ps_is_one_of(c, "0123456789)(-+"));
}

/* ---- Fences -------------------------------------------------------------- */

/* In a line of ``` or ~~~ nothing is text, until something shows that it is none. */
static void leave_fence_line(ps_step_line *line) {
    line->lead = PS_LEAD_PAST;
    line->code = false;
}

/* The row of ` or ~ is over. A fence that opens may have the name of a language behind it. Anything else behind it is
 * text, and the row closes the fence that is open, if there is one. */
static void at_fence_tail(ps_step_state *s, char c) {
    ps_step_line *line = &s->line;
    bool closer = s->block == PS_BLOCK_FENCE && line->run_of == s->fence && line->run >= s->fence_length;
    if (line->run < 3) leave_fence_line(line); /* `code` in a line */
    if (line->run < 3 || ps_is_space(c)) return;
    bool name = line->code_tail || ps_is_letter(c) || ps_is_one_of(c, "{.");
    line->code_tail = true;
    if (name && (c != '`' || line->run_of != '`')) return;
    leave_fence_line(line);
    if (closer && !name) close_block(s);
}

/* A fence may begin a line, also behind list markers and the > of quotes. In an open fence a list marker is its text.
 */
static void at_lead(ps_step_state *s, char c) {
    ps_step_line *line = &s->line;
    bool list = s->block != PS_BLOCK_FENCE, space = ps_is_space(c);
    switch ((ps_step_lead)line->lead) {
    case PS_LEAD_MARGIN:
        if (space || c == '>') return;
        line->run_of = c;
        line->run = 1;
        line->lead = ps_is_one_of(c, "`~")            ? PS_LEAD_FENCE
                     : list && ps_is_digit(c)         ? PS_LEAD_NUMBER
                     : list && ps_is_one_of(c, "-*+") ? PS_LEAD_MARKER
                                                      : PS_LEAD_PAST;
        return;
    case PS_LEAD_NUMBER:
        if (!ps_is_digit(c)) line->lead = ps_is_one_of(c, ".)") ? PS_LEAD_MARKER : PS_LEAD_PAST;
        return;
    case PS_LEAD_MARKER: line->lead = space ? PS_LEAD_MARGIN : PS_LEAD_PAST; return;
    case PS_LEAD_FENCE:
        if (c != line->run_of || line->code_tail) {
            at_fence_tail(s, c);
            return;
        }
        ps_count(&line->run);
        line->code = line->run >= 3;
        return;
    case PS_LEAD_PAST: return;
    }
}

/* The > of a quote, which is as white space at the start of its line. */
static bool is_quote(const ps_step_line *line, char c) {
    return c == '>' && line->lead == PS_LEAD_MARGIN;
}

/* A line of code seldom begins with a capital letter at the left margin, and ends as a sentence. */
static void at_prose(ps_step_line *line, char c) {
    if (line->start != PS_START_OPEN || (unsigned char)c >= 0x80) return;
    if (c >= 'A' && c <= 'Z')
        line->start = PS_START_CAPITAL;
    else if (!ps_is_one_of(c, line->begun ? "0123456789.)* " : "0123456789*"))
        line->start = PS_START_OTHER;
}

static bool is_prose(const ps_step_line *line) {
    bool begins = line->start == PS_START_SCRIPT || (line->start == PS_START_CAPITAL && line->words >= 3);
    return begins && ps_is_one_of(line->last, ".!?");
}

/* $ opens and closes mathematics, $$ a display. One of them is known by the byte after it. */
static void at_dollar(ps_step_state *s, char c) {
    ps_step_line *line = &s->line;
    if (!line->dollar_seen) {
        line->dollar_seen = c == '$';
        return;
    }
    line->dollar_seen = false;
    if (c == '$') {
        at_dollars(s);
        return;
    }
    line->dollar = !line->dollar && !ps_is_space(c);
    line->dollar_number = ps_is_digit(c);
}

/* ---- Ends ---------------------------------------------------------------- */

/* What a line announces comes after it: a heading, a line all bold, a line that ends in a colon. */
static bool announces(const ps_step_line *line) {
    return line->heading || (line->bolds && !line->bold && !line->plain) || line->last == ':';
}

static void end_fence_line(ps_step_state *s) {
    const ps_step_line *line = &s->line;
    if (s->block == PS_BLOCK_NONE) {
        open_block(s, PS_BLOCK_FENCE);
        s->fence = line->run_of;
        s->fence_length = line->run;
    } else if (s->block == PS_BLOCK_FENCE && line->run_of == s->fence && line->run >= s->fence_length &&
               !line->code_tail) {
        close_block(s);
    }
}

/* A fence that nobody closed: prose came after a blank line. */
static void give_up_fence(ps_step_state *s) {
    s->block = PS_BLOCK_NONE;
    if (s->line.substance) say(s);
}

/* A line is complete. True: it was blank. */
static bool end_line(ps_step_state *s) {
    ps_step_line *line = &s->line;
    bool blank = !line->begun;
    if (s->block == PS_BLOCK_FENCE && s->gap && is_prose(line)) give_up_fence(s);
    s->gap = blank;
    if (line->code && (s->block == PS_BLOCK_NONE || s->block == PS_BLOCK_FENCE)) {
        end_fence_line(s);
    } else if (blank && s->block != PS_BLOCK_FENCE) {
        s->block = PS_BLOCK_NONE; /* a display that nobody closed */
        s->table = false;
    } else if (s->block == PS_BLOCK_NONE) {
        s->table = line->row || (s->table && line->pipe);
        if (line->substance) s->hold = announces(line);
    }
    *line = (ps_step_line){0};
    return blank;
}

static bool may_end(const ps_step_state *s) {
    return s->substance && !s->hold && !s->table && s->block == PS_BLOCK_NONE;
}

/* ---- A byte -------------------------------------------------------------- */

static void at_text(ps_step_state *s, char c) {
    if (!s->line.begun) {
        s->line.heading = c == '#';
        s->line.row = c == '|';
    }
    at_bold(&s->line, c);
    if ((unsigned char)c >= 0x80)
        at_high_byte(s, (unsigned char)c);
    else if (ps_is_space(c))
        s->line.letters = s->line.word = 0;
    else
        at_visible(s, c);
}

/* A byte that is known to be of no mark. */
static void at_plain(ps_step_state *s, char c) {
    ps_step_line *line = &s->line;
    bool fences = s->block == PS_BLOCK_NONE || s->block == PS_BLOCK_FENCE;
    if (fences)
        at_lead(s, c);
    else if (!ps_is_space(c) && !is_quote(line, c))
        line->lead = PS_LEAD_PAST;
    if (line->code || is_quote(line, c)) return;
    if (s->block == PS_BLOCK_FENCE) {
        if (s->gap) at_prose(line, c);
        if (s->gap) at_text(s, c);
        return;
    }
    if (s->block == PS_BLOCK_NONE) at_relation(s, c);
    if (c == '\\') line->dollar_number = false; /* a command: no money */
    if (in_tex(s, c)) {
        line->letters = line->word = 0;
        line->stop = false;
        line->last = c;
        line->plain = line->plain || !line->bold;
        return;
    }
    at_dollar(s, c);
    if (c == '\\')
        s->lexer = PS_LEX_BACKSLASH;
    else if (s->block == PS_BLOCK_NONE)
        at_text(s, c);
}

static void at_unmarked(ps_step_state *s, char c) {
    at_plain(s, c);
    if (!ps_is_space(c) && !is_quote(&s->line, c)) s->line.begun = true;
}

static void at_mark(ps_step_state *s, ps_thinking kind) {
    s->line.begun = true;
    s->line.dollar_seen = false;
    if (kind == PS_THINKING_CLOSES) close_everything(s);
}

/* A mark of thinking is no text. What was taken for the beginning of one, and is none, is read again as what it is. */
static void at_byte(ps_step_state *s, char c) {
    size_t n = s->n_mark, length;
    char read[PS_THINKING_MARK];
    if (n == 0 && !ps_thinking_begins(c)) {
        at_unmarked(s, c);
        return;
    }
    s->mark[n++] = c;
    ps_thinking kind = ps_thinking_mark(s->mark, n, &length);
    s->n_mark = kind == PS_THINKING_PARTIAL ? (uint8_t)n : 0;
    if (kind == PS_THINKING_PARTIAL) return;
    if (kind != PS_THINKING_NONE) {
        at_mark(s, kind);
        return;
    }
    memcpy(read, s->mark, n);
    at_unmarked(s, read[0]);
    for (size_t i = 1; i < n; i++)
        at_byte(s, read[i]);
}

/* A sentence may end within a line that says something; what an earlier line announced has come with it. */
static bool may_end_sentence(ps_step_state *s) {
    if (s->line.heading) return false;
    s->line.stop = s->line.full_stop = false;
    if (s->line.substance) s->hold = false;
    return may_end(s);
}

static void begin_step(ps_step_state *s) {
    s->substance = s->nonblank = false;
}

bool ps_step_scan(ps_step_state *s, ps_boundary boundary, char c, bool enough) {
    bool ends = false;
    at_byte(s, c);
    if (!ps_is_space(c)) {
        s->nonblank = true;
        ends = boundary == PS_BOUNDARY_SENTENCE && s->line.full_stop && s->line.quotes == 0 && s->more == 0 &&
               may_end_sentence(s);
    } else if (c == '\n') {
        bool blank = end_line(s), lines = boundary == PS_BOUNDARY_NEWLINE || boundary == PS_BOUNDARY_SENTENCE;
        ends = (lines || (boundary == PS_BOUNDARY_PARAGRAPH && blank)) && may_end(s);
    } else if (boundary == PS_BOUNDARY_SENTENCE && (s->line.stop || s->line.full_stop) && c != '\r') {
        ends = may_end_sentence(s);
    }
    if (ends && enough) begin_step(s);
    return ends;
}

bool ps_step_end_literal(ps_step_state *s, bool enough) {
    bool ends = s->nonblank;
    if (ends && enough) begin_step(s);
    return ends;
}

void ps_step_cut(ps_step_state *s) {
    if (s->block_cut) s->block = PS_BLOCK_NONE;
    s->block_cut = s->block != PS_BLOCK_NONE;
    begin_step(s);
    s->continued = true;
}
