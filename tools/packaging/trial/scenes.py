"""The scenes of the trial, in the order of a box's life. Each names what it expects; nothing is taken for granted."""

import re
import subprocess
import wave

import packages
from box import CONFIG, NUMBER, PROFILES, SEALED
from debian import ROOT

TERMINAL, LEDGER = "yika-terminal", "yika-ledger"
UNITS = "/lib/systemd/system"
JOURNAL = "/var/lib/yika/journal"
CREDENTIALS = "/var/lib/yika/credentials.json5"
# A tenth of what systemd-analyze prints.
EXPOSURE = {"yikad.service": 15, "yika-ledger.service": 15, "yika-close-day.service": 5, "yika-reader-reset.service": 15,
            "yika-renew.service": 15}


class Trial:
    def __init__(self, debian, box, folder, work):
        self.debian, self.box, self.work = debian, box, work
        wanted = (TERMINAL,) if box.ledger_program else (TERMINAL, LEDGER)
        self.package = {name: packages.find(folder, name) for name in wanted}
        self.version = packages.field(self.package[TERMINAL], "Version")
        self.results, self.scene = [], ""

    def open_scene(self, title):
        self.scene = title
        print(f"\n({len({scene for scene, _, _ in self.results}) + 1}) {title}", flush=True)

    def expect(self, what, holds, why=""):
        self.results.append((self.scene, what, bool(holds)))
        print(f"  {'yes' if holds else 'NO '}  {what}", flush=True)
        if not holds and why:
            print("\n".join(f"         {line}" for line in why.strip().splitlines()[-12:]), flush=True)

    def install(self, *files):
        """Installs packages by apt, which finds what they depend on."""
        inner = [self.debian.copy_in(file) for file in files]
        return self.debian.apt("install", *inner)

    def state_of(self, name):
        """dpkg's word and version: `install ok installed 0.1.0`."""
        _, said = self.debian.inside("dpkg-query", "-W", "-f", "${Status} ${Version}", name)
        return said.strip()


def install(trial):
    trial.open_scene("Installed in an empty Debian 12")
    debian = trial.debian
    status, said = trial.install(*trial.package.values())
    trial.expect(f"apt installs {' and '.join(trial.package)}, and what is needed for it", status == 0, said)
    trial.expect("it says what to begin with, in both languages", "not set up yet" in said and "尚未设置" in said, said)
    status, said = debian.inside("yika", "doctor")
    trial.expect("yika doctor tells what is missing in one list", status == 1 and CONFIG in said, said)
    example = re.search(r"copy (/\S+)", said)
    trial.expect("and the example that it names is there", example and debian.path(example[1]).exists(), said)
    owner = debian.need("stat", "-c", "%U:%G %a", "/var/lib/yika", "/etc/yika", "/run/yika/reader-reset").split("\n")[:3]
    trial.expect("state, configuration and requests are open to the daemon, and to nobody else",
                 owner == ["yika:yika 700", "root:yika 750", "yika:yika 770"], str(owner))
    _, conffiles = debian.inside("dpkg-query", "-W", "-f", "${Conffiles}", TERMINAL)
    trial.expect("no configuration with secrets is the package's own file", "/etc/yika" not in conffiles, conffiles)
    for page in ["yika", "yika-journal-stats", "yikad"] + [LEDGER] * (LEDGER in trial.package):
        status, said = debian.inside("man", "--warnings", page)
        trial.expect(f"man {page}", status == 0 and "SYNOPSIS" in said and "warning" not in said, said)
    for shell, place in {"bash": "bash-completion/completions/yika", "zsh": "zsh/vendor-completions/_yika",
                         "fish": "fish/vendor_completions.d/yika.fish"}.items():
        text = debian.path(f"/usr/share/{place}")
        trial.expect(f"completions for {shell}", text.exists() and "journal" in text.read_text())


def integrate(trial):
    trial.open_scene("What systemd, udev and modprobe make of it")
    debian = trial.debian
    units = sorted(path.name for path in debian.path(UNITS).glob("yika*") if path.suffix in (".service", ".timer", ".path"))
    for unit in units:
        status, said = debian.inside("systemd-analyze", "verify", f"{UNITS}/{unit}")
        trial.expect(f"systemd-analyze verify {unit}", status == 0 and not said.strip(), said)
    for unit in (unit for unit in units if unit.endswith(".service")):
        threshold = EXPOSURE[unit]
        status, said = debian.inside(
            "systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", f"{UNITS}/{unit}")
        found = re.search(r"level for \S+: ([\d.]+)", said)
        trial.expect(f"exposure of {unit}: {found[1] if found else '?'}, at most {threshold / 10}", status == 0, said)
    rules = debian.path("/lib/udev/rules.d/70-yika-readers.rules")
    profiles = debian.path(f"{PROFILES}/readers").glob("*.json5")
    trial.expect(f"udev rules for {rules.read_text().count('power/control') // 2} devices of {len(list(profiles))} profiles",
                 'ATTR{idVendor}=="072f", ATTR{idProduct}=="2200"' in rules.read_text())
    _, said = debian.inside("udevadm", "test", "/sys/devices/virtual/mem/null")
    complaints = [line for line in said.splitlines() if "70-yika" in line and not line.startswith("Reading rules file")]
    trial.expect("udev reads them and complains of nothing", "70-yika-readers.rules" in said and not complaints, said)
    _, said = debian.inside("modprobe", "--show-depends", "pn533_usb")
    trial.expect("the kernel's NFC drivers stay away from readers", "/bin/false" in said or "not found" in said, said)
    _, said = debian.inside("modprobe", "--showconfig")
    trial.expect("modprobe knows why", said.count("blacklist") >= 3 and "install pn533_usb /bin/false" in said, said)
    trial.expect("polkit gets a rule for the user", debian.path("/usr/share/polkit-1/rules.d/50-yika.rules").exists())


def activate(trial):
    trial.open_scene("Set up, enrolled, and a card activated")
    debian, box = trial.debian, trial.box
    token, public_key = box.prepare_ledger()
    box.configure(public_key)
    box.start_ledger()
    status, said = debian.inside("yika", "enrol", "--config", CONFIG, "--token", token)
    trial.expect("yika enrol", status == 0, said)
    owner = debian.need("stat", "-c", "%U %a", CREDENTIALS).strip()
    trial.expect("its credentials are the daemon's alone", owner == "yika 600", owner)
    box.start_pcscd()
    box.start_terminal()
    ended, record = box.tap(box.people[0])
    trial.expect(f"{box.people[0]['name']}'s card is activated on pcscd's virtual reader", ended == "activated", ended)
    trial.expect("the ledger has its records", box.is_posted(record))
    group = debian.need("stat", "-c", "%G %a", "/run/yika/control.sock").strip()
    trial.expect("the control socket is for the group yika", group == "yika 660", group)
    debian.need("useradd", "--groups", "yika", "technician")
    for user, allowed in {"technician": True, "nobody": False}.items():
        status, said = debian.inside("runuser", "-u", user, "--", "yika", "sync", "status", "--socket", "/run/yika/control.sock")
        trial.expect(f"{user} {'may' if allowed else 'may not'} ask the terminal", (status == 0) == allowed, said)


def renew(trial):
    trial.open_scene("Its credential comes to its end, and is renewed")
    debian, box = trial.debian, trial.box
    nightly = ("runuser", "-u", "yika", "--", "yika", "renew", "--config", CONFIG)
    status, said = debian.inside(*nightly)
    trial.expect("too early there is nothing to do", status == 3, said)
    box.age_credential(days=70)
    before = debian.path(CREDENTIALS).read_text()
    status, said = debian.inside(*nightly)
    trial.expect("yika renew, as the daemon's user", status == 0 and debian.path(CREDENTIALS).read_text() != before, said)
    trial.expect("the running terminal goes on with the new one", "systemctl restart" not in said, said)
    box.end_old_credentials()
    _, said = debian.inside("yika", "sync", "now", "--config", CONFIG)
    trial.expect("which the ledger takes from it", "YK-" not in said, said)


def unsent(trial):
    trial.open_scene("The ledger goes away; a card is activated by the roster")
    box = trial.box
    box.end("ledger")
    ended, _ = box.tap(box.people[1])
    trial.expect(f"{box.people[1]['name']}'s card is activated", ended == "activated", ended)
    waiting = box.journal().get("unacknowledged", 0)
    trial.expect(f"{waiting} records wait", waiting >= 2)


def upgrade(trial):
    trial.open_scene("Upgraded with records unsent")
    box = trial.box
    before, stats = box.journal_bytes(), box.journal()
    later = packages.remade(trial.package[TERMINAL], trial.work, trial.version + "+1")
    status, said = trial.install(later)
    trial.expect("the upgrade goes through", status == 0 and trial.state_of(TERMINAL).endswith(trial.version + "+1"), said)
    trial.expect("while it did, the terminal went on", box.processes["yikad"].poll() is None)
    ended = box.end("yikad")
    trial.expect("the old daemon ends cleanly, as systemd would end it", ended == 0, str(ended))
    with wave.open(str(ROOT / "device-profiles/voices/zh-CN/activated.wav")) as sound:
        trial.expect("it has said “activated”, sample for sample", sound.readframes(sound.getnframes()) in box.sound())
    trial.expect("the journal is the same, byte for byte", box.journal_bytes() == before)
    box.start_terminal()
    ended, _ = box.tap(box.people[2])
    after = box.journal()
    trial.expect("the new daemon goes on with it: the next card's records follow the last ones",
                 ended == "activated" and after.get("first") == stats["first"]
                 and after.get("last", 0) == stats["last"] + 2 and after.get("unacknowledged") == stats["unacknowledged"] + 2,
                 f"{ended}: {stats} became {after}")


def strand(trial):
    trial.open_scene("An upgrade that could not read what is unsent")
    before = trial.box.journal_bytes()
    stranding = packages.remade(trial.package[TERMINAL], trial.work, "99", lowest=90)
    status, said = trial.install(stranding)
    count = trial.box.journal()["unacknowledged"]
    trial.expect("is refused", status != 0 and trial.state_of(TERMINAL).endswith(trial.version + "+1"), said)
    trial.expect("in a clear sentence, in both languages",
                 f"{count} records in {JOURNAL} have not reached the ledger" in said and f"还有 {count} 条记录" in said, said)
    trial.expect("the installed version stays whole", trial.state_of(TERMINAL).startswith("install ok installed"))
    trial.expect("the terminal never stopped", trial.box.processes["yikad"].poll() is None)
    trial.expect("the journal is the same, byte for byte", trial.box.journal_bytes() == before)


def remove(trial):
    trial.open_scene("Removed with records unsent")
    debian, box = trial.debian, trial.box
    status, said = debian.apt("remove", TERMINAL)
    trial.expect("is refused in a clear sentence, in both languages",
                 status != 0 and "have not reached the ledger" in said and "没有送到账务中心" in said, said)
    trial.expect("it is still installed", trial.state_of(TERMINAL).startswith("install ok installed"), trial.state_of(TERMINAL))
    consent = re.search(r"touch (\S+),", said)
    box.end("yikad")
    before = box.journal_bytes()
    debian.need("touch", consent[1] if consent else "/consent")
    status, said = debian.apt("remove", TERMINAL)
    trial.expect("goes through once somebody has said that it may", status == 0, said)
    trial.expect("the journal is kept, byte for byte", box.journal_bytes() == before and before)


def return_and_send(trial):
    trial.open_scene("Installed again")
    debian, box = trial.debian, trial.box
    status, said = trial.install(trial.package[TERMINAL])
    trial.expect("it is", status == 0, said)
    last = box.journal()["last"]
    box.start_ledger()
    box.start_terminal()
    trial.expect(f"all {last} records reach the ledger", box.is_posted(last))
    trial.expect("the terminal ends cleanly", box.end("yikad") == 0)
    trial.expect("nothing is unsent", box.journal().get("unacknowledged") == 0)
    stranding = packages.remade(trial.package[TERMINAL], trial.work, "99", lowest=90)
    status, said = trial.install(stranding)
    trial.expect("with nothing unsent the upgrade that was refused goes through, and says what it leaves behind",
                 status == 0 and "is not read by this version" in said, said)
    status, said = debian.apt("install", "--allow-downgrades", debian.copy_in(trial.package[TERMINAL]))
    trial.expect("and so does the way back, to a version that reads it", status == 0, said)
    status, said = box.as_ledger("check", *box.books)
    trial.expect("the books hold (yika-ledger check)", status == 0, said)
    debian.path("/tmp/journal").mkdir()
    subprocess.run(["cp", "-a", f"{debian.path(JOURNAL)}/.", debian.path("/tmp/journal")], check=True)
    done = subprocess.run([ROOT / "tools" / "journal-dump", debian.path("/tmp/journal")], capture_output=True)
    trial.expect("an independent reader finds the journal whole", done.returncode == 0)


def seal(trial):
    trial.open_scene("Its secrets are sealed to the box")
    debian, box = trial.debian, trial.box
    box.end("yikad")
    box.seal_configuration()
    token = box.need_ledger("terminal", "renew", NUMBER, "--days", 90, *box.books).split()[-1]
    status, said = debian.inside("yika", "enrol", "--config", CONFIG, "--token", token)
    sealed = debian.path(f"/etc/credstore.encrypted/{SEALED}")
    trial.expect("yika enrol seals them", status == 0 and sealed.exists() and b"token" not in sealed.read_bytes(), said)
    box.start_terminal(box.unseal())
    _, said = debian.inside("yika", "sync", "now", "--config", CONFIG)
    trial.expect("the terminal starts with what systemd unseals, and the ledger takes it", "YK-" not in said, said)
    box.age_credential(days=70)
    # As in renewal.conf: root, who may write its own files and no others.
    status, said = debian.inside("setpriv", "--bounding-set=-all", "--inh-caps=-all", "yika", "renew", "--config", CONFIG)
    trial.expect("yika renew, as root without a capability, seals the next ones", status == 0 and "systemctl restart yikad" in said, said)
    box.end("yikad")
    box.end_old_credentials()
    box.start_terminal(box.unseal())
    _, said = debian.inside("yika", "sync", "now", "--config", CONFIG)
    trial.expect("with which it goes on once it is started again", "YK-" not in said, said)
    plain = [path.name for path in debian.path("/var/lib/yika").iterdir() if path.is_file() and b'"token"' in path.read_bytes()]
    trial.expect("no secret lies open beside the journal", not plain, " ".join(plain))


def purge(trial):
    trial.open_scene("Removed and purged")
    debian, box = trial.debian, trial.box
    before = box.journal_bytes()
    status, said = debian.apt("remove", TERMINAL)
    trial.expect("with nothing unsent it is removed without a question", status == 0, said)
    gone = [path for path in packages.inside(trial.package[TERMINAL]) if debian.path(path).exists()]
    trial.expect("its files are gone", not gone, "\n".join(gone))
    status, said = debian.apt("purge", TERMINAL)
    trial.expect("a purge that nobody watches keeps the journal, byte for byte", box.journal_bytes() == before and before, said)
    trial.expect("and what it would be sent with",
                 debian.path(CONFIG).exists() and debian.path(f"/etc/credstore.encrypted/{SEALED}").exists())
    for answer, kept in {"no": True, "yes": False}.items():
        trial.install(trial.package[TERMINAL])
        status, said = debian.answered(answer, "dpkg", "--purge", TERMINAL)
        asked = "Delete the terminal's journal?" in said
        trial.expect(f"asked, and answered {answer}: the journal is {'kept' if kept else 'deleted'}",
                     status == 0 and asked and debian.path(JOURNAL).exists() == kept, said)
    trial.expect("then nothing of the terminal is left",
                 not any(debian.path(path).exists() for path in ("/etc/yika", "/var/lib/yika", f"/etc/credstore.encrypted/{SEALED}")))
    if LEDGER in trial.package:
        box.end("ledger")
        status, said = debian.apt("purge", LEDGER)
        trial.expect("the ledger's books are kept by its purge",
                     status == 0 and debian.path("/var/lib/yika-ledger/ledger.sqlite").exists(), said)


SCENES = [install, integrate, activate, renew, unsent, upgrade, strand, remove, return_and_send, seal, purge]
