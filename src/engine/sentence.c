/* Where a sentence ends, by its words and marks alone. */
#include "engine/sentence.h"

#include <string.h>

/* Words before a number that belongs to them: "Step 1. Add" is no end of a sentence. */
static const char *const labels[] = {"Step",  "Case",   "Part",    "Rule",    "Example", "Problem", "Question",
                                     "Claim", "Lemma",  "Theorem", "Section", "Chapter", "Figure",  "Table",
                                     "Fig",   "Method", "Option",  "Eq",      "No",      "Exercise"};
/* Words that a full stop makes shorter. "no." ends a sentence, "No. 5" does not. */
static const char *const abbreviations[] = {"Mr",  "Mrs", "Ms", "Dr",  "Prof", "St",     "No", "Nos",  "Fig", "Figs",
                                            "fig", "Eq",  "eq", "Eqs", "vs",   "approx", "cf", "resp", "ca"};

static bool last_word_is_in(const ps_step_line *line, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (words[i][0] == line->spelled[0] && strlen(words[i]) == line->spelled_length &&
            memcmp(words[i], line->spelled, line->spelled_length) == 0)
            return true;
    return false;
}

void ps_sentence_word(ps_step_line *line, char c) {
    bool letter = !ps_is_digit(c);
    if (line->word == 0) {
        if (line->words < 3) line->words++;
        line->labelled = !letter && last_word_is_in(line, labels, sizeof labels / sizeof *labels);
        line->spelled_length = 0;
    }
    if (line->spelled_length < PS_STEP_WORD) line->spelled[line->spelled_length++] = c;
    line->number = !letter && (line->word == 0 || line->number);
    ps_count(&line->word);
    if (letter)
        ps_count(&line->letters);
    else
        line->letters = 0;
}

static bool in_formula(const ps_step_line *line) {
    return line->parenthesis || (line->dollar && !line->dollar_number);
}

char ps_sentence_plain(uint32_t code) {
    switch (code) {
    case 0xFF1A: return ':';
    case 0x3002: return '.';
    case 0xFF01: return '!';
    case 0xFF1F: return '?';
    default: return '\0';
    }
}

void ps_sentence_character(ps_step_line *line, uint32_t code, bool closes) {
    const bool opens = code == 0x201C || code == 0x300C || code == 0x300E || code == 0xFF08,
               shuts = code == 0x201D || code == 0x300D || code == 0x300F || code == 0xFF09;
    if (opens) ps_count(&line->quotes);
    if (shuts && line->quotes > 0) line->quotes--;
    if (ps_is_one_of(ps_sentence_plain(code), ".!?"))
        line->full_stop = !in_formula(line);
    else if (!closes)
        line->full_stop = false;
    if (!closes) line->stop = false;
}

bool ps_sentence_ends(const ps_step_line *line, char c) {
    if (in_formula(line)) return false;
    if (c == '!') return line->last != ')' && (line->word == 0 || (!line->number && line->word > 1));
    if (c != '.' || line->word == 0) return true;
    if (line->number) return line->words > 1 && !line->labelled;
    return line->word > 1 && !last_word_is_in(line, abbreviations, sizeof abbreviations / sizeof *abbreviations);
}

void ps_sentence_money(ps_step_line *line, char c) {
    if (!line->dollar || !line->dollar_number || ps_is_digit(c) || ps_is_one_of(c, ".,/*")) return;
    bool close = line->word > 0 && (ps_is_letter(c) || c == '(');
    line->dollar_number = false;
    line->dollar = close || ps_is_one_of(c, "$+-=<>^_|&!");
}
