/* The tables of a study: Optuna's, schema version 12, as its own code makes them on SQLite and on PostgreSQL (optuna
 * 5.0.0); and beside them three of ours, which Optuna passes over. */
#ifndef PERSAMP_TUNE_TABLES_H
#define PERSAMP_TUNE_TABLES_H

#define PS_OPTUNA_SCHEMA  12
#define PS_OPTUNA_VERSION "5.0.0"
#define PS_OPTUNA_ALEMBIC "v3.2.0.a"

/* clang-format off */
#define PS_TABLES_OPTUNA(ID, REAL, TIME, DIRECTION, STATE, VALUE, INTERMEDIATE)                                        \
    "CREATE TABLE studies (study_id " ID ", study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));"                \
    "CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, "                            \
    "library_version VARCHAR(256), PRIMARY KEY (version_info_id), CHECK (version_info_id=1));"                         \
    "CREATE TABLE study_directions (study_direction_id " ID ", direction " DIRECTION " NOT NULL, "                     \
    "study_id INTEGER NOT NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id), "                        \
    "UNIQUE (study_id, objective), FOREIGN KEY(study_id) REFERENCES studies (study_id));"                              \
    "CREATE TABLE study_user_attributes (study_user_attribute_id " ID ", study_id INTEGER, \"key\" VARCHAR(512), "     \
    "value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, \"key\"), "                             \
    "FOREIGN KEY(study_id) REFERENCES studies (study_id));"                                                            \
    "CREATE TABLE study_system_attributes (study_system_attribute_id " ID ", study_id INTEGER, "                       \
    "\"key\" VARCHAR(512), value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, \"key\"), "     \
    "FOREIGN KEY(study_id) REFERENCES studies (study_id));"                                                            \
    "CREATE TABLE trials (trial_id " ID ", number INTEGER, study_id INTEGER, state " STATE " NOT NULL, "               \
    "datetime_start " TIME ", datetime_complete " TIME ", PRIMARY KEY (trial_id), "                                    \
    "FOREIGN KEY(study_id) REFERENCES studies (study_id));"                                                            \
    "CREATE TABLE trial_user_attributes (trial_user_attribute_id " ID ", trial_id INTEGER, \"key\" VARCHAR(512), "     \
    "value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, \"key\"), "                             \
    "FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"                                                             \
    "CREATE TABLE trial_system_attributes (trial_system_attribute_id " ID ", trial_id INTEGER, "                       \
    "\"key\" VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, \"key\"), "     \
    "FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"                                                             \
    "CREATE TABLE trial_params (param_id " ID ", trial_id INTEGER, param_name VARCHAR(512), param_value " REAL ", "    \
    "distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name), "                                  \
    "FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"                                                             \
    "CREATE TABLE trial_values (trial_value_id " ID ", trial_id INTEGER NOT NULL, objective INTEGER NOT NULL, "        \
    "value " REAL ", value_type " VALUE " NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective), "      \
    "FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"                                                             \
    "CREATE TABLE trial_intermediate_values (trial_intermediate_value_id " ID ", trial_id INTEGER NOT NULL, "          \
    "step INTEGER NOT NULL, intermediate_value " REAL ", intermediate_value_type " INTERMEDIATE " NOT NULL, "          \
    "PRIMARY KEY (trial_intermediate_value_id), UNIQUE (trial_id, step), "                                             \
    "FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"                                                             \
    "CREATE TABLE trial_heartbeats (trial_heartbeat_id " ID ", trial_id INTEGER NOT NULL, "                            \
    "heartbeat " TIME " NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id), "                               \
    "FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"                                                             \
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "                                                 \
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));"                                                       \
    "CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);"                                               \
    "CREATE INDEX ix_trials_study_id ON trials (study_id);"                                                            \
    "INSERT INTO version_info VALUES (1, 12, '" PS_OPTUNA_VERSION "');"                                                \
    "INSERT INTO alembic_version VALUES ('" PS_OPTUNA_ALEMBIC "');"

/* Who works on a trial, and until when by the database's clock it is to be believed (taken: how many times as long as the
 * worker says, a power of two); what came of each problem under
 * each configuration; the steps that were drawn for it (ps_steps), under what decides them, in as many parts as there
 * were searches that drew new ones. */
#define PS_TABLES_OURS(SECONDS, REAL)                                                                                  \
    "CREATE TABLE IF NOT EXISTS persamp_leases (trial_id INTEGER NOT NULL PRIMARY KEY, owner VARCHAR(64) NOT NULL, "   \
    "taken INTEGER NOT NULL, expires " SECONDS " NOT NULL);"                                                           \
    "CREATE TABLE IF NOT EXISTS persamp_results (setting CHAR(32) NOT NULL, problem BIGINT NOT NULL, "                 \
    "right_by INTEGER NOT NULL, confidence TEXT NOT NULL, tokens BIGINT NOT NULL, seconds " REAL " NOT NULL, "         \
    "truncated INTEGER NOT NULL, PRIMARY KEY (setting, problem));"                                                     \
    "CREATE TABLE IF NOT EXISTS persamp_samples (draws CHAR(32) NOT NULL, problem BIGINT NOT NULL, "                   \
    "part CHAR(32) NOT NULL, steps TEXT NOT NULL, PRIMARY KEY (draws, problem, part));"

#define PS_TABLES_SQLITE                                                                                               \
    PS_TABLES_OPTUNA("INTEGER NOT NULL", "FLOAT", "DATETIME", "VARCHAR(8)", "VARCHAR(8)", "VARCHAR(7)", "VARCHAR(7)")  \
    PS_TABLES_OURS("REAL", "FLOAT")
#define PS_TABLES_POSTGRES                                                                                             \
    "CREATE TYPE studydirection AS ENUM ('NOT_SET', 'MINIMIZE', 'MAXIMIZE');"                                          \
    "CREATE TYPE trialintermediatevaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG', 'NAN');"                          \
    "CREATE TYPE trialstate AS ENUM ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING');"                             \
    "CREATE TYPE trialvaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG');"                                             \
    PS_TABLES_OPTUNA("SERIAL NOT NULL", "DOUBLE PRECISION", "TIMESTAMP WITHOUT TIME ZONE", "studydirection",           \
                     "trialstate", "trialvaluetype", "trialintermediatevaluetype")                                     \
    PS_TABLES_OURS("DOUBLE PRECISION", "DOUBLE PRECISION")
/* clang-format on */

#endif
