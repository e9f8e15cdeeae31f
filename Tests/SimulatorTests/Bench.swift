import DeviceProfiles
import Mifare
import Platform
import Testing

@testable import Simulator

/// The repository's own profiles, found from this file's place in it.
func shippedProfiles() -> ProfileLibrary {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return ProfileLibrary.load(directory: "/" + parts.joined(separator: "/") + "/device-profiles/readers")
}

/// The shipped profile called `id`; the test fails when there is none.
func shippedProfile(_ id: String) throws -> ReaderProfile {
    try #require(shippedProfiles().profile(id: id))
}

/// The UID of these bytes; the test fails when they are not one.
func uid(_ bytes: [UInt8]) throws -> CardUID { try #require(CardUID(bytes)) }

/// A new 1K card with a 4-byte UID.
func factoryCard(_ size: ClassicSize = .oneK) throws -> SimulatedCard {
    SimulatedCard(ClassicChip(factory: size, uid: try uid([0x12, 0x34, 0x56, 0x78])))
}

/// A session with the card on `reader` in which `sectors` may be written.
func session(_ reader: SimulatedReader, _ sectors: Set<Int>, size: ClassicSize = .oneK) -> ClassicCard {
    ClassicCard(transport: reader, dialect: reader.profile, writableSectors: sectors, size: size)
}
