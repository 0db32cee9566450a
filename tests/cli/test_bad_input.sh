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
expect 2 "dataset_path" "$P" eval --engine.type=toy --evaluation.dataset=math500

# A prompt longer than the context fails its problem only.
cp problems.jsonl long.jsonl
printf '{"problem": "%0200d", "answer": "1"}\n' 7 >>long.jsonl
expect 1 "1 problem failed" "$P" eval --engine.type=toy --evaluation.dataset_path=long.jsonl \
    --models.generator.max_model_len=180 --evaluation.output_dir=long
grep -q '"problem_idx":4,.*"error":"[^"]*180' long/results.jsonl || fail "the long prompt's line has no error"
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
expect 2 "engine.type: openai is not built" "$P" info --engine.type=openai
"$P" info --models.generator.model_path=missing.gguf >out 2>err
if grep -q 'no libllama' err; then finish; fi # the rest is about its models
expect 1 "missing.gguf" "$P" info --engine.type=llama --models.generator.model_path=missing.gguf
expect 1 "models/missing.gguf: cannot open the model" "$P" info --models.generator.model_path=models/missing.gguf
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
