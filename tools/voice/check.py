"""Measures every sentence of the voice packs and says what is wrong with it. Started by tools/voice/check."""

import argparse
import json
import pathlib
import re
import sys

import json5
import numpy as np
import parselmouth
import pocketsphinx
import scipy.signal
import soundfile

import phonemes
import sound

MINIMUM_RANGE = 4.0  # Semitones between the 5th and 95th percentile: less is a voice without tones or melody.
SYLLABLE_SECONDS = (0.10, 0.45)  # Per syllable, pauses included; outside it something is missing or was drawled.
SYLLABLES_OFF = 0.45  # Nasals and weak vowels merge, breath splits: only what is this far off, and by 3, is a fault.
WORDS_MISHEARD = 0.15  # Of an English pack's words, by a small recogniser without any grammar to help it.
LONGEST = {"activating": 3.2}  # Seconds; “activated” follows 3 to 4 s after the tap.


def pitch_range(voice):
    frequencies = voice.to_pitch(time_step=0.01, pitch_floor=75, pitch_ceiling=600).selected_array["frequency"]
    voiced = frequencies[frequencies > 0]
    if len(voiced) < 5:
        return 0.0
    low, high = np.percentile(voiced, [5, 95])
    return 12 * np.log2(high / low)


def nuclei(voice):
    """Syllables as de Jong and Wempe (2009) count them: voiced loudness peaks between dips of 2 dB."""
    intensity = voice.to_intensity(minimum_pitch=75, time_step=0.01)
    curve, times = intensity.values[0], intensity.xs()
    pitch = voice.to_pitch(time_step=0.01, pitch_floor=75, pitch_ceiling=600)
    threshold = np.percentile(curve, 99) - 25
    count, floor, peak, at = 0, curve[0], None, 0
    for index, value in enumerate(curve):
        if peak is None:
            floor = min(floor, value)
            if value > floor + 2:
                peak, at = value, index
        elif value > peak:
            peak, at = value, index
        elif value < peak - 2:
            if peak > threshold and not np.isnan(pitch.get_value_at_time(times[at])):
                count += 1
            peak, floor = None, value
    return count


def words(text):
    """The words of an English sentence, spelt as the recogniser's dictionary spells them."""
    return re.sub(r"[^a-z' ]", "", text.lower()).replace("centre", "center").split()


def misheard(samples, rate, text, recogniser):
    """How many of the sentence's words the recogniser gets wrong, misses or adds (edit distance)."""
    padded = np.pad(samples / 32_768, rate // 5)
    audio = scipy.signal.resample_poly(padded, 16_000, rate)
    recogniser.start_utt()
    recogniser.process_raw((audio * 32_767).astype(np.int16).tobytes(), full_utt=True)
    recogniser.end_utt()
    result = recogniser.hyp()
    heard, said = (result.hypstr.split() if result else []), words(text)
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said):
        diagonal, row[0] = row[0], index + 1
        for column, other in enumerate(heard):
            diagonal, row[column + 1] = row[column + 1], min(
                diagonal + (word != other), row[column] + 1, row[column + 1] + 1)
    return row[-1]


def problems(samples, rate, language, prompt, manifest_entry):
    """Measures one sentence: (figures, faults)."""
    seconds = len(samples) / rate
    floats = samples / 32_768
    voice = parselmouth.Sound(floats, rate)
    syllables = phonemes.syllables(prompt["text"][language], language) if language in ("zh-CN", "en") else None
    loudness, pitch, heard = sound.loudness(floats, rate), pitch_range(voice), nuclei(voice)
    clipped = int((np.abs(samples.astype(int)) >= 32_700).sum())
    faults = []
    if abs(seconds * 1000 - manifest_entry["milliseconds"]) > 50:
        faults.append(f"manifest says {manifest_entry['milliseconds']} ms")
    if clipped:
        faults.append(f"{clipped} samples at full scale")
    if abs(loudness - sound.LOUDNESS) > 1.5:
        faults.append(f"loudness not {sound.LOUDNESS} LUFS")
    if pitch < MINIMUM_RANGE:
        faults.append(f"pitch range under {MINIMUM_RANGE} semitones")
    if syllables:
        if not SYLLABLE_SECONDS[0] <= seconds / syllables <= SYLLABLE_SECONDS[1]:
            faults.append(f"{seconds / syllables:.2f} s per syllable")
        if abs(heard - syllables) > max(2, SYLLABLES_OFF * syllables):
            faults.append("syllables lost or split")
    longest = LONGEST.get(prompt["id"])
    if longest and seconds >= longest:
        faults.append(f"longer than {longest} s")
    peak = np.abs(floats).max()
    return (seconds, heard, syllables or 0, pitch, loudness, 20 * np.log10(peak)), faults


def check_pack(folder, catalogue):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    language, bad, total = manifest["language"], 0, 0.0
    recogniser = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL") if language == "en" else None
    wrong = spoken = 0
    print(f"{folder}: {manifest['name']}, {manifest['speaker']}")
    print(f"  {'sentence':20} {'s':>5} {'heard':>5}/{'syll.':5} {'range':>6} {'LUFS':>6} {'peak':>6}")
    for prompt in catalogue["prompts"]:
        entry = manifest["sentences"].get(prompt["id"])
        if entry is None:
            print(f"  {prompt['id']:20} is missing")
            bad += 1
            continue
        samples, rate = soundfile.read(folder / entry["file"], dtype="int16")
        if samples.ndim != 1 or rate != manifest["sampleRate"]:
            print(f"  {prompt['id']:20} must be mono at {manifest['sampleRate']} Hz")
            bad += 1
            continue
        figures, faults = problems(samples, rate, language, prompt, entry)
        seconds, heard, syllables, pitch, loudness, peak = figures
        total += seconds
        if recogniser:
            wrong += misheard(samples, rate, prompt["text"][language], recogniser)
            spoken += len(words(prompt["text"][language]))
        bad += bool(faults)
        print(f"  {prompt['id']:20} {seconds:5.2f} {heard:5}/{syllables:<5} {pitch:6.1f} {loudness:6.1f} {peak:6.1f}"
              f"  {'; '.join(faults) or 'good'}")
    if recogniser:
        print(f"  a recogniser gets {wrong} of {spoken} words wrong")
        bad += wrong > WORDS_MISHEARD * spoken
    if manifest["catalogueVersion"] != catalogue["version"]:
        print(f"  spoken for catalogue version {manifest['catalogueVersion']}, which is now {catalogue['version']}")
        bad += 1
    print(f"  {len(manifest['sentences'])} sentences, {total:.1f} s, {bad} with a fault\n")
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalogue", type=pathlib.Path, required=True)
    parser.add_argument("packs", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    catalogue = json5.loads(options.catalogue.read_text(encoding="utf-8"))
    sys.exit(1 if sum(check_pack(folder, catalogue) for folder in options.packs) else 0)


if __name__ == "__main__":
    main()
