public import ArgumentParser
import Ledger
import Platform

extension ReplacementReason: ExpressibleByArgument {}

extension Account {
    struct TopUp: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Money that the holder has paid in.")

        @OptionGroup var whose: Whose

        @Option(help: "How much, in fen: 1 to 1000000.")
        var fen: Int64

        @OptionGroup var reference: Reference
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { try $0.topUp(account: whose.number(at: $0), fen: fen, reference: reference.reference) },
                words: \.words)
        }
    }

    struct ReverseTopUp: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a top-up back whose money did not come; what the balance does not cover is owed.")

        @OptionGroup var whose: Whose

        @Option(help: "The top-up's reference.")
        var of: String

        @OptionGroup var reference: Reference
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { try $0.reverseTopUp(account: whose.number(at: $0), of: of, reference: reference.reference) },
                words: \.words)
        }
    }

    struct OldBalance: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A part of a student's old balance, taken off the old system.")

        @OptionGroup var whose: Whose

        @Option(help: "How much, in fen: 1 to 1000000.")
        var fen: Int64

        @OptionGroup var reference: Reference
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { try $0.moveOldBalance(account: whose.number(at: $0), fen: fen, reference: reference.reference) },
                words: \.words)
        }
    }

    struct SmallPurse: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay the small purse (小钱包) of an old card that no terminal could read.")

        @OptionGroup var whose: Whose

        @Option(help: "The card's UID, in hexadecimal.")
        var uid: String

        @Option(help: "What the card centre's reader shows, in fen: 1 to 100000.")
        var fen: Int64

        @OptionGroup var reference: Reference
        @OptionGroup var desk: Desk

        func validate() throws {
            guard [UInt8](hex: uid) != nil else { throw ValidationError("--uid: expected hexadecimal digits") }
        }

        func run() throws {
            try desk.report(
                {
                    try $0.registerSmallPurse(
                        account: whose.number(at: $0), uid: [UInt8](hex: uid) ?? [], fen: fen,
                        reference: reference.reference)
                }, words: \.words)
        }
    }

    struct ReplaceCard: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the card out of use for ever, and let the next one be activated.",
            discussion: "It costs ¥10 from the balance, and nothing where the activation has spoilt the old card.")

        @OptionGroup var whose: Whose

        @Option(help: "lost, broken, or spoilt by the activation.")
        var reason: ReplacementReason

        @Option(help: "Which card, as `account show` says; the present one when absent.")
        var cardSerial: UInt32?

        @OptionGroup var reference: Reference
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { desk in
                    let account = try whose.number(at: desk)
                    return try desk.replaceCard(
                        account: account, cardSerial: try cardSerial ?? desk.show(account: account).cardSerial,
                        reason: reason, reference: reference.reference)
                }, words: { "\($0.words)\ncard       number \($0.cardSerial) is to be activated" })
        }
    }

    struct PinCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pin", abstract: "The holder's six digits; they are read from standard input, a line each.")

        enum Deed: String, CaseIterable, ExpressibleByArgument { case set, change, verify, reset }

        @Argument(help: "set (the first), change (the old one, then the new one), verify, or reset (at the counter).")
        var deed: Deed

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        private struct Done: Encodable {
            let account: Int64
            let done: String
        }

        func run() throws {
            try desk.report(
                { desk in
                    let account = try whose.number(at: desk)
                    switch deed {
                    case .set: try desk.setPin(account: account, to: try readSecret("new PIN"))
                    case .reset: try desk.resetPin(account: account, to: try readSecret("new PIN"))
                    case .verify: try desk.verifyPin(account: account, try readSecret("PIN"))
                    case .change:
                        let old = try readSecret("old PIN")
                        try desk.changePin(account: account, from: old, to: try readSecret("new PIN"))
                    }
                    return Done(account: account, done: deed.rawValue)
                }, words: { "account \($0.account): PIN \($0.done) done" })
        }
    }
}

extension MoneyReceipt {
    /// For people, a line each.
    var words: String {
        """
        account    \(account), \(Fen(fen)) yuan (\(reference))
        balance    \(Fen(balanceFen)) yuan, owes \(Fen(debtFen)) yuan
        """
    }
}
