#!/bin/sh
# Every bad input that can be had without a model: a clear message and the right exit code, never a crash.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 4

# Data sets.
expect 1 "nowhere.jsonl" "$P" eval --engine.type=toy --evaluation.dataset_path=nowhere.jsonl
: >empty.jsonl
expect 1 "empty.jsonl: empty" "$P" eval --engine.type=toy --evaluation.dataset_path=empty.jsonl
expect 1 "Is a directory" "$P" eval --engine.type=toy --evaluation.dataset_path=.
[ ! -e outputs ] || fail "a data set that cannot be read leaves an output folder"
{
    cat problems.jsonl
    echo 'this is not JSON'
    echo '{"problem": "no answer"}'
} >partly.jsonl
expect 1 "partly.jsonl:5: not JSON" "$P" eval --engine.type=toy --evaluation.dataset_path=partly.jsonl
grep -q 'partly.jsonl:6: no field answer' err || fail "line 6 is not named"
grep -q '2 records of the data set could not be used' out || fail "the summary does not count the bad lines"
[ "$(wc -l <outputs/results.jsonl)" = 4 ] || fail "the good lines were not run"
grep -q '"unusable_records": 2' outputs/summary.json || fail "summary.json does not count the bad lines"
printf '[{"problem": "a", "answer": 1},\n\n\n{"problem": "b"}]' >array.json
expect 1 "array.json: element 2: no field answer" "$P" eval --engine.type=toy --evaluation.dataset_path=array.json \
    --evaluation.output_dir=array
expect 2 "--offset 9" toy_eval --offset 9 --evaluation.output_dir=o

# A million bad records take eleven lines. (The summary counts them all.)
{
    head -n 1 problems.jsonl
    yes '{' | head -n 1000000
} >million.jsonl
expect 1 "million.jsonl: … and 999,990 more" "$P" eval --engine.type=toy --evaluation.dataset_path=million.jsonl \
    --evaluation.output_dir=million
[ "$(wc -l <err)" -lt 20 ] || fail "a million bad records print $(wc -l <err) lines"
grep -q 'million.jsonl:11: not JSON' err || fail "the tenth bad record is not named"
grep -q '1000000 records of the data set could not be used' out || fail "the bad records are not counted"

# Nobody writes into a FIFO: it is not waited for. What a pipe brings is read.
mkfifo fifo.jsonl
expect 1 "fifo.jsonl: not a regular file" "$P" eval --engine.type=toy --evaluation.dataset_path=fifo.jsonl
for name in - /dev/stdin; do
    "$P" eval --engine.type=toy --evaluation.dataset_path=$name --evaluation.output_dir=piped --fresh \
        <problems.jsonl >out 2>err || fail "$name is not read"
    [ "$(wc -l <piped/results.jsonl)" = 4 ] || fail "not all of $name is solved"
done
if "$P" info >out 2>err; then # with libllama: nothing may have read the pipe before the model is loaded
    head -n 2 "$SOURCE/data/test.jsonl" | "$P" eval --limit 1 --evaluation.dataset_path=- --generation.n_particles=2 \
        --evaluation.output_dir=model >out 2>err || fail "a pipe is not read with a model"
fi

# Sets by name: nowhere, in the hub's cache, and in a data folder; other fields.
HF_HOME=$WORK/hf XDG_DATA_HOME=$WORK/share
export HF_HOME XDG_DATA_HOME
unset HF_HUB_CACHE HUGGINGFACE_HUB_CACHE
expect 1 "hf download --repo-type dataset HuggingFaceH4/MATH-500 test.jsonl" \
    "$P" eval --engine.type=toy --evaluation.dataset=math500
expect 1 "hf download --repo-type dataset math-ai/aime25 test.jsonl" \
    "$P" eval --engine.type=toy --engine.toy.kind=synthetic --evaluation.dataset=aime25
set=hf/hub/datasets--HuggingFaceH4--MATH-500
mkdir -p $set/blobs $set/refs $set/snapshots/6e4e
cp problems.jsonl $set/blobs/35dc
ln -s ../../blobs/35dc $set/snapshots/6e4e/test.jsonl
printf 6e4e >$set/refs/main
expect 0 "" "$P" eval --engine.type=toy --evaluation.dataset=math500 --evaluation.output_dir=cached
[ "$(wc -l <cached/results.jsonl)" = 4 ] || fail "the data set in the hub's cache is not solved"
mkdir -p moved/models--Some--Model/snapshots/1
mv hf/hub/* moved/
touch moved/models--Some--Model/snapshots/1/model.gguf
for variable in HF_HUB_CACHE HUGGINGFACE_HUB_CACHE; do
    expect 0 "" env "$variable=$WORK/moved" "$P" eval --engine.type=toy --evaluation.dataset=math500 \
        --evaluation.output_dir=$variable
    expect 1 "moved/models--Some--Model/snapshots/1/model.gguf" env "$variable=$WORK/moved" "$P" info \
        --models.generator.model_path=Some/Model
done
expect 1 "in the hub's cache $WORK/hf/hub" "$P" eval --engine.type=toy --evaluation.dataset=math500
mv moved/datasets* hf/hub/
mkdir data
sed 's/"problem"/"text"/' problems.jsonl >data/gsm8k.jsonl
expect 1 "data/gsm8k.jsonl:1: no field question or problem; the record has text and answer; name its field with" \
    "$P" eval --engine.type=toy --evaluation.dataset=gsm8k --evaluation.output_dir=named
expect 0 "" "$P" eval --engine.type=toy --evaluation.dataset=gsm8k --evaluation.fields.problem=text \
    --evaluation.output_dir=named
printf 'evaluation: {dataset: gsm8k, fields: {problem: text}}\n' >fields.yaml
expect 0 "" "$P" eval --engine.type=toy --config fields.yaml --evaluation.output_dir=named
printf 'evaluation: {fields: {problme: text}}\n' >fields.yaml
expect 2 "did you mean evaluation.fields.problem" "$P" eval --engine.type=toy --config fields.yaml

# A prompt longer than the context fails its problem only.
cp problems.jsonl long.jsonl
printf '{"problem": "%0200d", "answer": "1"}\n' 7 >>long.jsonl
expect 1 "1 problem failed" "$P" eval --engine.type=toy --evaluation.dataset_path=long.jsonl \
    --models.generator.max_model_len=180 --evaluation.output_dir=long
grep -q '"problem_idx":4,.*"error":"[^"]*180' long/results.jsonl || fail "the long prompt's line has no error"
grep -Eq '^method .* failed$' out && grep -Eq '^persistent  *5 .* 1$' out || fail "the row of the table does not count it"
expect 1 "context holds 16" "$P" solve --engine.type=toy --models.generator.max_model_len=16 'longer than sixteen bytes'

# Output folders.
echo x >file
expect 1 "is a file" toy_eval --evaluation.output_dir=file
expect 1 "file" toy_eval --evaluation.output_dir=file/below
expect 1 "cannot make" toy_eval --evaluation.output_dir=/proc/persamp
if [ -d /sys/kernel ]; then # where nobody can make a folder, root included: the reason is the real one
    expect 1 "cannot make" toy_eval --evaluation.output_dir=/sys/persamp
    if grep -q 'No such file' err; then fail "the reason given is not why no folder can be made"; fi
fi
expect 2 "output_dir: the value is empty" toy_eval --evaluation.output_dir=
mkdir readonly && chmod 555 readonly
if ! touch readonly/x 2>/dev/null; then # not for root
    expect 1 "cannot write" toy_eval --evaluation.output_dir=readonly
fi

# A full disk: files may have 2 blocks of 512 bytes here, and writing more is an error, not a signal.
(
    trap '' XFSZ
    ulimit -f 40
    exec "$P" eval --engine.type=toy --evaluation.dataset_path="$SOURCE/data/test.jsonl" \
        --evaluation.output_dir=full --limit 200
) >out 2>err
[ $? = 1 ] || fail "exit code on a full disk"
grep -q 'cannot write' err || fail "nothing is said of the full disk"
tail -c 1 full/results.jsonl | od -c | grep -q '\\n' || fail "the full disk left a torn line"
expect 0 "are done already" "$P" eval --engine.type=toy --evaluation.dataset_path="$SOURCE/data/test.jsonl" \
    --evaluation.output_dir=full --limit 200
[ "$(wc -l <full/results.jsonl)" = 200 ] || fail "after the full disk not every problem is there once"

# Another run in the folder; another run's results; a line that is none.
expect 0 "" toy_eval --evaluation.output_dir=busy --limit 1
if command -v flock >/dev/null; then
    flock busy/results.jsonl "$P" eval --engine.type=toy --evaluation.dataset_path=problems.jsonl \
        --evaluation.output_dir=busy >out 2>err
    [ $? = 2 ] || fail "exit code with another run in the folder"
    grep -q 'another run' err || fail "another run in the folder is not named"
fi
echo 'not a result' >>busy/results.jsonl
expect 1 "results.jsonl:2: not a result line" toy_eval --evaluation.output_dir=busy

# Tables of the toy engine; models that are none; engines that are not there.
expect 1 "table.json" "$P" solve --engine.type=toy --engine.toy.table=table.json x
echo '{"tokens": []' >table.json
expect 1 "table.json:" "$P" solve --engine.type=toy --engine.toy.table=table.json x
expect 1 "http://127.0.0.1:1/v1/models: Failed to connect" \
    "$P" info --engine.type=openai --engine.openai.base_url=http://127.0.0.1:1/v1
expect 2 "engine.deterministic: a server's results depend" "$P" info --engine.type=openai --engine.deterministic=true
"$P" info --models.generator.model_path=missing.gguf >out 2>err
if grep -q 'no libllama' err; then finish; fi # the rest is about its models
expect 1 "missing.gguf" "$P" info --engine.type=llama --models.generator.model_path=missing.gguf
expect 1 "models/missing.gguf: cannot open: No such file" "$P" info --models.generator.model_path=models/missing.gguf
if grep -q 'hub' err; then fail "a file that is not there is taken for a hub name"; fi
expect 1 "Nobody/Nothing" "$P" info --engine.type=llama --models.generator.model_path=Nobody/Nothing
: >empty.gguf
head -c 100000 /dev/zero >zeros.gguf
head -c 5000 "$P" >program.gguf
printf 'GGUF\003\000\000\000' >header.gguf
expect 1 "nowhere.jsonl" "$P" eval --models.generator.model_path=missing.gguf --evaluation.dataset_path=nowhere.jsonl
for model in empty zeros program header; do
    expect 1 "$model.gguf" "$P" info --models.generator.model_path=$model.gguf
    expect 1 "$model.gguf" "$P" eval --models.generator.model_path=$model.gguf --limit 1
done
expect 1 "." "$P" solve --models.generator.model_path=. x
if [ -s "$SOURCE/models/reasoner.gguf" ] && [ "$(head -c 4 "$SOURCE/models/reasoner.gguf")" = GGUF ]; then
    size=$(wc -c <"$SOURCE/models/reasoner.gguf")
    for part in 20 1000 $((size / 100)) $((size / 2)) $((size - 1)); do
        head -c "$part" "$SOURCE/models/reasoner.gguf" >cut.gguf
        expect 1 "cut.gguf" "$P" solve --models.generator.model_path=cut.gguf 'x'
    done
fi
finish
