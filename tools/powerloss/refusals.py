"""What a disk can refuse, on real file systems: a clear word each time, everything answered for still there, and on it
goes when the reason is gone."""

import subprocess

from soak import Lost, Soak

# The usual number: two segments and nearly a third fit the small disks below, so nothing is acknowledged and removed.
SLOTS = 8192


def refusals(binary, folder):
    """Tries each; returns a sentence about them."""
    for number, refusal in enumerate([full_disk, read_only, missing_directory, second_process]):
        try:
            refusal(binary, folder / f"refusal-{number}-soak")
        except Lost as lost:
            raise Lost(f"{refusal.__name__.replace('_', ' ')}: {lost}") from None
    return "a full disk, a read-only one, a missing directory and a second process are refused clearly, and got over"


def full_disk(binary, folder):
    mount(folder, "size=3m")
    soak = Soak(binary, folder, 1, callers=2, slots=SLOTS)
    run(soak, 1 << 40, 2, "is full")
    answered = len(soak.answers)
    run(soak, 1, 2, "is full")
    if not SLOTS <= answered == soak.checked:
        raise Lost(f"of {answered} answered records {soak.checked} were found")
    mount(folder, "remount,size=16m")
    run(soak, 20_000, 0)
    run(soak, 1, 0)
    subprocess.run(["umount", folder], check=True)


def read_only(binary, folder):
    mount(folder, "size=3m")
    soak = Soak(binary, folder, 1, callers=1, slots=SLOTS)
    run(soak, 100, 0)
    mount(folder, "remount,ro")
    run(soak, 1, 2, "cannot be written")
    mount(folder, "remount,rw")
    run(soak, 1, 0)
    subprocess.run(["umount", folder], check=True)


def missing_directory(binary, folder):
    run(Soak(binary, folder / "not-mounted" / "a-soak", 1, callers=1, slots=SLOTS), 1, 2, "missing")


def second_process(binary, folder):
    soak = Soak(binary, folder, 1, callers=1, slots=SLOTS)
    first = soak.start(1 << 40)
    while not first.lines():
        if first.wait(0.01):
            raise Lost(f"the first one ended: {first.complaint()}")
    run(Soak(binary, folder, 1, callers=1, slots=SLOTS), 1, 2, "another process")
    first.end()
    soak.take(first, -9, damage_allowed=False)
    first.close()
    run(soak, 1, 0)


def mount(folder, options):
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "powerloss", folder], check=True)


def run(soak, records, ended, word=None):
    """One process to its end, which must be this one, with this word about the reason."""
    life = soak.start(records)
    life.wait()
    life.end()
    soak.take(life, ended, damage_allowed=False)
    if word and word not in life.complaint():
        raise Lost(f"expected a word like '{word}', got: {life.complaint()}")
    life.close()
