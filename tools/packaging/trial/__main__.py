"""Tries the packages in a Debian of their own, from the first installation to the last purge; prints what held."""

import argparse
import pathlib
import shutil
import sys
import time

from box import Box, TourError
from debian import KEPT, Debian, TrialError
from scenes import SCENES, Trial


def main():
    parser = argparse.ArgumentParser(prog="tools/package-test", description=__doc__)
    parser.add_argument("--packages", type=pathlib.Path, required=True, help="the folder with both packages")
    parser.add_argument("--ledger", type=pathlib.Path, help="a ledger's program, to try the terminal's package alone")
    chosen = parser.parse_args()
    folder = chosen.packages.absolute()
    started = time.monotonic()
    logs = KEPT / "trial"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    work = KEPT / "work"
    work.mkdir(exist_ok=True)
    with open(logs / "trial.log", "wb") as log:
        debian = Debian(log)
        box = Box(debian, logs, chosen.ledger and chosen.ledger.absolute())
        try:
            debian.make()
            trial = Trial(debian, box, folder, work)
            print(f"a Debian 12 in {debian.root}, {time.monotonic() - started:.0f} s", flush=True)
            for scene in SCENES:
                scene(trial)
        except (TrialError, TourError) as error:
            print(f"The trial stops: {error}", file=sys.stderr)
            return 1
        finally:
            box.stop()
    return conclude(trial, time.monotonic() - started, logs)


def conclude(trial, seconds, logs):
    failed = [(scene, what) for scene, what, holds in trial.results if not holds]
    print(f"\n{len(trial.results) - len(failed)} held, {len(failed)} did not; {seconds:.0f} s. Logs: {logs}")
    for scene, what in failed:
        print(f"  NO  {scene}: {what}")
    return 1 if failed else 0


sys.exit(main())
