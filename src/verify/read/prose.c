#include "verify/read/prose.h"

#include "verify/read/commands.h"
#include "verify/read/words.h"

#include <ctype.h>

/* ---- Words --------------------------------------------------------------- */

/* Words of two and three letters. Longer ones are told by their vowels; among so few letters many are products. */
static bool is_short_word(const char *lower, size_t length) {
    static const char *const two[] = {"am", "an", "as", "at", "be", "by", "do", "go", "he", "hi", "if", "is",
                                      "it", "me", "my", "no", "of", "on", "so", "to", "up", "us", "we"};
    static const char *const three[] = {
        "act", "add", "age", "ago",  "aid", "aim", "air", "all", "ant", "any", "ape", "apt", "arc", "are", "arm", "art",
        "ask", "ate", "awe", "bad",  "bag", "ban", "bar", "bat", "bay", "bed", "bee", "beg", "bet", "bid", "big", "bin",
        "bit", "bow", "box", "boy",  "bud", "bug", "bun", "bus", "but", "buy", "bye", "cab", "can", "cap", "car", "cat",
        "cow", "cry", "cub", "cue",  "cut", "dad", "dam", "den", "did", "die", "dig", "dim", "dip", "dog", "dot", "dry",
        "due", "dug", "dye", "each", "ear", "eat", "egg", "ego", "elf", "elk", "end", "era", "eve", "eye", "fan", "far",
        "fat", "fax", "fed", "fee",  "few", "fig", "fin", "fit", "fix", "flu", "fly", "fog", "for", "fox", "fun", "fur",
        "gas", "gem", "get", "god",  "got", "gum", "gun", "gut", "guy", "gym", "had", "ham", "has", "hat", "hay", "hem",
        "hen", "her", "hid", "him",  "hip", "his", "hit", "hog", "hop", "hot", "how", "hub", "hug", "hut", "ice", "ill",
        "ink", "inn", "its", "jam",  "jar", "jaw", "jet", "job", "jog", "joy", "jug", "key", "kid", "kin", "kit", "lab",
        "lad", "lap", "law", "lay",  "led", "leg", "let", "lid", "lie", "lip", "lot", "low", "mad", "man", "map", "mat",
        "may", "men", "met", "mix",  "mob", "mom", "mop", "mud", "mug", "nap", "net", "new", "nor", "not", "now", "nut",
        "oak", "oar", "oat", "odd",  "off", "oil", "old", "our", "out", "owe", "owl", "own", "pad", "pan", "par", "pat",
        "paw", "pay", "pea", "peg",  "pen", "per", "pet", "pie", "pig", "pin", "pit", "pod", "pop", "pot", "pro", "pub",
        "put", "ram", "ran", "rat",  "raw", "ray", "red", "rib", "rid", "rig", "rim", "rip", "rob", "rod", "rot", "row",
        "rub", "rug", "run", "sad",  "sat", "saw", "say", "sea", "see", "set", "sew", "she", "shy", "sip", "sir", "sit",
        "sky", "sly", "sob", "son",  "soy", "spa", "spy", "sum", "sun", "tab", "tag", "tap", "tar", "tax", "tea", "the",
        "tie", "tin", "tip", "toe",  "too", "top", "toy", "try", "tub", "tug", "use", "van", "vet", "via", "vow", "war",
        "was", "wax", "web", "wed",  "wet", "who", "why", "wig", "win", "won", "yes", "yet", "you", "zip", "zoo"};
    return length == 2 ? PSV_IS_ONE_OF(two, lower, length) : PSV_IS_ONE_OF(three, lower, length);
}

/* abcd, wxyz: names side by side follow the alphabet. */
static bool follows_alphabet(const char *lower, size_t length) {
    for (size_t k = 1; k < length; k++)
        if (lower[k] <= lower[k - 1]) return false;
    return length <= 5;
}

/* sinx, lnx: a function and its argument. */
static bool is_function_of_letter(const char *lower, size_t length) {
    static const char *const functions[] = {"sin", "cos", "tan", "sec", "csc", "cot", "ln", "log", "sqrt", "exp"};
    if (strchr("xyzab", lower[length - 1]) == NULL) return false;
    return PSV_IS_ONE_OF(functions, lower, length - 1);
}

bool psv_is_plain_word(const char *word, size_t length) {
    char lower[32];
    if (length < 2 || length >= sizeof lower) return false;
    bool vowel = false, inner_capital = false;
    for (size_t k = 0; k < length; k++) {
        if (!isalpha((unsigned char)word[k])) return (unsigned char)word[k] >= 128; /* of another script */
        inner_capital |= k > 0 && isupper((unsigned char)word[k]);
        lower[k] = (char)tolower((unsigned char)word[k]);
        vowel |= strchr("aeiouy", lower[k]) != NULL;
    }
    if (inner_capital) return false; /* AB, ABC: points */
    if (psv_word_code(word, length) || psv_find_function(lower, length) >= 0 || psv_is_greek(lower, length))
        return false;
    if (length < 4) return is_short_word(lower, length);
    static const char *const mathematics[] = {"sqrt", "frac", "infty", "plus", "minus", "times", "modulo"};
    if (PSV_IS_ONE_OF(mathematics, lower, length)) return false;
    return vowel && !follows_alphabet(lower, length) && !is_function_of_letter(lower, length);
}

/* ---- Before a number ----------------------------------------------------- */

static const char *const lead_ins[] = {"the correct option is",
                                       "the correct choice is",
                                       "the right answer is",
                                       "correct option",
                                       "correct choice",
                                       "i get",
                                       "we obtain",
                                       "we find",
                                       "the correct answer is",
                                       "the final answer is",
                                       "the answer is",
                                       "final answer",
                                       "correct answer",
                                       "answer",
                                       "the result is",
                                       "the value is",
                                       "the total is",
                                       "the solution is",
                                       "result",
                                       "solution",
                                       "ans",
                                       "a total of",
                                       "total of",
                                       "in total",
                                       "total",
                                       "exactly",
                                       "approximately",
                                       "approx",
                                       "about",
                                       "around",
                                       "roughly",
                                       "only",
                                       "just",
                                       "simply",
                                       "now",
                                       "then",
                                       "thus",
                                       "hence",
                                       "therefore",
                                       "so",
                                       "clearly",
                                       "precisely",
                                       "equal to",
                                       "equals",
                                       "there are",
                                       "there is",
                                       "there were",
                                       "there will be",
                                       "that is",
                                       "that",
                                       "it is",
                                       "its",
                                       "it's",
                                       "they are",
                                       "we get",
                                       "we have",
                                       "which is",
                                       "number",
                                       "no.",
                                       "be",
                                       "is",
                                       "are",
                                       "was",
                                       "were",
                                       "option",
                                       "choice"};

static size_t longest_lead_in(const char *text, size_t length) {
    if (length == 0 || !isalpha((unsigned char)*text)) return 0;
    size_t best = 0;
    char first = (char)tolower((unsigned char)*text);
    for (size_t k = 0; k < sizeof lead_ins / sizeof *lead_ins; k++) {
        if (*lead_ins[k] != first) continue;
        size_t n = strlen(lead_ins[k]);
        if (n <= best || n > length || !psv_word_is(text, n, lead_ins[k])) continue;
        if (n < length && (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '^')) continue;
        best = n;
    }
    return best;
}

size_t psv_lead_in(const char *text, size_t length) {
    size_t used = 0;
    for (;;) {
        size_t n = longest_lead_in(text + used, length - used);
        if (n == 0) return used;
        size_t after = used + n;
        bool abbreviated = after + 1 < length && text[after] == '.' && text[after + 1] == ' ';
        after += abbreviated;
        bool comma = after + 1 < length && text[after] == ',' && text[after + 1] == ' '; /* "Therefore, C" */
        after += comma;
        while (after < length && (isspace((unsigned char)text[after]) || text[after] == ':' || text[after] == '='))
            after++;
        if (after == used + n && after < length) return used; /* no blank: "no" of a longer word */
        used = after;
    }
}

/* ---- After a number ------------------------------------------------------ */

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at++)
        if ((at == words || at[-1] == ' ') && (at[n] == 0 || at[n] == ' ')) return true;
    return false;
}

bool psv_changes_number(const char *words) {
    /* "or more", "but not 6", "is wrong", "5 at most", "3 tenths", "less than" */
    static const char *const anywhere[] = {
        "or",         "not",       "no",       "never",     "isnt",       "nor",       "neither",    "but",
        "except",     "unless",    "without",  "instead",   "wrong",      "incorrect", "false",      "invalid",
        "untrue",     "mistaken",  "error",    "rejected",  "impossible", "versus",    "vs",         "against",
        "then",       "plus",      "minus",    "divided",   "multiplied", "twice",     "thrice",     "double",
        "doubled",    "triple",    "tripled",  "half",      "halves",     "halved",    "thirds",     "fourths",
        "fifths",     "sixths",    "sevenths", "eighths",   "ninths",     "tenths",    "hundredths", "thousandths",
        "millionths", "squared",   "cubed",    "factorial", "choose",     "power",     "root",       "mod",
        "modulo",     "remainder", "than",     "fewer",     "less",       "least",     "most",       "almost",
        "nearly",     "beyond",    "upwards",  "minimum",   "maximum",    "negative",  "reciprocal", "inverse",
        "larger",     "smaller",   "greater",  "exclusive", "percent",    "followed",  "maybe",      "perhaps",
        "probably",   "possibly",  "might",    "could",     "unknown",    "guess",     "undefined",  "if",
        "when",       "only",      "mille"};
    /* right after the number: "to the fourth", "by 7", "over 2", "5 score", "7 bn" */
    static const char *const at_once[] = {
        "to",    "by",      "from",      "between",    "until",     "over",     "under",  "above",   "below",
        "up",    "quarter", "quarters",  "third",      "fourth",    "fifth",    "sixth",  "seventh", "eighth",
        "ninth", "tenth",   "hundredth", "thousandth", "millionth", "score",    "scores", "gross",   "bn",
        "mn",    "tn",      "lakh",      "lakhs",      "crore",     "crores",   "mil",    "k",       "permille",
        "ppm",   "bps",     "point",     "off",        "short",     "too",      "higher", "lower",   "other",
        "one",   "two",     "three",     "four",       "five",      "six",      "seven",  "eight",   "nine",
        "ten",   "hundred", "thousand",  "million",    "billion",   "trillion", "dozen",  "dozens",  "is",
        "was",   "are",     "isn"};
    for (size_t k = 0; k < sizeof anywhere / sizeof *anywhere; k++)
        if (has_word(words, anywhere[k])) return true;
    return PSV_IS_ONE_OF(at_once, words, strcspn(words, " "));
}

bool psv_opens_domain(const char *words) {
    static const char *const domains[] = {"for", "forall", "where", "such", "with", "whenever", "over", "on", "given"};
    size_t length = strcspn(words, " ");
    return PSV_IS_ONE_OF(domains, words, length);
}

/* ---- Money --------------------------------------------------------------- */

const char *psv_currency_code(const char *word, size_t length) {
    static const struct {
        const char *code, *name;
    } codes[] = {{"usd", "dollar"}, {"us", "dollar"}, {"aud", "dollar"}, {"cad", "dollar"},         {"eur", "euro"},
                 {"inr", "rupee"},  {"rs", "rupee"},  {"jpy", "yen"},    {"gbp", "pound sterling"}, {"cny", "yuan"},
                 {"rmb", "yuan"},   {"chf", "franc"}, {"krw", "won"},    {"php", "peso"},           {"mxn", "peso"}};
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
        if (psv_word_is(word, length, codes[k].code)) return codes[k].name;
    return NULL;
}
