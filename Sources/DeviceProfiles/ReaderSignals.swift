import DataFiles
import Platform

/// How a command reaches the reader itself.
public enum SignalTransport: String, Hashable, Sendable, Codable, CaseIterable {
    /// As an APDU, which needs a card in the field.
    case apdu
    /// As a PC/SC escape command, at any time, where the driver allows it.
    case escape
}

/// A command to the reader itself and what it answers, which need not be 9000.
public struct SignalCommand: Hashable, Sendable {
    /// The bytes to send.
    public let send: [UInt8]
    /// The bytes that it answers; `nil` stands for one that varies.
    public let answer: [UInt8?]

    /// Whether `bytes` are an answer that was to be expected.
    public func isAnswered(by bytes: [UInt8]) -> Bool {
        bytes.count == answer.count && zip(answer, bytes).allSatisfy { $0 == nil || $0 == $1 }
    }
}

/// Fixed commands for what a reader shows or sounds at the stages of a tap.
public struct ReaderSignals: Hashable, Sendable {
    /// How they reach the reader.
    public let transport: SignalTransport
    /// When a card was laid down and is worked on.
    public let onCardPresent: SignalCommand?
    /// When the card is done.
    public let onSuccess: SignalCommand?
    /// When it was refused or the work failed.
    public let onFailure: SignalCommand?
    /// When no card is there.
    public let onIdle: SignalCommand?

    /// All commands that there are.
    public var all: [SignalCommand] { [onCardPresent, onSuccess, onFailure, onIdle].compactMap(\.self) }
}

/// A command that is sent once after the reader was attached, and why.
public struct SetupCommand: Hashable, Sendable {
    /// How it reaches the reader.
    public let transport: SignalTransport
    /// The bytes and their answer.
    public let command: SignalCommand
    /// What it is for.
    public let why: String
}

/// The commands that let a reader look for cards by itself or not.
public struct Polling: Hashable, Sendable {
    /// How they reach the reader.
    public let transport: SignalTransport
    /// It looks.
    public let on: SignalCommand
    /// It does not.
    public let off: SignalCommand
}

/// The numbers under which drivers take commands to the reader itself.
public struct ControlCodes: Hashable, Sendable {
    /// By driver.
    public let numbers: [ReaderProfile.Driver.Name: UInt32]

    init() { numbers = [:] }

    /// pcsc-lite's `SCARD_CTL_CODE` (reader.h): what `SCardControl` is told for a driver's number.
    private static let base: UInt32 = 0x4200_0000

    /// The codes to try with `SCardControl`: which driver serves a reader does not show, and a wrong one only refuses.
    public var controlCodes: [UInt32] { Set(numbers.values).sorted().map { Self.base &+ $0 } }
}

extension ReaderProfile {
    /// Every command to the reader itself.
    public var signals: [(transport: SignalTransport, command: SignalCommand)] {
        var all = [lights, buzzer].compactMap(\.self).flatMap { signals in
            signals.all.map { (transport: signals.transport, command: $0) }
        }
        all += setup.map { (transport: $0.transport, command: $0.command) }
        if let polling { all += [polling.on, polling.off].map { (transport: polling.transport, command: $0) } }
        return all
    }
}

extension SignalCommand: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case send, answer }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        try self.init(from: try decoder.container(keyedBy: Key.self), send: .send, answer: .answer, decoder)
    }

    fileprivate init<K: CodingKey>(
        from container: KeyedDecodingContainer<K>, send: K, answer: K, _ decoder: any Decoder
    ) throws {
        guard let bytes = [UInt8](hex: try container.decode(String.self, forKey: send)), bytes.count >= 2 else {
            throw decoder.fault("at least 2 bytes in hexadecimal", at: send)
        }
        let words = try container.decode(String.self, forKey: answer).split(separator: " ")
        let parts = words.compactMap { word -> UInt8?? in
            if word == "??" { return .some(nil) }
            guard word.utf8.count == 2, let byte = UInt8(word, radix: 16) else { return nil }
            return .some(byte)
        }
        guard !words.isEmpty, parts.count == words.count else {
            throw decoder.fault("bytes in hexadecimal, ?? for one that varies", at: answer)
        }
        self.init(send: bytes, answer: parts)
    }

    /// Refuses an answer without a status word: every APDU's ends in one (ISO 7816-4).
    fileprivate func check(_ transport: SignalTransport, at path: [any CodingKey], _ decoder: any Decoder) throws {
        guard transport == .escape || answer.count >= 2 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath + path + [Key.answer],
                    debugDescription: "at least 2 bytes, because an APDU's answer ends in a status word"))
        }
    }
}

extension ReaderSignals: Decodable {
    private enum Key: String, CodingKey, CaseIterable {
        case transport, onCardPresent, onSuccess, onFailure, onIdle
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        transport = try container.choice(SignalTransport.self, forKey: .transport, decoder)
        onCardPresent = try container.decodeIfPresent(SignalCommand.self, forKey: .onCardPresent)
        onSuccess = try container.decodeIfPresent(SignalCommand.self, forKey: .onSuccess)
        onFailure = try container.decodeIfPresent(SignalCommand.self, forKey: .onFailure)
        onIdle = try container.decodeIfPresent(SignalCommand.self, forKey: .onIdle)
        for (key, command) in [
            (Key.onCardPresent, onCardPresent), (.onSuccess, onSuccess), (.onFailure, onFailure), (.onIdle, onIdle),
        ] {
            try command?.check(transport, at: [key], decoder)
        }
    }
}

extension SetupCommand: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case transport, send, answer, why }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        transport = try container.choice(SignalTransport.self, forKey: .transport, decoder)
        command = try SignalCommand(from: container, send: .send, answer: .answer, decoder)
        try command.check(transport, at: [], decoder)
        why = try container.decode(String.self, forKey: .why)
    }
}

extension Polling: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case transport, on, off }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        transport = try container.choice(SignalTransport.self, forKey: .transport, decoder)
        on = try container.decode(SignalCommand.self, forKey: .on)
        off = try container.decode(SignalCommand.self, forKey: .off)
        try on.check(transport, at: [Key.on], decoder)
        try off.check(transport, at: [Key.off], decoder)
    }
}

extension ControlCodes: Decodable {
    /// Decodes `{ ccid: 1, acsccid: 3500 }`.
    public init(from decoder: any Decoder) throws {
        var numbers: [ReaderProfile.Driver.Name: UInt32] = [:]
        for (name, number) in try decoder.singleValueContainer().decode([String: Int].self) {
            guard let driver = ReaderProfile.Driver.Name(rawValue: name) else {
                let known = ReaderProfile.Driver.Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw decoder.fault("one of: \(known), not '\(name)'")
            }
            // The function number of an IOCTL has 16 bits at most.
            guard let code = UInt16(exactly: number) else { throw decoder.fault("0 to 65535") }
            numbers[driver] = UInt32(code)
        }
        self.numbers = numbers
    }
}
