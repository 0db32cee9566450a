"""What a server gives to somebody who only asks: an evaluation's requests are recorded, and sent again by
build/bench/bench_remote, which reads nothing of the answers. Shared by remote_eval.py and its_hub/compare."""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOADER = os.environ.get("PERSAMP_LOADER", str(ROOT / "build/bench/bench_remote"))
ASKS = ("/completion", "/v1/completions") # llama-server's and vLLM's


def is_of_the_start(body):
    """The engine asks one fixed text for its likeliest tokens, and what the server's numbers are of."""
    asked = json.loads(body)
    n = asked.get("n_predict", asked.get("max_tokens"))
    return (n == 8 and asked["temperature"] == 0) or (n == 1 and asked["top_k"] == 1)


@contextlib.contextmanager
def recorder(server, kept):
    """The address of a proxy that adds what is asked for tokens to `kept`, as lines for `replay`."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path in ASKS and not is_of_the_start(body):
                kept.append(self.path + "\t" + body.decode() + "\n")
            link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
            link.request(self.command, self.path, body or None, {"Content-Type": "application/json"})
            answer = link.getresponse()
            data = answer.read()
            link.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type", ""))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = pass_on

        def log_message(self, *_):
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
    finally:
        proxy.shutdown()


def replay(server, requests, in_flight):
    """Seconds that the server takes for a file of recorded lines, so many at once."""
    done = subprocess.run([LOADER, "replay", f"{server.url}/v1", requests, str(in_flight)], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)["seconds"]
