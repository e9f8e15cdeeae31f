/// What readers do, or may do, although no profile says so: a session must come to the right end in spite of it.
///
/// Where users have reported it, the report is named; the others follow from how readers and cards work.
public enum ReaderMisbehaviour: String, CaseIterable, Hashable, Sendable {
    /// 6300 for everything that went wrong, as users of ACR122U readers meet it (nfc-pcsc issues 25, 45, 104, 139).
    case oneWordForAll
    /// 6984 to AUTH whatever is wrong, as an SCL3711 said it (Stack Overflow 58608449): it means "unknown".
    case authenticateSays6984
    /// LOAD KEY refuses the first slot with 6988, as an SCL011 (pcsc-sharp issue 17); on Cherry readers too slot 0 fails
    /// and slot 1 works (LibLogicalAccess).
    case refusesFirstSlot
    /// LOAD KEY fails once and works when it is sent again. Some readers fail it for the card that lies there (ACR1281:
    /// acsccid issue 32), which a card in motion may do for a moment.
    case loadKeyFailsOnce
    /// The card is silent after a refusal until it is selected again, although the profile says `none`. A Classic is
    /// (miguelbalboa/rfid issue 662); which readers select it again by themselves, few documents tell.
    case silentAfterRefusal
    /// The reader selects the card again by itself after a refusal, although the profile says `reconnect`.
    case selectsAgainItself
    /// Every command for lights, buzzer, setup or polling is answered with 90 and a state, as an ACR122U answers its own
    /// (ACS, API V2.04).
    case signalsAnswerTheirState
    /// Says once that a write was done which was not.
    case claimsAWriteOnce
    /// Says once that a write failed which was done: the card's acknowledgement was lost.
    case deniesAWriteOnce
    /// Loses the authentication once: the reader looked for cards by itself, and selected this one anew.
    case losesAuthenticationOnce
    /// Delivers an answer once without its last byte, or without the last one before the status word.
    case shortAnswerOnce
    /// Answers once with an empty UID. An ACR122U answers with nothing where others fail (acsccid issue 24).
    case emptyUIDOnce

    /// Whether it happens at one command only.
    public var isOnce: Bool {
        switch self {
        case .loadKeyFailsOnce, .claimsAWriteOnce, .deniesAWriteOnce, .losesAuthenticationOnce, .shortAnswerOnce,
            .emptyUIDOnce:
            true
        case .oneWordForAll, .authenticateSays6984, .refusesFirstSlot, .silentAfterRefusal, .selectsAgainItself,
            .signalsAnswerTheirState:
            false
        }
    }
}

/// Which misbehaviours a reader has, and when those happen that happen once.
public struct ReaderMisbehaviours: Hashable, Sendable {
    /// Which.
    public let kinds: Set<ReaderMisbehaviour>
    /// At which of the commands that each can happen at those happen that happen once, counted from 1.
    public let occasions: [ReaderMisbehaviour: Int]
    /// Draws what else there is to choose.
    public let seed: UInt64

    /// None.
    public static let none = ReaderMisbehaviours([])

    /// Of those that happen once, each happens at the command number `occasion` that it can happen at.
    public init(_ kinds: Set<ReaderMisbehaviour>, at occasion: Int = 1, seed: UInt64 = 1) {
        self.kinds = kinds
        self.seed = seed
        occasions = kinds.filter(\.isOnce).reduce(into: [:]) { $0[$1] = occasion }
    }

    /// Of those that happen once, each happens at a command drawn from `seed` among the first eight.
    public static func drawn(_ kinds: Set<ReaderMisbehaviour>, seed: UInt64) -> ReaderMisbehaviours {
        var random = SplitMix64(seed: seed)
        // In the order of the cases: a set's own order changes from run to run.
        let occasions = ReaderMisbehaviour.allCases.filter { $0.isOnce && kinds.contains($0) }
            .reduce(into: [:]) { $0[$1] = Int.random(in: 1...8, using: &random) }
        return ReaderMisbehaviours(kinds: kinds, occasions: occasions, seed: random.next())
    }

    private init(kinds: Set<ReaderMisbehaviour>, occasions: [ReaderMisbehaviour: Int], seed: UInt64) {
        (self.kinds, self.occasions, self.seed) = (kinds, occasions, seed)
    }
}
