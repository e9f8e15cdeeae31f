import DeviceProfiles

/// Which keys lie in which of the reader's slots, so that each is loaded once.
struct KeyPlaces {
    /// A place for a key.
    ///
    /// The type counts only for readers that choose the place by it.
    struct Place: Hashable {
        let slot: UInt8
        let type: KeyType?
    }

    private let slots: KeySlots
    private let isChosenByType: Bool
    private var held: [Place: SectorKey] = [:]
    /// Places in the order in which they were filled, the oldest first.
    private var filled: [Place] = []
    /// Slots that the reader refused; its profile promises more than this one has.
    private var refused: Set<Place> = []

    init(_ dialect: ReaderProfile) {
        slots = dialect.keySlots
        isChosenByType = dialect.commands.loadKey.fields.contains(.keyType)
    }

    private func places(for type: KeyType) -> [Place] {
        slots[type == .a ? .a : .b].map { Place(slot: $0, type: isChosenByType ? type : nil) }
    }

    /// The place that holds `key` for use as `type`.
    func place(of key: SectorKey, as type: KeyType) -> Place? {
        places(for: type).first { held[$0] == key }
    }

    /// Where to load the next key of `type`: a place not used yet, else the one filled longest ago; `nil` when the reader
    /// refused them all.
    func placeToFill(_ type: KeyType) -> Place? {
        let usable = places(for: type).filter { !refused.contains($0) }
        return usable.first { held[$0] == nil } ?? filled.first { usable.contains($0) }
    }

    /// What `place` held is gone: a key is about to be loaded there.
    mutating func empty(_ place: Place) {
        held[place] = nil
        filled.removeAll { $0 == place }
    }

    /// The reader took `key` into `place`.
    mutating func fill(_ place: Place, with key: SectorKey) {
        held[place] = key
        filled.append(place)
    }

    /// The reader did not take a key into `place`.
    mutating func refuse(_ place: Place) { refused.insert(place) }

    /// Nobody knows any more what the reader holds: some forget a key when the card is selected again.
    mutating func forget() {
        held = [:]
        filled = []
        refused = []
    }
}
