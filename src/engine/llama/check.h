/* May a file be given to libllama, and which model is it? */
#ifndef PERSAMP_ENGINE_LLAMA_CHECK_H
#define PERSAMP_ENGINE_LLAMA_CHECK_H

#include "engine/llama/engine.h"

/* Look at a GGUF file and, where it is the first of several parts, at all of them. PS_IO: no such file, or none that
 * can be read. PS_FORMAT: not a GGUF, damaged, or one that libllama would crash on. `identity`: of the whole model, as
 * ps_engine_info has it. Takes as long as reading the header and 4 MiB of a part do. */
ps_status ps_llama_check_file(const char *path, char identity[PS_LLAMA_IDENTITY], ps_error *err);

#endif
