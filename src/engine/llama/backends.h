/* ggml's back ends: plug-ins, one for each kind of device and set of instructions. Internal to the engine room. */
#ifndef PERSAMP_ENGINE_LLAMA_BACKENDS_H
#define PERSAMP_ENGINE_LLAMA_BACKENDS_H

/* Load the plug-ins of `folder`; NULL: of the places beside libggml where packages put them, unless some are part of
 * libggml. Never of any other folder. What the environment's GGML_BACKEND_PATH names is loaded too, as ggml promises.
 * Whether there are any now, ggml_backend_dev_count tells. Once per process. */
void ps_backends_load(const char *folder);

#endif
