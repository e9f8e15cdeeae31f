"""A till of the tour: its screen's keys and states, its scanner, and what else the stack needs for it."""

import http.client
import json
import os
import pty
import signal
import subprocess
import threading
import time
import tty

from stack import Box, Stack, TourError, free_port

NUMBER = 201


class TillStack(Stack):
    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        self.screen_port = free_port()
        self.scanner, line = pty.openpty()
        tty.setraw(line)
        self.till = Box(
            NUMBER, "North canteen 2, window 3", "canteen", "till", "till", "till-state", "till.sock", "till.wav",
            {"screenPort": self.screen_port,
             "canteen": {"scanner": {"profile": "virtual", "path": os.ttyname(line)},
                         "face": {"socket": str(self.run / "face.sock"), "users": [os.getuid()]}}})
        self.boxes.append(self.till)
        self.lives = 0
        self.screen = None

    def open_till(self):
        """Starts the till, each of its lives with a recording of its own."""
        self.lives += 1
        self.till.sound = f"till-{self.lives}.wav"
        self.start_terminal(self.till)
        self.screen = self.screen or Screen(self.screen_port)

    def kill_till(self):
        """As a power cut ends it, but for the disk."""
        process = self.processes.pop(self.till.process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.screen.forget()

    def scan(self, text):
        os.write(self.scanner, text.encode() + b"\r")

    def account(self, person):
        shown = json.loads(self.ledger("account", "show", "--holder", person["holderNumber"], "--json", *self.books, *self.keys))
        return shown

    def give_pin(self, person, digits):
        done = subprocess.run(
            [self.programs / "yika-ledger", "account", "pin", "reset", "--holder", person["holderNumber"],
             *self.books, *self.keys], input=digits + "\n", capture_output=True, text=True)
        if done.returncode:
            raise TourError(f"yika-ledger account pin ended with {done.returncode}: {done.stderr.strip()}")

    def pay_code(self, person):
        return self.ledger(
            "paycode", "--holder", person["holderNumber"], "--key", str(self.run / "phone.key"), "--text", *self.books,
            *self.keys).strip()

    def close_day(self, closing):
        """What the ledger says to a day's figures."""
        link = http.client.HTTPConnection("127.0.0.1", self.ledger_port, timeout=10)
        link.request(
            "POST", f"/v1/terminals/{NUMBER}/closings", json.dumps(closing),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret(NUMBER)[0]}",
             "yika-terminal": str(NUMBER)})
        answer = link.getresponse()
        return json.loads(answer.read())


class Screen:
    """The page's side of the screen: reads its states, presses its keys."""

    def __init__(self, port):
        self.port, self.state = port, None
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def forget(self):
        """What was shown before a kill says nothing about what is shown after it."""
        with self.changed:
            self.state = None

    def read(self):
        while True:
            try:
                link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                link.request("GET", "/events")
                self.follow(link.getresponse())
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)

    def follow(self, events):
        name, data = "message", ""
        for line in events:
            word, _, rest = line.decode().rstrip("\n").partition(": ")
            if word == "event":
                name = rest
            elif word == "data":
                data = rest
            elif not word and data:
                if name == "message":
                    with self.changed:
                        self.state = json.loads(data)
                        self.changed.notify_all()
                name, data = "message", ""

    def wait(self, matches, seconds=10):
        """The state when it matches; None when it does not in time."""
        with self.changed:
            return self.state if self.changed.wait_for(lambda: self.state and matches(self.state), seconds) else None

    def press(self, *keys):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for start in range(0, len(keys), 8):
            link.request(
                "POST", "/keys", json.dumps({"keys": keys[start:start + 8]}),
                {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"})
            answer = link.getresponse()
            answer.read()
            if answer.status >= 300:
                raise TourError(f"the screen refuses keys {keys}: {answer.status}")
