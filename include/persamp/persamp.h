/* persamp/persamp.h: all of persamp. The rooms, from simple to whole: base, core, score, engine, reward, method,
 * verify, config, run, study, tune, draw, report, serve, learn. A caller who only wants answers needs run.h: open
 * models from a configuration, then ps_solve. */
#ifndef PERSAMP_PERSAMP_H
#define PERSAMP_PERSAMP_H

#include "persamp/base.h"
#include "persamp/choices.h"
#include "persamp/config.h"
#include "persamp/core.h"
#include "persamp/draw.h"
#include "persamp/engine.h"
#include "persamp/engine_llama.h"
#include "persamp/engine_toy.h"
#include "persamp/learn.h"
#include "persamp/method.h"
#include "persamp/report.h"
#include "persamp/reward.h"
#include "persamp/run.h"
#include "persamp/score.h"
#include "persamp/serve.h"
#include "persamp/study.h"
#include "persamp/tune.h"
#include "persamp/verify.h"

#endif
