"""Kills the journal and cuts its power, thousands of times, and checks each time that nothing it answered for is lost.

The real program on two file systems: the machine's own, where it is killed, and one made with FUSE that loses what was
not synced when its power is cut. Everything happens in a mount namespace of its own and is gone afterwards.
Exit status 0: nothing lost; 1: something lost, with seed and cycle; 77: not possible here, nothing tried.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from disk import Disk, build, unmount_below
from lanes import LANES, Lane, run_lane
from proofs import prove_check, prove_disk
from refusals import refusals
from soak import Lost

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


def arguments():
    parser = argparse.ArgumentParser(prog="python3 -B tools/powerloss", description=__doc__)
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop earlier, after this time")
    parser.add_argument("--seed", type=int, help="of an earlier run; a new one if not said")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / ".build" / "debug" / "yika")
    parser.add_argument("--json", action="store_true", help="the result as one line of JSON")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not chosen.binary.exists():
        parser.error(f"{chosen.binary} is not there; swift build --product yika")
    if chosen.seed is None:
        chosen.seed = random.SystemRandom().randrange(1, 1_000_000)
    return chosen


def enter_namespace():
    """Starts this program again where mounts are its own, and where everything it starts ends with it."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        print(f"powerloss: SKIPPED, nothing was tried: /dev/fuse cannot be opened ({error.strerror}); "
              "run it as root on a kernel with FUSE", file=sys.stderr)
        sys.exit(SKIPPED)
    ours = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    program = [sys.executable, "-B", str(pathlib.Path(__file__).parent)]
    os.execvp("unshare", ["unshare", *user, *ours, *program, "--inside", *sys.argv[1:]])


def work(number, chosen, folder, program, share, messages):
    """A lane's process: what came of it goes back as a message."""
    lane = None
    try:
        lane = Lane(number, chosen.seed, chosen.binary, folder, program)
        messages.put(("end", number, run_lane(lane, share, lambda done: messages.put(("done", number, done)))))
    except Lost as lost:
        messages.put(("lost", number, str(lost)))
    except KeyboardInterrupt:
        messages.put(("lost", number, "interrupted"))
    except Exception as error:  # whatever it is, the others must hear of it, or they would wait for ever
        messages.put(("lost", number, f"lane {number}: {type(error).__name__}: {error}"))
    finally:
        if lane:
            lane.close()


def run_lanes(chosen, folder, program):
    messages = multiprocessing.Queue()
    # Shared, so that one lane's loss is the end of the others.
    until = multiprocessing.Value("d", time.monotonic() + chosen.seconds)
    processes = []
    for number in range(len(LANES)):
        share = {"cycles": (chosen.cycles + number) // len(LANES), "until": until}
        processes.append(multiprocessing.Process(
            target=work, args=(number, chosen, folder / f"lane-{number}", program, share, messages)))
        processes[-1].start()
    totals, done, lost = {}, {}, []
    ended = 0
    while ended < len(processes):
        kind, number, value = messages.get()
        if kind == "done":
            done[number] = value
            progress(sum(done.values()), chosen.cycles)
            continue
        ended += 1
        if kind == "lost":
            lost.append(value)
            share["until"].value = 0
        else:
            for name, count in value.items():
                totals[name] = totals.get(name, 0) + count
    progress(None, None)
    for process in processes:
        process.join()
    return totals, lost


def progress(done, wanted):
    if not sys.stderr.isatty():
        return
    if done is None:
        sys.stderr.write("\r\033[K")
    else:
        sys.stderr.write(f"\r{'#' * (40 * done // wanted):<40} {done:,} of {wanted:,} cycles")
    sys.stderr.flush()


def main():
    chosen = arguments()
    if not chosen.inside:
        enter_namespace()
    program, library = build()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="powerloss-"))
    begun = time.monotonic()
    said = []
    try:
        said += prove(chosen, folder, program, library)
        said.append(refusals(chosen.binary, folder))
        totals, lost = run_lanes(chosen, folder, program)
    except Lost as error:
        totals, lost = {}, [str(error)]
    except KeyboardInterrupt:
        return 130
    finally:
        unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return report(chosen, said, totals, lost, time.monotonic() - begun)


def prove(chosen, folder, program, library):
    """A method that finds nothing proves nothing, unless it finds what is known to be wrong."""
    disk = Disk(program, folder / "proof-soak")
    said = [prove_disk(disk, chosen.seed), prove_check(disk, chosen.binary, library, chosen.seed)]
    disk.close()
    return said


def report(chosen, said, totals, lost, seconds):
    if chosen.json:
        print(json.dumps({"seed": chosen.seed, **totals, "lost": lost, "seconds": round(seconds, 1)}))
        return 1 if lost else 0
    for line in said:
        print(f"powerloss: {line}")
    for line in lost:
        print(f"powerloss: LOST: {line}; again: python3 -B tools/powerloss --seed {chosen.seed} "
              f"--cycles {chosen.cycles}")
    if not lost:
        print(f"powerloss: {totals['cuts']:,} power cuts and {totals['kills']:,} kills survived, "
              f"{totals['checked']:,} answered records checked, seed {chosen.seed} "
              f"({totals['torn']:,} sectors torn, {totals['damages']:,} stretches never answered for reported lost, "
              f"{seconds:.0f} s)")
    return 1 if lost else 0


sys.exit(main())
