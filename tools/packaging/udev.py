#!/usr/bin/python3
"""Writes the udev rules of the readers and scanners that the profiles name.

    tools/packaging/udev.py PROFILES    prints the rules; exit status 1 when a profile names a USB device wrongly

They are made when the package is, so that whoever adds a reader adds a profile and nothing else.
"""

import pathlib
import re
import sys

import json5

# Four hexadecimal digits each; `?` stands for any digit of a product, as in the profiles and in udev's patterns.
IDENTITY = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f?]{4})")

HEAD = """\
# Made from device-profiles by tools/packaging/udev.py.
#
# A reader that the kernel has put to sleep misses the card that is laid on it, and a scanner its first code. Some readers
# do not come back at all; none is worth the half watt.
"""

MODEMS = """
# ModemManager asks new serial lines whether they are modems, which makes a scanner busy for half a minute.
"""


class WrongProfile(Exception):
    """A profile names a USB device in a way that no rule can be made of."""


def identities(profile, path):
    """The USB devices that a profile names, as pairs of vendor and product."""
    for entry in profile.get("match", {}).get("usb", []):
        text = entry if isinstance(entry, str) else entry["id"]
        found = IDENTITY.fullmatch(text)
        if not found:
            raise WrongProfile(f"{path}: match.usb: expected VID:PID, not {text}")
        yield found[1].lower(), found[2].lower()


def devices(folder):
    """Profiles of a folder with their USB devices, in the order of their names."""
    for path in sorted(folder.glob("*.json5")):
        profile = json5.loads(path.read_text(encoding="utf-8"))
        yield profile, sorted(set(identities(profile, path)))


def condition(vendor, product):
    return f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}"'


def rules(profiles):
    yield HEAD
    for folder in ("readers", "scanners"):
        for profile, found in devices(profiles / folder):
            if found:
                yield f"\n# {profile['title']}\n"
            for identity in found:
                yield f'ACTION=="add", {condition(*identity)}, TEST=="power/control", ATTR{{power/control}}="on"\n'
    yield MODEMS
    for profile, found in devices(profiles / "scanners"):
        for identity in found if profile["kind"] == "serial" else []:
            yield f'ACTION!="remove", {condition(*identity)}, ENV{{ID_MM_DEVICE_IGNORE}}="1"\n'


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        sys.stdout.writelines(rules(pathlib.Path(sys.argv[1])))
    except WrongProfile as error:
        print(f"udev: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
