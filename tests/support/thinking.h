/* How families of models mark their thinking, for the tests of all who read the marks. */
#ifndef PERSAMP_TESTS_SUPPORT_THINKING_H
#define PERSAMP_TESTS_SUPPORT_THINKING_H

static const struct thinking_family {
    const char *opens, *closes;
} thinking_families[] = {
    {"<think>", "</think>"},                                           /* DeepSeek-R1, QwQ, Qwen3 and most others */
    {"[THINK]", "[/THINK]"},                                           /* Magistral */
    {"◁think▷", "◁/think▷"},                                           /* Kimi */
    {"<|channel|>analysis<|message|>", "<|channel|>final<|message|>"}, /* gpt-oss */
    {"<|channel|>analysis", "<|channel|>final"},
    {"<|channel>thought", "<channel|>"},               /* Gemma 4 */
    {"<|START_THINKING|>", "<|END_THINKING|>"},        /* Command A */
    {"<|begin_of_thought|>", "<|end_of_thought|>"},    /* OpenThinker, Sky-T1 */
    {"<|begin_of_thought|>", "<|begin_of_solution|>"}, /* … where it is cut short */
    {"<|think_start|>", "<|think_end|>"},              /* LFM and others */
    {"<seed:think>", "</seed:think>"},                 /* Seed-OSS */
    {"<thinking>", "</thinking>"},
    {"<thought>", "</thought>"},
    {"<reasoning>", "</reasoning>"},
    {"<thinking_process>", "</thinking_process>"},
    {"<|begin_of_reasoning_process|>", "<|end_of_reasoning_process|>"}, /* as long as one gets */
    {"<analysis>", "</analysis>"},
    {"<reflection>", "</reflection>"},
    {"<scratchpad>", "</scratchpad>"},
};
enum { N_THINKING_FAMILIES = sizeof thinking_families / sizeof *thinking_families };

#endif
