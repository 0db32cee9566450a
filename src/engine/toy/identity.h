/* Which toy model it is (ps_engine_info.identity): by the text of its table, or by its parameters. */
#ifndef PERSAMP_ENGINE_TOY_IDENTITY_H
#define PERSAMP_ENGINE_TOY_IDENTITY_H

#include "engine/toy/json.h"
#include "persamp/engine_toy.h"

enum { PS_TOY_IDENTITY = 64 };

void ps_toy_table_identity(const ps_toy_json *document, char identity[PS_TOY_IDENTITY]);
void ps_toy_synthetic_identity(const ps_toy_synthetic *parameters, char identity[PS_TOY_IDENTITY]);

#endif
