"""Trims and levels a spoken sentence."""

import numpy as np
import pyloudnorm

LOUDNESS = -19.0  # LUFS (EBU R128 measure), mono: as loud as speech can be made without a limiter.
PEAK = 10 ** (-1 / 20)  # 1 dB below full scale, so that a sound card's converter does not overshoot.
FLOOR = 10 ** (-42 / 20)  # Quieter than this below the loudest moment is silence.
LEAD, TAIL = 0.02, 0.12  # Seconds of silence kept: the sentence starts at once, and two in a row stay apart.


def trim(samples, rate):
    """Takes the silence off both ends, down to LEAD and TAIL."""
    frame = rate // 100
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    level = np.sqrt((padded**2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() * FLOOR)
    start, end = loud[0] * frame, min((loud[-1] + 1) * frame, len(samples))
    spoken = samples[start:end].copy()
    ramp = min(frame // 2, len(spoken) // 2)
    spoken[:ramp] *= np.linspace(0, 1, ramp)
    spoken[-ramp:] *= np.linspace(1, 0, ramp)
    return np.pad(spoken, (round(LEAD * rate), round(TAIL * rate)))


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
