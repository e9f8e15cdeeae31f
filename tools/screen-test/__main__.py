"""Shows every phase of the terminal's screen in a real Chromium, in both languages and on four displays, and checks what a
holder two metres away and a cashier in a hurry depend on.

    python3 -B tools/screen-test --programs DIR [--out DIR] [--only WORD]

Leaves screenshots in --out. Exit status 0: all held; 77: there is no browser here.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile

from browser import Browser
from display import DISPLAYS, LANGUAGES
from doings import check_doings
from screen import Screen
from states import CASHIER, FACE, WORDS
from walk import Walk


def arguments():
    parser = argparse.ArgumentParser(prog="tools/screen-test", description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where screen-driver was built")
    parser.add_argument("--out", type=pathlib.Path, help="where the screenshots are left")
    parser.add_argument("--only", default="", help="only states whose name has this in it")
    return parser.parse_args()


def main():
    chosen = arguments()
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        print("screen-test: no chromium and chromedriver: tools/setup installs them", file=sys.stderr)
        return 77
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="yika-screen-") as folder:
        screen = Screen(chosen.programs / "screen-driver")
        browser = Browser(pathlib.Path(folder))
        walk = Walk(screen, browser, chosen.out)
        try:
            for language in LANGUAGES:
                for display in DISPLAYS:
                    walk.page("/", [state for state in FACE if chosen.only in state[0]], language, display)
                    walk.page("/cashier", [state for state in CASHIER if chosen.only in state[0]], language, display)
            # Every text that the terminal has, where both languages share the smallest landscape and the portrait display.
            for display in (DISPLAYS[0], DISPLAYS[1], DISPLAYS[3]):
                walk.page("/", [state for state in WORDS if chosen.only in state[0]], "both", display)
            if chosen.only in ("", "doings"):
                walk.colours_have_shapes()
                check_doings(walk)
            walk.no_strangers()
        finally:
            browser.close()
            screen.close()
    return walk.report()


sys.exit(main())
