"""Reads the sentence catalogue: what a pack must hold, and under which names."""

import dataclasses
import hashlib
import re

import json5

PLACEHOLDER = re.compile(r"\{(amount|count)\}")


@dataclasses.dataclass(frozen=True)
class Clip:
    """A whole sentence, or what stands between the numbers of one."""

    name: str  # The sentence's id, with /1, /2 … for a piece.
    text: str
    parts: tuple  # The sentence taken apart: texts, with the names of placeholders at the odd places.
    part: int  # Which of them this is.

    @property
    def is_whole(self):
        return len(self.parts) == 1

    @property
    def file(self):
        return self.name.replace("/", "-") + ".wav"


def load(path):
    raw = path.read_bytes()
    return json5.loads(raw.decode()) | {"sha256": hashlib.sha256(raw).hexdigest()}


def clips(catalogue, language):
    """All that is spoken besides the words of numbers."""
    for prompt in catalogue["prompts"]:
        parts = tuple(PLACEHOLDER.split(prompt["text"][language]))
        # Punctuation alone is no piece: the terminal counts them so, too.
        spoken = [part for part in range(0, len(parts), 2) if any(letter.isalnum() for letter in parts[part])]
        for number, part in enumerate(spoken, 1):
            name = prompt["id"] if len(parts) == 1 else f"{prompt['id']}/{number}"
            yield Clip(name, parts[part].strip(), parts, part)


def word_file(word):
    """A file name that survives every medium: the word, or its syllables with their tones."""
    from phonemes import number_syllables

    return f"word-{word if word.isascii() else '-'.join(pinyin for pinyin, _ in number_syllables(word))}.wav"
