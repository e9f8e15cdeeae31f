"""What happened, as it happens: lines for people on the terminal, JSON lines for everybody else."""

import json
import queue
import sys
import threading
import time

SPOKEN = "♪"
COLOURS = {"scene": "1;36", "prompt": "33", "good": "32", "bad": "31", "quiet": "2"}


class Timeline:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.events = queue.Queue()
        self.lock = threading.Lock()
        self.colour = sys.stdout.isatty()
        self.scene = None
        self.taps = {}
        self.sentences = {}
        self.last_outcome = 0
        self.last_acknowledged = 0

    def paint(self, text, kind):
        return f"\033[{COLOURS[kind]}m{text}\033[0m" if self.colour else text

    def say(self, text):
        with self.lock:
            print(text, flush=True)

    def open_scene(self, letter, title):
        self.scene = letter
        self.record({"event": "scene", "what": letter, "detail": title})
        self.say("\n" + self.paint(f"({letter}) {title}", "scene"))

    def record(self, event):
        """Writes one event of the tour itself or of the terminal."""
        line = {"scene": self.scene, "time": round(time.time(), 3), **event}
        with self.lock:
            if not self.file.closed:
                self.file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
                self.file.flush()

    def terminal_event(self, event):
        """An event from the terminal's control socket."""
        if event["event"] == "tap":
            self.taps[event["tap"]] = event["at"]
        if event.get("what") == "outcome-durable":
            self.last_outcome = event["sequence"]
        if event["event"] == "acknowledged":
            self.last_acknowledged = event["sequence"]
        self.record(event)
        text = self.describe(event)
        if text:
            self.say(text)
        self.events.put(event)

    def describe(self, event):
        kind = event["event"]
        since = event["at"] - self.taps.get(event.get("tap"), event["at"])
        stamp = f"  {since:>6} ms  " if event.get("tap") else "             "
        detail = event.get("detail", "")
        if kind == "tap":
            return stamp + "card on the reader"
        if kind == "prompt" and event["what"] == "started":
            return stamp + self.paint(f"{SPOKEN} {self.sentences.get(detail, detail)}", "prompt")
        if kind == "prompt" and event["what"] == "cut":
            return stamp + self.paint(f"{SPOKEN} (cut short)", "quiet")
        if kind == "step":
            number = f"record {event['sequence']}" if "sequence" in event else ""
            return stamp + f"{event['what']:<22} {detail or number}"
        if kind == "ended":
            good = event["code"] in ("YK-A00", "YK-A01")
            text = f"{event['what']} [{event['code']}], {event.get('apdus', 0)} APDUs"
            return stamp + self.paint(text, "good" if good else "bad")
        if kind == "acknowledged":
            return stamp + self.paint(f"ledger has every record up to {event['sequence']}", "good")
        if kind == "condition":
            return stamp + self.paint(f"{event['what']} {event['code']}: {detail}", "quiet")
        return None

    def wait_for(self, what, matches, seconds):
        """The next terminal event that matches; None when there is none in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                break
            if matches(event):
                return event
        self.record({"event": "missed", "detail": what})
        return None

    def follow(self):
        while True:
            self.events.get()

    def close(self):
        with self.lock:
            self.file.close()
