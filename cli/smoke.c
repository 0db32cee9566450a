/* The smoke test of `persamp eval`: what it says. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

ps_status ps_cli_no_smoke_test(ps_config *config, const char *command, const ps_log *log, ps_error *err) {
    if (!config->smoke_test_enabled) return PS_OK;
    ps_log_printf(log, PS_LOG_WARNING, "smoke_test.enabled is for `persamp eval`; %s makes no smoke test", command);
    return ps_config_set(config, "smoke_test.enabled", "false", command, err);
}

/* An answer on one line, cut where the row would become too long. */
static void print_answer(const char *answer) {
    enum { WIDEST = 24 };
    size_t length = strcspn(answer, "\n"), shown = ps_utf8_cut(answer, length, WIDEST);
    ps_text text = {0};
    ps_text_append(&text, answer, shown);
    ps_cli_put(stdout, ps_text_ok(&text) ? ps_text_cstr(&text) : "");
    if (answer[shown] != '\0') fputs("…", stdout);
    ps_text_clear(&text);
}

static void print_problem(const ps_smoke_problem *p, long long particles) {
    printf("%7zu ", p->index);
    if (p->error != NULL) {
        fputs(" failed: ", stdout);
        ps_cli_put(stdout, p->error);
        putchar('\n');
        return;
    }
    printf("%4zu of %-4lld %7llu %8.2f ", p->finished, particles, (unsigned long long)p->tokens, p->seconds);
    if (isnan(p->mean_logp))
        printf("%12s  ", "-");
    else
        printf("%12.3f  ", p->mean_logp);
    print_answer(p->answer != NULL ? p->answer : "(none)");
    putchar('\n');
}

/* What of the numbers is as it must be, and what is not. */
static void print_numbers(const ps_smoke_report *report) {
    size_t logps = 0, bad_logps = 0, rewards = 0, bad_rewards = 0;
    for (size_t i = 0; i < report->n; i++) {
        logps += report->problems[i].logps;
        bad_logps += report->problems[i].bad_logps;
        rewards += report->problems[i].rewards;
        bad_rewards += report->problems[i].bad_rewards;
    }
    if (logps == 0)
        puts("log-probabilities: this engine reports none");
    else if (bad_logps == 0)
        printf("log-probabilities: %zu, all of them finite and at most 0\n", logps);
    else
        printf("log-probabilities: %zu of %zu are not finite or above 0: the model or its file is damaged\n", bad_logps,
               logps);
    if (bad_rewards > 0)
        printf("rewards: %zu of %zu are no probabilities\n", bad_rewards, rewards);
    else if (rewards > 0)
        printf("rewards: %zu, all of them from 0 to 1\n", rewards);
}

int ps_cli_print_smoke(const ps_smoke_report *report, const ps_config *config) {
    bool passed = ps_smoke_passed(report);
    printf("smoke test: %zu of %zu problems, %lld particle%s, at most %lld step%s\n\n", report->n, report->of,
           (long long)config->generation_n_particles, config->generation_n_particles == 1 ? "" : "s",
           (long long)config->generation_max_steps, config->generation_max_steps == 1 ? "" : "s");
    printf("%7s %12s %7s %8s %12s  %s\n", "problem", "finished", "tokens", "seconds", "log p/token", "answer");
    for (size_t i = 0; i < report->n; i++)
        print_problem(&report->problems[i], (long long)config->generation_n_particles);
    putchar('\n');
    print_numbers(report);
    printf("%s; nothing else was run and nothing written: smoke_test.enabled=false runs all %zu\n",
           passed ? "passed" : "FAILED", report->of);
    return passed ? EXIT_DONE : EXIT_FAILED;
}
