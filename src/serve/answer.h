/* What a client reads: the API's objects, made of a job and its outcome. Pure: no lock, no connection. */
#ifndef PERSAMP_SERVE_ANSWER_H
#define PERSAMP_SERVE_ANSWER_H

#include "serve/job.h"

/* What an outcome that failed is to whoever asked; http 0: it did not fail. */
void ps_answer_error(const ps_outcome *outcome, ps_api_error *error);

/* The whole answer of a request that is not streamed. */
ps_status ps_answer_json(const ps_job *job, ps_text *out, ps_error *err);

/* ---- A stream: events of the form "data: {…}\n\n" ------------------------ */

ps_status ps_chunk_begin(const ps_job *job, ps_text *out, ps_error *err); /* whose turn it is to speak */
/* A line of progress, in the fields that `reasoning_field` names; nothing in a stream that has no such field. */
ps_status ps_chunk_progress(const ps_job *job, const char *line, const char *reasoning_field, ps_text *out,
                            ps_error *err);
ps_status ps_chunk_event(const ps_job *job, const ps_step_view *view, ps_text *out, ps_error *err);
/* What was sketched, drawn, or nothing where there is no memory for it; chosen: the snapshot whose answer it is, 0
 * while there is none. */
ps_status ps_chunk_picture(const ps_job *job, const ps_sketch *sketch, uint32_t chosen, ps_text *out, ps_error *err);
/* The answers, why they ended, what they cost where that was asked for, and the end. */
ps_status ps_chunk_answer(const ps_job *job, ps_text *out, ps_error *err);
ps_status ps_chunk_error(const ps_api_error *error, ps_text *out, ps_error *err); /* and the end */

/* ---- Progress ------------------------------------------------------------ */

/* One iteration in a line of words, appended to *out. */
void ps_progress_line(const ps_step_view *view, ps_text *out);

/* Tokens of the answers shown, for the account. */
size_t ps_answer_tokens(const ps_outcome *outcome);

#endif
