"""What must hold after the tour, read from what it left behind, and the table that says so."""

import json
import subprocess
import sys
import wave

from stack import PROFILES, ROOT

# Sectors that the sample layout preserves, and their bytes on a card of small sectors.
SECTOR = 64


def check_everything(stack, director, timeline):
    timeline.scene = "check"
    check_processes(stack, director)
    check_cards(stack, director)
    check_ledger(stack, director)
    check_journal(stack, director)
    check_voice(stack, director)
    print_table(stack, director, timeline)
    return 0 if all(holds for _, _, holds in director.results) else 1


def check_processes(stack, director):
    director.expect("the terminal stops cleanly on SIGTERM", stack.ended.get("yikad") == 0)


def check_cards(stack, director):
    """Refused cards are as they were; activated ones changed in exactly one sector, and that a claimable one."""
    layout = layout_numbers()
    for person in director.attempted:
        name = f"{person['holderNumber']}.mfd"
        before = (stack.out / "cards" / "before" / name).read_bytes()
        after = (stack.out / "cards" / "after" / name).read_bytes()
        preserved = all(
            before[sector * SECTOR:(sector + 1) * SECTOR] == after[sector * SECTOR:(sector + 1) * SECTOR]
            for sector in layout["preserve"])
        director.expect(f"preserved sectors of {person['name']}'s card are unchanged", preserved)
        changed = {offset // SECTOR for offset in range(len(before)) if before[offset] != after[offset]}
        active = person["account"] and not person["lost"]
        director.expect(
            f"{person['name']}'s card changed in {len(changed)} sector(s)",
            len(changed) == 1 and changed <= set(layout["candidates"]) if active else not changed)


def layout_numbers():
    """`preserve` and `candidates` of the sample layout; its file has comments, so the lines are picked out."""
    numbers = {}
    for line in (PROFILES / "cards" / "campus-2026.json5").read_text(encoding="utf-8").splitlines():
        for name in ("preserve", "candidates"):
            if line.strip().startswith(name + ":"):
                numbers[name] = json.loads(line.split(":", 1)[1].strip().rstrip(","))
    return numbers


def check_books(stack, director):
    """What `yika-ledger check` proves; its findings."""
    done = subprocess.run(
        [stack.programs / "yika-ledger", "check", "--json", *stack.books], capture_output=True, text=True)
    director.expect("every invariant of the ledger holds (yika-ledger check)", done.returncode == 0)
    findings = json.loads(done.stdout) if done.stdout else {}
    director.expect("the sum over all accounts is zero", findings.get("sumFen") == 0)
    return findings


def check_ledger(stack, director):
    findings = check_books(stack, director)
    shown = json.loads(stack.ledger("show", "activations", "--json", *stack.books))
    expected = [person for person in director.attempted if person["account"] and not person["lost"]]
    director.expect(f"{len(expected)} cards are active, each once", len(shown) == len(expected))
    director.expect("nothing is in suspense", findings.get("suspense") == 0)
    transfers = json.loads(stack.ledger("show", "transfers", "--json", *stack.books))
    purses = [person for person in expected if person["smallPurseFen"] > 0]
    paid = sorted(row["fen"] for row in transfers if row["kind"] == "small-purse" and row["fen"] > 0)
    director.expect(
        f"{len(purses)} small purses are paid in, each once", paid == sorted(person["smallPurseFen"] for person in purses))


def check_everything_but(stack, director, journal, sentences):
    """What must hold after any tour, beside what is its own."""
    findings = check_books(stack, director)
    director.expect("nothing is in suspense", findings.get("suspense") == 0)
    check_journal(stack, director, journal)
    for recording, spoken in sentences.items():
        check_voice(stack, director, recording, spoken)


def check_journal(stack, director, journal=None):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "journal-dump", journal or stack.out / "journal"], capture_output=True, text=True)
    director.expect("an independent reader finds the journal whole (tools/journal-dump)", done.returncode == 0)


def check_voice(stack, director, file="voice.wav", sentences=("activating", "activated")):
    """The sentences are in the recording, sample for sample; of one with a number in it, all its parts without a gap."""
    # As bytes: a daemon that was killed has not written the file's lengths.
    heard = (stack.out / file).read_bytes()
    pack = PROFILES / "voices" / "zh-CN"
    manifest = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    sounds = manifest["words"] | manifest["sentences"]
    for sentence in sentences:
        spoken = b""
        for part in sentence.split("+"):
            with wave.open(str(pack / sounds[part]["file"])) as sound:
                spoken += sound.readframes(sound.getnframes())
        director.expect(f"{file} holds “{sentence}”, sample for sample", spoken in heard)


def print_table(stack, director, timeline):
    timeline.say("\n" + timeline.paint("What held", "scene"))
    for scene, what, holds in director.results:
        mark = timeline.paint("yes", "good") if holds else timeline.paint("NO ", "bad")
        timeline.say(f"  {scene:>5}  {mark}  {what}")
    failed = sum(not holds for _, _, holds in director.results)
    timeline.say(f"\n{len(director.results) - failed} held, {failed} did not. {stack.where_to_look()}")
