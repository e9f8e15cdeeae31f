"""What can be measured of a voice: syllables, melody, tones, silence, and which English words a recogniser hears."""

import itertools

import numpy as np
import pocketsphinx
import scipy.signal

import tones

SILENT = 10 ** (-42 / 20)  # Below the loudest moment.


def pitch(voice):
    """(times, semitones) of what has a voice."""
    track = voice.to_pitch(time_step=0.005, pitch_floor=75, pitch_ceiling=600)
    frequencies = track.selected_array["frequency"]
    voiced = frequencies > 0
    return track.xs()[voiced], 12 * np.log2(frequencies[voiced] / 100)


def pitch_range(voice):
    _, semitones = pitch(voice)
    if len(semitones) < 5:
        return 0.0
    low, high = np.percentile(semitones, [5, 95])
    return high - low


def nuclei(voice):
    """Syllables as de Jong and Wempe (2009) count them: voiced loudness peaks between dips of 2 dB."""
    intensity = voice.to_intensity(minimum_pitch=75, time_step=0.01)
    curve, times = intensity.values[0], intensity.xs()
    track = voice.to_pitch(time_step=0.01, pitch_floor=75, pitch_ceiling=600)
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
            if peak > threshold and not np.isnan(track.get_value_at_time(times[at])):
                count += 1
            peak, floor = None, value
    return count


def silences(samples, rate):
    """(before, after, longest within) in seconds."""
    frame = rate // 400
    level = np.sqrt((samples[:len(samples) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() * SILENT)
    within = max(np.diff(loud), default=1) - 1
    return loud[0] * frame / rate, (len(level) - 1 - loud[-1]) * frame / rate, within * frame / rate


def tone_fit(voice, wanted):
    """How well the melody follows the tones, e.g. "42": correlation, or 1 or 0 for tones that are level throughout.

    Where one syllable ends is not known, so the best of several divisions counts.
    """
    times, semitones = pitch(voice)
    if len(times) < 5:
        return 0.0
    low, high = np.percentile(semitones, [5, 95])
    if set(wanted) == {"1"}:
        return float(high - low < 3)
    places = (times - times[0]) / (times[-1] - times[0])
    divisions = itertools.product((0.6, 1.0, 1.5), repeat=len(wanted) - 1)
    return max(correlation(semitones, expected(places, wanted, (1, *shares))) for shares in divisions)


def correlation(one, other):
    return np.corrcoef(one, other)[0, 1] if one.std() > 0.3 else 0.0


def expected(places, wanted, shares):
    ends = np.cumsum(shares) / sum(shares)
    starts = [0, *ends[:-1]]
    points = [(start + (0.1 + 0.8 * place) * (end - start), height)
              for tone, start, end in zip(wanted, starts, ends) for place, height in tones.TONES[tone]]
    return np.interp(places, *zip(*points))


class Recogniser:
    """pocketsphinx, hearing whatever English it can, or listening for some words only."""

    def __init__(self, only=(), repeat=""):
        if only:
            self.decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL", lm=None)
            grammar = f"#JSGF V1.0; grammar words; public <words> = ({' | '.join(only)}){repeat};"
            self.decoder.add_jsgf_string("words", grammar)
            self.decoder.activate_search("words")
        else:
            self.decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")

    def heard(self, samples, rate):
        audio = scipy.signal.resample_poly(np.pad(samples, rate // 5), 16_000, rate)
        self.decoder.start_utt()
        self.decoder.process_raw((np.clip(audio, -1, 1) * 32_767).astype(np.int16).tobytes(), full_utt=True)
        self.decoder.end_utt()
        result = self.decoder.hyp()
        return result.hypstr.split() if result else []


def differences(heard, said):
    """How many words are wrong, missing or too many (edit distance)."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said):
        diagonal, row[0] = row[0], index + 1
        for column, other in enumerate(heard):
            diagonal, row[column + 1] = row[column + 1], min(
                diagonal + (word != other), row[column] + 1, row[column + 1] + 1)
    return row[-1]
