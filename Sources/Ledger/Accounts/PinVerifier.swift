import Crypto
import CryptoExtras
import FoundationEssentials

/// What the books keep of a PIN: enough to tell whether another one is the same, and nothing to search without the key.
///
/// 33 bytes: the exponent of scrypt's N, then HMAC-SHA256 under ``PinKey`` over scrypt's result and the account.
///
/// scrypt (RFC 7914) with N = 2¹⁴, r = 8, p = 5: one of the equivalent settings of OWASP's Password Storage Cheat Sheet,
/// the one with the least memory, 16 MiB, because many holders may be asked at once. A million PINs are searched fast
/// whatever the setting, so that the key is what protects them; scrypt is for the day on which it leaks too.
enum PinVerifier {
    /// The exponent of N.
    static let standardWork: UInt8 = 14
    static let saltSize = 16

    static func newSalt() -> [UInt8] { (0..<saltSize).map { _ in UInt8.random(in: 0...255) } }

    /// The slow part of a verifier, which does not depend on the account.
    struct Derived {
        fileprivate let key: SymmetricKey
        fileprivate let work: UInt8

        func verifier(account: Int64, key pinKey: PinKey) -> [UInt8] { [work] + pinKey.tag(key, account: account) }
    }

    static func derive(_ pin: Pin, salt: [UInt8], work: UInt8) throws -> Derived {
        let key = try KDF.Scrypt.deriveKey(
            from: Data(pin.digits.utf8), salt: Data(salt), outputByteCount: 32, rounds: 1 << Int(work), blockSize: 8,
            parallelism: 5)
        return Derived(key: key, work: work)
    }

    static func make(
        _ pin: Pin, salt: [UInt8], account: Int64, key: PinKey, work: UInt8
    ) throws -> [UInt8] {
        try derive(pin, salt: salt, work: work).verifier(account: account, key: key)
    }

    /// Whether `pin` is the one that `verifier` was made from; it takes as long for a wrong one.
    static func matches(
        _ pin: Pin, _ verifier: [UInt8], salt: [UInt8], account: Int64, key: PinKey
    ) throws -> Bool {
        guard let work = verifier.first, (1...20).contains(work) else { throw LedgerDamage("a PIN's verifier") }
        let other = try make(pin, salt: salt, account: account, key: key, work: work)
        // What differs first must not show in how long it takes.
        return other.count == verifier.count && zip(other, verifier).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// How long an account takes no PIN after wrong ones.
enum PinLock {
    /// Wrong PINs in a row that are forgiven: the last of them locks.
    static let failures: Int64 = 5
    static let first: Int64 = 15 * 60_000
    static let longest: Int64 = 24 * 3_600_000

    /// Milliseconds of lock that the failure number `count` in a row brings: none, a quarter of an hour with the fifth, twice as
    /// long with each one more, a day at most.
    ///
    /// So at most 17 guesses fit the first two days, and one a day from then on: of a million PINs.
    static func duration(after count: Int64) -> Int64? {
        guard count >= failures else { return nil }
        return min(longest, first << min(count - failures, 10))
    }
}
