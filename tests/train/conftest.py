"""Fixtures of the Python tests: the shipped models, and libllama as the second opinion."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tools/train"), str(ROOT / "tools/convert_prm"), str(ROOT / "tests/oracle")]


class Driver:
    """libllama answering one question a line about one GGUF; see llama_driver.c."""

    def __init__(self, program, libs, model):
        self.p = subprocess.Popen([program, str(model), str(libs)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, what, text):
        self.p.stdin.write(f"{what} {text}\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def tokens(self, text):
        return [int(t) for t in self.ask("tokens", text.encode().hex()).split()]

    def chat(self, text):
        return bytes.fromhex(self.ask("chat", text.encode().hex())).decode()

    def rows(self, what, ids):
        import numpy as np
        answer = self.ask(what, " ".join(map(str, ids)))
        return np.array(answer.split(), np.float32).reshape(len(ids), -1)

    def close(self):
        self.p.stdin.close()
        self.p.wait()


@pytest.fixture(scope="session")
def libllama(tmp_path_factory):
    """Function: path of a GGUF -> Driver. Skips where libllama has not been fetched."""
    found = subprocess.run([ROOT / "tools/get-llama", "--check"], capture_output=True, text=True)
    if found.returncode or not shutil.which("cc"):
        pytest.skip("libllama is not here; run tools/get-llama")
    home = Path(found.stdout.strip())
    program = tmp_path_factory.mktemp("driver") / "llama_driver"
    subprocess.run(["cc", "-O1", "-o", program, ROOT / "tests/train/llama_driver.c", f"-I{home}/include",
                    f"-L{home}/lib", "-lllama", "-lggml", "-lggml-base", f"-Wl,-rpath,{home}/lib"], check=True)
    drivers = []

    def start(model):
        drivers.append(Driver(program, home / "lib", model))
        return drivers[-1]

    yield start
    for d in drivers:
        d.close()


@pytest.fixture(scope="session")
def root():
    return ROOT
