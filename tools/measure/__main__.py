"""Measures the daemon: how soon it speaks, what a card costs, what it weighs."""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tour"))

from stack import Stack  # noqa: E402
from timeline import Timeline  # noqa: E402

TAPS = 12
APDU_MILLISECONDS = 30
IDLE_SECONDS = 10


class Quiet(Timeline):
    """Events without lines on the terminal."""

    def say(self, text):
        pass


def cpu_seconds(pid):
    """Time that a process's threads have spent on a processor, to the nanosecond (the kernel's sched-stats, field 1)."""
    return sum(
        int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def first_card_possible(stack):
    """When the daemon logged that it has the reader, as seconds since midnight UTC."""
    for line in (stack.out / "log" / "yikad.log").read_text().splitlines():
        if "what=attached" in line:
            hours, minutes, seconds = line.split("Z")[0].split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    raise SystemExit("tools/bench: the daemon found no reader")


def figure(name, value, unit, budget, floor=None):
    return {
        "name": name, "value": round(value, 3), "unit": unit, "floor": floor,
        "ratio": round(value / floor, 3) if floor else None, "budget": budget, "ok": value <= budget,
    }


def measure(stack, timeline, started):
    daemon = stack.processes["yikad"].pid
    time.sleep(2)
    start_milliseconds = (first_card_possible(stack) - started) * 1000
    before = cpu_seconds(daemon)
    time.sleep(IDLE_SECONDS)
    idle = (cpu_seconds(daemon) - before) / IDLE_SECONDS * 100
    resident = resident_bytes(daemon)

    sounds, works, apdus, cpu = [], [], [], []
    person = stack.campus["people"][0]
    hand = None
    for tap in range(TAPS):
        # Another holder each time: every tap is a whole activation.
        image = stack.new_card({**person, "holderNumber": f"30000000{tap:02}", "uid": f"04be{tap:04x}"})
        if hand is None:
            hand = stack.card(image)
            hand.events.get(timeout=10)
        else:
            hand.order("loaded", do="load", image=str(image))
        used = cpu_seconds(daemon)
        hand.order("laid", do="lay")
        taken = {}

        def ended(event):
            taken.setdefault(event["event"] + ":" + event.get("what", ""), event)
            return event["event"] == "ended"

        end = timeline.wait_for("the ending", ended, 20)
        first = taken.get("prompt:started") or timeline.wait_for(
            "the prompt", lambda event: event["event"] == "prompt", 5)
        sounds.append(first["at"] - timeline.taps[end["tap"]])
        works.append(end["milliseconds"])
        apdus.append(end["apdus"])
        cpu.append((cpu_seconds(daemon) - used) * 1000)
        if end["code"] != "YK-A00":
            raise SystemExit(f"tools/bench: tap {tap} ended as {end['what']}")
        hand.order("lifted", do="lift")
        timeline.wait_for("the removal", lambda event: event["event"] == "removed", 10)

    work, count = statistics.median(works), max(apdus)
    return [
        figure("first sound after card-present, worst", max(sounds), "ms", 100),
        figure("activation, APDUs", count, "APDUs", 26),
        # The light at the start and the re-selection are commands too; the floor counts the handshake's alone.
        figure("activation, card work, median", work, "ms", 1000, floor=count * APDU_MILLISECONDS),
        figure("our own CPU time a tap, mean", statistics.mean(cpu), "ms", 5),
        figure("idle CPU", idle, "%", 0.2),
        figure("idle resident memory", resident / 1e6, "MB", 25),
        figure("start to first tap possible", start_milliseconds, "ms", 200),
    ]


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--daemon", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    out = pathlib.Path(tempfile.mkdtemp(prefix="yika-bench-"))
    programs = out / "programs"
    programs.mkdir()
    for name in ("yika", "yika-ledger"):
        (programs / name).symlink_to((chosen.programs / name).resolve())
    (programs / "yikad").symlink_to(chosen.daemon.resolve())

    timeline = Quiet(out / "timeline.jsonl")
    stack = Stack(out, programs, timeline, measured=True)
    stack.campus["people"] = stack.campus["people"][:1] + [
        {**stack.campus["people"][0], "holderNumber": f"30000000{tap:02}", "name": f"测量{tap}"} for tap in range(TAPS)
    ]
    try:
        for folder in ("run", "cards/before", "cards/after", "terminal", "log"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        stack.prepare_ledger()
        stack.start_ledger()
        stack.start_pcscd()
        started = time.time() % 86400
        stack.start_terminal()
        figures = measure(stack, timeline, started)
    finally:
        stack.stop()
        timeline.close()
        shutil.rmtree(out, ignore_errors=True)
    figures.append(figure("daemon, stripped", chosen.daemon.stat().st_size / 1e6, "MB", 30))
    for row in figures:
        if chosen.json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            floor = f"floor {row['floor']}, ratio {row['ratio']}" if row["floor"] else ""
            mark = "ok " if row["ok"] else "OVER"
            print(f"{mark:<5}{row['name']:<42}{row['value']:>10} {row['unit']:<6} budget {row['budget']:<6} {floor}")
    return 0 if all(row["ok"] for row in figures) else 1


sys.exit(main())
