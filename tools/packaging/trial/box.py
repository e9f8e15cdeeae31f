"""The box under trial, running: pcscd with a virtual reader, ledger and terminal from their packages, a hand with cards.

Nothing of systemd runs in there; the services are started as their units say, by tools/under-unit.
"""

import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from debian import ENVIRONMENT, ROOT, TrialError

sys.path.append(str(ROOT / "tools" / "tour"))

from stack import Card, TourError, free_port  # noqa: E402
from timeline import Timeline  # noqa: E402

NUMBER = 101
CONFIG = "/etc/yika/yikad.json5"
EXAMPLES = "/usr/share/doc/yika-terminal/examples"
PROFILES = "/usr/share/yika/device-profiles"
PATIENCE = 20
# The name that credentials are sealed by, as in the example.
SEALED = "yika-terminal"


class Quiet(Timeline):
    """The terminal's events, written down and not told."""

    def describe(self, event):
        return None


class Box:
    def __init__(self, debian, folder, ledger=None):
        """A box in `debian`; with `ledger`, that program beside it is the ledger instead of the packaged one."""
        self.debian, self.folder, self.ledger_program = debian, folder, ledger
        books = folder if ledger else pathlib.Path("/var/lib/yika-ledger")
        self.books = ["--database", books / "ledger.sqlite"]
        self.database = books / "ledger.sqlite" if ledger else debian.path(f"{books}/ledger.sqlite")
        self.keys = ["--keys", books / "keys"]
        self.processes = {}
        self.card_port, self.ledger_port = free_port(2), free_port()
        self.timeline = Quiet(folder / "timeline.jsonl")
        self.hand = None
        campus = json.loads((ROOT / "device-profiles/terminals/demo/campus.json").read_text(encoding="utf-8"))
        self.people = [person for person in campus["people"] if person["account"] and not person["lost"]]

    # Processes

    def spawn(self, name, command, **options):
        log = open(self.folder / f"{name}.log", "ab")
        options = {"stdout": log, "stdin": subprocess.DEVNULL} | options
        self.processes[name] = subprocess.Popen([str(word) for word in command], stderr=log, **options)
        return self.processes[name]

    def serve(self, name, unit, *command, **options):
        """Starts a service as its installed unit says."""
        rules = self.debian.path(f"/lib/systemd/system/{unit}")
        return self.spawn(name, [ROOT / "tools/under-unit", "--root", self.debian.root, rules, *command],
                          env=ENVIRONMENT | options.pop("environment", {}), **options)

    def end(self, name, seconds=10):
        """Ends a process as systemd would; its exit status, or None when it had to be killed."""
        process = self.processes.pop(name, None)
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def await_path(self, path, name):
        deadline = time.monotonic() + PATIENCE
        while not path.exists():
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise TrialError(f"{name} does not start; see {self.folder}/{name}.log")
            time.sleep(0.02)

    # What is around the terminal

    def start_pcscd(self):
        driver = next(self.debian.path("/usr/lib/pcsc/drivers/serial").glob("libifdvpcd.so*"), None)
        if driver is None:
            raise TrialError("vsmartcard-vpcd has no driver in the Debian")
        inner = "/" + str(driver.relative_to(self.debian.root))
        self.debian.path("/srv/reader.conf").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.card_port:#x}\n'
            f"LIBPATH {inner}\nCHANNELID {self.card_port:#x}\n")
        self.debian.path("/run/pcscd").mkdir(exist_ok=True)
        self.spawn("pcscd", ["chroot", self.debian.root, "pcscd", "--foreground", "--config", "/srv/reader.conf"],
                   env=ENVIRONMENT)
        self.await_path(self.debian.path("/run/pcscd/pcscd.comm"), "pcscd")

    def as_ledger(self, *words):
        """Runs a command of the ledger's: its exit status and what it said."""
        if not self.ledger_program:
            return self.debian.inside("runuser", "-u", "yika-ledger", "--", "yika-ledger", *words)
        # In this order, as the ledger's answer is what it says last.
        done = subprocess.run([self.ledger_program, *(str(word) for word in words)], capture_output=True, text=True)
        return done.returncode, done.stderr + done.stdout

    def need_ledger(self, *words):
        status, said = self.as_ledger(*words)
        if status:
            raise TrialError(f"yika-ledger {words[0]} ended with {status}: {said.strip()}")
        return said

    def prepare_ledger(self):
        """Books with the invented people; the terminal's enrolment token, and the ledger's public key."""
        public = self.need_ledger("init", *self.books, *self.keys).split()[-1]
        accounts = [
            {key: person[key] for key in ("holderNumber", "name", "kind")}
            | {"openingBalanceFen": person.get("openingBalanceFen", 0)} for person in self.people]
        campus = self.debian.path("/srv/campus.json")
        campus.write_text(json.dumps({"accounts": accounts, "terminals": [], "reportedLost": []}))
        self.need_ledger("import", campus if self.ledger_program else "/srv/campus.json", *self.books, *self.keys)
        token = self.need_ledger("terminal", "add", NUMBER, "--name", "Under trial", "--days", 90, *self.books).split()[-1]
        return token, public

    def age_credential(self, days):
        """What the ledger gave out becomes so many days older; its clock is the machine's, and stays."""
        self.change_books("UPDATE credentials SET issued_ms = issued_ms - ?1, expires_ms = expires_ms - ?1", days * 86_400_000)

    def end_old_credentials(self):
        """The day is over in which the old one is still good."""
        self.change_books("UPDATE credentials SET expires_ms = ?1 WHERE issued_ms < (SELECT max(issued_ms) FROM credentials)", 1)

    def change_books(self, statement, value):
        with sqlite3.connect(self.database, timeout=PATIENCE) as books:
            books.execute(statement, (value,))

    def start_ledger(self):
        serve = ["serve", *self.books, *self.keys, "--port", self.ledger_port]
        if self.ledger_program:
            process = self.spawn("ledger", [self.ledger_program, *serve], stdout=subprocess.PIPE)
        else:
            process = self.serve(
                "ledger", "yika-ledger.service", "/usr/bin/yika-ledger", *serve, stdout=subprocess.PIPE)
        if b"listening" not in process.stdout.readline():
            raise TrialError(f"the ledger does not start; see {self.folder}/ledger.log")

    # The terminal

    def configure(self, public_key):
        """As a technician would, from the package's example."""
        text = self.debian.path(f"{EXAMPLES}/activation-kiosk.json5").read_text(encoding="utf-8")
        for before, after in {
            "http://127.0.0.1:8080": f"http://127.0.0.1:{self.ledger_port}", "0" * 64: public_key,
            'device: "default"': 'device: "yika_trial"',
            '  // readers: [{ name: "part of its pcscd name", profile: "acr122u" }],':
                '  readers: [{ name: "Virtual PCD", profile: "acr122u" }],',
        }.items():
            if before not in text:
                raise TrialError(f"the example has no {before}")
            text = text.replace(before, after)
        self.debian.path(CONFIG).write_text(text, encoding="utf-8")
        self.debian.need("cp", f"{EXAMPLES}/demo/keys.json5", "/etc/yika/keys.json5")
        self.debian.path("/srv/asound.conf").write_text(
            '</usr/share/alsa/alsa.conf>\n'
            'pcm.yika_trial { type file slave.pcm "null" file "/tmp/voice.wav" format "wav" }\n')

    def seal_configuration(self):
        """The configuration names credentials that systemd unseals; those that lie open are gone."""
        path = self.debian.path(CONFIG)
        text = path.read_text(encoding="utf-8")
        opened = '"/var/lib/yika/credentials.json5"'
        if opened not in text:
            raise TrialError(f"the example has no {opened}")
        path.write_text(text.replace(opened, f'"credential:{SEALED}"'), encoding="utf-8")
        self.debian.path("/var/lib/yika/credentials.json5").unlink()

    def unseal(self):
        """As systemd does before it starts the daemon, by LoadCredentialEncrypted=; the folder."""
        folder = "/run/credentials/yikad.service"
        self.debian.need("install", "-d", "-o", "yika", "-m", "0700", folder)
        self.debian.need("systemd-creds", "decrypt", f"--name={SEALED}", f"/etc/credstore.encrypted/{SEALED}", f"{folder}/{SEALED}")
        self.debian.need("chown", "yika:", f"{folder}/{SEALED}")
        return folder

    def start_terminal(self, credentials=None):
        socket_path = self.debian.path("/run/yika/control.sock")
        socket_path.unlink(missing_ok=True)
        self.serve("yikad", "yikad.service", "/usr/bin/yikad", "--config", CONFIG,
                   environment={"ALSA_CONFIG_PATH": "/srv/asound.conf"}
                   | ({"CREDENTIALS_DIRECTORY": credentials} if credentials else {}))
        self.await_path(socket_path, "yikad")
        watcher = socket.socket(socket.AF_UNIX)
        # The path from here may be longer than a socket's may be.
        os.chdir(socket_path.parent)
        watcher.connect(socket_path.name)
        os.chdir(ROOT)

        def read():
            for line in watcher.makefile("r", encoding="utf-8"):
                self.timeline.terminal_event(json.loads(line))

        threading.Thread(target=read, daemon=True).start()

    # Cards

    def tap(self, person):
        """Lays a fresh card of somebody's down until the tap has ended; how it ended, and the last record of it."""
        image = f"/srv/{person['holderNumber']}.mfd"
        self.debian.need(
            "yika", "simulate", "new-card", "--layout", f"{PROFILES}/cards/campus-2026.json5",
            "--keys", f"{EXAMPLES}/demo/keys.json5", "--size", person["size"], "--uid", person["uid"],
            "--holder", person["holderNumber"], "--purse", person["smallPurseFen"], image)
        if self.hand is None:
            command = ["chroot", self.debian.root, "yika", "simulate", "card", "--interactive", "--image", image,
                       "--reader", "acr122u", "--profiles", f"{PROFILES}/readers", "--port", self.card_port]
            process = self.spawn("card", command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.hand = Card(process, self.timeline)
            self.hand.events.get(timeout=PATIENCE)
        else:
            self.hand.order("loaded", do="load", image=image)
        self.hand.order("laid", do="lay")
        ended = self.timeline.wait_for("the tap's ending", lambda event: event["event"] == "ended", PATIENCE)
        self.hand.order("lifted", do="lift")
        self.timeline.wait_for("the removal", lambda event: event["event"] == "removed", PATIENCE)
        return ended["what"] if ended else "nothing", self.timeline.last_outcome

    def is_posted(self, record):
        """Whether the ledger has every record up to this one, in time.

        The terminal is asked: what it sent before anybody watched is among no events.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status, said = self.debian.inside("yika", "sync", "status", "--config", CONFIG, "--json")
            if status == 0 and json.loads(said).get("acknowledged", 0) >= record:
                return True
            time.sleep(0.2)
        return False

    def journal(self):
        """What `yika journal stats` says; nothing when it cannot be read."""
        status, said = self.debian.inside("yika", "journal", "stats", "--json")
        return json.loads(said) if status == 0 else {}

    def journal_bytes(self):
        """What is in the journal's segments, by name."""
        folder = self.debian.path("/var/lib/yika/journal")
        return {path.name: path.read_bytes() for path in sorted(folder.glob("journal-*.seg"))}

    def sound(self):
        path = self.debian.path("/tmp/voice.wav")
        return path.read_bytes() if path.exists() else b""

    def stop(self):
        for name in list(self.processes):
            self.end(name)
        self.timeline.close()


__all__ = ["Box", "TourError", "CONFIG", "NUMBER", "PROFILES", "SEALED"]
