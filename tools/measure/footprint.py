"""Measures what the daemon weighs: its size, its memory after much work, its start, and what it does while it idles.

Two terminals are measured one after the other on the real stack, a kiosk and a till, both of a campus with 20,000 people
whose cards are all on the hotlist. Each of the kiosk's taps activates another holder's card; each of the till's is a sale.

A day of either, in minutes: `--day` taps more, while the ledger goes away and comes back 30 times, and its settings change
200 times and are fetched with as many heartbeats. The real daemon has no clock that could be put forward, so what waits for
the clock alone, as a credential that expires, is not in it.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "tour"))

from stack import Box, Stack, TourError, free_port  # noqa: E402
from till import NUMBER as TILL, Screen  # noqa: E402
from timeline import Timeline  # noqa: E402

SHIPPED = ["yikad", "yika", "yika-ledger", "yika-reader-reset"]
# What the daemon is linked with, for the floor.
LIBRARIES = ["pcsclite", "asound", "speexdsp", "curl", "z", "microhttpd", "m"]
IDLE_SECONDS = 30
START_SECONDS = 10
STARTS = 7
# The daemon looks every 5 s whether it has been quiet, and then gives back what the cards left.
SETTLE_SECONDS = 12
# Growth is counted from this tap on: until then memory is taken that is kept.
WARM = 200
LISTED = 20_000
OUTAGES, CHANGES = 30, 200
# Who comes to the till again and again: from the second time on there is an allowance on the card for when the ledger is away.
HOLDERS = 100


class Quiet(Timeline):
    """Events without lines on the terminal, and without a file that grows."""

    def say(self, text):
        pass

    def record(self, event):
        pass


def figure(name, value, unit, budget=None, floor=None):
    return {
        "name": name, "value": round(value, 3), "unit": unit, "floor": floor if floor is None else round(floor, 3),
        "ratio": round(value / floor, 3) if floor else None, "budget": budget,
        "ok": budget is None or value <= budget,
    }


def memory(pid):
    """What the kernel counts for a process, in bytes: resident, its share of what it shares, and what is nobody else's."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(re.search(rf"^{name}: +(\d+) kB", text, re.M)[1]) * 1024 for name in ("Rss", "Pss", "Anonymous")}


def cpu_seconds(pid):
    """Time that a process's threads have spent on a processor, to the nanosecond (the kernel's sched-stats, field 1)."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks(pid)) / 1e9


def wakes(pid):
    """How often its threads have waited for something."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.M)[1])
               for task in tasks(pid))


def tasks(pid):
    return pathlib.Path(f"/proc/{pid}/task").iterdir()


def boot_milliseconds():
    """The clock that floor.c reads."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6


class Floors:
    """A C program that is linked with the daemon's libraries (floor.c), and a Swift program that says one word."""

    def __init__(self, folder):
        self.c, self.swift = folder / "floor", folder / "floor-swift"
        headers = subprocess.run(["pkg-config", "--cflags", "libpcsclite"], check=True, capture_output=True, text=True)
        subprocess.run(
            ["gcc", "-O2", *headers.stdout.split(), pathlib.Path(__file__).with_name("floor.c"), "-o", self.c,
             "-Wl,--no-as-needed", *(f"-l{name}" for name in LIBRARIES)], check=True)
        source = folder / "floor.swift"
        source.write_text('import FoundationEssentials\nprint(Data("ready".utf8).count)\n')
        subprocess.run(["swiftc", "-O", "-static-stdlib", source, "-o", self.swift], check=True, cwd=folder)
        subprocess.run(["strip", self.swift], check=True)

    def asleep(self):
        """Memory of a program that only sleeps, its waking and its time on a processor."""
        process = subprocess.Popen([self.c, "sleep"])
        try:
            time.sleep(1)
            return memory(process.pid), idle(process.pid, 3)
        finally:
            process.kill()
            process.wait()


def idle(pid, seconds):
    """Waking per second, and time on a processor in per cent."""
    woken, spent, began = wakes(pid), cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return (wakes(pid) - woken) / took, (cpu_seconds(pid) - spent) / took * 100


class Bench(Stack):
    """The real stack, with two hands that lay cards on vpcd's two slots: pcscd looks at each but every 0.4 s."""

    HANDS = 2

    def __init__(self, out, programs, taps):
        super().__init__(out, programs, Quiet(os.devnull), measured=True)
        self.screen_port = free_port()
        self.kiosk = Box(101, "measured kiosk", "activation", "kiosk", "kiosk", "kiosk-state", "kiosk.sock", "kiosk.wav")
        self.till = Box(
            TILL, "measured till", "canteen", "till", "till", "till-state", "till.sock", "till.wav",
            {"screenPort": self.screen_port})
        self.boxes = [self.kiosk, self.till]
        someone = self.campus["people"][0]
        # Each tap of the kiosk's is the whole activation of another holder's card.
        self.people = [
            {**someone, "holderNumber": f"3{number:08}", "name": f"测量{number}", "uid": f"{0x04BE0000 + number:08x}",
             "openingBalanceFen": 1_000_000}
            for number in range(taps)]
        self.campus["people"] = self.people
        self.hands = []

    def prepare(self, listed):
        for folder in ("run", "cards/before", "cards/after", "log"):
            (self.out / folder).mkdir(parents=True)
        self.prepare_ledger()
        self.set("heartbeatMilliseconds", 1000)
        self.list_lost(listed)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.images = list(pool.map(self.new_card, self.people))
        self.start_ledger()
        self.start_pcscd()
        self.hands = [Hand(self, slot) for slot in range(self.HANDS)]

    def set(self, name, value):
        command = ["settings", "set", name, json.dumps(value), "--database", str(self.out / "ledger.sqlite")]
        for _ in range(20):
            # While the ledger writes, SQLite lets nobody else.
            with contextlib.suppress(TourError):
                return self.ledger(*command)
            time.sleep(0.2)
        raise TourError("the ledger's settings cannot be changed")

    def list_lost(self, count):
        """Reports so many cards lost that nobody at this terminal has."""
        numbers = [f"4{number:08}" for number in range(count)]
        file = self.run / "lost.json"
        file.write_text(json.dumps({
            "accounts": [{"holderNumber": number, "name": number, "kind": "student"} for number in numbers],
            "reportedLost": numbers}))
        self.ledger("import", str(file), *self.books, *self.keys)

    def spawn(self, name, command, **options):
        self.spawned = time.time() * 1000 % 86_400_000
        return super().spawn(name, command, **options)

    def watch_terminal(self, box):
        """Listens from the moment when the socket is there, so that not even the first tap is missed."""
        watcher, deadline = socket.socket(socket.AF_UNIX), time.monotonic() + START_SECONDS
        while watcher.connect_ex(str(self.run / box.socket)):
            if self.processes[box.process].poll() is not None or time.monotonic() > deadline:
                raise TourError(f"{box.process} does not start; see {self.out}/log/{box.process}.log")
            time.sleep(0.0005)
        threading.Thread(target=self.listen, args=(watcher,), daemon=True).start()

    def listen(self, watcher):
        for line in watcher.makefile("r", encoding="utf-8"):
            event = json.loads(line)
            for hand in self.hands:
                hand.hear(event)

    def open(self, box):
        self.start_terminal(box)
        return self.processes[box.process].pid

    def first_tap(self, box, since):
        """When the terminal's log says that the first card came, as a time of day in milliseconds. A tap that was there
        before it is sooner than anybody can be let in at the control socket."""
        log, deadline = self.out / "log" / f"{box.process}.log", time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(r"^(\d+):(\d+):([\d.]+)Z info tap ", log.read_text()[since:], re.M)
            if found:
                return (int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])) * 1000
            time.sleep(0.05)
        raise TourError(f"{box.process} sees no card; see {log}")

    def close(self):
        self.stop()
        for hand in self.hands:
            hand.process.kill()
            hand.process.wait()


class Hand:
    """Lays cards on one slot of vpcd, as fast as pcscd sees them come and go."""

    def __init__(self, stack, slot):
        self.stack, self.slot = stack, slot
        self.reader = f"Virtual PCD 00 0{slot}"
        self.ended, self.removed = threading.Semaphore(0), threading.Semaphore(0)
        self.code = None
        self.process = subprocess.Popen(
            [stack.programs / "yika", "simulate", "card", "--interactive", "--image", stack.images[0], "--reader", "acr122u",
             "--profiles", TOOLS.parent / "device-profiles" / "readers", "--port", str(stack.card_port + slot),
             "--latency", "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.processes[f"hand-{slot}"] = self.process
        self.await_event("ready")

    def await_event(self, name):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == name:
                return
            if event["event"] == "error":
                raise TourError(event["message"])
        raise TourError("the card process has ended")

    def order(self, until, **words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        self.await_event(until)

    def hear(self, event):
        if event.get("reader") == self.reader and event["event"] == "ended":
            self.code = event["code"]
            self.ended.release()
        if event.get("reader") == self.reader and event["event"] == "removed":
            self.removed.release()

    def lay(self, image):
        self.order("loaded", do="load", image=str(image))
        self.order("laid", do="lay")

    def await_end(self, *codes):
        if not self.ended.acquire(timeout=20):
            raise TourError(f"a card on {self.reader} was not answered; see {self.stack.out}/log")
        if self.code not in codes:
            raise TourError(f"a tap ended as {self.code}; see {self.stack.out}/log")

    def lift(self, save=None):
        if save:
            self.order("saved", do="save", path=str(save))
        self.order("lifted", do="lift")

    def await_removal(self):
        if not self.removed.acquire(timeout=20):
            raise TourError(f"no card left {self.reader}; see {self.stack.out}/log")


class Kiosk:
    """Activates cards, both hands at a time."""

    name = "kiosk"

    def __init__(self, stack):
        self.stack, self.box = stack, stack.kiosk
        self.cards = iter(stack.images)
        self.after = stack.out / "cards" / "after"

    def open(self):
        return self.stack.open(self.box)

    def work(self, taps):
        with concurrent.futures.ThreadPoolExecutor(len(self.stack.hands)) as pool:
            list(pool.map(self.activate, *zip(*self.shares(taps))))

    def shares(self, taps):
        cards = [next(self.cards) for _ in range(taps)]
        return [(hand, cards[hand.slot::len(self.stack.hands)]) for hand in self.stack.hands]

    def activate(self, hand, cards):
        for card in cards:
            hand.lay(card)
            hand.await_end("YK-A00")
            hand.lift(save=self.after / card.name)
            hand.await_removal()


class Till:
    """Sells to the cards that the kiosk has activated, one after the other."""

    name = "till"

    def __init__(self, stack):
        self.stack, self.box = stack, stack.till
        self.cards = iter(())
        self.screen = None

    def open(self):
        pid = self.stack.open(self.box)
        self.screen = Screen(self.stack.screen_port)
        self.screen.wait(lambda state: state["phase"] == "closed")
        self.screen.press("7", "shift")
        return pid

    def work(self, taps):
        after = self.stack.out / "cards" / "after"
        for tap in range(taps):
            card = next(self.cards, None)
            if card is None:
                self.cards = iter(sorted(after.iterdir())[:HOLDERS])
                card = next(self.cards)
            hand = self.stack.hands[tap % len(self.stack.hands)]
            self.screen.press("clear", "1", "enter")
            if not self.screen.wait(lambda state: state["phase"] == "present"):
                raise TourError("the till does not ask for money")
            hand.lay(card)
            hand.await_end("YK-B00")
            hand.lift(save=card)
            hand.await_removal()


def day(stack, work, taps):
    """A day in minutes, as the page's head tells it."""
    over = threading.Event()

    def change():
        for number in range(CHANGES):
            stack.set("saleLimitFen", 20_000 + number)
            if over.wait(0.2):
                break

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for number in range(OUTAGES):
            stack.end("ledger")
            work(taps // OUTAGES // 2)
            stack.start_ledger()
            work(taps // OUTAGES - taps // OUTAGES // 2)
        work(taps % OUTAGES)
        changing.join()
    finally:
        over.set()
        changing.join()


def settled(pid):
    """Memory once what was under way is done."""
    time.sleep(SETTLE_SECONDS)
    return memory(pid)


def terminal(stack, role, taps, day_taps, floor):
    """One terminal's memory at the start, after the taps and after the day, and what it does while it idles."""
    name = role.name
    # The lists come in its first life; in the one that is measured it has them from its disk, as on any morning.
    role.open()
    await_lists(stack, role.box)
    stack.end(role.box.process)
    pid = role.open()
    start = settled(pid)
    woken, spent = idle(pid, IDLE_SECONDS)
    role.work(WARM)
    warm = settled(pid)
    role.work(taps - WARM)
    worked = settled(pid)
    day(stack, role.work, day_taps)
    end = settled(pid)
    stack.end(role.box.process)
    rest, (floor_woken, floor_spent) = floor
    for when, then in [("after start", start), (f"after {taps:,} taps", worked), ("after a day", end)]:
        yield figure(f"{name}, {when}, resident", then["Rss"] / 1e6, "MB", 25, rest["Rss"] / 1e6)
        yield figure(f"{name}, {when}, its share", then["Pss"] / 1e6, "MB", floor=rest["Pss"] / 1e6)
        yield figure(f"{name}, {when}, its own (anonymous)", then["Anonymous"] / 1e6, "MB", floor=rest["Anonymous"] / 1e6)
    yield figure(f"{name}, growth from tap {WARM} to the day's end", (end["Rss"] - warm["Rss"]) / 1e6, "MB", 1)
    yield figure(f"{name}, idle, woken", woken, "/s", floor=floor_woken)
    yield figure(f"{name}, idle, processor", spent, "%", 0.2, floor_spent)


def await_lists(stack, box):
    deadline = time.monotonic() + 60
    while not (stack.out / box.state / "feeds" / "hotlist").exists():
        if time.monotonic() > deadline:
            raise TourError("no hotlist came")
        time.sleep(0.1)
    time.sleep(SETTLE_SECONDS)


def starts(stack, floors):
    """From the start of the process to the first card, which lies there; the floor's is a C program that looks for it."""
    stack.hands[0].lay(stack.images[0])
    time.sleep(1)
    taken, bare = [], []
    for _ in range(STARTS):
        since = len((stack.out / "log" / "kiosk.log").read_text())
        stack.open(stack.kiosk)
        # Around midnight it is a day less, which nobody takes for a figure.
        taken.append(stack.first_tap(stack.kiosk, since) - stack.spawned)
        time.sleep(1)
        stack.end(stack.kiosk.process)
        begun = boot_milliseconds()
        environment = os.environ | {"PCSCLITE_CSOCK_NAME": str(stack.run / "pcscd" / "pcscd.comm")}
        seen = subprocess.run([floors.c, "card"], env=environment, check=True, capture_output=True, text=True).stdout
        bare.append(int(seen) / 1e6 - begun)
    stack.hands[0].lift()
    yield figure("start to first tap, median", statistics.median(taken), "ms", 200, statistics.median(bare))
    yield figure("start to first tap, most", max(taken), "ms", 200, max(bare))


def sizes(programs, folder, floors):
    floor = floors.swift.stat().st_size / 1e6
    for name in SHIPPED:
        if not (programs / name).exists():
            continue
        stripped = folder / f"{name}.stripped"
        subprocess.run(["strip", "-o", stripped, programs / name], check=True)
        yield figure(f"{name}, stripped", stripped.stat().st_size / 1e6, "MB", 30 if name == "yikad" else None, floor)


def measure(out, programs, chosen):
    floors = Floors(out)
    rows = list(sizes(programs, out, floors))
    for name in SHIPPED[:3]:
        (out / "programs").mkdir(exist_ok=True)
        source = out / f"{name}.stripped" if name == "yikad" else programs / name
        (out / "programs" / name).symlink_to(source.resolve())
    floor = floors.asleep()
    stack = Bench(out, out / "programs", chosen.taps + chosen.day)
    try:
        stack.prepare(chosen.listed)
        for role in (Kiosk(stack), Till(stack)):
            rows += terminal(stack, role, chosen.taps, chosen.day, floor)
        rows += starts(stack, floors)
    finally:
        stack.close()
    return rows


def show(row):
    budget = "" if row["budget"] is None else f"budget {row['budget']}"
    floor = f"floor {row['floor']}" if row["floor"] is not None else ""
    ratio = f", {row['ratio']} of it" if row["ratio"] else ""
    print(f"{'ok' if row['ok'] else 'OVER':<5}{row['name']:<52}{row['value']:>9} {row['unit']:<3}{budget:<12} {floor}{ratio}")


def main():
    parser = argparse.ArgumentParser(prog="tools/bench footprint", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--taps", type=int, default=1000, help=argparse.SUPPRESS)
    parser.add_argument("--day", type=int, default=240, help=argparse.SUPPRESS)
    parser.add_argument("--listed", type=int, default=LISTED, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    out = pathlib.Path(tempfile.mkdtemp(prefix="yika-footprint-"))
    try:
        rows = measure(out, chosen.programs.absolute(), chosen)
    except TourError as error:
        print(f"tools/bench: {error}", file=sys.stderr)
        return 2
    shutil.rmtree(out)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False)) if chosen.json else show(row)
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
