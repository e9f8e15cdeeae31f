import DataFiles
import Platform

extension ReaderProfile: Decodable {
    private enum Key: String, CodingKey, CaseIterable {
        case id, title, evidence, verified, support, match, commands, keySlots, statusWords, afterAuthFailure
        case latencyMilliseconds, lights, quirks
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        id = try container.decode(String.self, forKey: .id)
        title = try container.decode(String.self, forKey: .title)
        evidence = try container.decode([String].self, forKey: .evidence)
        guard !evidence.isEmpty else { throw decoder.fault("at least one source", at: Key.evidence) }
        verified = try container.decode(Bool.self, forKey: .verified)
        support = try container.choice(Support.self, forKey: .support, decoder)
        match = try container.decode(Match.self, forKey: .match)
        commands = try container.decode(Commands.self, forKey: .commands)
        let slots = try container.decode([Int].self, forKey: .keySlots)
        keySlots = slots.compactMap { UInt8(exactly: $0) }
        guard !slots.isEmpty, Set(keySlots).count == slots.count else {
            throw decoder.fault("at least one slot number from 0 to 255, none twice", at: Key.keySlots)
        }
        statusWords = try container.decode(StatusWords.self, forKey: .statusWords)
        afterAuthFailure = try container.choice(AfterAuthFailure.self, forKey: .afterAuthFailure, decoder)
        latencyMilliseconds = try container.decode(Int.self, forKey: .latencyMilliseconds)
        guard (0...10_000).contains(latencyMilliseconds) else {
            throw decoder.fault("0 to 10000", at: Key.latencyMilliseconds)
        }
        lights = try container.decodeIfPresent(Lights.self, forKey: .lights)
        quirks = try container.decodeIfPresent([String].self, forKey: .quirks) ?? []
    }
}

extension ReaderProfile.Match: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case usb, names, fallback }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        usb = try container.decodeIfPresent([USBIdentity].self, forKey: .usb) ?? []
        names = try container.decodeIfPresent([String].self, forKey: .names) ?? []
        fallback = try container.decodeIfPresent(Bool.self, forKey: .fallback) ?? false
        guard !names.contains("") else { throw decoder.fault("parts of a reader's name, none empty", at: Key.names) }
        guard fallback || !usb.isEmpty || !names.isEmpty else {
            throw decoder.fault("usb, names or fallback: true")
        }
    }
}

extension USBIdentity: Decodable {
    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let identity = USBIdentity(text) else {
            throw decoder.fault("vendor:product as in 072F:2200, not '\(text)'")
        }
        self = identity
    }
}

extension ReaderProfile.Commands: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case uid, loadKey, authenticate, read, write }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        func template(
            _ key: Key, needs: Set<ApduField>, takes: Set<ApduField> = []
        ) throws -> ApduTemplate {
            let template = try container.decode(ApduTemplate.self, forKey: key)
            guard template.fields.isSuperset(of: needs), template.fields.isSubset(of: needs.union(takes)) else {
                let names = { (fields: Set<ApduField>) in
                    fields.isEmpty ? "nothing" : fields.map { "{\($0.rawValue)}" }.sorted().joined(separator: ", ")
                }
                throw decoder.fault("a command that needs \(names(needs)) and may take \(names(takes))", at: key)
            }
            return template
        }
        uid = try template(.uid, needs: [])
        // Some readers choose the place of a key by its type (A or B) instead of by a free slot number.
        loadKey = try template(.loadKey, needs: [.key], takes: [.slot, .keyType])
        authenticate = try template(.authenticate, needs: [.block], takes: [.slot, .keyType])
        read = try template(.read, needs: [.block])
        write = try template(.write, needs: [.block, .data])
    }
}

extension ReaderProfile.Lights: Decodable {
    private enum Key: String, CodingKey, CaseIterable {
        case transport, controlCode, onCardPresent, onSuccess, onFailure, onIdle
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        transport = try container.choice(Transport.self, forKey: .transport, decoder)
        controlCode = try container.decodeIfPresent(Int.self, forKey: .controlCode).flatMap { UInt32(exactly: $0) }
        guard transport == .apdu || controlCode != nil else {
            throw decoder.fault("the driver's control code (32 bits), because transport is escape", at: Key.controlCode)
        }
        onCardPresent = try container.decodeIfPresent(Command.self, forKey: .onCardPresent)
        onSuccess = try container.decodeIfPresent(Command.self, forKey: .onSuccess)
        onFailure = try container.decodeIfPresent(Command.self, forKey: .onFailure)
        onIdle = try container.decodeIfPresent(Command.self, forKey: .onIdle)
    }
}

extension ReaderProfile.Lights.Command: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case send, answer }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        func bytes(_ key: Key, atLeast count: Int) throws -> [UInt8] {
            guard let bytes = [UInt8](hex: try container.decode(String.self, forKey: key)), bytes.count >= count else {
                throw decoder.fault("at least \(count) bytes in hexadecimal", at: key)
            }
            return bytes
        }
        send = try bytes(.send, atLeast: 4)
        answer = try bytes(.answer, atLeast: 2)
    }
}

extension KeyedDecodingContainer {
    /// One of the words of `Choice`; the error names them all.
    fileprivate func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type, forKey key: Key, _ decoder: any Decoder
    ) throws -> Choice {
        let text = try decode(String.self, forKey: key)
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw decoder.fault("one of: \(words), not '\(text)'", at: key)
        }
        return choice
    }
}
