import LedgerProtocol
import Platform

/// What the app keeps on the telephone to make payment codes with.
public struct IssuedCertificate: Codable, Hashable, Sendable {
    /// The account.
    public let account: Int64
    /// The bytes of the ``AccountCertificate``, in hexadecimal.
    public let certificate: String
    /// When the app has to fetch the next one, in milliseconds since 1970-01-01 UTC.
    public let notAfterMilliseconds: Int64
}

extension AccountDesk {
    /// How long a certificate counts: three days, so that a telephone without a network pays over a weekend, and one that
    /// was stolen not for long where no terminal hears of it.
    static let certificateLife: Int64 = 3 * 86_400_000
    /// What codes under one certificate may pay at one terminal without the ledger's word: ¥50, a day's meals.
    static let certificateCap: UInt32 = 5_000

    /// A certificate under which the device with `deviceKey` (Ed25519, 32 bytes) may make payment codes.
    ///
    /// - Throws: ``LedgerRefused``; also when the card is reported lost.
    public func certify(account: Int64, deviceKey: [UInt8]) throws -> IssuedCertificate {
        try authorize(.certify, subject: "\(account)")
        let number = try Input.account(account)
        guard deviceKey.count == 32 else {
            throw LedgerRefused.malformed("deviceKey: expected 32 bytes in hexadecimal")
        }
        return try perform(
            .certify, subject: "\(number)", detail: { _ in "device \(deviceKey.prefix(4).hex())" }
        ) { transaction, now in
            let account = try transaction.lockedAccount(number)
            if account.isReportedLost { throw LedgerRefused.lost(number) }
            let end = now + Self.certificateLife
            let certificate = AccountCertificate(
                account: UInt64(number), notBeforeMilliseconds: now, notAfterMilliseconds: end,
                offlineCapFen: Self.certificateCap, deviceKey: deviceKey)
            guard let certificate else { throw LedgerRefused.malformed("deviceKey: expected 32 bytes") }
            return IssuedCertificate(
                account: number, certificate: try certificate.signed(by: keys.signingKey).hex(),
                notAfterMilliseconds: end)
        }
    }
}
