"""A headless Chromium, driven through chromedriver by the WebDriver protocol with what Python has of its own."""

import base64
import json
import re
import subprocess
import time
import urllib.request


class Browser:
    def __init__(self, folder):
        self.log = (folder / "chromedriver.log").open("wb")
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = self._port()
        options = {
            # Root has no sandbox in Chromium; what is shown here is our own page.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--force-device-scale-factor=1", f"--user-data-dir={folder / 'profile'}"],
        }
        capabilities = {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = f"/session/{answer['sessionId']}"
        self.version = answer["capabilities"]["browserVersion"]

    def _port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found[1])
        raise RuntimeError("chromedriver did not start")

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def protocol(self, command, **parameters):
        """A command of Chromium's own protocol."""
        return self._ask("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def display(self, width, height):
        self.protocol("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, url):
        self._ask("POST", f"{self.session}/url", {"url": url})

    def run(self, script, *arguments):
        """The value of a script's `return`."""
        return self._ask("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments, seconds=10.0):
        """Waits until a script returns something true: that, and after how long; None when it does not."""
        start = time.monotonic()
        while True:
            value = self.run(script, *arguments)
            if value:
                return value, time.monotonic() - start
            if time.monotonic() - start > seconds:
                return None
            time.sleep(0.01)

    def keys(self, *presses):
        """Presses keys of the keyboard one after the other, by their WebDriver code points."""
        actions = [{"type": kind, "value": key} for key in presses for kind in ("keyDown", "keyUp")]
        self._ask("POST", f"{self.session}/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector):
        element = self._ask("POST", f"{self.session}/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"{self.session}/element/{next(iter(element.values()))}/click", {})

    def picture(self, path):
        path.write_bytes(base64.b64decode(self._ask("GET", f"{self.session}/screenshot")))

    def messages(self, kind):
        """What has come since it was last asked for: `browser` for the console, `performance` for the network."""
        return self._ask("POST", f"{self.session}/se/log", {"type": kind})

    def close(self):
        try:
            self._ask("DELETE", self.session)
        except (OSError, RuntimeError):
            pass
        self.driver.terminate()
        self.driver.wait(timeout=10)
        self.log.close()
