"""A Debian 12 of our own: made once, laid out afresh for each trial."""

import os
import pathlib
import pty
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
KEPT = ROOT / ".build-package"
# Its lists of packages are as old as it is, and one day name versions that are not served any more.
KEPT_SECONDS = 7 * 24 * 3600
# What a box has that somebody set up as a terminal, but for the packages' own dependencies: these are apt's to find. The
# virtual reader stands in for a real one; python3 stays outside.
EXTRA = ["systemd", "udev", "kmod", "polkitd", "man-db", "vsmartcard-vpcd", "ca-certificates"]
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class TrialError(Exception):
    """Something that the trial cannot go on without did not come."""


class Debian:
    def __init__(self, log):
        self.root, self.log = KEPT / "work" / "root", log

    def make(self):
        """Lays the folder out afresh, and mounts what a system needs."""
        tarball = KEPT / "debian-12.tar"
        if not tarball.exists() or time.time() - tarball.stat().st_mtime > KEPT_SECONDS:
            KEPT.mkdir(exist_ok=True)
            self.bootstrap(tarball)
        self.root.mkdir(parents=True, exist_ok=True)
        # In memory: it goes with the trial's own mounts, whatever ends that.
        self.outside("mount", "-t", "tmpfs", "tmpfs", self.root)
        self.outside("tar", "-xf", tarball, "-C", self.root)
        for kind, place in [("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "run"), ("tmpfs", "tmp")]:
            self.outside("mount", "-t", kind, kind, self.root / place)
        self.make_devices()
        # A box that was started once has an id. Its key is on a disk, as systemd-creds takes none that is in memory.
        self.need("systemd-machine-id-setup")
        inner, outer = self.root / "var" / "lib" / "systemd", KEPT / "systemd"
        shutil.rmtree(outer, ignore_errors=True)
        self.outside("cp", "-a", inner, outer)
        self.outside("mount", "--bind", outer, inner)
        shutil.copyfile("/etc/resolv.conf", self.root / "etc" / "resolv.conf")
        # What is fetched once is kept, as a second trial would fetch the same.
        archives = KEPT / "archives"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        self.outside("mount", "--bind", archives, self.root / "var" / "cache" / "apt" / "archives")
        (self.root / "etc" / "apt" / "apt.conf.d" / "90keep").write_text(
            'Binary::apt-get::APT::Keep-Downloaded-Packages "true";\nAPT::Sandbox::User "root";\n')

    def make_devices(self):
        """The few devices that every program may ask for: this machine's own are none of the trial's business."""
        devices = self.root / "dev"
        self.outside("mount", "-t", "tmpfs", "tmpfs", devices)
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            (devices / name).touch()
            self.outside("mount", "--bind", f"/dev/{name}", devices / name)
        (devices / "pts").mkdir()
        self.outside("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", devices / "pts")
        (devices / "ptmx").symlink_to("pts/ptmx")

    def bootstrap(self, tarball):
        sources = next(path for path in map(pathlib.Path, ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"))
                       if path.exists())
        half = tarball.with_suffix(".half.tar")
        self.outside("mmdebstrap", "--mode=root", "--variant=apt", "--skip=cleanup/apt/lists",
                     f"--include={','.join(EXTRA)}", "bookworm", half, sources)
        half.rename(tarball)

    def outside(self, *words):
        done = subprocess.run([str(word) for word in words], stdout=self.log, stderr=self.log)
        if done.returncode:
            raise TrialError(f"{words[0]} ended with {done.returncode}; see {self.log.name}")

    def inside(self, *words, **options):
        """Runs a command in there and waits; its exit status and what it said, both outputs together."""
        done = subprocess.run(
            ["chroot", self.root, *(str(word) for word in words)], env=ENVIRONMENT | options.pop("environment", {}),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **options)
        self.log.write(f"$ {' '.join(map(str, words))}\n{done.stdout}[{done.returncode}]\n".encode())
        self.log.flush()
        return done.returncode, done.stdout

    def need(self, *words):
        """The same, for what has to go well."""
        status, said = self.inside(*words)
        if status:
            raise TrialError(f"{' '.join(map(str, words))} ended with {status}: {said.strip()[-500:]}")
        return said

    def apt(self, *words):
        return self.inside("apt-get", "--yes", "--no-install-recommends", *words)

    def answered(self, answer, *words):
        """Runs a command in there at a terminal where somebody types `answer` at the first question."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chroot(self.root)
            os.chdir("/")
            os.execvpe(words[0], list(words), ENVIRONMENT | {"DEBIAN_FRONTEND": "readline", "TERM": "dumb"})
        said, has_answered = b"", False
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
            if not has_answered and b"[yes/no]" in said:
                os.write(terminal, answer.encode() + b"\n")
                has_answered = True
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.log.write(said)
        return os.waitstatus_to_exitcode(status), said.decode(errors="replace")

    def path(self, inner):
        return self.root / inner.lstrip("/")

    def copy_in(self, file):
        """Puts a file into /srv there; its path inside."""
        shutil.copyfile(file, self.root / "srv" / pathlib.Path(file).name)
        return f"/srv/{pathlib.Path(file).name}"
