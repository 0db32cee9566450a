/* LaTeX to tokens. What is only typography (\left, \!, \displaystyle, fonts, spaces) ends here; what carries meaning
 * and is easily lost (a plain comma inside a number, white space between two numbers) is kept as a flag. */
#include "verify/read/commands.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST_NUMERAL = 64 }; /* digits of a numeral with letters: the look ahead stays short */

typedef struct lexer {
    psv_ctx *ctx;
    const char *s;
    size_t i, length;
    psv_tokens *out;
    size_t capacity;
    bool space, bold, dollars;
    int environments; /* open \begin: there "\\" is a new row */
    bool failed;
} lexer;

static psv_token *push(lexer *lex, int code, size_t begin, const char *text, size_t length) {
    if (lex->out->n >= PSV_MAX_TOKENS) {
        lex->failed = true;
        return NULL;
    }
    if (lex->out->n == lex->capacity) {
        size_t capacity = lex->capacity ? 2 * lex->capacity : 64;
        psv_token *data = ps_arena_alloc(lex->ctx->arena, capacity * sizeof *data);
        if (data == NULL) {
            lex->ctx->nomem = lex->failed = true;
            return NULL;
        }
        if (lex->out->n) memcpy(data, lex->out->data, lex->out->n * sizeof *data);
        lex->out->data = data;
        lex->capacity = capacity;
    }
    psv_token *token = &lex->out->data[lex->out->n];
    *token = (psv_token){.code = code,
                         .space = lex->space,
                         .bold = lex->bold,
                         .dollars = lex->dollars,
                         .text = text != NULL ? ps_arena_strndup(lex->ctx->arena, text, length) : "",
                         .length = length,
                         .begin = begin};
    if (token->text == NULL) {
        lex->ctx->nomem = lex->failed = true;
        return NULL;
    }
    lex->out->n++;
    lex->space = lex->dollars = false;
    return token;
}

/* The end of the balanced group that opens at s[i] == '{': index of its '}', or the length when it never closes. */
static size_t group_end(const lexer *lex, size_t i) {
    int depth = 0;
    for (; i < lex->length; i++) {
        if (lex->s[i] == '\\' && i + 1 < lex->length)
            i++;
        else if (lex->s[i] == '{')
            depth++;
        else if (lex->s[i] == '}' && --depth == 0)
            return i;
    }
    return lex->length;
}

static void skip_blanks(lexer *lex) {
    while (lex->i < lex->length && isspace((unsigned char)lex->s[lex->i]))
        lex->i++;
}

/* Digits after s[i]: are there exactly three, as in a group of thousands? */
static bool three_digits(const lexer *lex, size_t i) {
    for (size_t k = 0; k < 3; k++)
        if (i + k >= lex->length || !isdigit((unsigned char)lex->s[i + k])) return false;
    return i + 3 >= lex->length || !isdigit((unsigned char)lex->s[i + 3]);
}

/* A separator of groups of three digits at s[i]: its length, 0 when there is none. A plain comma (and nothing else)
 * may also separate members of a list; `plain` tells. */
static size_t group_separator(const lexer *lex, size_t i, bool *plain) {
    static const char *const separators[] = {"{,}\\!", ",\\!",  ",\\! ", "{,}\\,", "{,} ", "{,}", "\\,",
                                             "\\!",    "{\\,}", "\\ ",   "~",      ",",    " "};
    size_t left = lex->length - i, best = 0;
    for (size_t k = 0; k < sizeof separators / sizeof *separators; k++) {
        size_t length = strlen(separators[k]);
        if (length <= left && length > best && memcmp(lex->s + i, separators[k], length) == 0 &&
            three_digits(lex, i + length)) {
            best = length;
            *plain = separators[k][0] == ',' && length == 1;
        }
    }
    return best;
}

/* "6.72e-5" after a decimal: times a power of ten. After an integer, "2e-5" is 2·e − 5, but "1e6" a million. */
static void lex_exponent(lexer *lex, bool decimal) {
    size_t i = lex->i;
    if (i >= lex->length || (lex->s[i] != 'e' && lex->s[i] != 'E')) return;
    bool negative = i + 1 < lex->length && lex->s[i + 1] == '-';
    bool sign = negative || (i + 1 < lex->length && lex->s[i + 1] == '+');
    if (!decimal && (sign || !lex->ctx->rules->e_is_a_power_of_ten)) return;
    size_t first = i + 1 + sign, end = first;
    while (end < lex->length && isdigit((unsigned char)lex->s[end]))
        end++;
    if (end == first || end - first > 3 || (!decimal && (isalpha((unsigned char)lex->s[end]) || lex->s[end] == '_')))
        return;
    push(lex, '*', i, "*", 1);
    push(lex, TK_NUM, i, "10", 2);
    push(lex, '^', i, "^", 1);
    if (negative) push(lex, '-', i, "-", 1);
    push(lex, TK_NUM, first, lex->s + first, end - first);
    lex->i = end;
}

/* 2A7_{16}, 1B_12, 1a3_{16}: digits and the letters A to F before an index of 11 to 36 are one numeral; small letters
 * only between digits, for "2a_{12}" is twice a name. Its length, else 0. */
static size_t large_base_numeral(const lexer *lex) {
    const char *s = lex->s + lex->i;
    size_t n = 0, digits = 0;
    bool small = false;
    for (; n < LONGEST_NUMERAL && isxdigit((unsigned char)s[n]); n++) {
        digits += isdigit((unsigned char)s[n]) != 0;
        small |= islower((unsigned char)s[n]) != 0;
    }
    if (small && !(isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[n - 1]))) return 0;
    const char *after = s + n + strspn(s + n, ")}"); /* (1A3)_{16} */
    if (!digits || digits == n || *after != '_') return 0;
    const char *index = after + 1;
    index += *index == '{';
    if (!isdigit((unsigned char)index[0]) || !isdigit((unsigned char)index[1]) || isdigit((unsigned char)index[2]))
        return 0;
    int base = 10 * (index[0] - '0') + index[1] - '0';
    return base > 10 && base <= 36 ? n : 0;
}

/* "21st", "3rd": the letters after a number that only make it an ordinal. */
static size_t ordinal_letters(const lexer *lex) {
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    const char *s = lex->s + lex->i;
    for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
        if (strncmp(s, endings[k], 2) == 0 && !isalnum((unsigned char)s[2]) && s[2] != '_' && s[2] != '^') return 2;
    return 0;
}

/* A number: 12, 1,234, 1{,}234.5, .0003, 3.; a group of three belongs to it only after one to three digits. */
static void lex_number(lexer *lex) {
    size_t begin = lex->i, digits = 0, decimals = 0, whole_begin = lex->i;
    char buffer[PSV_MAX_SOURCE];
    bool commas = false, point = false;
    const char *s = lex->s;
    size_t numeral = large_base_numeral(lex);
    if (numeral) {
        push(lex, TK_NUM, begin, s + begin, numeral);
        lex->i += numeral;
        return;
    }
    while (lex->i < lex->length && isdigit((unsigned char)s[lex->i]))
        buffer[digits++] = s[lex->i++];
    size_t first = lex->i - whole_begin;
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    bool script = before == '_' || before == '^'; /* "\\log_10 100" */
    if (first >= 1 && first <= 3 && s[whole_begin] != '0' && !script) {
        bool plain = false;
        size_t separator;
        while ((separator = group_separator(lex, lex->i, &plain)) != 0) {
            commas |= plain;
            lex->i += separator;
            for (int k = 0; k < 3; k++)
                buffer[digits++] = s[lex->i++];
        }
    }
    if (lex->i < lex->length && s[lex->i] == '.' && strncmp(s + lex->i, "...", 3) != 0) {
        point = true;
        lex->i++;
        while (lex->i < lex->length && isdigit((unsigned char)s[lex->i])) {
            buffer[digits++] = s[lex->i++];
            decimals++;
        }
    }
    size_t at = lex->out->n;
    psv_token *token = push(lex, TK_NUM, begin, buffer, digits);
    if (token == NULL) return;
    token->id = (int)decimals;
    lex_exponent(lex, point && decimals > 0);
    token = &lex->out->data[at];
    token->commas = commas;
    token->point = point;
    if (!point) lex->i += ordinal_letters(lex);
}

static void push_letter(lexer *lex, size_t begin, const char *name, size_t length, int run) {
    int code = TK_LETTER;
    if (length == 1 && !lex->bold) {
        if (*name == 'e') code = TK_E;
        if (*name == 'i') code = TK_I;
    }
    psv_token *token = push(lex, code, begin, name, length);
    if (token != NULL) token->run = run;
}

/* After a word: does a number stand before it and after it? */
static bool between_numbers(const lexer *lex) {
    size_t i = lex->i;
    while (i < lex->length && lex->s[i] == ' ')
        i++;
    bool before = lex->out->n && lex->out->data[lex->out->n - 1].code == TK_NUM;
    return before && isdigit((unsigned char)lex->s[i]) && lex->ctx->rules->to_and_in_are_ratios;
}

/* A run of plain letters: a known word, a function, or a product of letters. */
static void lex_letters(lexer *lex) {
    size_t begin = lex->i, end = begin;
    while (end < lex->length && (isalpha((unsigned char)lex->s[end]) || (unsigned char)lex->s[end] >= 128))
        end++;
    const char *s = lex->s + begin;
    size_t length = end - begin;
    int code = length > 1 ? psv_word_code(s, length) : 0;
    int func = length > 1 ? psv_find_function(s, length) : -1;
    lex->i = end;
    if (code) {
        psv_token *token = push(lex, code, begin, s, length);
        if (token != NULL && code == TK_DEGREE) token->id = 1;
    } else if ((psv_text_is(s, length, "to") || psv_text_is(s, length, "in")) && between_numbers(lex)) {
        push(lex, *s == 't' ? ':' : '/', begin, s, length); /* 2 to 3, 1 in 5 */
    } else if (psv_word_is(s, length, "sqrt")) {
        push(lex, TK_SQRT, begin, s, length);
    } else if (psv_word_is(s, length, "pi")) {
        push(lex, TK_PI, begin, s, length);
    } else if (func >= 0 && func != PSV_RE && func != PSV_IM) {
        psv_token *token = push(lex, TK_FUNC, begin, s, length);
        if (token != NULL) token->id = func;
    } else {
        for (size_t k = 0, n; k < length && !lex->failed; k += n) {
            for (n = 1; k + n < length && ((unsigned char)s[k + n] & 0xC0) == 0x80;) /* the rest of a UTF-8 letter */
                n++;
            push_letter(lex, begin + k, s + k, n, k ? 1 : (int)length);
        }
    }
}

static size_t leading_blanks(const char *s, size_t length) {
    size_t n = 0;
    while (n < length && isspace((unsigned char)s[n]))
        n++;
    return n;
}

/* The contents of \text{…}, \mathrm{…}, \operatorname{…}: a function, a letter, a joining word, or words. */
static void push_textual(lexer *lex, size_t begin, const char *s, size_t length, bool bold) {
    size_t blanks = leading_blanks(s, length);
    lex->space |= blanks > 0;
    s += blanks;
    length -= blanks;
    bool space_after = length > 0 && isspace((unsigned char)s[length - 1]);
    while (length && isspace((unsigned char)s[length - 1]))
        length--;
    if (length > 1 && s[0] == ',' && isspace((unsigned char)s[1])) { /* "\text{, and }" */
        blanks = 1 + leading_blanks(s + 1, length - 1);
        s += blanks;
        length -= blanks;
    }
    int func = psv_find_function(s, length), code = psv_word_code(s, length);
    if (length == 0) {
        lex->space = true;
    } else if (psv_text_is(s, length, "$") || psv_text_is(s, length, "\\$")) {
        push(lex, TK_CURRENCY, begin, "dollar", 6);
    } else if (code) {
        psv_token *token = push(lex, code, begin, s, length);
        if (token != NULL && (code == TK_DEGREE || code == '%')) token->id = 1;
    } else if ((psv_text_is(s, length, "in") || psv_text_is(s, length, "out of")) && between_numbers(lex)) {
        push(lex, '/', begin, s, length); /* 1 in 5 */
    } else if (psv_text_is(s, length, "to") && lex->ctx->rules->to_and_in_are_ratios) {
        push(lex, ':', begin, s, length); /* 3 to 4 */
    } else if (length == 1 && (*s == ',' || *s == ';')) {
        push(lex, *s, begin, s, 1);
    } else if (func >= 0) {
        psv_token *token = push(lex, TK_FUNC, begin, s, length);
        if (token != NULL) token->id = func;
    } else if (length == 1 && isalpha((unsigned char)*s)) {
        bool was = lex->bold;
        lex->bold |= bold;
        push_letter(lex, begin, s, 1, 1);
        if (lex->out->n && lex->out->data[lex->out->n - 1].code == TK_LETTER) lex->out->data[lex->out->n - 1].id = 1;
        lex->bold = was;
    } else {
        push(lex, TK_TEXT, begin, s, length);
    }
    lex->space |= space_after;
}

static bool lex_group_command(lexer *lex, const psv_command *cmd, size_t begin) {
    skip_blanks(lex);
    if (lex->i >= lex->length) return true;
    if (lex->s[lex->i] != '{') {
        if (cmd->code == PSV_TEXTUAL && isalnum((unsigned char)lex->s[lex->i])) {
            push_textual(lex, begin, lex->s + lex->i, 1, cmd->id == 1);
            lex->i++;
        }
        return true;
    }
    size_t open = lex->i, close = group_end(lex, open);
    size_t length = close - open - 1;
    const char *content = lex->s + open + 1;
    lex->i = close < lex->length ? close + 1 : close;
    if (cmd->code == PSV_SKIP_ARGUMENT) {
        lex->space = true;
        return true;
    }
    if (cmd->code == PSV_FONT) { /* a decorated name: keep what is in it, as a letter of its own kind */
        size_t blanks = leading_blanks(content, length);
        content += blanks;
        length -= blanks;
        if (cmd->id == 0) { /* decoration without meaning: read on inside the group */
            lex->i = open;
            return true;
        }
        lex->bold = true;
        push_letter(lex, begin, content, length, 1);
        lex->bold = false;
        return true;
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
        return true;
    }
    push_textual(lex, begin, content, length, cmd->id == 1);
    return true;
}

static void lex_environment(lexer *lex, size_t begin, bool opens) {
    skip_blanks(lex);
    if (lex->i >= lex->length || lex->s[lex->i] != '{') return;
    size_t close = group_end(lex, lex->i);
    const char *name = lex->s + lex->i + 1;
    size_t length = close - lex->i - 1;
    lex->i = close < lex->length ? close + 1 : close;
    static const char *const known[] = {"matrix",  "pmatrix", "bmatrix", "Bmatrix",     "vmatrix",
                                        "Vmatrix", "array",   "cases",   "smallmatrix", "aligned"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (!psv_text_is(name, length, known[k])) continue;
        push(lex, opens ? TK_BEGIN : TK_ENDENV, begin, name, length);
        lex->environments += opens ? 1 : -1;
        if (opens && strcmp(known[k], "array") == 0) { /* \begin{array}{cc|c}: columns */
            skip_blanks(lex);
            if (lex->i < lex->length && lex->s[lex->i] == '{') {
                close = group_end(lex, lex->i);
                lex->i = close < lex->length ? close + 1 : close;
            }
        }
        return;
    }
    lex->space = true; /* align, gathered, …: a frame */
}

static void lex_blackboard(lexer *lex, size_t begin) {
    skip_blanks(lex);
    char letter = 0;
    if (lex->i < lex->length && lex->s[lex->i] == '{') {
        size_t close = group_end(lex, lex->i);
        if (close == lex->i + 2) letter = lex->s[lex->i + 1];
        lex->i = close < lex->length ? close + 1 : close;
    } else if (lex->i < lex->length) {
        letter = lex->s[lex->i++];
    }
    if (letter && strchr("RZQNC", letter) != NULL)
        push(lex, TK_NUMBERS, begin, &letter, 1);
    else
        push(lex, TK_BAD, begin, "mathbb", 6);
}

/* \left and its sizes: "\left." is nothing, "\left<" a bracket; any other bracket follows by itself. */
static void lex_sized(lexer *lex) {
    skip_blanks(lex);
    char c = lex->i < lex->length ? lex->s[lex->i] : 0;
    if (c == '<' || c == '>') push(lex, c == '<' ? TK_LANGLE : TK_RANGLE, lex->i, lex->s + lex->i, 1);
    if (c == '.' || c == '<' || c == '>') lex->i++;
}

static void lex_known_command(lexer *lex, const psv_command *cmd, size_t begin) {
    static const char *const currency[] = {"dollar", "euro", "pound sterling", "yen", "rupee"};
    switch (cmd->code) {
    case PSV_SKIP: break;
    case PSV_SPACE: lex->space = true; break;
    case PSV_SIZED: lex_sized(lex); break;
    case PSV_CHARACTER: push(lex, cmd->id, begin, cmd->name, 1); break;
    case PSV_TEXTUAL:
    case PSV_FONT:
    case PSV_SKIP_ARGUMENT: lex_group_command(lex, cmd, begin); break;
    case TK_CURRENCY: push(lex, TK_CURRENCY, begin, currency[cmd->id], strlen(currency[cmd->id])); break;
    default: {
        psv_token *token = push(lex, cmd->code, begin, cmd->name, strlen(cmd->name));
        if (token != NULL) token->id = cmd->id;
    }
    }
}

static void lex_named_command(lexer *lex, size_t begin, const char *name, size_t length) {
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
        skip_blanks(lex);
        bool in = lex->length - lex->i >= 3 && memcmp(lex->s + lex->i, "\\in", 3) == 0;
        lex->i += in ? 3 : lex->i < lex->length ? 1 : 0;
        push(lex, in ? TK_NOTIN : TK_NE, begin, name, length);
        return;
    }
    if (psv_is_greek(name, length)) {
        push_letter(lex, begin, name, length, 1);
        return;
    }
    int func = psv_find_function(name, length);
    if (func >= 0) {
        psv_token *token = push(lex, TK_FUNC, begin, name, length);
        if (token != NULL) token->id = func;
    } else if (length > 4 && memcmp(name, "quad", 4) == 0) { /* "\quadx": a lost space */
        lex->i -= length - 4;
        lex->space = true;
    } else if (lex->i < lex->length && lex->s[lex->i] == '{') {
        push(lex, TK_BAD, begin, name, length); /* a macro with arguments that nobody knows */
    } else {
        push_letter(lex, begin, name, length, 1);
    }
}

static void lex_command(lexer *lex) {
    size_t begin = lex->i++;
    if (lex->i >= lex->length) return;
    char c = lex->s[lex->i];
    if (c == '\\') { /* "\\": a new row, or, outside a matrix, the doubled backslash of a quoted string */
        bool row = lex->environments > 0;
        size_t next = lex->i + 1;
        if (!row && next < lex->length && (isalpha((unsigned char)lex->s[next]) || strchr("{}$%!,;", lex->s[next])))
            return; /* the second backslash starts the command */
        lex->i++;
        if (row)
            push(lex, TK_ROW, begin, "", 0);
        else
            lex->space = true;
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

/* A lone dollar: money when a digit follows and no other dollar closes it, else a delimiter of mathematics. */
static void lex_dollar(lexer *lex) {
    size_t begin = lex->i++;
    bool digit = lex->i < lex->length && (isdigit((unsigned char)lex->s[lex->i]) || lex->s[lex->i] == '.');
    if (digit && memchr(lex->s + lex->i, '$', lex->length - lex->i) == NULL &&
        (begin == 0 || memchr(lex->s, '$', begin) == NULL)) {
        push(lex, TK_CURRENCY, begin, "dollar", 6);
        return;
    }
    lex->space = lex->dollars = true;
}

static void lex_relation_or_character(lexer *lex) {
    static const struct {
        const char *text;
        int code;
    } pairs[] = {{"<=", TK_LE},     {">=", TK_GE},  {"!=", TK_NE}, {"==", '='},
                 {"~=", TK_APPROX}, {"=<", TK_LE},  {"**", '^'},   {"->", TK_OTHER_RELATION},
                 {"+-", TK_PM},     {"+/-", TK_PM}, {"{:}", ':'},  {"=>", TK_OTHER_RELATION}};
    const char *s = lex->s + lex->i;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        size_t length = strlen(pairs[k].text);
        if (lex->length - lex->i < length || memcmp(s, pairs[k].text, length) != 0) continue;
        if (pairs[k].code == TK_PM && length == 2 && lex->i > 0) continue; /* "a+-b" is a sum */
        push(lex, pairs[k].code, lex->i, s, length);
        lex->i += length;
        return;
    }
    if (*s == '&' && s[1 + strspn(s + 1, " ")] == '=') { /* "x &= 3" in aligned rows */
        lex->i++;
        return;
    }
    if (lex->length - lex->i >= 3 && memcmp(s, "...", 3) == 0) {
        push(lex, TK_DOTS, lex->i, s, 3);
        lex->i += 3;
        return;
    }
    push(lex, *s, lex->i, s, 1);
    lex->i++;
}

/* What may follow a leading decimal point: ".5", ".\overline{3}". */
static bool starts_decimals(const char *after) {
    return isdigit((unsigned char)*after) || strncmp(after, "\\overline{", 10) == 0 || strncmp(after, "\\bar{", 5) == 0;
}

bool psv_tokenise(psv_ctx *ctx, const char *text, psv_tokens *out) {
    *out = (psv_tokens){.source = text};
    lexer lex = {.ctx = ctx, .s = text, .length = strlen(text), .out = out};
    if (lex.length >= PSV_MAX_SOURCE) return false;
    while (lex.i < lex.length && !lex.failed) {
        unsigned char c = (unsigned char)lex.s[lex.i];
        if (isspace(c) || c == '~') {
            if (c == '~' && lex.i + 1 < lex.length && lex.s[lex.i + 1] == '=') {
                lex_relation_or_character(&lex);
                continue;
            }
            lex.space = true;
            lex.i++;
        } else if (isdigit(c) || (c == '.' && starts_decimals(lex.s + lex.i + 1)) || large_base_numeral(&lex)) {
            lex_number(&lex);
        } else if (isalpha(c) || c >= 128) {
            lex_letters(&lex);
        } else if (c == '\\') {
            lex_command(&lex);
        } else if (c == '$') {
            lex_dollar(&lex);
        } else {
            lex_relation_or_character(&lex);
        }
    }
    if (!lex.failed) push(&lex, TK_END, lex.length, "", 0);
    return !lex.failed;
}
