"""Lays the four tones on a spoken Mandarin word, with Praat's overlap-add.

The voice is a Japanese one. In a sentence its tones are told apart; in a word of one or two syllables its own melody,
low then high, wins. The sounds are right, so only the pitch is laid anew.
"""

import numpy as np
import parselmouth

# Heights from 1 (lowest) to 5, after Chao, over the part of the syllable that has a voice.
TONES = {
    "1": [(0, 4.6), (1, 4.6)],
    "2": [(0, 2.4), (0.3, 2.2), (1, 4.4)],
    "3": [(0, 2.2), (0.5, 1.0), (1, 1.0)],
    "4": [(0, 5.0), (0.15, 5.0), (1, 1.8)],
}
LAST_THIRD = [(0, 2.2), (0.55, 1.0), (1, 1.8)]  # At the end of an amount the low tone turns up.
LAST_LOWER = 0.4  # … and all tones sink a little, by which one hears that it is the end.
MIDDLE_HERTZ, STEP = 235, 2.0  # Height 3 is the voice's median in sentences; semitones from one height to the next.
VOICELESS = "ʨʰʂpkstfɕꭧx"


def hertz(height):
    return MIDDLE_HERTZ * 2 ** ((height - 3) * STEP / 12)


def targets(syllables, bounds, end, is_last):
    """Points of the pitch line as (sample, hertz); `bounds` are the samples at which the phonemes begin."""
    at = 0
    for number, (pinyin, spoken) in enumerate(syllables):
        voiced = at + next(index for index, phoneme in enumerate(spoken) if phoneme not in VOICELESS)
        at += len(spoken)
        first, last = bounds[voiced], min(bounds[at], end)
        line = TONES[pinyin[-1]]
        if is_last and number == len(syllables) - 1 and pinyin[-1] == "3":
            line = LAST_THIRD
        for place, height in line:
            # The ends are left to the neighbours: a pitch line does not jump.
            inside = 0.08 + 0.84 * place
            yield first + inside * (last - first), hertz(height - LAST_LOWER * is_last)


def lay(samples, rate, points):
    """`samples` with the pitch line through `points`."""
    call = parselmouth.praat.call
    voice = parselmouth.Sound(samples, rate)
    manipulation = call(voice, "To Manipulation", 0.005, 100, 600)
    tier = call("Create PitchTier", "line", 0, voice.duration)
    for sample, frequency in points:
        call(tier, "Add point", sample / rate, frequency)
    call([tier, manipulation], "Replace pitch tier")
    return call(manipulation, "Get resynthesis (overlap-add)").values[0]


def flatten(samples, rate, keep):
    """`samples` with a part of their melody only, around its middle."""
    pitch = parselmouth.Sound(samples, rate).to_pitch(time_step=0.005, pitch_floor=100, pitch_ceiling=600)
    frequencies = pitch.selected_array["frequency"]
    voiced = frequencies > 0
    if not voiced.any():
        return samples
    middle = np.median(frequencies[voiced])
    return lay(samples, rate, [
        (time * rate, middle * (frequency / middle) ** keep)
        for time, frequency in zip(pitch.xs()[voiced], frequencies[voiced])])
