"""The cycles: a journal at work, killed or cut off at a random moment, started again and asked for what it promised."""

import os
import random
import shutil
import time

from disk import BUILD, Disk, sync_directory
from soak import Lost, Soak

ENDLESS = 1 << 40
# Each lane has a core's worth of work to do and journals of its own. A fixed number, so that a seed means the same on
# every machine; one caller alone writes in an order that repeats, several share their syncs.
LANES = [{"callers": 1, "slots": 16}, {"callers": 4, "slots": 64}]


class Lane:
    """Two journals, one on the file system that loses what was not synced and one on the machine's own."""

    def __init__(self, number, seed, binary, folder, program):
        self.number, self.seed, self.folder = number, seed, folder
        folder.mkdir()
        self.disk = Disk(program, folder / "power-soak")
        self.on_disk = Soak(binary, self.disk.folder, seed, **LANES[number])
        self.on_machine = Soak(binary, folder / "plain-soak", seed, **LANES[number])
        (folder / "plain-soak").mkdir()
        self.counts = {"cuts": 0, "kills": 0, "torn": 0}
        self.start_seconds = self.measure_start()
        self.may_be_damaged = False

    def measure_start(self):
        """How long a process takes from its start to its end, so that kills fall into its work too."""
        took = []
        for _ in range(3):
            begun = time.monotonic()
            life = self.on_machine.start(records=1)
            life.wait()
            life.end()
            took.append(time.monotonic() - begun)
            self.on_machine.take(life, 0, damage_allowed=False)
            life.close()
        return min(took)

    def cycle(self, number):
        """One cycle, as its seed and number decide it."""
        dice = random.Random(f"{self.seed}/{self.number}/{number}")
        soak = self.on_machine if dice.random() < 0.25 else self.on_disk
        try:
            if dice.random() < 0.02:
                self.begin_anew(soak)
            if soak is self.on_disk and dice.random() < 2 / 3:
                self.cut(dice)
                self.counts["cuts"] += 1
            elif soak is self.on_disk and dice.random() < 2 / 3:
                self.kill_at_operation(dice)
                self.counts["kills"] += 1
            else:
                self.kill_at_moment(soak, dice)
                self.counts["kills"] += 1
        except Lost as lost:
            is_on, _ = self.disk.state()
            if not is_on:
                self.disk.restore()
            evidence = BUILD / f"lost-{self.seed}-{self.number}-{number}"
            soak.keep_evidence(evidence)
            raise Lost(f"seed {self.seed}, lane {self.number}, cycle {number}: {lost}; see {evidence}") from None

    def begin_anew(self, soak):
        """Making a journal is work that can be interrupted, too."""
        for path in soak.folder.iterdir():
            path.unlink()
        sync_directory(soak.folder)
        soak.forget()

    def cut(self, dice):
        """The power goes during a random operation, sometimes one of those that open and repair the journal."""
        self.disk.cut(dice.getrandbits(64), operation(dice))
        life = self.on_disk.start(ENDLESS)
        ended = life.wait()
        life.end()
        is_on, _ = self.disk.state()
        # With the power on it had no reason to stop, and with the power off none to go on.
        self.take(self.on_disk, life, 2 if ended and not is_on else "nothing of its own")
        self.restore()

    def restore(self):
        self.disk.restore()
        _, torn = self.disk.state()
        self.counts["torn"] += torn
        # A record lies in one sector; records written together may lie in two, of which only the later got through.
        self.may_be_damaged = self.may_be_damaged or torn > 0 or LANES[self.number]["callers"] > 1
        # Bytes set aside are for people; here nobody would ever remove them.
        for path in self.disk.folder.glob("quarantine-*"):
            path.unlink()
        sync_directory(self.disk.folder)

    def kill_at_operation(self, dice):
        """`kill -9` between two system calls, or in one: moments that are too short to be met by chance."""
        self.disk.kill(dice.getrandbits(64), operation(dice))
        life = self.on_disk.start(ENDLESS)
        ended = life.wait()
        life.end()
        self.disk.kill(0, 0)
        self.take(self.on_disk, life, -9 if ended else "nothing of its own")

    def kill_at_moment(self, soak, dice):
        """`kill -9` at any time: in its start, its recovery, or its work."""
        life = soak.start(ENDLESS)
        ended = life.wait(dice.uniform(0.3, 1.0) * self.start_seconds + dice.choice([0, 0.005, 0.02]) * dice.random())
        life.end()
        self.take(soak, life, "nothing of its own" if ended else -9)

    def take(self, soak, life, ended):
        """What a process left behind."""
        is_checked = soak.take(life, ended, self.may_be_damaged and soak is self.on_disk)
        if is_checked and soak is self.on_disk:
            self.may_be_damaged = False
        life.close()

    def finish(self):
        """Both journals once more, undisturbed to the end; the second opening must find nothing to repair."""
        for soak in (self.on_disk, self.on_machine):
            for _ in range(2):
                life = soak.start(records=20)
                life.wait()
                life.end()
                self.take(soak, life, 0)
        return {**self.counts, "checked": self.on_disk.checked + self.on_machine.checked,
                "damages": self.on_disk.damages + self.on_machine.damages}

    def close(self):
        self.disk.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def operation(dice):
    """Which operation it hits; often one of those that open and repair the journal."""
    return dice.randint(1, 40) if dice.random() < 0.4 else dice.randint(1, 500)


def run_lane(lane, share, report):
    """Cycles until there are as many as asked for or time is up; `report` takes the number done so far."""
    number = 0
    while number < share["cycles"] and time.monotonic() < share["until"].value:
        lane.cycle(number)
        number += 1
        report(number)
    return lane.finish()
