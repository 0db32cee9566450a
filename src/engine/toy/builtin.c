/* The toy engine's built-in table: a reasoner in eight tokens. A step is "so" (sound) or "or" (a slip) and a newline;
 * slips tend to go on; after some steps it writes an answer: 1 mostly after sound work, 2 mostly after slips. An answer
 * has at most 14 tokens, so there are 378 of them; 62% of the probability is on answers of four steps or fewer. */
#include "engine/toy/model.h"

const char ps_toy_builtin[] =
    "{\n"
    "  \"name\": \"two words\",\n"
    "  \"tokens\": [\"so\", \"or\", \"\\n\", \"\\\\boxed{\", \"1\", \"2\", \"3\", \"}\"],\n"
    "  \"end\": \"<end>\",\n"
    "  \"bytes\": true,\n"
    "  \"max_tokens\": 14,\n"
    "  \"rules\": [\n"
    "    {\"after\": [], \"next\": {\"so\": 0.5, \"or\": 0.5}},\n"
    "    {\"after\": [], \"start\": true, \"next\": {\"so\": 0.6, \"or\": 0.4}},\n"
    "    {\"after\": [\"so\"], \"next\": {\"\\n\": 1}},\n"
    "    {\"after\": [\"or\"], \"next\": {\"\\n\": 1}},\n"
    "    {\"after\": [\"so\", \"\\n\"], \"next\": {\"so\": 0.5, \"or\": 0.2, \"\\\\boxed{\": 0.3}},\n"
    "    {\"after\": [\"or\", \"\\n\"], \"next\": {\"so\": 0.15, \"or\": 0.6, \"\\\\boxed{\": 0.25}},\n"
    "    {\"after\": [\"so\", \"\\n\", \"\\\\boxed{\"], \"next\": {\"1\": 0.8, \"2\": 0.15, \"3\": 0.05}},\n"
    "    {\"after\": [\"or\", \"\\n\", \"\\\\boxed{\"], \"next\": {\"1\": 0.1, \"2\": 0.6, \"3\": 0.3}},\n"
    "    {\"after\": [\"1\"], \"next\": {\"}\": 1}},\n"
    "    {\"after\": [\"2\"], \"next\": {\"}\": 1}},\n"
    "    {\"after\": [\"3\"], \"next\": {\"}\": 1}},\n"
    "    {\"after\": [\"}\"], \"next\": {\"<end>\": 1}}\n"
    "  ],\n"
    "  \"rewards\": {\n"
    "    \"default\": 0.5,\n"
    "    \"steps\": {\"so\\n\": 0.8, \"or\\n\": 0.3, \"\\\\boxed{1}\": 0.9, \"\\\\boxed{2}\": 0.2, \"\\\\boxed{3}\": "
    "0.1}\n"
    "  }\n"
    "}\n";
