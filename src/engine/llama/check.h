/* May a file be given to libllama? */
#ifndef PERSAMP_ENGINE_LLAMA_CHECK_H
#define PERSAMP_ENGINE_LLAMA_CHECK_H

#include "persamp/base.h"

/* PS_IO: no such file. PS_FORMAT: not a GGUF, damaged, or one that libllama would abort on. */
ps_status ps_llama_check_file(const char *path, ps_error *err);

#endif
