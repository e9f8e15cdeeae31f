import DataFiles
import DeviceProfiles
import Mifare
import Platform
import SmartCard

@testable import Simulator

/// A profile that decodes is one that both its reader's user and its simulated reader can work with.
enum ProfileTarget {
    static func feed(_ bytes: [UInt8]) {
        guard let profile = try? JSON5File.decode(ReaderProfile.self, from: bytes, file: "profile") else { return }
        for operation in CardOperation.allCases { checkTemplate(of: operation, in: profile) }
        find(profile)
        serveCard(profile)
        signal(profile)
    }

    /// What a template builds, it recognises, and so does the simulated reader.
    private static func checkTemplate(of operation: CardOperation, in profile: ReaderProfile) {
        guard let template = profile.commands[operation] else { return }
        guard let pattern = CommandPattern(operation, in: profile) else {
            preconditionFailure("the simulator lacks \(operation)")
        }
        // A sector has 15 data blocks at most.
        for count in Set([1, profile.commands.blocks(of: operation, wanted: 15)]) where count > 0 {
            let length = count * ClassicSize.blockLength
            let content = (0..<length).map { UInt8($0) }
            let values: [ApduField: [UInt8]] = [
                .block: [4], .target: [5], .slot: [profile.keySlots.a[0]], .keyType: [KeyType.a.rawValue],
                .key: [1, 2, 3, 4, 5, 6], .data: Array(content.prefix(16)), .blocks: content, .length: [UInt8(length)],
                .valueLE: [1, 2, 3, 4], .valueBE: [4, 3, 2, 1],
            ]
            let command = template.build(values)
            precondition(
                template.match(command) == values.filter { template.fields.contains($0.key) },
                "\(template) does not recognise what it builds")
            precondition(pattern.matches(command), "the simulator does not recognise \(template)")
        }
    }

    private static func find(_ profile: ReaderProfile) {
        let library = ProfileLibrary(profiles: [profile])
        let device = profile.match.usb.first.map { pattern in
            USBDevice(
                pattern.identity, bcdDevice: pattern.bcdDevice?.lowerBound, interface: pattern.interface,
                manufacturer: pattern.manufacturer, product: pattern.product)
        }
        let found = library.find(readerName: profile.title, usb: device, atr: profile.match.atrs.first ?? [])
        precondition(device == nil || found != .unknown, "a profile does not know its own reader")
    }

    /// Everything that is asked of a card, in the profile's dialect; any of it may be refused.
    private static func serveCard(_ profile: ReaderProfile) {
        let reader = SimulatedReader(profile: profile, time: SimulatedTime())
        guard let uid = CardUID([0x12, 0x34, 0x56, 0x78]) else { return }
        reader.layDown(SimulatedCard(ClassicChip(factory: .oneK, uid: uid)))
        let card = ClassicCard(transport: reader, dialect: profile, writableSectors: [1], size: .oneK)
        let block = Block(repeating: 1)
        _ = try? card.selectUID()
        try? card.authenticate(sector: 1, key: .factory, type: .a)
        _ = try? card.read(block: 4)
        try? card.write(block: 4, block)
        try? card.write(from: 4, [block, block, block])
        _ = try? card.read(blocks: 4..<8)
        _ = try? card.read(blocks: 4..<7, key: .factory, type: .a)
        try? card.authenticate(sector: 1, key: .directory, type: .b)
        try? card.authenticate(sector: 1, key: .factory, type: .a)
        try? card.store(value: 100, block: 5)
        try? card.increment(block: 5, by: 7)
        try? card.decrement(block: 5, by: .max)
        try? card.copyValue(block: 5, to: 6)
        _ = try? card.readValue(block: 6)
        try? card.writeTrailer(sector: 1, .factory)
    }

    private static func signal(_ profile: ReaderProfile) {
        let reader = SimulatedReader(profile: profile, time: SimulatedTime())
        guard let uid = CardUID([1, 2, 3, 4]) else { return }
        reader.layDown(SimulatedCard(ClassicChip(factory: .mini, uid: uid)))
        for signal in profile.signals {
            switch signal.transport {
            case .apdu: _ = try? reader.transmit(signal.command.send)
            case .escape:
                for code in profile.controlCodes.controlCodes {
                    _ = try? reader.control(code: code, signal.command.send)
                }
            }
        }
    }
}
