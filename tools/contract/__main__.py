"""Holds the ledger to its own description: Schemathesis asks a real one everything that openapi.json allows, and more.

  python3 -B tools/contract [--full] [--examples N] [--database sqlite|postgres] [--role ROLE] [--programs FOLDER]

For each database, a terminal and a clerk ask a ledger with invented people over HTTP; with --full every role does, and a
stranger. No answer may be a server error, and every one must have a status, a content type, headers and a body that the
document names; at the end the books must prove sound. Prints how many requests were made; exit status 1 when an answer
was not as described.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance", "ignored_auth",
]
# Who asks, and which parts of the document; a stranger is refused everywhere in the same way, and asks everything.
ROLES = {
    "terminal": ["terminals", "anybody"], "card-centre": ["people"], "app": ["people"], "auditor": ["people"],
    "stranger": ["terminals", "people"],
}
# Whoever is only refused is left to the full run.
USUAL_ROLES = ["terminal", "card-centre"]
EXAMPLES = {"normal": 15, "full": 100}
# Fixed, so that a run can be had again; --seed takes another.
SEED = 20260901


class Ledger:
    """A real ledger with people and terminals, on one kind of database, in a temporary folder."""

    def __init__(self, programs, kind):
        self.program = programs / "yika-ledger"
        self.folder = tempfile.TemporaryDirectory(prefix="yika-contract-")
        self.path = pathlib.Path(self.folder.name)
        self.postgres = None
        place = str(self.path / "ledger.sqlite")
        if kind == "postgres":
            self.postgres = subprocess.Popen(
                [ROOT / "tools" / "postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            place = self.postgres.stdout.readline().strip()
        self.books = ["--database", place]
        self.keys = ["--keys", str(self.path / "keys")]
        self.tokens = {"terminal": secrets.token_hex(16), "stranger": secrets.token_hex(16)}
        self.fill()
        self.log = open(self.path / "log", "w+")
        self.server = subprocess.Popen(
            [self.program, "serve", *self.books, *self.keys, "--port", "0"], stdout=subprocess.PIPE, stderr=self.log,
            text=True)
        self.url = self.server.stdout.readline().strip().removeprefix("listening on ")

    def run(self, *words):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"tools/contract: yika-ledger {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def fill(self):
        self.run("init", *self.books, *self.keys)
        people = {
            "accounts": [
                {"holderNumber": f"2026{number:04}", "name": f"Holder {number}", "kind": "staff",
                 "openingBalanceFen": 500 * number}
                for number in range(12)
            ],
            "terminals": [
                {"number": 1, "name": "North 1+3, left door", "token": self.tokens["terminal"],
                 "journalKey": secrets.token_hex(32)}
            ],
            "reportedLost": ["20260003"],
        }
        file = self.path / "people.json"
        file.write_text(json.dumps(people))
        self.run("import", str(file), *self.books, *self.keys)
        self.enrolment = self.run("terminal", "add", "2", "--name", "South 3", *self.books).strip()
        for role in ("app", "card-centre", "auditor"):
            words = ["token", "add", role, "--label", "contract", *self.books, *self.keys]
            self.tokens[role] = self.run(*words).strip()
        self.run("settings", "set", "heartbeatMilliseconds", "3000", *self.books)

    def close(self):
        """Stops it; answers what its books say of themselves, and what it logged as failed."""
        self.server.terminate()
        self.server.wait()
        self.run("check", *self.books)
        self.log.seek(0)
        failed = [line for line in self.log if "request failed" in line]
        if self.postgres:
            self.postgres.stdin.close()
            self.postgres.wait()
        self.folder.cleanup()
        return failed


def environment():
    """The Python that Schemathesis is installed for, made once and kept under .build."""
    folder = ROOT / ".build" / "contract"
    wanted = (HERE / "requirements.txt").read_text()
    kept = folder / "requirements.txt"
    if not kept.exists() or kept.read_text() != wanted:
        print("contract: installing Schemathesis under .build, once", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement",
             HERE / "requirements.txt"], check=True)
        kept.write_text(wanted)
    return folder / "bin" / "schemathesis"


def ask(schemathesis, ledger, role, examples, seed):
    """One run as one role: whether all was as described, how many requests were answered how, and each operation how."""
    events = ledger.path / f"{role}.ndjson"
    command = [
        schemathesis, "run", f"{ledger.url}/v1/openapi.json", "--checks", ",".join(CHECKS), "--max-examples",
        str(examples), "--seed", str(seed), "--phases", "examples,coverage,fuzzing", "--no-color",
        # More than one worker trips over Python 3.11 itself, whose ast is not safe among threads (fixed in 3.11.5).
        "--workers", "1",
        # A PIN is slow to verify on purpose, and slower in a debug build.
        "--request-timeout", "60",
        "--warnings", "off", "--continue-on-failure", "--suppress-health-check", "all", "--report", "ndjson",
        "--report-ndjson-path", str(events), "-H", f"Authorization: Bearer {ledger.tokens[role]}",
    ]
    for tag in ROLES[role]:
        command += ["--include-tag", tag]
    if role == "stranger":
        # Whoever shows a wrong token is told nothing but that; that it is so is what is tried here.
        command += ["--exclude-checks", "ignored_auth"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ledger.path,
        env={
            **os.environ, "SCHEMATHESIS_HOOKS": "hooks", "YIKA_ENROLMENT": ledger.enrolment,
            "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
        })
    counts, operations = collections.Counter(), collections.defaultdict(set)
    for line in events.open():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        found = list(statuses([recorder]))
        counts.update(found)
        if recorder:
            operations[recorder["label"]].update(found)
    if done.returncode != 0:
        print(done.stdout[-20000:], done.stderr[-4000:], sep="\n")
    return done.returncode == 0, counts, operations


def statuses(values):
    """Every status of a response anywhere in the events."""
    for value in values:
        if isinstance(value, dict):
            if isinstance(value.get("status_code"), int):
                yield value["status_code"]
            yield from statuses(value.values())
        elif isinstance(value, list):
            yield from statuses(value)


def hold(schemathesis, kind, chosen, examples):
    """Whether a ledger on one kind of database answers every role as described."""
    ledger = Ledger(chosen.programs, kind)
    holds = True
    for role in chosen.role or (ROLES if chosen.full else USUAL_ROLES):
        is_right, counts, operations = ask(schemathesis, ledger, role, examples, chosen.seed)
        holds = holds and is_right
        shown = ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))
        done = sum(any(200 <= status < 400 for status in found) for found in operations.values())
        print(
            f"contract: {kind}, as {role}: {counts.total()} requests, {shown}; "
            f"{done} of {len(operations)} operations done at least once", flush=True)
    for line in ledger.close():
        holds = False
        print(f"contract: {kind}: {line.strip()}", flush=True)
    return holds


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--full", action="store_true")
    arguments.add_argument("--examples", type=int)
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--database", choices=["sqlite", "postgres"], action="append")
    arguments.add_argument("--role", choices=list(ROLES), action="append")
    arguments.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "debug")
    chosen = arguments.parse_args()
    examples = chosen.examples or EXAMPLES["full" if chosen.full else "normal"]
    schemathesis = environment()
    kinds = chosen.database or ["sqlite", "postgres"]
    with concurrent.futures.ThreadPoolExecutor() as both:
        holds = all(list(both.map(lambda kind: hold(schemathesis, kind, chosen, examples), kinds)))
    print("contract: every answer is as described" if holds else "contract: NOT AS DESCRIBED")
    return 0 if holds else 1


sys.exit(main())
