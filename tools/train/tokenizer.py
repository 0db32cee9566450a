"""A small byte-level BPE tokenizer, the same in Python and in libllama.

Order of ids: control tokens, LaTeX pieces (matched before anything else, as
libllama does with user-defined tokens), the 256 bytes, then merged words.
Merges are learned on letters only, and one is given for every number from 10 to
99: such a number is one token, so that a sum or product of two is one look-up.
Every sign and every newline is a token of its own.
"""
import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

import regex

from chat import BEGIN, END, PAD, TAG

CONTROL = [PAD, BEGIN, END, TAG]
PIECES = ["\\frac{", "\\boxed{", "\\cdot", "\\equiv", "\\pmod{", "\\ge", "\\le", "^\\circ", "\\%", "}{"]
# The gpt-2 pre-tokenizer, as libllama spells it.
WORD = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


@lru_cache
def byte_chars():
    """The 256 printable characters that stand for bytes in gpt-2 vocabularies."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in keep}, 0
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + extra)
            extra += 1
    return table


class Tokenizer:
    """encode: text -> [int]; decode: [int] -> text."""

    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        chars = byte_chars()
        self.tokens = CONTROL + PIECES + [chars[b] for b in range(256)] + ["".join(m) for m in self.merges]
        self.id = {t: i for i, t in enumerate(self.tokens)}
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self._split = regex.compile("(" + "|".join(
            regex.escape(t) for t in sorted(CONTROL + PIECES, key=len, reverse=True)) + ")")
        self._cache = {}
        self.newline = self.id[chars[10]]
        self._bytes = [t.encode() if i < len(CONTROL + PIECES) else
                       bytes({c: b for b, c in chars.items()}[c] for c in t)
                       for i, t in enumerate(self.tokens)]

    def __len__(self):
        return len(self.tokens)

    def _word(self, word):
        if word not in self._cache:
            parts = [byte_chars()[b] for b in word.encode()]
            while len(parts) > 1:
                best = min(zip(parts, parts[1:]), key=lambda p: self.rank.get(p, 1 << 30))
                if best not in self.rank:
                    break
                i, out = 0, []
                while i < len(parts):
                    if tuple(parts[i:i + 2]) == best:
                        out.append(parts[i] + parts[i + 1])
                        i += 2
                    else:
                        out.append(parts[i])
                        i += 1
                parts = out
            self._cache[word] = [self.id[p] for p in parts]
        return self._cache[word]

    def encode(self, text):
        ids = []
        for part in self._split.split(text):
            if part in self.id and len(part) > 1 and part in self._special:
                ids.append(self.id[part])
            else:
                for word in WORD.findall(part):
                    ids.extend(self._word(word))
        return ids

    _special = frozenset(CONTROL + PIECES)

    def decode(self, ids):
        return b"".join(self._bytes[i] for i in ids).decode("utf-8", "replace")

    def save(self, path):
        Path(path).write_text(json.dumps({"merges": self.merges}, ensure_ascii=False))

    @classmethod
    def load(cls, path):
        return cls(json.loads(Path(path).read_text())["merges"])


def learn_merges(texts, count):
    """The `count` most frequent merges inside words of letters."""
    words = Counter()
    for text in texts:
        for part in regex.split("|".join(map(regex.escape, sorted(CONTROL + PIECES, key=len, reverse=True))), text):
            words.update(w for w in WORD.findall(part) if regex.fullmatch(r" ?\p{L}{2,}", w))
    chars = byte_chars()
    split = {w: [chars[b] for b in w.encode()] for w in words}
    merges = [(str(n // 10), str(n % 10)) for n in range(10, 100)]
    for _ in range(count):
        pairs = Counter()
        for w, n in words.items():
            for p in zip(split[w], split[w][1:]):
                pairs[p] += n
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for w, parts in split.items():
            i, out = 0, []
            while i < len(parts):
                if tuple(parts[i:i + 2]) == best:
                    out.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    out.append(parts[i])
                    i += 1
            split[w] = out
    return merges
