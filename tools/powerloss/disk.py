"""The file system that loses what was not synced: building it, mounting it, cutting its power."""

import os
import pathlib
import shlex
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / ".build" / "powerloss"
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_FILE_OFFSET_BITS=64"]
# Takes a program's syncs away: what is left must be found wanting, or the checks are worth nothing.
NO_SYNC = "int fdatasync(int file) { (void)file; return 0; }\nint fsync(int file) { (void)file; return 0; }\n"


def build():
    """Compiles the file system and the library without syncs, when they are older than their source."""
    BUILD.mkdir(parents=True, exist_ok=True)
    source, program, library = HERE / "powerloss.c", BUILD / "powerloss", BUILD / "nosync.so"
    newest = max(source.stat().st_mtime, pathlib.Path(__file__).stat().st_mtime)
    if all(made.exists() and made.stat().st_mtime > newest for made in (program, library)):
        return program, library
    fuse = shlex.split(subprocess.check_output(["pkg-config", "--cflags", "--libs", "fuse3"], text=True))
    compiled(["gcc", *FLAGS, str(source), *fuse], program)
    compiled(["gcc", *FLAGS, "-shared", "-fPIC", "-x", "c", "-"], library, NO_SYNC)
    return program, library


def compiled(command, target, text=None):
    """Under another name first: two runs may build at once."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    subprocess.run([*command, "-o", str(unfinished)], input=text, text=True, check=True)
    unfinished.replace(target)


class Disk:
    """A mounted file system; what it does is told by its root's attribute `user.power`."""

    def __init__(self, program, folder):
        self.folder = folder
        folder.mkdir()
        self.process = subprocess.Popen([program, folder], stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise SystemExit(f"tools/powerloss: {program} could not mount {folder}; try it by hand")

    def cut(self, seed, after=0):
        """The power goes during the operation of this number from now; 0: at once."""
        os.setxattr(self.folder, "user.power", f"cut {seed} {after}".encode())

    def kill(self, seed, after):
        """Whoever asks for the operation of this number from now is killed; 0: nobody any more."""
        os.setxattr(self.folder, "user.power", f"kill {seed} {after}".encode())

    def restore(self):
        """The power comes back, with what the medium kept."""
        os.setxattr(self.folder, "user.power", b"restore")

    def state(self):
        """Whether it is on, and how many sectors the last cut tore inside."""
        words = os.getxattr(self.folder, "user.power").decode().split()
        return words[0] == "on", int(words[1])

    def empty(self):
        """Removes all files, durably."""
        for path in self.folder.iterdir():
            path.unlink()
        sync_directory(self.folder)

    def close(self):
        """Unmounts it, which ends its process."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)
        self.process.wait()


def unmount_below(folder):
    """Whatever is still mounted there after something went wrong."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        places = [line.split(" ")[1] for line in mounts]
    for place in reversed(places):
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=False)


def sync_directory(folder):
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
