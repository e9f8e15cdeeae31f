/// The sounds that were said last, as they lie in their packs: a kiosk says two sentences all day, and a till the same words.
struct SoundShelf {
    /// Which sound it is.
    struct Label: Hashable {
        /// The pack, by its place in the order of preference.
        let pack: Int
        let name: VoicePack.Name
    }

    /// In samples of 16 bits: 5 s at the rate of the shipped packs, which a kiosk's two sentences take, and any amount.
    private static let limit = 120_000

    private var sounds: [Label: [Int16]] = [:]
    /// What was said longest ago comes first. There are a dozen or two, so nobody minds that they are looked through.
    private var order: [Label] = []
    private var count = 0

    /// The sound if it is on the shelf; it goes last from now on.
    mutating func take(_ label: Label) -> [Int16]? {
        guard let sound = sounds[label] else { return nil }
        order.removeAll { $0 == label }
        order.append(label)
        return sound
    }

    /// Puts a sound there that was not, and takes away what was said longest ago until there is room for it. One that is
    /// too long for the whole shelf is not kept.
    mutating func put(_ sound: [Int16], _ label: Label) {
        guard sound.count <= Self.limit, sounds[label] == nil else { return }
        while count + sound.count > Self.limit, let oldest = order.first {
            order.removeFirst()
            count -= sounds.removeValue(forKey: oldest)?.count ?? 0
        }
        sounds[label] = sound
        order.append(label)
        count += sound.count
    }
}
