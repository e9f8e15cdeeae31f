"""The packages under trial, and versions of them that do not exist yet."""

import pathlib
import re
import shutil
import subprocess

from debian import TrialError


def find(folder, name):
    found = sorted(folder.glob(f"{name}_*.deb"))
    if len(found) != 1:
        raise TrialError(f"{folder} has {len(found)} packages {name}, not one; run tools/package")
    return found[0]


def field(package, name):
    return subprocess.run(
        ["dpkg-deb", "--field", package, name], check=True, capture_output=True, text=True).stdout.strip()


def remade(package, folder, version, lowest=None):
    """The package as a later version; with `lowest`, one that no longer reads journal formats below that."""
    tree = folder / "later"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    if lowest:
        preinst = tree / "DEBIAN" / "preinst"
        text, count = re.subn(r"(?m)^(LOWEST|HIGHEST)=\d+$", rf"\g<1>={lowest}", preinst.read_text())
        if count != 2:
            raise TrialError("the preinst script does not say which formats are read")
        preinst.write_text(text)
    made = folder / f"{pathlib.Path(package).name.split('_')[0]}_{version}.deb"
    subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "--build", tree, made], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return made


def inside(package):
    """The files of a package, by their paths from the root."""
    listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True)
    names = subprocess.run(["tar", "-t"], check=True, input=listed.stdout, capture_output=True).stdout.decode()
    return {name.removeprefix(".") for name in names.splitlines() if not name.endswith("/")}
