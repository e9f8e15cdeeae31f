"""The tour: takes a few invented people's cards through activation on the real stack and checks what came of it."""

import argparse
import pathlib
import sys
import tempfile

from checks import check_everything
from scenes import SCENES, Director
from stack import Stack, TourError
from till import TillStack
from timeline import Timeline

import till_scenes


def arguments():
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("tour", nargs="?", choices=["activation", "canteen"], default="activation", help="a kiosk, or a till")
    parser.add_argument("--once", action="store_true", help="no questions, no staying; needs --out")
    parser.add_argument("--out", type=pathlib.Path, help="where everything is left")
    parser.add_argument("--hold", action="store_true", help="stay up afterwards, until Ctrl-C")
    parser.add_argument("--reader", choices=["virtual", "real"], default="virtual")
    parser.add_argument("--card", choices=["simulated", "external"], default="simulated")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.once and not chosen.out:
        parser.error("--once needs --out DIR")
    chosen.out = (chosen.out or pathlib.Path(tempfile.mkdtemp(prefix="yika-tour-"))).absolute()
    return chosen


def main():
    chosen = arguments()
    chosen.out.mkdir(parents=True, exist_ok=True)
    timeline = Timeline(chosen.out / "timeline.jsonl")
    if chosen.tour == "canteen":
        return run_till(chosen, timeline)
    stack = Stack(chosen.out, chosen.programs, timeline, real_reader=chosen.reader == "real", to_file=chosen.once)
    try:
        stack.start()
        if chosen.card == "external" or chosen.reader == "real":
            return explore(stack, timeline, chosen)
        director = Director(stack, timeline)
        for scene in SCENES:
            scene(director)
        if chosen.hold:
            timeline.say("Everything stays up. " + stack.where_to_look())
            timeline.follow()
        stack.stop()
        return check_everything(stack, director, timeline)
    except TourError as error:
        timeline.say(f"The tour stops: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        stack.stop()
        timeline.close()


def run_till(chosen, timeline):
    stack = TillStack(chosen.out, chosen.programs, timeline, to_file=chosen.once)
    try:
        stack.start()
        cashier = till_scenes.Cashier(stack, timeline)
        for scene in till_scenes.SCENES:
            scene(cashier)
        if chosen.hold:
            timeline.say(f"Everything stays up. The screen: http://127.0.0.1:{stack.screen_port}/ and /cashier. "
                         + stack.where_to_look())
            timeline.follow()
        stack.stop()
        return till_scenes.check(stack, cashier, timeline)
    except TourError as error:
        timeline.say(f"The tour stops: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        stack.stop()
        timeline.close()


def explore(stack, timeline, chosen):
    """Cards come from outside: attached readers, or any process that speaks vpcd."""
    if chosen.card == "external":
        timeline.say(f"Lay any vpcd card on 127.0.0.1:{stack.card_port}, for example:\n  {stack.example_card()}")
    else:
        timeline.say("Lay cards on the attached reader. Only cards with the demo's keys can be activated.")
    timeline.say(stack.where_to_look())
    if chosen.once:
        return 0
    timeline.follow()
    return 0


sys.exit(main())
