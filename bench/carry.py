#!/usr/bin/env python3
"""bench/carry.py pack FILE.tar.xz FOLDER MODEL DATA | unpack FILE.tar.xz FOLDER MODEL DATA

Runs of many hours go on elsewhere: `pack` puts the output folders under FOLDER into one small file, `unpack` lays them
out again, on any machine, as if they had been made there. The text of the data set stays behind (`problem` and
`ground_truth` of each line), and so do paths: FOLDER, MODEL and DATA are written as names, and filled in again by
`unpack`, from the data set's own records. What persamp refuses to go on with, it still refuses: the records of another
data set do not fit, and config.yaml has the hash of the model.

    bench/carry.py pack bench/runs/table.tar.xz runs/gsm8k "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
    bench/carry.py unpack bench/runs/table.tar.xz runs/gsm8k "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
"""
import io
import json
import pathlib
import re
import sys
import tarfile

# As persamp writes a line: the position, then the two texts, any JSON string.
STRING = r'"(?:[^"\\]|\\.)*"'
TEXTS = re.compile(r'^\{"problem_idx":(\d+),"problem":' + STRING + ',"ground_truth":' + STRING)
BARE = re.compile(r'^\{"problem_idx":(\d+)')


def records_of(data):
    """The texts of a data set, by position, as persamp reads GSM8K's and MATH-500's files."""
    records = [json.loads(line) for line in data.read_text().splitlines() if line.strip()]
    return [
        (r["question"], r["answer"].rsplit("####", 1)[1].strip())
        if "question" in r
        else (r["problem"], r["answer"])
        for r in records
    ]


def without_texts(text):
    return "".join(TEXTS.sub(r'{"problem_idx":\1', line) for line in text.splitlines(keepends=True))


def with_texts(text, records):
    def texts(match):
        problem, truth = (json.dumps(x, ensure_ascii=False) for x in records[int(match[1])])
        return f'{match[0]},"problem":{problem},"ground_truth":{truth}'

    return "".join(BARE.sub(texts, line) for line in text.splitlines(keepends=True))


def pack(archive, folder, names):
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for path in sorted(p for p in folder.rglob("[!.]*") if p.is_file()):
            data = path.read_bytes()
            if not data.startswith(b"GGUF"):
                text = data.decode()
                for name, value in names.items():
                    text = text.replace(value, name)
                data = (without_texts(text) if path.suffix == ".jsonl" else text).encode()
            member = tarfile.TarInfo(str(path.relative_to(folder)))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def unpack(archive, folder, names, records):
    with tarfile.open(archive) as tar:
        for member in tar:
            path = folder / member.name
            if not path.resolve().is_relative_to(folder.resolve()) or not member.isfile():
                sys.exit(f"{archive}: {member.name} is no file under the folder")
            if path.exists():
                sys.exit(f"{path} is there already: unpack into an empty folder")
            data = tar.extractfile(member).read()
            if not data.startswith(b"GGUF"):
                text = data.decode()
                for name, value in names.items():
                    text = text.replace(name, value)
                data = (with_texts(text, records) if path.suffix == ".jsonl" else text).encode()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def main():
    if len(sys.argv) != 6 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    archive, folder, model, data = map(pathlib.Path, sys.argv[2:])
    names = {"@FOLDER@": str(folder), "@MODEL@": str(model), "@DATA@": str(data)}
    for path, there in ((archive if sys.argv[1] == "unpack" else folder, "to read"), (data, "the data set")):
        if not path.exists():
            sys.exit(f"carry.py: {path}: no such file or folder, {there}")
    if sys.argv[1] == "pack":
        pack(archive, folder, names)
    else:
        unpack(archive, folder, names, records_of(data))


if __name__ == "__main__":
    main()
