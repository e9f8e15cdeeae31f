"""Speaks the words of numbers, and the pieces of sentences between numbers: inside a sentence, and then cut out.

Alone, a word of one or two syllables comes out drawled and with the melody of a whole sentence. Both models know where
in the sound each phoneme begins, and are cut there.
"""

import re

import phonemes
import sound
import tones

# Said in place of a number. Both begin with a stop, whose silence is a good place to cut.
SAMPLES = {"zh-CN": {"amount": "七元", "count": "七"}, "en": {"amount": "two yuan", "count": "two"}}
# Around a word: 共W七元 for what goes on, 共W for what an amount ends on.
BEFORE, AFTER = "共，", "七元。"
LAST = re.compile("[元角分]$")
# A single syllable is hurried over most.
GOING_ON_SPEEDS, LAST_SPEED = {1: 0.6, 2: 0.8}, 1.0
ENGLISH_BEFORE = "Please pay"
ENGLISH_MELODY = 0.5  # How much is left of the fall in a number's words; “yuan”, which is always last, keeps its own.


def piece(model, pack, clip, language):
    """The samples of a piece, spoken with a number wherever its sentence leaves one open."""
    parts = [SAMPLES[language].get(part, part) for part in clip.parts]
    spoken = [phonemes.of(part, language).strip() if part else "" for part in parts]
    before, own, after = (" ".join(filter(None, some)) for some in (
        spoken[:clip.part], spoken[clip.part:clip.part + 1], spoken[clip.part + 1:]))
    samples, bounds = model.speak(joined(before, own, after), pack["voice"], pack["speed"])
    first, last = inside(before, own)
    cut = sound.cut(samples, bounds[first], bounds[last])
    ends_sentence = clip.part == len(clip.parts) - 1
    pause = sound.TAIL if ends_sentence else sound.COMMA if own[-1] == "," else sound.JOINT_TAIL
    return sound.trim(cut, sound.RATE, sound.JOINT_LEAD, pause)


def word(model, pack, text, language):
    """The samples of a word of a number."""
    return (mandarin if language == "zh-CN" else english)(model, pack, text)


def mandarin(model, pack, text):
    syllables = phonemes.number_syllables(text)
    is_last = LAST.search(text) is not None
    before = phonemes.of(BEFORE, "zh-CN").strip()
    own = "".join(spoken for _, spoken in syllables)
    after = "." if is_last else phonemes.of(AFTER, "zh-CN").strip()
    speed = LAST_SPEED if is_last else GOING_ON_SPEEDS[len(text)]
    samples, bounds = model.speak(joined(before, own, after), pack["voice"], speed)
    first, last = inside(before, own)
    end = sound.last_loud(samples, bounds[first], bounds[last])
    points = tones.targets(syllables, bounds[first:last + 1], end, is_last)
    samples = tones.lay(samples, sound.RATE, points)
    return sound.trim(sound.cut(samples, bounds[first], bounds[last]), sound.RATE, sound.JOINT_LEAD, sound.JOINT_TAIL)


def english(model, pack, text):
    before, own = (phonemes.of(some, "en") for some in (ENGLISH_BEFORE, text))
    samples, bounds = model.speak(joined(before, own, "."), pack["voice"], pack["speed"])
    first, last = inside(before, own)
    # No later than the phoneme begins: without the first 20 ms of its t, “twenty” is heard as “ninety”.
    cut = sound.cut(samples, bounds[first], bounds[last], after=0)
    if text != "yuan":
        cut = tones.flatten(cut, sound.RATE, ENGLISH_MELODY)
    return sound.trim(cut, sound.RATE, sound.JOINT_LEAD, sound.JOINT_TAIL)


def joined(before, own, after):
    return re.sub(r" ([.,?!])", r"\1", " ".join(filter(None, (before, own, after))))


def inside(before, own):
    """Between which phonemes of the joined sentence the own ones lie, without punctuation at their ends."""
    bare = own.strip(".,?! ")
    first = len(before) + (1 if before and own[0] not in ".,?!" else 0) + own.index(bare)
    return first, first + len(bare)
