"""Measures every clip of the voice packs and says what is wrong with it. Started by tools/voice/check."""

import argparse
import json
import pathlib
import re
import sys

import numpy as np
import parselmouth
import soundfile

import amounts
import catalogue as catalogues
import measure
import phonemes
import sound

MINIMUM_RANGE = 4.0  # Semitones between the 5th and 95th percentile: less is a voice without tones or melody.
MELODIC = 3  # Syllables from which on a clip must have that range.
SYLLABLE_SECONDS = (0.10, 0.45)  # Per syllable, pauses included; outside it something is missing or was drawled.
WORD_SECONDS = (0.14, 0.45)  # The same in a word of a number, without the silence around it.
SYLLABLES_OFF = 0.5  # Nasals and weak vowels merge, breath splits: only what is this far off, and by 3, is a fault.
LOUDNESS_OFF, WORD_LOUDNESS_OFF = 1.5, 2.5  # LU
WORDS_MISHEARD = 0.15  # Of an English pack's words, by a small recogniser without any grammar to help it.
NUMBERS_MISHEARD = 0.10  # Of the English number words, singly and put together, when it listens for them alone.
TONE_FIT = 0.7  # Correlation of a Mandarin word's melody with its tones.
JOINT_SILENCE = (0.020, 0.035)  # Seconds before and after at most: words of a number follow each other without a gap.
LONGEST_GAP = 0.15  # Seconds of silence within a number that was put together.
LONGEST = {"activating": 3.2}  # Seconds; “activated” follows 3 to 4 s after the tap.
AMOUNTS = ("12.50", "110", "202.05", "10010", "22222.22", "0.05", "99999.99", "1000", "25", "0.50")


class Pack:
    def __init__(self, folder):
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.language = self.manifest["language"]
        self.bad = 0

    def read(self, entry):
        """(samples from -1 to 1, faults)."""
        path = self.folder / entry["file"]
        if not path.exists():
            return None, [f"{entry['file']} is missing"]
        samples, rate = soundfile.read(path, dtype="int16")
        if samples.ndim != 1 or rate != self.manifest["sampleRate"]:
            return None, [f"must be mono at {self.manifest['sampleRate']} Hz"]
        faults = []
        if abs(len(samples) / rate * 1000 - entry["milliseconds"]) > 50:
            faults.append(f"manifest says {entry['milliseconds']} ms")
        clipped = int((np.abs(samples.astype(int)) >= 32_700).sum())
        if clipped:
            faults.append(f"{clipped} samples at full scale")
        return samples / 32_768, faults

    @property
    def rate(self):
        return self.manifest["sampleRate"]

    def report(self, line):
        self.bad += 1
        print(f"  {line}")


def words_of(text):
    """The words of an English sentence, spelt as the recogniser's dictionary spells them."""
    return re.sub(r"[^a-z' ]", "", text.lower()).replace("centre", "center").split()


def too_far(heard, syllables):
    return abs(heard - syllables) > max(2, SYLLABLES_OFF * syllables)


def clip_problems(samples, rate, language, clip):
    """Measures a sentence or a piece: (figures, faults)."""
    seconds = len(samples) / rate
    voice = parselmouth.Sound(samples, rate)
    syllables = phonemes.syllables(clip.text, language) if language in ("zh-CN", "en") else None
    loudness, pitch, heard = sound.loudness(samples, rate), measure.pitch_range(voice), measure.nuclei(voice)
    faults = []
    if abs(loudness - sound.LOUDNESS) > LOUDNESS_OFF:
        faults.append(f"loudness not {sound.LOUDNESS} LUFS")
    if pitch < MINIMUM_RANGE and (syllables is None or syllables >= MELODIC):
        faults.append(f"pitch range under {MINIMUM_RANGE} semitones")
    if syllables:
        # A piece of one syllable is not drawled because a pause follows it.
        each = (seconds if clip.is_whole else seconds - sum(measure.silences(samples, rate)[:2])) / syllables
        if not SYLLABLE_SECONDS[0] <= each <= SYLLABLE_SECONDS[1]:
            faults.append(f"{each:.2f} s per syllable")
        if too_far(heard, syllables):
            faults.append("syllables lost or split")
    longest = LONGEST.get(clip.name)
    if longest and seconds >= longest:
        faults.append(f"longer than {longest} s")
    peak = 20 * np.log10(np.abs(samples).max())
    return (seconds, heard, syllables or 0, pitch, loudness, peak), faults


def check_clips(pack, catalogue):
    recogniser = measure.Recogniser() if pack.language == "en" else None
    wrong = spoken = 0
    print(f"  {'sentence or piece':20} {'s':>5} {'heard':>5}/{'syll.':5} {'range':>6} {'LUFS':>6} {'peak':>6}")
    for clip in catalogues.clips(catalogue, pack.language):
        entry = pack.manifest["sentences"].get(clip.name)
        if entry is None:
            pack.report(f"{clip.name:20} is missing")
            continue
        samples, faults = pack.read(entry)
        if samples is None:
            pack.report(f"{clip.name:20} {'; '.join(faults)}")
            continue
        figures, more = clip_problems(samples, pack.rate, pack.language, clip)
        faults += more
        if recogniser and clip.is_whole:
            said = words_of(clip.text)
            wrong += measure.differences(recogniser.heard(samples, pack.rate), said)
            spoken += len(said)
        seconds, heard, syllables, pitch, loudness, peak = figures
        pack.bad += bool(faults)
        print(f"  {clip.name:20} {seconds:5.2f} {heard:5}/{syllables:<5} {pitch:6.1f} {loudness:6.1f} {peak:6.1f}"
              f"  {'; '.join(faults) or 'good'}")
    if recogniser:
        print(f"  a recogniser gets {wrong} of {spoken} words wrong")
        pack.bad += wrong > WORDS_MISHEARD * spoken


def word_problems(samples, rate, language, word):
    """Measures a word of a number: (seconds per syllable, loudness, faults)."""
    before, after, _ = measure.silences(samples, rate)
    voice = parselmouth.Sound(np.pad(samples, rate // 10), rate)
    loudness, faults = sound.loudness(samples, rate), []
    if abs(loudness - sound.LOUDNESS) > WORD_LOUDNESS_OFF:
        faults.append(f"loudness {loudness:.1f} LUFS")
    if before > JOINT_SILENCE[0] or after > JOINT_SILENCE[1]:
        faults.append(f"silence of {before * 1000:.0f} ms before and {after * 1000:.0f} ms after")
    if max(abs(samples[0]), abs(samples[-1])) > 0.01:
        faults.append("does not begin and end in silence")
    each = 0.0
    if language in ("zh-CN", "en"):
        syllables = phonemes.syllables(word, language)
        each, heard = (len(samples) / rate - before - after) / syllables, measure.nuclei(voice)
        if not WORD_SECONDS[0] <= each <= WORD_SECONDS[1]:
            faults.append(f"{each:.2f} s per syllable")
        if abs(heard - syllables) > 1:
            faults.append(f"{heard} syllables heard")
    if language == "zh-CN":
        tones = "".join(pinyin[-1] for pinyin, _ in phonemes.number_syllables(word))
        fit = measure.tone_fit(voice, tones)
        if fit < TONE_FIT:
            faults.append(f"the melody is not that of tones {tones} ({fit:.2f})")
    return each, loudness, faults


def check_words(pack, catalogue):
    names = catalogue["words"].get(pack.language, [])
    recogniser = measure.Recogniser(names) if pack.language == "en" else None
    each, loudnesses, misheard, before = [], [], [], pack.bad
    for word in names:
        entry = pack.manifest.get("words", {}).get(word)
        samples, faults = pack.read(entry) if entry else (None, ["is missing"])
        if samples is not None:
            seconds, loudness, more = word_problems(samples, pack.rate, pack.language, word)
            faults += more
            each.append(seconds)
            loudnesses.append(loudness)
            heard = recogniser.heard(samples, pack.rate) if recogniser else [word]
            if heard != [word]:
                misheard.append(f"{word} as {' '.join(heard) or 'nothing'}")
        if faults:
            pack.report(f"{word:20} {'; '.join(faults)}")
    if each:
        print(f"  {len(each)} of {len(names)} words: {min(each):.2f} to {max(each):.2f} s per syllable, "
              f"{min(loudnesses):.1f} to {max(loudnesses):.1f} LUFS, {pack.bad - before} with a fault")
    if recogniser:
        print(f"  a recogniser hears {len(names) - len(misheard)} of them right; {', '.join(misheard) or 'none wrong'}")
        pack.bad += len(misheard) > NUMBERS_MISHEARD * len(names)


def check_amounts(pack, catalogue):
    """Puts numbers together as a terminal does, and measures what one hears."""
    names = catalogue["words"][pack.language]
    recogniser = measure.Recogniser(names, "+") if pack.language == "en" else None
    wrong = spoken = 0
    print(f"  {'amount':20} {'s':>5} {'heard':>5}/{'syll.':5} {'gap':>6} {'LUFS':>6}")
    for amount in AMOUNTS:
        read = amounts.words(amount, pack.language)
        if any(word not in pack.manifest.get("words", {}) for word in read):
            pack.report(f"{amount:20} lacks a word of {' '.join(read)}")
            continue
        samples = np.concatenate([pack.read(pack.manifest["words"][word])[0] for word in read])
        figures, faults = amount_problems(samples, pack.rate, pack.language, read)
        if recogniser:
            heard = recogniser.heard(samples, pack.rate)
            different = measure.differences(heard, read)
            wrong, spoken = wrong + different, spoken + len(read)
            if different:
                faults.append(f"heard as {' '.join(heard)}")
        pack.bad += bool(faults) and not recogniser
        print(f"  {amount:20} {figures}  {'; '.join(faults) or 'good'}")
    if recogniser:
        print(f"  a recogniser gets {wrong} of {spoken} words wrong")
        pack.bad += wrong > NUMBERS_MISHEARD * spoken


def amount_problems(samples, rate, language, read):
    syllables = sum(phonemes.syllables(word, language) for word in read)
    heard = measure.nuclei(parselmouth.Sound(np.pad(samples, rate // 10), rate))
    loudness, gap = sound.loudness(samples, rate), measure.silences(samples, rate)[2]
    faults = []
    if too_far(heard, syllables):
        faults.append("syllables lost or split")
    if gap > LONGEST_GAP:
        faults.append(f"a gap of {gap * 1000:.0f} ms")
    if abs(loudness - sound.LOUDNESS) > LOUDNESS_OFF:
        faults.append(f"loudness not {sound.LOUDNESS} LUFS")
    return f"{len(samples) / rate:5.2f} {heard:5}/{syllables:<5} {gap:6.3f} {loudness:6.1f}", faults


def check_manifest(pack, catalogue):
    manifest = pack.manifest
    if manifest["catalogueVersion"] != catalogue["version"]:
        pack.report(f"spoken for catalogue version {manifest['catalogueVersion']}, which is now {catalogue['version']}")
    elif manifest.get("catalogueSHA256", catalogue["sha256"]) != catalogue["sha256"]:
        pack.report("spoken for another text of the catalogue: its SHA-256 differs")
    named = {entry["file"] for kind in ("sentences", "words") for entry in manifest.get(kind, {}).values()}
    for path in sorted(pack.folder.iterdir()):
        if path.name not in named | {"manifest.json"}:
            pack.report(f"{path.name} is not named by the manifest")


def check_pack(folder, catalogue):
    pack = Pack(folder)
    manifest = pack.manifest
    print(f"{folder}: {manifest['name']}, {manifest['speaker']}")
    check_manifest(pack, catalogue)
    check_clips(pack, catalogue)
    check_words(pack, catalogue)
    if pack.language in ("zh-CN", "en"):
        check_amounts(pack, catalogue)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"  {len(manifest['sentences'])} sentences and pieces, {len(manifest.get('words', {}))} words, "
          f"{size:,} bytes, {pack.bad} with a fault\n")
    return pack.bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalogue", type=pathlib.Path, required=True)
    parser.add_argument("packs", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    catalogue = catalogues.load(options.catalogue)
    sys.exit(1 if sum([check_pack(folder, catalogue) for folder in options.packs]) else 0)


if __name__ == "__main__":
    main()
