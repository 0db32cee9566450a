"""The real servers, started for as long as a `with` lasts, and plain requests to them. Shared by record and run."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
REASONER = ROOT / "models/reasoner.gguf"
CACHE = pathlib.Path(os.environ.get("PERSAMP_SERVERS_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "persamp-servers")


class Server:
    """One of tests/servers. It can be killed and started again at the same address."""

    def __init__(self, name, model=REASONER, flags=(), key=None):
        self.name, self.model, self.flags, self.key = name, str(model), list(flags), key
        self.port, self.process = 0, None
        if key:
            self.flags += ["--api-key", key]

    def start(self):
        environment = dict(os.environ, PERSAMP_SERVER_LOG=str(CACHE / f"{self.name}-test.log"))
        environment.setdefault("OMP_NUM_THREADS", "1")
        CACHE.mkdir(parents=True, exist_ok=True)
        # A group of its own: to be killed with all that it started.
        self.process = subprocess.Popen([ROOT / "tests/servers" / f"start-{self.name}", self.model, str(self.port),
                                         *self.flags], stdout=subprocess.PIPE, text=True, env=environment,
                                        start_new_session=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"{self.name} does not start; its log: {environment['PERSAMP_SERVER_LOG']}")
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                pass
        with contextlib.suppress(ProcessLookupError): # what it may have left
            os.killpg(self.process.pid, signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def ask(self, path, body=None, key=True, method=None):
        """(status, content type, text) of a request; `body` is an object, or bytes that are sent as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Content-Type": "application/json"}
        if self.key and key:
            headers["Authorization"] = f"Bearer {self.key if key is True else key}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method or ("GET" if body is None else "POST"), path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.getheader("Content-Type", ""), text

    def json(self, path, body=None):
        status, _, text = self.ask(path, body)
        if status != 200:
            raise RuntimeError(f"{self.name} {path}: {status} {text[:500]}")
        return json.loads(text)


def scratch():
    """A folder that goes away."""
    return tempfile.TemporaryDirectory(prefix="persamp-remote-")
