"""A headless Chromium, driven over its pipe (the DevTools protocol); nothing but the standard library.

Waiting is done in the page, until something holds there or its time is over.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile


def find():
    """The browser's program, or None."""
    return next((place for name in ("chromium", "chromium-browser", "google-chrome")
                 if (place := shutil.which(name)) is not None), None)


class Trouble(Exception):
    pass


class Chromium:
    """The process, until the end of a with. `offline`: no network at all, as for a report that is opened as a file."""

    def __init__(self, program, offline=False):
        self.folder = tempfile.mkdtemp(prefix="persamp-chromium.")
        there, mine = os.pipe()  # what it reads: its descriptor 3
        ours, its = os.pipe()  # what it writes: its descriptor 4
        arguments = [program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=en",
                     "--force-color-profile=srgb", f"--user-data-dir={self.folder}", "about:blank"]
        if offline:
            arguments.insert(1, "--host-resolver-rules=MAP * ~NOTFOUND")
        # A shell puts the pipes where Chromium expects them; they may have any numbers here.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec 3<&{there} 4>&{its}; exec "$@"', "sh", *arguments], pass_fds=(there, its),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(there)
        os.close(its)
        self.out, self.into = os.fdopen(mine, "wb", buffering=0), os.fdopen(ours, "rb")
        self.waiting = b""
        self.last = 0
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.out.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _message(self):
        while b"\0" not in self.waiting:
            more = self.into.read1(1 << 20)
            if not more:
                raise Trouble("the browser has ended")
            self.waiting += more
        text, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, session=None, **parameters):
        self.last += 1
        number = self.last
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[self.out.write(data):]
        while True:
            got = self._message()
            if got.get("id") == number:
                if "error" in got:
                    raise Trouble(f"{method}: {got['error'].get('message')}")
                return got["result"]
            page = self.pages.get(got.get("sessionId"))
            if page is not None:
                page.hear(got.get("method", ""), got.get("params", {}))

    def open(self, url, width=1280, height=900, dark=False):
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        self.pages[session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.send(f"{domain}.enable")
        page.send("Emulation.setFocusEmulationEnabled", enabled=True)  # also for the one that is not in front
        page.resize(width, height)
        page.scheme("dark" if dark else "light")
        page.go(url)
        return page


KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
        "ArrowDown": 40, " ": 32}


class Page:
    def __init__(self, browser, session, target):
        self.browser, self.session, self.target = browser, session, target
        self.complaints = []  # what a console would show in red
        self.requests = []

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def hear(self, method, event):
        if method == "Runtime.exceptionThrown":
            details = event["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details.get("text"))
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(a.get("value", a.get("description"))) for a in event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.complaints.append(event["entry"]["text"] + " " + event["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])

    def close(self):
        self.browser.send("Target.closeTarget", targetId=self.target)
        del self.browser.pages[self.session]

    def go(self, url):
        self.send("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url.split('#')[0])}) && document.readyState === 'complete'")
        self.requests = [one for one in self.requests if one != "about:blank"]

    def resize(self, width, height=900):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def value(self, expression):
        got = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            details = got["exceptionDetails"]
            raise Trouble(details.get("exception", {}).get("description") or details["text"])
        return got["result"].get("value")

    def wait(self, expression, seconds=120):
        """Until it is true in the page; what it is then. The time is for a machine that does much else: what fails, fails late."""
        return self.value(f"""new Promise((resolve, reject) => {{
            const end = performance.now() + {1000 * seconds}
            const look = () => {{
                let value
                try {{ value = ({expression}) }} catch (error) {{ reject(error); return }}
                if (value) resolve(value)
                else if (performance.now() > end) reject(new Error('in vain: ' + {json.dumps(expression)}))
                else setTimeout(look, 10)
            }}
            look()
        }})""")

    def press(self, key, shift=False):
        code = KEYS.get(key, 0)
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        common = dict(key=key, code=key, windowsVirtualKeyCode=code, modifiers=8 if shift else 0)
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        for key in text:
            self.press(key)

    def paste(self, text):
        self.send("Input.insertText", text=text)

    def point(self, selector):
        """Move the pointer to the middle of an element."""
        x, y = self.value(f"""(() => {{
            const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect()
            return [box.x + box.width / 2, box.y + box.height / 2]
        }})()""")
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, file, whole=True):
        height = self.value("document.documentElement.scrollHeight") if whole else 900
        width = self.value("innerWidth")
        clip = dict(x=0, y=0, width=width, height=height, scale=1)
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        pathlib.Path(file).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(file).write_bytes(base64.b64decode(data))
