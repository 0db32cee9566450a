/* What a problem is for the engine and for the reward model. */
#ifndef PERSAMP_RUN_PROMPT_H
#define PERSAMP_RUN_PROMPT_H

#include "run/session.h"

/* A prompt and what was made for it. */
typedef struct ps_problem_prompt {
    ps_prompt prompt; /* borrows from the problem, the session and the members below */
    ps_chat_message *messages;
    ps_prompt_part *parts;
} ps_problem_prompt;

/* The prompt as it stands, the conversation, or the question in prompt.template or as a message. PS_ARG: the problem is
 * none of them. */
ps_status ps_problem_prompt_make(const ps_session *session, const ps_problem *problem, ps_problem_prompt *made,
                                 ps_error *err);
void ps_problem_prompt_clear(ps_problem_prompt *made);

/* What is asked, in words: the question, else the last message of the user, else the prompt; "" where there is none. */
const char *ps_problem_question(const ps_problem *problem);

#endif
