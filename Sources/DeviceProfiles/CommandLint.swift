import Platform

/// What is looked at in the commands to the card and to the reader.
extension ProfileLint {
    /// A command as an operation makes it, and what it was made of.
    private struct Example {
        let values: [ApduField: [UInt8]]
        let command: [UInt8]
        /// How many blocks it is for.
        let blocks: Int
    }

    /// ISO 7816-4: a header of 5 bytes, 255 of data and Le.
    private static let longestShortAPDU = 261
    /// CCID 1.1, 6.1: the header of every message.
    private static let messageHeader = 10

    mutating func lookAtCommands() {
        var examples: [CardOperation: [Example]] = [:]
        for operation in CardOperation.allCases {
            guard let template = profile.commands[operation] else { continue }
            examples[operation] = self.examples(of: operation, template)
            for example in examples[operation] ?? [] { look(at: example, of: operation, template) }
        }
        for operation in CardOperation.allCases {
            for other in CardOperation.allCases where other != operation {
                guard let template = profile.commands[other],
                    let example = examples[operation]?.first(where: { example in
                        template.match(example.command) != nil
                            && !(example.blocks == 1 && Self.areOneForOneBlock(operation, other))
                    })
                else { continue }
                let text = example.command.hex(separator: " ").uppercased()
                add(.ambiguousCommand, at: "commands.\(operation.rawValue)", text, other.rawValue)
            }
        }
    }

    /// Reading one block is the same, by whichever of the two commands.
    private static func areOneForOneBlock(_ one: CardOperation, _ other: CardOperation) -> Bool {
        let pairs: [Set<CardOperation>] = [[.read, .readBlocks], [.write, .writeBlocks]]
        return pairs.contains([one, other])
    }

    /// Commands for every number of blocks, both kinds of keys and two blocks, so that no byte is right by chance.
    private mutating func examples(of operation: CardOperation, _ template: ApduTemplate) -> [Example] {
        var examples: [Example] = []
        for blocks in profile.commands.counts(of: operation).isEmpty ? [1] : profile.commands.counts(of: operation) {
            let length = UInt8(exactly: blocks * 16)
            if length == nil, template.fields.contains(.length) {
                // 16 blocks are 256 bytes: whoever is given the number as a byte cannot be told.
                add(.lengthIsNoByte, at: "commands.\(operation.rawValue)", "\(blocks)")
                continue
            }
            for (side, type, block) in [(CardLayout.KeySide.a, UInt8(0x60), UInt8(0x05)), (.b, 0x61, 0x3A)] {
                let values: [ApduField: [UInt8]] = [
                    .block: [block], .target: [block ^ 1], .slot: [profile.keySlots[side][0]], .keyType: [type],
                    .key: [UInt8](repeating: block, count: 6), .data: [UInt8](repeating: block, count: 16),
                    .blocks: [UInt8](repeating: block, count: blocks * 16), .length: [length ?? 0],
                    .valueLE: [block, 0, 0, 0], .valueBE: [0, 0, 0, block],
                ]
                let taken = values.filter { template.fields.contains($0.key) }
                examples.append(Example(values: taken, command: template.build(taken), blocks: blocks))
            }
        }
        return examples
    }

    private mutating func look(at example: Example, of operation: CardOperation, _ template: ApduTemplate) {
        let path = "commands.\(operation.rawValue)"
        let command = example.command
        let answer = operation.kin == .read ? example.blocks * 16 + 2 : 2
        if command.count > Self.longestShortAPDU {
            add(.commandTooLong, at: path, "\(command.count)")
        } else if template.match(command) != example.values {
            add(.lengthIsNoByte, at: path, "\(example.blocks)")
        } else if !Self.isShortAPDU(command) {
            add(.commandShape, at: path, template.description)
        }
        if let room = profile.limits.map({ $0.message - Self.messageHeader }), max(command.count, answer) > room {
            add(.exceedsMessage, at: path, "\(max(command.count, answer))", "\(room)")
        }
    }

    private static func isShortAPDU(_ command: [UInt8]) -> Bool {
        // Four bytes ask for nothing; a fifth one alone is Le.
        guard command.count > 5 else { return command.count >= 4 }
        let data = Int(command[4])
        return data > 0 && (command.count == 5 + data || command.count == 6 + data)
    }

    mutating func lookAtSignals() {
        var apdus: [(path: String, bytes: [UInt8])] = []
        for (name, signals) in [("lights", profile.lights), ("buzzer", profile.buzzer)] {
            guard let signals, signals.transport == .apdu else { continue }
            for (stage, command) in [
                ("onCardPresent", signals.onCardPresent), ("onSuccess", signals.onSuccess),
                ("onFailure", signals.onFailure), ("onIdle", signals.onIdle),
            ] {
                if let command { apdus.append(("\(name).\(stage).send", command.send)) }
            }
        }
        if let polling = profile.polling, polling.transport == .apdu {
            apdus += [("polling.on.send", polling.on.send), ("polling.off.send", polling.off.send)]
        }
        for (index, setup) in profile.setup.enumerated() {
            if setup.transport == .apdu { apdus.append(("setup[\(index)].send", setup.command.send)) }
            if writes(setup.command.send) {
                add(.setupWrites, at: "setup[\(index)].send", setup.command.send.hex(separator: " ").uppercased())
            }
        }
        for (path, bytes) in apdus where !Self.isShortAPDU(bytes) {
            add(.commandShape, at: path, bytes.hex(separator: " ").uppercased())
        }
    }

    /// What changes cards or keys in the dialects known: PC/SC part 3's LOAD KEY (82), WRITE (D6) and values (C2), ACS's
    /// values (D7), OMNIKEY's (D4, D8), SpringCard's whole sectors and values (F4, F5).
    private static let writingInstructions: Set<UInt8> = [0x82, 0xD6, 0xC2, 0xD7, 0xD4, 0xD8, 0xF4, 0xF5]

    private func writes(_ command: [UInt8]) -> Bool {
        if command.count >= 4, command[0] == 0xFF, Self.writingInstructions.contains(command[1]) { return true }
        return CardOperation.allCases.contains { operation in
            (operation.kin == .write || operation == .loadKey)
                && profile.commands[operation]?.match(command) != nil
        }
    }
}
