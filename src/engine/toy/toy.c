/* The two kinds of toy engine behind one call. */
#include "engine/toy/toy.h"
#include "engine/toy/queue.h"
#include "engine/toy/synthetic.h"
#include "engine/toy/table.h"
#include "persamp/engine_toy.h"

enum { DEFAULT_CONTEXT = 4096 };

ps_status ps_engine_toy_create(const ps_toy_options *options, ps_engine **engine, ps_error *err) {
    if (options->n_ctx < 0) return ps_fail(err, PS_ARG, "toy engine: n_ctx is %d; expected 0 or more", options->n_ctx);
    const uint32_t n_ctx = options->n_ctx > 0 ? (uint32_t)options->n_ctx : DEFAULT_CONTEXT;
    return options->kind == PS_TOY_TABLE ? ps_toy_table_create(options->table_path, n_ctx, engine, err)
                                         : ps_toy_synthetic_create(&options->synthetic, n_ctx, engine, err);
}

size_t ps_toy_living_nodes(const ps_engine *engine) {
    return ps_toy_tree_living(&((const ps_toy_engine *)engine)->tree);
}
