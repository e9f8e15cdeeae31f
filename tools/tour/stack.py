"""The real stack, in one folder: ledger, pcscd with a virtual reader, terminal daemon, simulated card."""

import json
import os
import pathlib
import queue
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILES = ROOT / "device-profiles"
DEMO = PROFILES / "terminals" / "demo"
TERMINAL = 101


class TourError(Exception):
    """Something that the tour cannot go on without did not come."""


def free_port(count=1):
    """A TCP port with `count` free ones in a row, on the loopback address."""
    while True:
        probes = [socket.socket() for _ in range(count)]
        try:
            probes[0].bind(("127.0.0.1", 0))
            first = probes[0].getsockname()[1]
            for offset, probe in enumerate(probes[1:], 1):
                probe.bind(("127.0.0.1", first + offset))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()


@dataclass
class Box:
    """One terminal of the tour: its number, what it is for, and where it keeps things."""

    number: int
    name: str
    role: str
    process: str = "yikad"
    folder: str = "terminal"
    # Of the tour's folder; a kiosk's journal has always lain in it directly.
    state: str = "."
    socket: str = "control.sock"
    sound: str = "voice.wav"
    settings: dict = field(default_factory=dict)


KIOSK = Box(TERMINAL, "North canteens 1+3, left", "activation")


class Stack:
    def __init__(self, out, programs, timeline, real_reader=False, to_file=False, measured=False):
        self.out, self.programs, self.timeline = out, programs, timeline
        self.real_reader, self.to_file, self.measured = real_reader, to_file, measured
        self.campus = json.loads((DEMO / "campus.json").read_text(encoding="utf-8"))
        # vpcd takes a second port for a second slot.
        self.card_port, self.ledger_port = free_port(2), free_port()
        self.run = out / "run"
        self.processes = {}
        self.boxes = [KIOSK]
        self.secrets = {}

    def start(self):
        for folder in ["run", "cards/before", "cards/after", "terminal", "log"]:
            shutil.rmtree(self.out / folder, ignore_errors=True)
            (self.out / folder).mkdir(parents=True)
        for stale in ["voice.wav", "till-1.wav", "till-2.wav", "till-3.wav", "journal", "feeds", "till-state"]:
            path = self.out / stale
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        for stale in self.out.glob("ledger.sqlite*"):
            stale.unlink()
        shutil.rmtree(self.out / "ledger-keys", ignore_errors=True)
        self.prepare_ledger()
        self.start_ledger()
        if not self.real_reader:
            self.start_pcscd()
        self.start_terminal(KIOSK)

    def secret(self, number):
        """A terminal's token and the root key of its journal."""
        return self.secrets.setdefault(number, (secrets.token_hex(16), secrets.token_hex(32)))

    # The ledger

    def ledger(self, *words):
        command = [self.programs / "yika-ledger", *words]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise TourError(f"yika-ledger {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    @property
    def books(self):
        return ["--database", str(self.out / "ledger.sqlite")]

    @property
    def keys(self):
        return ["--keys", str(self.out / "ledger-keys")]

    def prepare_ledger(self):
        self.ledger("init", *self.books, *self.keys)
        people = [person for person in self.campus["people"] if person["account"]]
        known = {terminal["number"] for terminal in self.campus["terminals"]}
        boxes = [{"number": box.number, "name": box.name} for box in self.boxes if box.number not in known]
        terminals = [
            dict(zip(("token", "journalKey"), self.secret(terminal["number"])), **terminal)
            for terminal in self.campus["terminals"] + boxes
        ]
        accounts = [
            {key: person[key] for key in ("holderNumber", "name", "kind")}
            | {"openingBalanceFen": person.get("openingBalanceFen", 0)}
            for person in people
        ]
        lost = [person["holderNumber"] for person in people if person["lost"]]
        file = self.run / "campus.json"
        file.write_text(json.dumps({"accounts": accounts, "terminals": terminals, "reportedLost": lost}))
        self.ledger("import", str(file), *self.books, *self.keys)

    def start_ledger(self):
        command = [self.programs / "yika-ledger", "serve", *self.books, *self.keys, "--port", str(self.ledger_port)]
        process = self.spawn("ledger", command, stdout=subprocess.PIPE)
        line = process.stdout.readline().decode()
        if "listening" not in line:
            raise TourError(f"the ledger does not start; see {self.out}/log/ledger.log")

    # pcscd and the card

    def start_pcscd(self):
        """A pcscd of our own: its socket in a folder of ours, in a mount namespace of its own."""
        folder = self.run / "pcscd"
        folder.mkdir()
        driver = next(pathlib.Path("/usr/lib/pcsc/drivers/serial").glob("libifdvpcd.so*"), None)
        if driver is None:
            raise TourError("vsmartcard-vpcd is not installed; run tools/setup")
        (folder / "reader.conf").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.card_port:#x}\n'
            f"LIBPATH {driver}\nCHANNELID {self.card_port:#x}\n")
        inner = (f"mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind {folder} /run/pcscd && "
                 f"exec pcscd --foreground --config {folder}/reader.conf")
        flags = ["-m"] if os.geteuid() == 0 else ["-rm"]
        self.spawn("pcscd", ["unshare", *flags, "sh", "-c", inner])
        self.await_path(folder / "pcscd.comm", "pcscd")

    def card(self, image):
        """The process that plays cards, ready with `image`."""
        command = [self.programs / "yika", "simulate", "card", "--interactive", "--image", str(image),
                   "--reader", "acr122u", "--profiles", str(PROFILES / "readers"), "--port", str(self.card_port)]
        return Card(self.spawn("card", command, stdin=subprocess.PIPE, stdout=subprocess.PIPE), self.timeline)

    def new_card(self, person):
        image = self.out / "cards" / "before" / f"{person['holderNumber']}.mfd"
        subprocess.run(
            [self.programs / "yika", "simulate", "new-card", "--layout", PROFILES / "cards" / "campus-2026.json5",
             "--keys", DEMO / "keys.json5", "--size", person["size"], "--uid", person["uid"],
             "--holder", person["holderNumber"], "--purse", str(person["smallPurseFen"]),
             "--other-purse", str(person["otherPurseFen"]), image], check=True, stdout=subprocess.DEVNULL)
        return image

    def example_card(self):
        return (f"{self.programs}/yika simulate card --reader acr122u --port {self.card_port} "
                f"--image {self.new_card(self.campus['people'][0])}")

    # The terminal

    def start_terminal(self, box=KIOSK):
        """Starts a terminal, for the first time or again with what its disk has kept."""
        folder, state = self.out / box.folder, self.out / box.state
        folder.mkdir(exist_ok=True)
        state.mkdir(exist_ok=True)
        token, journal_key = self.secret(box.number)
        public_key = (self.out / "ledger-keys" / "signing.pub").read_text().strip()
        roster_key = (self.out / "ledger-keys" / "roster.key").read_text().strip()
        credentials = {"token": token, "rosterKey": roster_key}
        (folder / "credentials.json5").write_text(json.dumps(credentials))
        (folder / "credentials.json5").chmod(0o600)
        if not (state / "journal").exists():
            # The terminal begins its journal with this key and destroys it.
            (state / "journal.key").write_text(journal_key)
            (state / "journal.key").chmod(0o600)
        environment = dict(os.environ)
        if not self.real_reader:
            environment["PCSCLITE_CSOCK_NAME"] = str(self.run / "pcscd" / "pcscd.comm")
        environment["ALSA_CONFIG_PATH"] = str(self.sound_configuration(box))
        configuration = {
            "terminal": {"number": box.number, "name": box.name, "role": box.role},
            "stateDirectory": str(state), "profiles": str(PROFILES), "cardLayout": "campus-2026",
            "keys": str(DEMO / "keys.json5"), "credentials": "credentials.json5",
            "readers": [{"name": "Virtual PCD", "profile": "acr122u"}],
            "voice": {"device": "yika_tour", "languages": ["zh-CN", "en"]},
            "ledger": {"url": f"http://127.0.0.1:{self.ledger_port}", "publicKey": public_key},
            "controlSocket": str(self.run / box.socket), **box.settings,
        }
        file = folder / "yikad.json5"
        file.write_text(json.dumps(configuration, indent=2, ensure_ascii=False))
        catalogue = json.loads((PROFILES / "voices" / "zh-CN" / "manifest.json").read_text(encoding="utf-8"))
        # Of a sentence with numbers in it the first piece tells what it is about.
        self.timeline.sentences = {name.removesuffix("/1"): entry["text"] for name, entry in catalogue["sentences"].items()}
        (self.run / box.socket).unlink(missing_ok=True)
        self.spawn(box.process, [*self.rules(), self.programs / "yikad", "--config", file], env=environment)
        self.watch_terminal(box)

    def rules(self):
        """In a tour that is a test, the daemon lives under its unit's rules for system calls: a forbidden one would kill it.

        Not before a technician's own sound card: what a desktop's sound plugins ask for is none of the unit's business.
        """
        return [ROOT / "tools" / "under-unit", ROOT / "systemd" / "yikad.service"] if self.to_file else []

    def sound_configuration(self, box):
        """Into the sound card if there is one, and into a WAV file; into the file alone where there is none."""
        if self.measured:
            return self.bare_sound(box)
        try:
            cards = pathlib.Path("/proc/asound/cards").read_text()
        except OSError:
            cards = ""
        has_card = bool(cards.strip()) and "no soundcards" not in cards
        slave = "default" if has_card and not self.to_file else "yika_card"
        library = subprocess.run(
            [ROOT / "tools" / "sound-card" / "build", self.run], check=True, capture_output=True, text=True).stdout.strip()
        self.sound_card("ok")
        file = self.run / f"{box.process}-asound.conf"
        file.write_text(
            "</usr/share/alsa/alsa.conf>\n"
            f'pcm_type.yikacard {{ lib "{library}" }}\n'
            f'pcm.yika_card {{ type yikacard control "{self.run}/sound/control" rate 0 channels 0 paced 0 }}\n'
            f'pcm.yika_tour {{ type file slave.pcm "{slave}" file "{self.out}/{box.sound}" format "wav" }}\n')
        return file

    def bare_sound(self, box):
        """A device that costs the daemon nothing, and none of the sound server's plugins that this machine may have: they
        run in the daemon, and are no part of it."""
        standard = pathlib.Path("/usr/share/alsa/alsa.conf").read_text()
        file = self.run / f"{box.process}-asound.conf"
        file.write_text(re.sub(r'^.*"[^"]*/conf\.d".*\n', "", standard, flags=re.M) + "pcm.yika_tour { type null }\n")
        return file

    def sound_card(self, word):
        """What the sound card that is not there does from now on (tools/sound-card)."""
        folder = self.run / "sound"
        folder.mkdir(exist_ok=True)
        (folder / "new").write_text(word)
        (folder / "new").rename(folder / "control")

    def watch_terminal(self, box):
        path = self.run / box.socket
        self.await_path(path, box.process)
        watcher = socket.socket(socket.AF_UNIX)
        watcher.connect(str(path))

        def read():
            for line in watcher.makefile("r", encoding="utf-8"):
                self.timeline.terminal_event(json.loads(line))

        threading.Thread(target=read, daemon=True).start()

    # Processes

    def spawn(self, name, command, **options):
        log = open(self.out / "log" / f"{name}.log", "ab")
        options.setdefault("stdout", log)
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(word) for word in command], stderr=log, **options)
        self.processes[name] = process
        return process

    def await_path(self, path, name, seconds=10):
        deadline = time.monotonic() + seconds
        while not path.exists():
            process = self.processes[name]
            if process.poll() is not None or time.monotonic() > deadline:
                raise TourError(f"{name} does not start; see {self.out}/log/{name}.log")
            time.sleep(0.02)

    def end(self, name, seconds=5):
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

    def stop(self):
        self.ended = getattr(self, "ended", {})
        for name in ["card", *(box.process for box in self.boxes), "pcscd", "ledger"]:
            if name in self.processes:
                self.ended[name] = self.end(name)

    def where_to_look(self):
        return (f"Look in {self.out}: voice.wav, journal/ (tools/journal-dump), ledger.sqlite (yika-ledger show), "
                "cards/, timeline.jsonl, log/")


class Card:
    """A hand that lays simulated cards on the reader."""

    def __init__(self, process, timeline):
        self.process, self.timeline = process, timeline
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            self.timeline.record({**event, "event": "card-" + event["event"]})
            if event["event"] != "apdu":
                self.events.put(event)

    def order(self, until, **words):
        """Gives an order and waits for the event that says it was carried out."""
        self.process.stdin.write((json.dumps(words) + "\n").encode())
        self.process.stdin.flush()
        while True:
            try:
                event = self.events.get(timeout=10)
            except queue.Empty:
                raise TourError(f"the card process did not answer the order {words}") from None
            if event["event"] == "error":
                raise TourError(f"the card process expected {event.get('message')}")
            if event["event"] == until:
                return event
