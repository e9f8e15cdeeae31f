"""Measures the voice: how soon it is heard on a sound server that keeps time, its gaps, and what it costs."""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parents[1]


def figure(name, value, unit, budget=None, floor=None):
    return {
        "name": name, "value": round(value, 3), "unit": unit, "floor": floor and round(floor, 3),
        "ratio": round(value / floor, 3) if floor else None, "budget": budget,
        "ok": budget is None or value <= budget,
    }


def heard_and_said(program, folder):
    """What was heard on the paced server, and what was said when, in the same order."""
    stage = subprocess.Popen([TOOLS / "paced-sound", "--folder", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server = json.loads(stage.stdout.readline())
    environment = os.environ | server["environment"]
    ear = subprocess.Popen([TOOLS / "paced-sound", "listen", "--server", server["server"]], env=environment,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    json.loads(ear.stdout.readline())
    library = subprocess.run([TOOLS / "sound-card" / "build", folder], check=True, capture_output=True, text=True).stdout
    control = pathlib.Path(folder, "hanging")
    control.mkdir()
    (control / "control").write_text("hang-write")
    with open(server["config"], "a") as configuration:
        configuration.write(
            f'pcm_type.yikacard {{ lib "{library.strip()}" }}\n'
            f'pcm.hanging {{ type yikacard control "{control}/control" rate 0 channels 0 paced 1 }}\n')
    done = subprocess.run([program], env=environment | {"ALSA_CONFIG_PATH": server["config"]}, stdout=subprocess.PIPE,
                          text=True, cwd=TOOLS.parent)
    heard = [json.loads(line) for line in ear.communicate()[0].splitlines()]
    stage.communicate()
    if done.returncode:
        raise SystemExit(2)
    return heard, [json.loads(line) for line in done.stdout.splitlines()]


def figures(heard, said):
    sounds = [line for line in said if "at" in line]
    if len(heard) != len(sounds):
        print(f"tools/bench: {len(sounds)} sounds were played and {len(heard)} heard", file=sys.stderr)
        raise SystemExit(2)
    late, longer, breaks = {}, [], 0
    for line, stretch in zip(sounds, heard):
        late.setdefault(line["what"], []).append((stretch["from"] - line["at"]) / 1e6)
        breaks += line.get("interruptions", 0)
        if line.get("length"):
            longer.append((stretch["to"] - stretch["from"]) / 1e6 - line["length"] * 1000 / line["rate"])
    other = {line["what"]: line for line in said if "at" not in line}
    floor = statistics.median(late["bare"])
    yield figure("event to first sound, device open, median", statistics.median(late["open"]), "ms", 50, floor)
    yield figure("event to first sound, device open, most", max(late["open"] + late["composed"]), "ms", 50, max(late["bare"]))
    yield figure("event to first sound, device to be opened, median", statistics.median(late["first"]), "ms", 100, floor)
    yield figure("event to first sound, device to be opened, most", max(late["first"]), "ms", 100)
    yield figure("breaks in sentences", breaks, "", 0)
    # The server converts the rate, which makes a sound longer by some samples; a gap would make it longer by more.
    yield figure("gap in an amount, most", max(0, max(longer)), "ms", 1)
    yield figure("processor while speaking", other["processor"]["share"] * 100, "%", 5)
    # The floor is what its sound would take.
    yield figure("a pack opened, resident", other["pack"]["resident"] / 1e6, "MB", 2, other["pack"]["bytes"] / 1e6)
    yield figure("asking, device hangs, median", other["ask-hanging"]["median"], "us", 100, other["ask-well"]["median"])
    yield figure("asking, device hangs, 1 in 1,000", other["ask-hanging"]["most"], "us", 1000, other["ask-well"]["most"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="yika-voice-")
    try:
        rows = list(figures(*heard_and_said(options.program, folder)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in rows:
        if options.json:
            print(json.dumps(row))
        else:
            mark = "ok" if row["ok"] else "OVER"
            budget = "" if row["budget"] is None else f"budget {row['budget']}"
            floor = f"floor {row['floor']}, {row['ratio']} of it" if row["floor"] else ""
            print(f"{mark:<5}{row['name']:<52}{row['value']:>10} {row['unit']:<4}{budget:<14}{floor}")
    sys.exit(not all(row["ok"] for row in rows))


if __name__ == "__main__":
    main()
