/* The pictures of a study, as files of a folder. */
#include "plot.h"
#include "tune.h"

#include "cli.h"

#include <sys/stat.h>

static int put_picture(const ps_trials *trials, ps_trials_picture picture, const char *folder, const char *name) {
    ps_text path = {0}, svg = {0};
    ps_error err;
    ps_text_printf(&path, "%s/%s.svg", folder, name);
    ps_status status = ps_text_ok(&path) ? PS_OK : ps_fail(&err, PS_NOMEM, "out of memory");
    if (status == PS_OK) status = ps_draw_trials(trials, picture, PS_DRAW_ALONE, &svg, &err);
    if (status != PS_OK) ps_cli_say("--plot %s: %s", folder, err.message);
    int code = status == PS_OK ? ps_cli_picture_write("--plot", path.data, &svg) : EXIT_FAILED;
    if (code == EXIT_DONE) ps_cli_print_path("plot in ", path.data);
    ps_text_clear(&path);
    ps_text_clear(&svg);
    return code;
}

static bool has_pairs(const ps_trials *trials) {
    for (size_t i = 0; i < trials->n; i++)
        if (trials->trials[i].n_params > 0) return trials->trials[i].n_params > 1;
    return false;
}

int ps_cli_plot_trials(const ps_trials *trials, const char *folder) {
    struct stat about;
    if (mkdir(folder, 0777) != 0 && (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))) {
        ps_cli_say("--plot %s: this folder cannot be made", folder);
        return EXIT_FAILED;
    }
    int code = put_picture(trials, PS_TRIALS_HISTORY, folder, "history");
    if (code == EXIT_DONE) code = put_picture(trials, PS_TRIALS_SLICES, folder, "slices");
    if (code == EXIT_DONE && has_pairs(trials)) code = put_picture(trials, PS_TRIALS_PAIRS, folder, "pairs");
    return code;
}
