/* The vocabulary: tables and look-ups. */
#include "commands.h"

#include <ctype.h>
#include <string.h>

/* Sorted by nothing: a linear look-up over some 200 short names costs less than a microsecond per answer. */
static const psv_command commands[] = {
    {"frac", TK_FRAC, 0},
    {"dfrac", TK_FRAC, 0},
    {"tfrac", TK_FRAC, 0},
    {"cfrac", TK_FRAC, 0},
    {"sqrt", TK_SQRT, 0},
    {"binom", TK_BINOM, 0},
    {"dbinom", TK_BINOM, 0},
    {"tbinom", TK_BINOM, 0},
    {"pi", TK_PI, 0},
    {"infty", TK_INFINITY, 0},
    {"infinity", TK_INFINITY, 0},
    {"cdot", PSV_CHARACTER, '*'},
    {"times", PSV_CHARACTER, '*'},
    {"ast", PSV_CHARACTER, '*'},
    {"div", PSV_CHARACTER, '/'},
    {"colon", PSV_CHARACTER, ':'},
    {"lt", PSV_CHARACTER, '<'},
    {"gt", PSV_CHARACTER, '>'},
    {"vert", PSV_CHARACTER, '|'},
    {"lvert", PSV_CHARACTER, '|'},
    {"rvert", PSV_CHARACTER, '|'},
    {"Vert", PSV_CHARACTER, '|'},
    {"lVert", PSV_CHARACTER, '|'},
    {"rVert", PSV_CHARACTER, '|'},
    {"|", PSV_CHARACTER, '|'},
    {"%", PSV_CHARACTER, '%'},
    {"&", PSV_CHARACTER, '&'},
    {"lbrack", PSV_CHARACTER, '['},
    {"rbrack", PSV_CHARACTER, ']'},
    {"prime", PSV_CHARACTER, '\''},
    {"mid", TK_MID, 0},
    {"le", TK_LE, 0},
    {"leq", TK_LE, 0},
    {"leqslant", TK_LE, 0},
    {"ge", TK_GE, 0},
    {"geq", TK_GE, 0},
    {"geqslant", TK_GE, 0},
    {"ne", TK_NE, 0},
    {"neq", TK_NE, 0},
    {"approx", TK_APPROX, 0},
    {"simeq", TK_APPROX, 0},
    {"cong", TK_APPROX, 0},
    {"doteq", TK_APPROX, 0},
    {"in", TK_IN, 0},
    {"notin", TK_NOTIN, 0},
    {"to", TK_OTHER_RELATION, 0},
    {"rightarrow", TK_OTHER_RELATION, 0},
    {"Rightarrow", TK_OTHER_RELATION, 0},
    {"implies", TK_OTHER_RELATION, 0},
    {"mapsto", TK_OTHER_RELATION, 0},
    {"equiv", TK_OTHER_RELATION, 0},
    {"sim", TK_OTHER_RELATION, 0},
    {"perp", TK_OTHER_RELATION, 0},
    {"parallel", TK_OTHER_RELATION, 0},
    {"propto", TK_OTHER_RELATION, 0},
    {"subset", TK_OTHER_RELATION, 0},
    {"subseteq", TK_OTHER_RELATION, 0},
    {"cup", TK_CUP, 0},
    {"bigcup", TK_CUP, 0},
    {"cap", TK_CAP, 0},
    {"setminus", TK_SETMINUS, 0},
    {"backslash", TK_SETMINUS, 0},
    {"smallsetminus", TK_SETMINUS, 0},
    {"pm", TK_PM, 0},
    {"mp", TK_MP, 0},
    {"{", TK_LSET, 0},
    {"}", TK_RSET, 0},
    {"lbrace", TK_LSET, 0},
    {"rbrace", TK_RSET, 0},
    {"langle", TK_LANGLE, 0},
    {"rangle", TK_RANGLE, 0},
    {"lfloor", TK_LFLOOR, 0},
    {"rfloor", TK_RFLOOR, 0},
    {"lceil", TK_LCEIL, 0},
    {"rceil", TK_RCEIL, 0},
    {"overline", TK_OVERLINE, 0},
    {"bar", TK_OVERLINE, 0},
    {"dot", TK_OVERLINE, 0},
    {"emptyset", TK_EMPTY, 0},
    {"varnothing", TK_EMPTY, 0},
    {"circ", TK_DEGREE, 0},
    {"degree", TK_DEGREE, 1},
    {"degrees", TK_DEGREE, 1},
    {"ldots", TK_DOTS, 0},
    {"cdots", TK_DOTS, 0},
    {"dots", TK_DOTS, 0},
    {"dotsc", TK_DOTS, 0},
    {"vdots", TK_DOTS, 0},
    {"ddots", TK_DOTS, 0},
    {"lor", TK_OR, 0},
    {"vee", TK_OR, 0},
    {"land", TK_AND, 0},
    {"wedge", TK_AND, 0},
    {"$", TK_CURRENCY, 0},
    {"euro", TK_CURRENCY, 1},
    {"pounds", TK_CURRENCY, 2},
    {"yen", TK_CURRENCY, 3},
    {"rupee", TK_CURRENCY, 4},
    {"bmod", TK_MOD, 0},
    {"mod", TK_MOD, 0},
    {"pmod", TK_MOD, 1},
    {"angle", TK_IGNORED_NAME, 0},
    {"measuredangle", TK_IGNORED_NAME, 0},
    {"triangle", TK_IGNORED_NAME, 0},
    {"imath", TK_I, 0},
    {"sum", TK_BIG, 0},
    {"prod", TK_BIG, 0},
    {"int", TK_BAD, 0},
    {"iint", TK_BAD, 0},
    {"oint", TK_BAD, 0},
    {"lim", TK_BAD, 0},
    {"det", TK_BAD, 0},
    {"partial", TK_BAD, 0},
    {"forall", TK_BAD, 0},
    {"exists", TK_BAD, 0},
    {"neg", TK_BAD, 0},
    {"iff", TK_OTHER_RELATION, 0},
    {"Leftrightarrow", TK_OTHER_RELATION, 0},
    {"left", PSV_SIZED, 0},
    {"right", PSV_SIZED, 0},
    {"middle", PSV_SIZED, 0},
    {"big", PSV_SIZED, 0},
    {"Big", PSV_SIZED, 0},
    {"bigg", PSV_SIZED, 0},
    {"Bigg", PSV_SIZED, 0},
    {"bigl", PSV_SIZED, 0},
    {"bigr", PSV_SIZED, 0},
    {"Bigl", PSV_SIZED, 0},
    {"Bigr", PSV_SIZED, 0},
    {"biggl", PSV_SIZED, 0},
    {"biggr", PSV_SIZED, 0},
    {"Biggl", PSV_SIZED, 0},
    {"Biggr", PSV_SIZED, 0},
    {"displaystyle", PSV_SKIP, 0},
    {"textstyle", PSV_SKIP, 0},
    {"scriptstyle", PSV_SKIP, 0},
    {"limits", PSV_SKIP, 0},
    {"nolimits", PSV_SKIP, 0},
    {"boxed", PSV_SKIP, 0},
    {"fbox", PSV_SKIP, 0},
    {"ensuremath", PSV_SKIP, 0},
    {"mathstrut", PSV_SKIP, 0},
    {"strut", PSV_SKIP, 0},
    {"hline", PSV_SKIP, 0},
    {"hfill", PSV_SKIP, 0},
    {"nonumber", PSV_SKIP, 0},
    {"notag", PSV_SKIP, 0},
    {"!", PSV_SKIP, 0},
    {"(", PSV_SKIP, 0},
    {")", PSV_SKIP, 0},
    {"[", PSV_SKIP, 0},
    {"]", PSV_SKIP, 0},
    {"rm", PSV_SKIP, 0},
    {"bf", PSV_SKIP, 0},
    {"it", PSV_SKIP, 0},
    {"small", PSV_SKIP, 0},
    {"large", PSV_SKIP, 0},
    {"Large", PSV_SKIP, 0},
    {"hspace", PSV_SKIP_ARGUMENT, 0},
    {"vspace", PSV_SKIP_ARGUMENT, 0},
    {"phantom", PSV_SKIP_ARGUMENT, 0},
    {"hphantom", PSV_SKIP_ARGUMENT, 0},
    {"tag", PSV_SKIP_ARGUMENT, 0},
    {"label", PSV_SKIP_ARGUMENT, 0},
    {"color", PSV_SKIP_ARGUMENT, 0},
    {",", PSV_SPACE, 0},
    {";", PSV_SPACE, 0},
    {":", PSV_SPACE, 0},
    {">", PSV_SPACE, 0},
    {" ", PSV_SPACE, 0},
    {"\n", PSV_SPACE, 0},
    {"quad", PSV_SPACE, 0},
    {"qquad", PSV_SPACE, 0},
    {"thinspace", PSV_SPACE, 0},
    {"enspace", PSV_SPACE, 0},
    {"space", PSV_SPACE, 0},
    {"text", PSV_TEXTUAL, 0},
    {"mbox", PSV_TEXTUAL, 0},
    {"hbox", PSV_TEXTUAL, 0},
    {"textrm", PSV_TEXTUAL, 0},
    {"textbf", PSV_TEXTUAL, 0},
    {"textit", PSV_TEXTUAL, 0},
    {"textsf", PSV_TEXTUAL, 0},
    {"textsc", PSV_TEXTUAL, 0},
    {"texttt", PSV_TEXTUAL, 0},
    {"textnormal", PSV_TEXTUAL, 0},
    {"emph", PSV_TEXTUAL, 0},
    {"mathrm", PSV_TEXTUAL, 0},
    {"mathsf", PSV_TEXTUAL, 0},
    {"mathtt", PSV_TEXTUAL, 0},
    {"operatorname", PSV_TEXTUAL, 0},
    {"operatorname*", PSV_TEXTUAL, 0},
    {"mathit", PSV_TEXTUAL, 0},
    {"mathcal", PSV_TEXTUAL, 0},
    {"mathbf", PSV_TEXTUAL, 1},
    {"boldsymbol", PSV_FONT, 1},
    {"bm", PSV_FONT, 1},
    {"vec", PSV_FONT, 1},
    {"overrightarrow", PSV_FONT, 1},
    {"hat", PSV_FONT, 1},
    {"widehat", PSV_FONT, 1},
    {"underline", PSV_FONT, 0},
    {"tilde", PSV_FONT, 1},
};

static const char *const greek[] = {"alpha", "beta",     "gamma", "delta", "epsilon", "varepsilon", "zeta",   "eta",
                                    "theta", "vartheta", "iota",  "kappa", "lambda",  "mu",         "nu",     "xi",
                                    "rho",   "varrho",   "sigma", "tau",   "upsilon", "phi",        "varphi", "chi",
                                    "psi",   "omega",    "Gamma", "Delta", "Theta",   "Lambda",     "Xi",     "Pi",
                                    "Sigma", "Upsilon",  "Phi",   "Psi",   "Omega",   "ell",        "hbar",   "aleph"};

const psv_command *psv_find_command(const char *name, size_t length) {
    for (size_t k = 0; k < sizeof commands / sizeof *commands; k++)
        if (strlen(commands[k].name) == length && memcmp(commands[k].name, name, length) == 0) return &commands[k];
    return NULL;
}

bool psv_is_greek(const char *name, size_t length) {
    for (size_t k = 0; k < sizeof greek / sizeof *greek; k++)
        if (strlen(greek[k]) == length && memcmp(greek[k], name, length) == 0) return true;
    return false;
}

int psv_find_function(const char *name, size_t length) {
    static const struct {
        const char *name;
        psv_func func;
    } more[] = {{"asin", PSV_ARCSIN},    {"acos", PSV_ARCCOS},    {"atan", PSV_ARCTAN},    {"lg", PSV_LOG},
                {"csch", PSV_CSCH},      {"cosec", PSV_CSC},      {"tg", PSV_TAN},         {"ctg", PSV_COT},
                {"arctg", PSV_ARCTAN},   {"arsinh", PSV_ARCSINH}, {"arcosh", PSV_ARCCOSH}, {"artanh", PSV_ARCTANH},
                {"sinh^{-1}", PSV_SINH}, {"lcm", PSV_LCM}};
    for (int f = 0; f < PSV_FUNC_COUNT; f++) {
        const char *known = psv_func_name((psv_func)f);
        if (strlen(known) == length && memcmp(known, name, length) == 0) return f;
    }
    for (size_t k = 0; k < sizeof more / sizeof *more; k++)
        if (strlen(more[k].name) == length && memcmp(more[k].name, name, length) == 0) return (int)more[k].func;
    return -1;
}

bool psv_word_is(const char *s, size_t length, const char *word) {
    if (strlen(word) != length) return false;
    for (size_t k = 0; k < length; k++)
        if (tolower((unsigned char)s[k]) != word[k]) return false;
    return true;
}

/* Words that mean the same in \text{…} and outside it. */
int psv_word_code(const char *s, size_t length) {
    static const struct {
        const char *word;
        int code;
    } words[] = {{"and", TK_AND},
                 {"or", TK_OR},
                 {"percent", '%'},
                 {"pct", '%'},
                 {"percentage", '%'},
                 {"deg", TK_DEGREE},
                 {"degree", TK_DEGREE},
                 {"degrees", TK_DEGREE},
                 {"infinity", TK_INFINITY},
                 {"inf", TK_INFINITY},
                 {"plus", 0}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (psv_word_is(s, length, words[k].word)) return words[k].code;
    return 0;
}
