#include "verify/compare/labels.h"

#include "verify/read/words.h"

#include <ctype.h>

bool psv_is_label(const char *source) {
    size_t longest = 0;
    char before = ' ';
    for (const char *s = source; *s;) {
        size_t run = 0;
        bool command = *s == '\\';
        s += command;
        while (isalpha((unsigned char)s[run]))
            run++;
        if (command && !psv_is_text_command(s, run)) return false;
        if (!command && run > longest) longest = run;
        if (!run && !command) {
            bool beside_digit = isdigit((unsigned char)before) || isdigit((unsigned char)s[1]);
            bool formula = *s == '$' && (isalpha((unsigned char)before) || isalpha((unsigned char)s[1])); /* odd $n$ */
            bool plain = isdigit((unsigned char)*s) || (unsigned char)*s >= 128 || strchr(" {}", *s) != NULL || formula;
            bool stop = strchr(",.", *s) != NULL && !isdigit((unsigned char)s[1]); /* not the point of 1.5 */
            if (!plain && !stop && (beside_digit || strchr("'\"-:;!?()*", *s) == NULL)) return false;
        }
        before = *s;
        s += run ? run : 1;
    }
    return longest >= 3;
}

bool psv_are_words(const psv_answer *a, const psv_answer *b) {
    bool digits = strpbrk(a->words, "0123456789") != NULL || strpbrk(b->words, "0123456789") != NULL;
    return !digits || (psv_is_label(a->source) && psv_is_label(b->source));
}
