"""Chat templates as this program renders them, against Python's jinja2 set up as transformers sets it up.

    compare_templates.py DRIVER FOLDER [MODEL.gguf…]
    compare_templates.py DRIVER FOLDER --write TABLE

DRIVER is the program of template_driver.c, FOLDER has templates (*.jinja), which are not ours and are not in this
repository: tools/get-llama --sources brings some seventy of real models. A difference that is known and explained is
in KNOWN; any other ends the run with status 1, and so does a known one that is no longer there. --write makes the table
that test_templates.c reads, of hashes of what Python renders.
"""
import datetime
import json
import pathlib
import struct
import subprocess
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = 1767268800  # noon of 1 January 2026

TRICKY = "  Is <|im_end|> [/INST] 'quoted' \"so\"?\n\n{{ x }} ünï \N{GRINNING FACE}\t "
SYSTEM = {"role": "system", "content": "Reason step by step. "}
USER = {"role": "user", "content": "What is 2+2?"}
ANSWER = {"role": "assistant", "content": "\nIt is 4.\n"}
THOUGHT = {"role": "assistant", "content": "<think>\nTwo and two.\n</think>\n\nIt is 4."}
AGAIN = {"role": "user", "content": "And 3+3?"}
CASES = {
    "user": [USER],
    "system, user": [SYSTEM, USER],
    "tricky": [{"role": "user", "content": TRICKY}],
    "tricky system": [{"role": "system", "content": TRICKY}, USER],
    "empty": [{"role": "user", "content": ""}],
    "turns": [USER, ANSWER, AGAIN],
    "system, turns": [SYSTEM, USER, ANSWER, AGAIN, ANSWER, USER],
    "thought": [SYSTEM, USER, THOUGHT, AGAIN],
    "last is assistant": [USER, ANSWER],
    "two users": [USER, AGAIN],
    "system alone": [SYSTEM],
}
# (template, case or "*"): why the two differ.
KNOWN = {
    # functions.{...} without functions: an error in Python, nothing in our interpreter.
    ("fireworks-ai-llama-3-firefunction-v2.jinja", "*"): "what is undefined may be asked for its members",
    # messages[-1] of an empty list, likewise.
    ("NVIDIA-Nemotron-Nano-v2.jinja", "system alone"): "what is undefined may be asked for its members",
}


class Raised(jinja2.exceptions.TemplateError):
    """The template's own raise_exception."""


class Generation(jinja2.ext.Extension):
    """{% generation %} … {% endgeneration %} of transformers: the body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])

    def raise_exception(message):
        raise Raised(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime.fromtimestamp(NOW).strftime(form)
    return env


def expected(env, source, messages):
    try:
        text = env.from_string(source).render(
            messages=messages, tools=None, documents=None, add_generation_prompt=True, bos_token="<BOS>",
            eos_token="<EOS>")
        return {"text": text}
    except Raised as error:
        return {"error": str(error), "refused": True}
    except (jinja2.exceptions.TemplateError, TypeError, ValueError, AttributeError) as error:
        return {"error": str(error), "refused": False}


def template_of(model):
    """The chat template in a GGUF file's metadata; None without one."""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes by type of value
    with open(model, "rb") as file:
        def number(form):
            return struct.unpack(form, file.read(struct.calcsize(form)))[0]

        def text():
            return file.read(number("<Q"))

        def value(kind):
            if kind == 8:
                return text()
            if kind == 9:
                inner, n = number("<I"), number("<Q")
                return [value(inner) for _ in range(n)]
            return file.read(sizes[kind])

        file.seek(16)  # magic, version, tensors
        for _ in range(number("<Q")):
            key, found = text(), value(number("<I"))
            if key == b"tokenizer.chat_template":
                return found.decode()
    return None


def templates(folder, models):
    """Name and source of each."""
    for file in sorted(pathlib.Path(folder).glob("*.jinja")):
        yield file.name, file.read_text()
    for model in models:
        source = template_of(model)
        if source is not None:
            yield pathlib.Path(model).name, source


def fnv1a(text):
    """The hash of the table: FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def table(answers):
    """What test_templates.c reads: the cases, and of each template the hash of each case; "" where it refuses."""
    hashes = {}
    for (file, case, _, _), want in answers:
        known = (file, case) in KNOWN or (file, "*") in KNOWN
        if not known and want.get("refused", True):
            hashes.setdefault(file, {})[case] = fnv1a(want["text"]) if "text" in want else ""
    return {"now": NOW, "cases": CASES, "hashes": hashes}


def main():
    driver, folder, *rest = sys.argv[1:]
    files = list(templates(folder, [] if rest[:1] == ["--write"] else rest))
    asked = [(file, name, source, messages) for file, source in files for name, messages in CASES.items()]
    lines = "".join(
        json.dumps({"template": source, "messages": messages, "bos": "<BOS>", "eos": "<EOS>", "now": NOW}) + "\n"
        for _, _, source, messages in asked)
    done = subprocess.run([driver], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(asked) > 0
    env = environment()
    equal = refused = unexplained = 0
    seen = set()
    wanted = [expected(env, source, messages) for _, _, source, messages in asked]
    if rest[:1] == ["--write"]:
        content = json.dumps(table(zip(asked, wanted)), indent=1, ensure_ascii=False) + "\n"
        pathlib.Path(rest[1]).write_text(content)
    for (file, case, _, _), want, got in zip(asked, wanted, answers):
        if "text" in want and got.get("text") == want["text"]:
            equal += 1
        elif "error" in want and "error" in got and want["refused"] == got["refused"] and (
                not want["refused"] or want["error"] in got["error"]):
            refused += 1
        elif (file, case) in KNOWN or (file, "*") in KNOWN:
            seen.add((file, case) if (file, case) in KNOWN else (file, "*"))
        else:
            print(f"{file}, {case}: differs\n  got  {got}\n  want {want}")
            unexplained += 1
    for place in set(KNOWN) - seen:
        print(f"{place}: no longer differs; take it out of KNOWN")
        unexplained += 1
    print(f"{len(files)} templates, {len(asked)} renderings: {equal} equal, {refused} refused by both, "
          f"{unexplained} unexplained, {len(KNOWN)} kinds of known differences")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
