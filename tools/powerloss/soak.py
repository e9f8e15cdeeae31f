"""One journal under `yika journal soak`: its processes, what they answered for, and whether that is still there."""

import os
import select
import shutil
import signal
import subprocess

# Not a time that anything should take: a process that hangs is a finding too.
PATIENCE = 60


class Lost(Exception):
    """The journal did not keep what it had promised."""


class Soak:
    """The journal in one directory, through all its lives."""

    def __init__(self, binary, folder, seed, callers, slots, environment=None):
        self.folder = folder
        self.command = [
            str(binary), "journal", "soak", str(folder), "--check", "--seed", str(seed), "--callers", str(callers),
            "--slots", str(slots),
        ]
        self.environment = environment
        self.checked = 0
        self.damages = 0
        self.forget()

    def forget(self):
        """The directory was emptied."""
        self.answers = {}
        self.unchecked = set()
        self.acknowledged = 0

    def start(self, records):
        """Starts a process that checks what the ones before it answered for, then writes on."""
        given = memory_file("".join(f"answered {s} {r}\n" for s, r in sorted(self.answers.items())))
        os.write(given, f"acknowledged {self.acknowledged}\n".encode())
        os.lseek(given, 0, os.SEEK_SET)
        return Life(self.command + ["--records", str(records)], given, self.environment)

    def take(self, life, ended, damage_allowed):
        """Adds what a process said before its end, and raises `Lost` when it was not to end like that.

        Returns whether it came as far as checking everything.
        """
        opened = checked = False
        for line in life.lines():
            word, *rest = line.split(" ")
            if word in ("answered", "found"):
                self.answers[int(rest[0])] = " ".join(rest[1:])
                self.unchecked.add(int(rest[0]))
            elif word == "acknowledged":
                self.acknowledge(int(rest[0]))
            elif word == "opened":
                opened, cursor = True, int(rest[1])
                self.acknowledge(cursor)
            elif word == "checked":
                checked = True
                self.checked += sum(sequence > cursor for sequence in self.unchecked)
                self.unchecked.clear()
            elif word == "damage:":
                self.damages += 1
                if not damage_allowed:
                    raise Lost(f"the journal says that it is damaged, and no power cut explains it: {line}")
            elif word == "lost:":
                raise Lost(line)
        if life.status != ended:
            raise Lost(f"it ended with {life.status}, not {ended}: {life.complaint()}")
        if ended == 0 and not (opened and checked):
            raise Lost("it ended well without having checked anything")
        return checked

    def acknowledge(self, sequence):
        """What the cursor has passed may be removed at any time; so it may never go back, also when nobody said so
        but an opening that had read it."""
        for old in range(self.acknowledged + 1, sequence + 1):
            self.answers.pop(old, None)
            self.unchecked.discard(old)
        self.acknowledged = max(sequence, self.acknowledged)

    def keep_evidence(self, target):
        """Copies the directory as it is, and what must be in it."""
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.folder, target / "journal")
        lines = [f"answered {sequence} {record}\n" for sequence, record in sorted(self.answers.items())]
        (target / "answers").write_text("".join(lines) + f"acknowledged {self.acknowledged}\n")


class Life:
    """One process. Its lines go to memory that outlives it, so what it said before it was killed is known."""

    def __init__(self, command, given, environment=None):
        self.output, self.errors = memory_file(), memory_file()
        self.process = subprocess.Popen(
            command, stdin=given, stdout=self.output, stderr=self.errors,
            env={**os.environ, **environment} if environment else None)
        os.close(given)
        self.handle = os.pidfd_open(self.process.pid)
        self.status = None

    def wait(self, seconds=PATIENCE):
        """Whether it ended by itself in that time."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def end(self):
        """Kills it if it still runs; then its status is -9."""
        signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self.status = self.process.wait()
        os.close(self.handle)

    def lines(self):
        """Whole lines only: the last one may have been cut short."""
        return contents(self.output).split("\n")[:-1]

    def complaint(self):
        return contents(self.errors).strip() or "no word"

    def close(self):
        os.close(self.output)
        os.close(self.errors)


def memory_file(text=""):
    file = os.memfd_create("soak")
    os.write(file, text.encode())
    return file


def contents(file):
    return os.pread(file, os.fstat(file).st_size, 0).decode()
