"""Cuts, trims and levels what was spoken."""

import numpy as np
import pyloudnorm

RATE = 24_000  # Hz, of both models.
LOUDNESS = -19.0  # LUFS (EBU R128 measure), mono: as loud as speech can be made without a limiter.
PEAK = 10 ** (-1 / 20)  # 1 dB below full scale, so that a sound card's converter does not overshoot.
FLOOR = 10 ** (-42 / 20)  # Quieter than this below the loudest moment is silence.
LEAD, TAIL = 0.02, 0.12  # Seconds of silence kept: the sentence starts at once, and two in a row stay apart.
# The same for what numbers are put together from: one after the other, with nothing between.
JOINT_LEAD, JOINT_TAIL = 0.005, 0.010
COMMA = 0.12  # After a piece that ends in a comma.
SLACK_BEFORE, SLACK_AFTER = 0.035, 0.02  # Seconds around a phoneme's beginning in which the quietest place is the cut.


def cut(samples, start, end, after=SLACK_AFTER):
    """What lies between two phonemes' beginnings, parted at the quietest places near them."""
    return samples[quietest(samples, start, after):quietest(samples, end, after)]


def quietest(samples, place, after):
    step = RATE // 400
    first, last = place - round(SLACK_BEFORE * RATE), place + max(1, round(after * RATE))
    places = range(max(0, first), min(len(samples), last), step)
    return min(places, key=lambda start: (samples[start:start + 2 * step] ** 2).sum(), default=place) + step


def last_loud(samples, start, end):
    """The sample after which there is nothing to be heard up to `end`."""
    window = RATE // 100
    level = np.sqrt(np.convolve(samples[start:end] ** 2, np.ones(window) / window, "same"))
    return start + int(np.flatnonzero(level > level.max() * 0.05)[-1])


def trim(samples, rate, lead=LEAD, tail=TAIL):
    """Takes the silence off both ends, down to `lead` and `tail` seconds."""
    frame = rate // 100
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    level = np.sqrt((padded**2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() * FLOOR)
    start, end = loud[0] * frame, min((loud[-1] + 1) * frame, len(samples))
    spoken = samples[start:end].copy()
    ramp = min(frame // 2, len(spoken) // 2)
    spoken[:ramp] *= np.linspace(0, 1, ramp)
    spoken[-ramp:] *= np.linspace(1, 0, ramp)
    return np.pad(spoken, (round(lead * rate), round(tail * rate)))


def loudness(samples, rate):
    """The integrated loudness in LUFS; sentences shorter than the measure's 0.4 s block are repeated."""
    enough = int(0.5 * rate)
    if len(samples) < enough:
        samples = np.tile(samples, -(-enough // len(samples)))
    return pyloudnorm.Meter(rate).integrated_loudness(samples)


def level(samples, rate):
    """Brings the sentence to LOUDNESS; single peaks above PEAK are bent down rather than the sentence made quieter."""
    gained = samples * 10 ** ((LOUDNESS - loudness(samples, rate)) / 20)
    knee = 0.7 * PEAK
    magnitude = np.abs(gained)
    room = PEAK - knee
    bent = knee + room * np.tanh((magnitude - knee) / room)
    return np.where(magnitude > knee, np.sign(gained) * bent, gained)
