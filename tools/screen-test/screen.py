"""The screen's server with nobody behind it: `screen-driver`, which shows the states it is told and says the keys it gets."""

import json
import queue
import signal
import subprocess
import threading


class Screen:
    def __init__(self, program):
        self.program, self.port, self.process = program, 0, None
        self.start()

    def start(self):
        """Starts it, on the port that it had before."""
        self.keys, self.version, self.last = queue.Queue(), 0, None
        self.process = subprocess.Popen(
            [self.program, str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        threading.Thread(target=self._listen, args=(self.process, self.keys), daemon=True).start()

    @staticmethod
    def _listen(process, keys):
        for line in process.stdout:
            keys.put(json.loads(line)["key"])

    def show(self, state):
        """Shows a state: its number. The same one once more is no change and keeps its number."""
        if state != self.last:
            self.version, self.last = self.version + 1, state
            self.process.stdin.write(json.dumps(state, ensure_ascii=False) + "\n")
            self.process.stdin.flush()
        return self.version

    def pressed(self, count, seconds=5.0):
        """The next keys, as many as came in time."""
        keys = []
        try:
            while len(keys) < count:
                keys.append(self.keys.get(timeout=seconds))
        except queue.Empty:
            pass
        return keys

    def url(self, path, language):
        return f"http://127.0.0.1:{self.port}{path}?lang={language}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def halt(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def memory(self, field):
        """A figure of its memory, in KB, as the kernel counts it."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(timeout=10)
