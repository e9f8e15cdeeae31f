"""Speaks the sentence catalogue with voices from Python packages, into packs. Started by tools/voice/make."""

import argparse
import importlib.metadata
import json
import logging
import pathlib
import sys

import numpy as np
import soundfile

import catalogue as catalogues
import models
import phonemes
import sound
import words

LICENCE = "Apache-2.0 (model weights and voices; the sound may be passed on)"

# Speeds: “activating” must end before 3.2 s, so that “activated” can follow 3 to 4 s after the tap.
PACKS = {
    "zh-CN": {"name": "普通话", "model": models.Kokoro, "voice": "jf_gongitsune", "speed": 1.15},
    "en": {"name": "English", "model": models.Hibari, "voice": "heart", "speed": 1.0},
}


def make_pack(language, catalogue, output, progress):
    pack = PACKS[language]
    model = pack["model"]()
    folder = output / language
    folder.mkdir(parents=True, exist_ok=True)
    sentences, numbers = {}, {}
    for clip in catalogues.clips(catalogue, language):
        progress(f"{language} {clip.name}")
        milliseconds = write(folder / clip.file, (whole if clip.is_whole else words.piece)(model, pack, clip, language))
        sentences[clip.name] = {"file": clip.file, "text": clip.text, "milliseconds": milliseconds}
    for word in catalogue["words"][language]:
        progress(f"{language} {word}")
        file = catalogues.word_file(word)
        numbers[word] = {"file": file, "milliseconds": write(folder / file, words.word(model, pack, word, language))}
    manifest = {
        "language": language,
        "name": pack["name"],
        "speaker": f"{pack['voice']} (synthetic), speed {pack['speed']}",
        "engine": f"{model.name} ({versioned(model.distribution)}); phonemes by {versioned('misaki')}",
        "licence": LICENCE,
        "sampleRate": sound.RATE,
        "loudness": sound.LOUDNESS,
        "catalogueVersion": catalogue["version"],
        "catalogueSHA256": catalogue["sha256"],
        "sentences": sentences,
        "words": numbers,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=4) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    remove_stale(folder, {entry["file"] for entry in [*sentences.values(), *numbers.values()]})


def whole(model, pack, clip, language):
    samples, _ = model.speak(phonemes.of(clip.text, language), pack["voice"], pack["speed"])
    return sound.trim(samples, sound.RATE)


def write(path, samples):
    """Levels and writes a clip; its length in milliseconds."""
    levelled = np.round(sound.level(samples, sound.RATE) * 32_767).astype(np.int16)
    soundfile.write(path, levelled, sound.RATE, subtype="PCM_16")
    return len(levelled) * 1000 // sound.RATE


def remove_stale(folder, files):
    for path in folder.glob("*.wav"):
        if path.name not in files:
            path.unlink()


def versioned(name):
    return f"{name} {importlib.metadata.version(name)}"


def progress_of(total):
    """Counts clips: one line that changes on a terminal, a line each elsewhere."""
    done = 0

    def report(what):
        nonlocal done
        done += 1
        line = f"[{done:3}/{total}] {what}"
        print(f"\r\033[K{line}" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n",
              file=sys.stderr, flush=True)

    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalogue", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=PACKS)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    catalogue = catalogues.load(options.catalogue)
    languages = [options.only] if options.only else list(PACKS)
    progress = progress_of(sum(
        len(list(catalogues.clips(catalogue, language))) + len(catalogue["words"][language]) for language in languages))
    for language in languages:
        make_pack(language, catalogue, options.output, progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"Spoken: {', '.join(str(options.output / language) for language in languages)}. Now: tools/voice/check")


if __name__ == "__main__":
    main()
