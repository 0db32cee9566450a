#include "verify/choice.h"

#include <ctype.h>
#include <string.h>

/* An answer to a question of multiple choice. */
typedef struct option {
    unsigned letters; /* bit k: the k-th letter of the alphabet */
    const char *text; /* beside one letter; the whole answer when it has none; NULL: only letters */
} option;

static bool is_letter_alone(const char *s, size_t i) {
    bool before = i > 0 && (isalnum((unsigned char)s[i - 1]) || s[i - 1] == '\\' || s[i - 1] == '\'');
    return isalpha((unsigned char)s[i]) && !isalnum((unsigned char)s[i + 1]) && s[i + 1] != '\'' && !before;
}

/* An answer without what only sets letters: \\text{…}, \\mathrm{…}, dollars, stars, "Option". Arena. */
static char *plain(psv_ctx *ctx, const char *answer) {
    static const char *const commands[] = {"\\text", "\\textbf", "\\mathrm",     "\\mathbf",
                                           "\\mbox", "\\boxed",  "\\boldsymbol", "\\rm"};
    char *out = ps_arena_alloc(ctx->arena, strlen(answer) + 1);
    if (out == NULL) return NULL;
    size_t n = 0;
    for (size_t i = 0; answer[i];) {
        size_t skip = 0;
        for (size_t k = 0; k < sizeof commands / sizeof *commands; k++) {
            size_t length = strlen(commands[k]);
            if (strncmp(answer + i, commands[k], length) == 0 && !isalpha((unsigned char)answer[i + length]))
                skip = length;
        }
        if (!skip && strchr("{}$*", answer[i]) != NULL) skip = 1;
        if (!skip) out[n++] = answer[i++];
        i += skip;
    }
    while (n && (isspace((unsigned char)out[n - 1]) || out[n - 1] == '.'))
        n--;
    out[n] = 0;
    while (isspace((unsigned char)*out))
        out++;
    static const char *const names[] = {"option ", "choice ", "answer ", "answer: ", "option: "};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (psv_letters_at(out, strlen(out), names[k])) out += strlen(names[k]);
    return out;
}

/* "A, C", "A and C", "(A)(C)", "b": letters and nothing else; 0: there is more. */
static unsigned only_letters(const char *s) {
    unsigned letters = 0;
    for (size_t i = 0; s[i];) {
        size_t word = psv_letters_at(s + i, strlen(s + i), "and ")  ? 4
                      : psv_letters_at(s + i, strlen(s + i), "or ") ? 3
                                                                    : 0;
        if (word) {
            i += word;
        } else if (is_letter_alone(s, i)) {
            letters |= 1u << (tolower((unsigned char)s[i]) - 'a');
            i++;
        } else if (strchr(" ,;()&/", s[i]) != NULL) {
            i++;
        } else {
            return 0;
        }
    }
    return letters;
}

static option read_option(psv_ctx *ctx, const char *answer) {
    const char *s = plain(ctx, answer);
    if (s == NULL) return (option){0, NULL};
    unsigned letters = only_letters(s);
    if (letters) return (option){letters, NULL};
    size_t at = *s == '(';
    bool closes =
        is_letter_alone(s, at) && (s[at + 1] == ')' || (!at && strchr(".:", s[at + 1]) != NULL && s[at + 1]) ||
                                   (!at && strncmp(s + at + 1, " - ", 3) == 0));
    if (!closes || (at && s[at + 1] != ')')) return (option){0, s};
    const char *text = s + at + 2;
    while (*text && strchr(" :.-", *text) != NULL)
        text++;
    return (option){1u << (tolower((unsigned char)s[at]) - 'a'), *text ? text : NULL};
}

psv_answer_is psv_compare_choices(psv_compare *c, const char *a, const char *b) {
    option x = read_option(c->ctx, a), y = read_option(c->ctx, b);
    if (x.letters && y.letters)
        return psv_decide(c, "choice", x.letters == y.letters ? PSV_YES : PSV_NO,
                          x.letters == y.letters ? "the same letters" : "different letters");
    if (x.text == NULL || y.text == NULL) return psv_no(c, "choice", "a letter against a text that has none");
    psv_answer left, right;
    psv_read(c->ctx, x.text, strlen(x.text), &left);
    psv_read(c->ctx, y.text, strlen(y.text), &right);
    return psv_compare_answers(c, &left, &right);
}

/* The last "option C", "choice C", "(C)" of a text. */
static const char *last_named(psv_ctx *ctx, const char *text, psv_span span) {
    for (size_t i = span.end; i-- > span.begin;) {
        if (!is_letter_alone(text, i)) continue;
        bool bracket = i > span.begin && text[i - 1] == '(' && text[i + 1] == ')' && (text[i] | 32) <= 'j';
        bool named = i >= span.begin + 7 && isupper((unsigned char)text[i]) &&
                     (psv_letters_at(text + i - 7, 7, "option ") || psv_letters_at(text + i - 7, 7, "choice "));
        if (bracket || named) return ps_arena_strndup(ctx->arena, text + i, 1);
    }
    return NULL;
}

const char *psv_extract_choice(psv_ctx *ctx, const char *response, size_t length) {
    const char *found = psv_extract(ctx, response, length);
    if (found != NULL && read_option(ctx, found).letters) return found;
    const char *named = last_named(ctx, response, psv_own_answer(response, length));
    return named != NULL ? named : found;
}
