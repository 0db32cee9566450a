"""What test_optuna.sh asks Optuna: each command prints what it found, and fails where something is not as it should be."""
import json
import sys
import warnings

warnings.simplefilter("ignore")
import optuna  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)
command, url, name = sys.argv[1:4]
if url.startswith("sqlite"):  # of a file that others write to, SQLite in Python gives up after five seconds
    url = optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 120}})


def objective(trial):
    x = trial.suggest_float("x", 0.5, 2.0, log=True)
    n = trial.suggest_int("n", 4, 16, step=4)
    kind = trial.suggest_categorical("kind", ["topN", "residual", None, True, 3])
    trial.report(x, 1)
    trial.set_user_attr("note", {"a": 1})
    if trial.number == 3:
        raise optuna.TrialPruned()
    return x + n + (kind == "topN")


if command == "make":  # a study of Optuna's
    study = optuna.create_study(storage=url, study_name=name, direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=12)
    print("best", json.dumps(study.best_params, sort_keys=True), study.best_value)
    importances = optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    for key, share in sorted(importances.items()):
        print("share", key, "%.9f" % share)
elif command == "load":  # what it reads of a study
    study = optuna.load_study(study_name=name, storage=url)
    for t in study.trials:
        values = None if t.values is None else [round(v, 9) for v in t.values]
        print(t.number, t.state.name, values, json.dumps(t.params, sort_keys=True), json.dumps(t.intermediate_values))
        assert t.datetime_start is not None
        if t.state.is_finished():
            assert t.datetime_complete >= t.datetime_start
        for key, distribution in t.distributions.items():
            assert distribution._contains(distribution.to_internal_repr(t.params[key])), (key, distribution)
    print("front", len(study.best_trials))
    print("metrics", study.metric_names)
    if len(study.directions) == 1:
        print("best", json.dumps(study.best_params, sort_keys=True), study.best_value)
elif command == "ask":  # trials of Optuna's own sampler in a study of ours
    study = optuna.load_study(study_name=name, storage=url)
    for _ in range(int(sys.argv[4])):
        trial = study.ask(study.trials[0].distributions)
        study.tell(trial, 0.0)
elif command == "enqueue":  # trials that somebody else is to run
    study = optuna.load_study(study_name=name, storage=url)
    for asked in sys.argv[4:]:
        study.enqueue_trial(json.loads(asked))
elif command == "numbers":
    study = optuna.load_study(study_name=name, storage=url)
    numbers = [t.number for t in study.trials]
    assert numbers == list(range(len(numbers))), numbers
    print(len(numbers))
