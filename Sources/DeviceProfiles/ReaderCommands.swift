import DataFiles

/// The templates of a reader's operations: those that every reader has, and those that some offer.
public struct ReaderCommands: Hashable, Sendable {
    /// Gives the UID.
    public let uid: ApduTemplate
    /// Puts a key into a slot.
    public let loadKey: ApduTemplate
    /// Authenticates the sector of a block.
    public let authenticate: ApduTemplate
    /// Reads a block.
    public let read: ApduTemplate
    /// Writes a block.
    public let write: ApduTemplate

    private let offered: [CardOperation: Offer]

    /// A command that not every reader has.
    private struct Offer: Hashable {
        let template: ApduTemplate
        let counts: [Int]
    }

    /// The template of `operation`; `nil` when the reader has no such command.
    public subscript(operation: CardOperation) -> ApduTemplate? {
        switch operation {
        case .uid: uid
        case .loadKey: loadKey
        case .authenticate: authenticate
        case .read: read
        case .write: write
        default: offered[operation]?.template
        }
    }

    /// How many blocks one command of `operation` may take, in rising order; none when the reader has no such command.
    public func counts(of operation: CardOperation) -> [Int] {
        switch operation {
        case .read, .write: [1]
        default: offered[operation]?.counts ?? []
        }
    }

    /// The most of `wanted` blocks that one command of `operation` takes: 0 when it takes none.
    public func blocks(of operation: CardOperation, wanted: Int) -> Int {
        counts(of: operation).last { $0 <= wanted } ?? 0
    }
}

extension ReaderCommands: Decodable {
    /// What a command must and may take from its caller.
    private struct Rule {
        let needs: Set<ApduField>
        var mayTake: Set<ApduField> = []
        var isRequired = false
        /// Whether the profile says how many blocks it takes at once.
        var takesSeveralBlocks = false

        /// A value has one of two byte orders, so exactly one of these is needed.
        var needsValue = false
    }

    private static func rule(for operation: CardOperation) -> Rule {
        switch operation {
        case .uid: Rule(needs: [], isRequired: true)
        // Some readers choose the place of a key by its type instead of by a free slot number.
        case .loadKey: Rule(needs: [.key], mayTake: [.slot, .keyType], isRequired: true)
        case .authenticate: Rule(needs: [.block], mayTake: [.slot, .keyType], isRequired: true)
        case .read: Rule(needs: [.block], isRequired: true)
        case .write: Rule(needs: [.block, .data], isRequired: true)
        case .readBlocks: Rule(needs: [.block, .length], takesSeveralBlocks: true)
        case .writeBlocks: Rule(needs: [.block, .blocks], mayTake: [.length], takesSeveralBlocks: true)
        case .readWithKey:
            Rule(needs: [.block, .key], mayTake: [.keyType, .length], takesSeveralBlocks: true)
        case .writeWithKey:
            Rule(needs: [.block, .key, .blocks], mayTake: [.keyType, .length], takesSeveralBlocks: true)
        case .readValue: Rule(needs: [.block])
        case .storeValue, .increment, .decrement: Rule(needs: [.block], needsValue: true)
        case .copyValue: Rule(needs: [.block, .target])
        }
    }

    private struct Name: CodingKey, CaseIterable {
        let operation: CardOperation
        var stringValue: String { operation.rawValue }
        var intValue: Int? { nil }
        static let allCases = CardOperation.allCases.map(Name.init)
        init(_ operation: CardOperation) { self.operation = operation }
        init?(stringValue: String) {
            guard let operation = CardOperation(rawValue: stringValue) else { return nil }
            self.operation = operation
        }
        init?(intValue: Int) { return nil }
    }

    /// Several blocks in one command.
    private struct Several: Decodable {
        let send: ApduTemplate
        let counts: [Int]

        private enum Key: String, CodingKey, CaseIterable { case send, most, counts }

        init(from decoder: any Decoder) throws {
            try decoder.refuseNames(except: Key.self)
            let container = try decoder.container(keyedBy: Key.self)
            send = try container.decode(ApduTemplate.self, forKey: .send)
            // A sector of a 4K has 16 blocks, and a short APDU brings at most 256 bytes.
            let sensible = 1...16
            if container.contains(.counts) {
                counts = try container.decode([Int].self, forKey: .counts).sorted()
                guard !container.contains(.most), !counts.isEmpty, counts.allSatisfy(sensible.contains) else {
                    throw decoder.fault("numbers from 1 to 16, and no most beside them", at: Key.counts)
                }
            } else {
                let most = try container.decode(Int.self, forKey: .most)
                guard sensible.contains(most) else { throw decoder.fault("1 to 16 blocks", at: Key.most) }
                counts = Array(1...most)
            }
            // 15 of a sector's blocks hold data, of 16 bytes each.
            guard send.isShort(content: min(counts.last ?? 1, 15) * 16) else {
                throw decoder.fault(ApduTemplate.tooLong.expected, at: Key.send)
            }
        }
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Name.self)
        let container = try decoder.container(keyedBy: Name.self)
        func required(_ operation: CardOperation) throws -> ApduTemplate {
            let template = try container.decode(ApduTemplate.self, forKey: Name(operation))
            try Self.check(template, for: operation, decoder)
            return template
        }
        uid = try required(.uid)
        loadKey = try required(.loadKey)
        authenticate = try required(.authenticate)
        read = try required(.read)
        write = try required(.write)
        var offered: [CardOperation: Offer] = [:]
        for operation in CardOperation.allCases {
            let rule = Self.rule(for: operation)
            guard !rule.isRequired, container.contains(Name(operation)) else { continue }
            if rule.takesSeveralBlocks {
                let several = try container.decode(Several.self, forKey: Name(operation))
                offered[operation] = Offer(template: several.send, counts: several.counts)
            } else {
                let template = try container.decode(ApduTemplate.self, forKey: Name(operation))
                offered[operation] = Offer(template: template, counts: [1])
            }
            if let template = offered[operation]?.template { try Self.check(template, for: operation, decoder) }
        }
        self.offered = offered
    }

    private static func check(
        _ template: ApduTemplate, for operation: CardOperation, _ decoder: any Decoder
    ) throws {
        let rule = rule(for: operation)
        var fields = template.fields
        if rule.needsValue {
            guard fields.contains(.valueLE) != fields.contains(.valueBE) else {
                throw decoder.fault("either {valueLE} or {valueBE}", at: Name(operation))
            }
            fields.subtract([.valueLE, .valueBE])
        }
        guard fields.isSuperset(of: rule.needs), fields.isSubset(of: rule.needs.union(rule.mayTake)) else {
            let names = { (fields: Set<ApduField>) in
                fields.isEmpty ? "nothing" : fields.map { "{\($0.rawValue)}" }.sorted().joined(separator: ", ")
            }
            throw decoder.fault(
                "a command that needs \(names(rule.needs)) and may take \(names(rule.mayTake))", at: Name(operation))
        }
    }
}
