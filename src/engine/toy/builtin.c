/* The toy engine's built-in table: a reasoner in eight tokens. A step is "a" (sound) or "b" (a slip) and a newline;
 * slips tend to go on; after some steps it writes an answer: 1 mostly after sound work, 2 mostly after slips. An answer
 * has at most 14 tokens, so there are 378 of them; 62% of the probability is on answers of four steps or fewer. */
#include "engine/toy/model.h"

const char ps_toy_builtin[] =
    "{\n"
    "  \"name\": \"two words\",\n"
    "  \"tokens\": [\"a\", \"b\", \"\\n\", \"\\\\boxed{\", \"1\", \"2\", \"3\", \"}\"],\n"
    "  \"end\": \"<end>\",\n"
    "  \"bytes\": true,\n"
    "  \"max_tokens\": 14,\n"
    "  \"rules\": [\n"
    "    {\"after\": [], \"next\": {\"a\": 0.5, \"b\": 0.5}},\n"
    "    {\"after\": [], \"start\": true, \"next\": {\"a\": 0.6, \"b\": 0.4}},\n"
    "    {\"after\": [\"a\"], \"next\": {\"\\n\": 1}},\n"
    "    {\"after\": [\"b\"], \"next\": {\"\\n\": 1}},\n"
    "    {\"after\": [\"a\", \"\\n\"], \"next\": {\"a\": 0.5, \"b\": 0.2, \"\\\\boxed{\": 0.3}},\n"
    "    {\"after\": [\"b\", \"\\n\"], \"next\": {\"a\": 0.15, \"b\": 0.6, \"\\\\boxed{\": 0.25}},\n"
    "    {\"after\": [\"a\", \"\\n\", \"\\\\boxed{\"], \"next\": {\"1\": 0.8, \"2\": 0.15, \"3\": 0.05}},\n"
    "    {\"after\": [\"b\", \"\\n\", \"\\\\boxed{\"], \"next\": {\"1\": 0.1, \"2\": 0.6, \"3\": 0.3}},\n"
    "    {\"after\": [\"1\"], \"next\": {\"}\": 1}},\n"
    "    {\"after\": [\"2\"], \"next\": {\"}\": 1}},\n"
    "    {\"after\": [\"3\"], \"next\": {\"}\": 1}},\n"
    "    {\"after\": [\"}\"], \"next\": {\"<end>\": 1}}\n"
    "  ],\n"
    "  \"rewards\": {\n"
    "    \"default\": 0.5,\n"
    "    \"steps\": {\"a\\n\": 0.8, \"b\\n\": 0.3, \"\\\\boxed{1}\": 0.9, \"\\\\boxed{2}\": 0.2, \"\\\\boxed{3}\": "
    "0.1}\n"
    "  }\n"
    "}\n";
