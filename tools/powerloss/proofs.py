"""What shows that the method finds losses: writers known to be careless, and the journal with its syncs taken away."""

import os

from disk import sync_directory
from soak import Lost, Soak

WRITERS = 60
BYTES = os.urandom(3000)


def write(folder, name, sync_file, sync_names):
    """A record file as a program writes it: under another name first, then renamed."""
    file = os.open(folder / "new", os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
    os.write(file, BYTES)
    if sync_file:
        os.fsync(file)
    os.close(file)
    os.rename(folder / "new", folder / name)
    if sync_names:
        sync_directory(folder)


def losses(disk, seed, sync_file, sync_names):
    """How many of the files were not there, or not whole, after the power was cut when all was written."""
    lost = 0
    for number in range(WRITERS):
        disk.empty()
        write(disk.folder, "records", sync_file, sync_names)
        disk.cut(seed * WRITERS + number)
        disk.restore()
        path = disk.folder / "records"
        lost += not path.exists() or path.read_bytes() != BYTES
    disk.empty()
    return lost


def prove_disk(disk, seed):
    """The careless lose, the careful do not."""
    naive = losses(disk, seed, False, False)
    nameless = losses(disk, seed, True, False)
    careful = losses(disk, seed, True, True)
    if naive < WRITERS // 4 or nameless < WRITERS // 8 or careful:
        raise Lost(f"the file system is wrong: {naive}, {nameless} and {careful} of {WRITERS} lost")
    return (f"the file system does lose what was not synced: {naive} of {WRITERS} writers without any sync, "
            f"{nameless} of {WRITERS} that synced no names, {careful} of {WRITERS} careful ones")


def prove_check(disk, binary, library, seed):
    """The journal itself, its syncs taken away, must be found out; and soon."""
    soak = Soak(binary, disk.folder, seed, callers=2, slots=16, environment={"LD_PRELOAD": str(library)})
    for cuts in range(1, 41):
        disk.cut(seed + cuts, 40 + 7 * cuts)
        life = soak.start(1 << 40)
        life.wait()
        life.end()
        disk.restore()
        try:
            soak.take(life, 2, damage_allowed=True)
            life.close()
        except Lost:
            disk.empty()
            return f"a journal whose syncs are taken away is found out after {cuts} cuts"
    raise Lost("a journal whose syncs were taken away went unnoticed through 40 power cuts")
