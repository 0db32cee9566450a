/* Commands of LaTeX: fonts, environments, quantities of siunitx, and all that the table of commands.c names. */
#include "verify/read/commands.h"
#include "verify/read/lexer.h"

#include <string.h>

static void lex_group_command(psv_lexer *lex, const psv_command *cmd, size_t begin) {
    psv_skip_blanks(lex);
    if (lex->i >= lex->length) return;
    if (lex->s[lex->i] != '{') {
        if (cmd->code == PSV_TEXTUAL && isalnum((unsigned char)lex->s[lex->i])) {
            psv_push_textual(lex, begin, lex->s + lex->i, 1, cmd->id == 1);
            lex->i++;
        }
        return;
    }
    size_t open = lex->i, close = psv_group_end(lex, open);
    size_t length = close - open - 1;
    const char *content = lex->s + open + 1;
    lex->i = close < lex->length ? close + 1 : close;
    if (cmd->code == PSV_SKIP_ARGUMENT) {
        lex->space = true;
        return;
    }
    if (cmd->code == PSV_FONT) { /* a decorated name: keep what is in it, as a letter of its own kind */
        size_t blanks = psv_leading_blanks(content, length);
        content += blanks;
        length -= blanks;
        if (cmd->id == 0) { /* decoration without meaning: read on inside the group */
            lex->i = open;
            return;
        }
        bool name = length == 1 || (*content == '\\' && strspn(content + 1, PSV_LETTERS) == length - 1);
        if (cmd->id == 2 && !name) { /* \boldsymbol{42}: mathematics in bold */
            lex->i = open;
            return;
        }
        lex->bold = true;
        psv_push_letter(lex, begin, content, length, 1);
        lex->bold = false;
        return;
    }
    bool ordinary = true, digit = false, numeral = lex->s[lex->i] == '_';
    for (size_t k = 0; k < length; k++)
        numeral &= isdigit((unsigned char)content[k]) || (content[k] >= 'A' && content[k] <= 'F');
    for (size_t k = 0; k < length && ordinary; k++) {
        ordinary = isdigit((unsigned char)content[k]) || strchr("+-*/^_=.,() {}\\", content[k]) != NULL;
        digit |= isdigit((unsigned char)content[k]) != 0;
    }
    if (numeral ||
        (ordinary && digit)) { /* \text{1A3}_{16}; \text{42}, \mathbf{3}: ordinary mathematics in another font */
        lex->i = open;
        return;
    }
    psv_push_textual(lex, begin, content, length, cmd->id == 1);
}

static void lex_environment(psv_lexer *lex, size_t begin, bool opens) {
    psv_skip_blanks(lex);
    if (lex->i >= lex->length || lex->s[lex->i] != '{') return;
    size_t close = psv_group_end(lex, lex->i);
    const char *name = lex->s + lex->i + 1;
    size_t length = close - lex->i - 1;
    lex->i = close < lex->length ? close + 1 : close;
    static const char *const known[] = {"matrix",  "pmatrix", "bmatrix", "Bmatrix",     "vmatrix",
                                        "Vmatrix", "array",   "cases",   "smallmatrix", "aligned"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (!psv_text_is(name, length, known[k])) continue;
        psv_push(lex, opens ? TK_BEGIN : TK_ENDENV, begin, name, length);
        lex->environments += opens ? 1 : -1;
        if (opens && strcmp(known[k], "array") == 0) { /* \begin{array}{cc|c}: columns */
            psv_skip_blanks(lex);
            if (lex->i < lex->length && lex->s[lex->i] == '{') {
                close = psv_group_end(lex, lex->i);
                lex->i = close < lex->length ? close + 1 : close;
            }
        }
        return;
    }
    lex->space = true; /* align, gathered, …: a frame */
}

static void lex_blackboard(psv_lexer *lex, size_t begin) {
    psv_skip_blanks(lex);
    char letter = 0;
    if (lex->i < lex->length && lex->s[lex->i] == '{') {
        size_t close = psv_group_end(lex, lex->i);
        if (close == lex->i + 2) letter = lex->s[lex->i + 1];
        lex->i = close < lex->length ? close + 1 : close;
    } else if (lex->i < lex->length) {
        letter = lex->s[lex->i++];
    }
    if (letter && strchr("RZQNC", letter) != NULL)
        psv_push(lex, TK_NUMBERS, begin, &letter, 1);
    else
        psv_push(lex, TK_BAD, begin, "mathbb", 6);
}

/* \left and its sizes: "\left." is nothing, "\left<" a bracket; any other bracket follows by itself. */
static void lex_sized(psv_lexer *lex) {
    psv_skip_blanks(lex);
    char c = lex->i < lex->length ? lex->s[lex->i] : 0;
    if (c == '<' || c == '>') psv_push(lex, c == '<' ? TK_LANGLE : TK_RANGLE, lex->i, lex->s + lex->i, 1);
    if (c == '.' || c == '<' || c == '>') lex->i++;
}

/* "y =", "y_1 =" at the cursor, after an equation. */
static bool at_equation(const psv_lexer *lex) {
    bool equation = false;
    for (size_t k = 0; k < lex->out->n; k++)
        equation |= lex->out->data[k].code == '=';
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    const char *s = lex->s + lex->i + strspn(lex->s + lex->i, " ");
    if (!equation || before == ',' || before == ';' || before == TK_AND || before == TK_OR ||
        !isalpha((unsigned char)*s))
        return false;
    s++;
    if (*s == '_') s += 1 + strspn(s + 1, "0123456789{}");
    s += strspn(s, " ");
    return *s == '=';
}

static void lex_known_command(psv_lexer *lex, const psv_command *cmd, size_t begin) {
    static const char *const currency[] = {"dollar", "euro", "pound sterling", "yen", "rupee"};
    switch (cmd->code) {
    case PSV_SKIP: break;
    case PSV_SPACE:
        lex->space = true;
        if (strstr(cmd->name, "quad") != NULL && lex->ctx->rules->words_may_be_signs &&
            at_equation(lex)) /* x=1 \\quad y=2 */
            psv_push(lex, ',', begin, ",", 1);
        break;
    case PSV_SIZED: lex_sized(lex); break;
    case PSV_CHARACTER: psv_push(lex, cmd->id, begin, cmd->name, 1); break;
    case PSV_TEXTUAL:
    case PSV_FONT:
    case PSV_SKIP_ARGUMENT: lex_group_command(lex, cmd, begin); break;
    case TK_CURRENCY: psv_push(lex, TK_CURRENCY, begin, currency[cmd->id], strlen(currency[cmd->id])); break;
    default: {
        psv_token *token = psv_push(lex, cmd->code, begin, cmd->name, strlen(cmd->name));
        if (token != NULL) token->id = cmd->id;
    }
    }
}

/* siunitx: \SI{5}{\meter\per\second}, \qty{…}{…}, \ang{30}. What follows the number's group is remembered. */
static bool lex_quantity(psv_lexer *lex, const char *name, size_t length) {
    bool unit = psv_text_is(name, length, "SI") || psv_text_is(name, length, "qty"),
         angle = psv_text_is(name, length, "ang");
    bool bare = psv_text_is(name, length, "si") || psv_text_is(name, length, "unit");
    if ((!unit && !angle && !bare) || lex->i >= lex->length || lex->s[lex->i] != '{') return false;
    size_t after = bare ? lex->i : psv_group_end(lex, lex->i) + 1;
    if (angle)
        lex->degree_at = after;
    else
        lex->unit_at = after;
    return true;
}

/* The group of units of \SI: "\meter\per\second" is "meter per second". */
void psv_lex_unit_group(psv_lexer *lex) {
    size_t open = lex->i, close = psv_group_end(lex, open);
    lex->unit_at = 0;
    if (lex->s[open] != '{') return;
    char words[64];
    size_t n = 0;
    for (size_t k = open + 1; k < close && n + 1 < sizeof words; k++) {
        bool mark = lex->s[k] == '\\' || lex->s[k] == '.';
        if (mark && !n) continue;
        words[n++] = mark ? ' ' : lex->s[k];
    }
    lex->i = close < lex->length ? close + 1 : close;
    if (n) psv_push(lex, TK_TEXT, open, words, n);
}

static void lex_named_command(psv_lexer *lex, size_t begin, const char *name, size_t length) {
    const psv_command *cmd = psv_find_command(name, length);
    if (cmd != NULL) {
        lex_known_command(lex, cmd, begin);
        return;
    }
    if (psv_text_is(name, length, "begin") || psv_text_is(name, length, "end")) {
        lex_environment(lex, begin, length == 5);
        return;
    }
    if (psv_text_is(name, length, "mathbb") || psv_text_is(name, length, "Bbb")) {
        lex_blackboard(lex, begin);
        return;
    }
    if (psv_text_is(name, length, "not")) { /* \not= and \not\in */
        psv_skip_blanks(lex);
        bool in = lex->length - lex->i >= 3 && memcmp(lex->s + lex->i, "\\in", 3) == 0;
        lex->i += in ? 3 : lex->i < lex->length ? 1 : 0;
        psv_push(lex, in ? TK_NOTIN : TK_NE, begin, name, length);
        return;
    }
    if (psv_is_greek(name, length)) {
        const char *plain = lex->ctx->rules->variants_are_one_letter ? psv_plain_variant(name, length) : NULL;
        psv_push_letter(lex, begin, plain != NULL ? plain : name, plain != NULL ? strlen(plain) : length, 1);
        return;
    }
    if (lex_quantity(lex, name, length)) return;
    int func = psv_find_function(name, length);
    if (func >= 0) {
        psv_token *token = psv_push(lex, TK_FUNC, begin, name, length);
        if (token != NULL) token->id = func;
    } else if (length > 4 && memcmp(name, "quad", 4) == 0) { /* "\quadx": a lost space */
        lex->i -= length - 4;
        lex->space = true;
    } else if (lex->i < lex->length && lex->s[lex->i] == '{') {
        psv_push(lex, TK_BAD, begin, name, length); /* a macro with arguments that nobody knows */
    } else {
        psv_push_letter(lex, begin, name, length, 1);
    }
}

/* "[2pt]" after a new row: how long. */
static size_t row_space(const char *s) {
    size_t digits = *s == '[' ? strspn(s + 1, "0123456789.") : 0;
    size_t letters = digits > 0 ? strspn(s + 1 + digits, "abcdefghijklmnopqrstuvwxyz") : 0;
    return letters == 2 && s[1 + digits + letters] == ']' ? digits + letters + 2 : 0;
}

void psv_lex_command(psv_lexer *lex) {
    size_t begin = lex->i++;
    if (lex->i >= lex->length) return;
    char c = lex->s[lex->i];
    if (c == '\\') { /* "\\": a new row, or, outside a matrix, the doubled backslash of a quoted string */
        bool row = lex->environments > 0;
        size_t next = lex->i + 1;
        if (!row && next < lex->length &&
            (isalpha((unsigned char)lex->s[next]) || strchr("{}$%!,;", lex->s[next]) != NULL))
            return; /* the second backslash starts the command */
        lex->i++;
        if (row) {
            psv_push(lex, TK_ROW, begin, "", 0);
            lex->i += row_space(lex->s + lex->i);
        } else {
            lex->space = true;
        }
        return;
    }
    if (!isalpha((unsigned char)c)) {
        lex->i++;
        char name[2] = {isspace((unsigned char)c) ? ' ' : c, 0};
        lex_named_command(lex, begin, name, 1);
        return;
    }
    size_t end = lex->i;
    while (end < lex->length && isalpha((unsigned char)lex->s[end]))
        end++;
    size_t name = lex->i;
    lex->i = end;
    lex_named_command(lex, begin, lex->s + name, end - name);
}
