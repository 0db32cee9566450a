/* What a reasoning step is, byte by byte: a piece of reasoning, not a line. A quarter of the lines that models write
 * are `\[`, a lone number, or blank; such a line never ends a step, it goes with what follows. The rules are those of
 * docs/steps.md.
 *
 * The state is small and of fixed size. It is kept with every node of an engine's tree, so that a step begins with what
 * the answer has left open: a display, a code fence, half a line. */
#ifndef PERSAMP_ENGINE_STEP_RULE_H
#define PERSAMP_ENGINE_STEP_RULE_H

#include "base/thinking.h"
#include "persamp/engine.h"

enum {
    PS_STEP_NAME = 24, /* the longest name of an environment that is followed, its NUL included */
    PS_STEP_WORD = 12  /* more letters than any abbreviation has */
};

/* Something that no step ends in. */
typedef enum ps_step_block {
    PS_BLOCK_NONE,
    PS_BLOCK_FENCE,      /* ``` or ~~~ */
    PS_BLOCK_DISPLAY,    /* \[ … \] */
    PS_BLOCK_DOLLARS,    /* $$ … $$ */
    PS_BLOCK_ENVIRONMENT /* \begin{name} … \end{name} */
} ps_step_block;

/* Where in a TeX command the bytes are. */
typedef enum ps_step_lexer {
    PS_LEX_TEXT,
    PS_LEX_BACKSLASH, /* after one: a command's name, or an escaped character */
    PS_LEX_COMMAND,   /* in a name */
    PS_LEX_NAME       /* in the braces of \begin or \end */
} ps_step_lexer;

/* What a line has begun with so far. */
typedef enum ps_step_lead {
    PS_LEAD_MARGIN, /* nothing but white space, the > of quotes, and list markers */
    PS_LEAD_NUMBER, /* digits, which may be a list's */
    PS_LEAD_MARKER, /* a list marker, if white space comes */
    PS_LEAD_FENCE,  /* a row of ` or ~ */
    PS_LEAD_PAST    /* something else: no fence begins in this line any more */
} ps_step_lead;

/* How its text begins, for what may be prose in a fence that nobody closed. */
typedef enum ps_step_start {
    PS_START_OPEN,    /* numbers and ** do not tell */
    PS_START_CAPITAL, /* with a capital letter at the left margin */
    PS_START_SCRIPT,  /* … with a letter of a script other than Latin */
    PS_START_OTHER
} ps_step_start;

/* The line so far. */
typedef struct ps_step_line {
    bool begun;            /* it has more than white space */
    bool beside, relation; /* something visible that is no sign; = < > that has nothing beside it so far */
    bool dash;             /* the byte before was - */
    bool substance;        /* words, a relation, or a block that was closed on it */
    bool heading;          /* begins with # */
    bool row, pipe;        /* begins with |; has one */
    bool bold, bolds;      /* inside **…**; some were opened */
    bool plain;            /* text outside of bold, other than a list marker */
    bool code;             /* a line of ``` or ~~~ … */
    bool code_tail;        /* … with something behind it */
    uint8_t lead;          /* ps_step_lead */
    uint8_t run;           /* PS_LEAD_FENCE: how many of its character */
    char run_of;
    uint8_t start;   /* ps_step_start */
    uint8_t stars;   /* * in a row just now */
    uint8_t letters; /* Latin letters in a row just now */
    uint8_t word;    /* letters and digits in a row just now */
    bool number;     /* these are digits */
    uint8_t words;   /* begun so far, as far as 3 */
    char spelled[PS_STEP_WORD];
    uint8_t spelled_length; /* of the last word; one too long counts on to PS_STEP_WORD */
    bool labelled;          /* the word is a number, and the one before it such as "Step" */
    uint8_t quotes;         /* “ 「 （ open */
    char last;              /* of the line but for white space and the marks of bold and italics */
    bool stop;              /* a sentence is at its end, if white space comes */
    bool full_stop;         /* … if no quotes are open */
    /* Mathematics inside the line: no sentence ends in it. */
    bool parenthesis;   /* \( … \) */
    bool dollar;        /* $ … $ */
    bool dollar_number; /* only digits in it so far: it may be money */
    bool dollar_seen;   /* the byte before was a $ that is not yet known to be one of two */
} ps_step_line;

/* Start with {0}: nothing is open. */
typedef struct ps_step_state {
    uint8_t block;        /* ps_step_block */
    char fence;           /* its character … */
    uint8_t fence_length; /* … and how many of them opened it */
    uint8_t nested;       /* environments of the same name within the open one */
    char environment[PS_STEP_NAME];
    bool block_cut; /* a step was cut in the open block */
    bool gap;       /* the line before was blank */
    bool substance; /* the step has something to say */
    bool hold;      /* its last substantial line announces what follows */
    bool table;     /* its last line is a row of a table */
    bool nonblank;  /* it has more than white space */
    bool continued; /* the step before was cut by its length: a literal may begin in it */
    ps_step_line line;
    uint8_t lexer;           /* ps_step_lexer */
    bool ends_environment;   /* PS_LEX_NAME: of \end, not of \begin */
    uint8_t name_length;     /* of `name`; a name too long to follow counts on to PS_STEP_NAME */
    char name[PS_STEP_NAME]; /* of a command or an environment, while it is read */
    uint8_t n_mark;          /* bytes just read that may become a mark of thinking … */
    char mark[PS_THINKING_MARK];
    uint8_t more;  /* bytes that the character just begun still has */
    uint32_t code; /* of that character, as far as it is known */
} ps_step_state;

/* One more byte of the answer. True when it completes a boundary of the kind `boundary` (newline, paragraph or
 * sentence); with `enough` the step then ends with the token of this byte, and what follows counts for the next.
 * Without it (min_tokens is not reached) the step goes on to the next chance. O(1). */
bool ps_step_scan(ps_step_state *state, ps_boundary boundary, char byte, bool enough);

/* A literal is complete: whether it completes a boundary, for which the step needs more than white space. */
bool ps_step_end_literal(ps_step_state *state, bool enough);

/* The step is cut by its length. The next one begins with all that is open, but must say something itself: the line end
 * that was still to come makes no step. */
void ps_step_cut(ps_step_state *state);

#endif
