import CALSA
import Glibc

/// A sound card's own volume, through ALSA's simple mixer.
struct Mixer {
    /// The mixer's ALSA name: `hw:1`, or one that the configuration defines.
    let device: String
    /// The control's name; `nil`: the first of ``usual`` that is there, or any.
    let control: String?

    /// Controls that make everything louder, the most general first. USB loudspeakers often have `PCM` or `Speaker` alone.
    private static let usual = ["Master", "Speaker", "PCM", "Headphone", "Digital", "Line Out"]

    /// Sets the volume to `percent`, 0...100, and mutes it at 0.
    ///
    /// - Returns: what the samples are still to be multiplied by, as the steps of a card are coarse and its range may end
    ///   early; `nil` when there is no such mixer or control.
    func set(_ percent: Int) -> Double? {
        var opened: OpaquePointer?
        guard unsafe snd_mixer_open(&opened, 0) == 0, let mixer = unsafe opened else { return nil }
        defer { unsafe snd_mixer_close(mixer) }
        guard unsafe snd_mixer_attach(mixer, device) == 0, unsafe snd_mixer_selem_register(mixer, nil, nil) == 0,
            unsafe snd_mixer_load(mixer) == 0, let element = unsafe element(of: mixer)
        else { return nil }
        if unsafe snd_mixer_selem_has_playback_switch(element) != 0 {
            unsafe snd_mixer_selem_set_playback_switch_all(element, percent > 0 ? 1 : 0)
        }
        guard percent > 0 else { return 0 }
        return unsafe setDecibels(percent, element) ?? setSteps(percent, element)
    }

    private func element(of mixer: OpaquePointer) -> OpaquePointer? {
        var found: [String: OpaquePointer] = unsafe [:]
        var first: OpaquePointer?
        var next = unsafe snd_mixer_first_elem(mixer)
        while let element = unsafe next {
            if unsafe snd_mixer_selem_has_playback_volume(element) != 0 {
                let name = unsafe snd_mixer_selem_get_name(element).map { unsafe String(cString: $0) }
                if let name { unsafe found[name] = unsafe element }
                if unsafe first == nil { unsafe first = unsafe element }
            }
            unsafe next = unsafe snd_mixer_elem_next(element)
        }
        if let control { return unsafe found[control] }
        for name in Self.usual {
            if let element = unsafe found[name] { return unsafe element }
        }
        return unsafe first
    }

    /// In decibels below the loudest that is not amplified: a card that can go above 0 dB distorts there.
    private func setDecibels(_ percent: Int, _ element: OpaquePointer) -> Double? {
        var (least, most) = (0, 0)
        guard unsafe snd_mixer_selem_get_playback_dB_range(element, &least, &most) == 0, least < most else {
            return nil
        }
        let wanted = Double(min(most, 0)) + Volume.decibels(percent) * 100
        var set = 0
        guard unsafe snd_mixer_selem_set_playback_dB_all(element, Int(wanted), 1) == 0,
            unsafe snd_mixer_selem_get_playback_dB(element, SND_MIXER_SCHN_FRONT_LEFT, &set) == 0
        else { return nil }
        return min(1, pow(10, (wanted - Double(set)) / 2_000))
    }

    /// A card that does not say what its steps mean: evenly, as such cards are made to be set.
    private func setSteps(_ percent: Int, _ element: OpaquePointer) -> Double? {
        var (least, most) = (0, 0)
        guard unsafe snd_mixer_selem_get_playback_volume_range(element, &least, &most) == 0, least < most,
            unsafe snd_mixer_selem_set_playback_volume_all(element, least + (most - least) * percent / 100) == 0
        else { return nil }
        return 1
    }
}
