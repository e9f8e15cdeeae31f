import Crypto
import FoundationEssentials
import LedgerProtocol
public import Platform

/// What the campus sets for all its terminals, as a technician sees and changes it.
///
/// Values are JSON. The books keep them by name without knowing what they mean; whether a terminal would take one, the
/// terminals' own reader of the feed says.
public struct CampusSettings: Sendable {
    /// Names and values, ascending by name.
    public let values: [(name: String, json: String)]

    /// Reads them from the books.
    public init(from store: any LedgerStore) throws { self = try store.read { try $0.settings() } }

    fileprivate init(values: [(name: String, json: String)]) { self.values = values }

    /// All of them as one JSON object.
    public var json: String { "{" + values.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ",") + "}" }

    /// Sets `name` to a value in JSON; `null` unsets it. It is in force when the terminals have fetched the next version.
    ///
    /// - Throws: ``CampusSettingError`` when no terminal knows the name, or would take the value.
    public static func set(
        _ name: String, json: String, in store: any LedgerStore, actor: String, time: any TimeSource
    ) throws {
        try check(name, json)
        let now = time.wallMilliseconds()
        try store.write { transaction in
            try transaction.execute(
                """
                INSERT INTO documents (name, body, feed_version) VALUES (?, ?, 0)
                ON CONFLICT (name) DO UPDATE SET body = excluded.body, feed_version = 0
                """, [.text(name), .text(json)])
            try transaction.audit(actor, "settings set", name, json, now: now)
        }
    }

    /// A terminal that read `name` and wrote it again would still have it; one that does not know it would have dropped it.
    private static func check(_ name: String, _ json: String) throws {
        let object = Data("{\"\(name)\":\(json)}".utf8)
        guard let settings = try? JSONDecoder().decode(TerminalSettings.self, from: object) else {
            throw CampusSettingError(description: "\(name): \(json) is not a value of the kind expected")
        }
        guard json != "null" else { return }
        let kept = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
        guard kept.hasPrefix("{\"\(name)\":") else {
            throw CampusSettingError(description: "\(name): no terminal knows a setting of this name")
        }
        let key = Curve25519.Signing.PrivateKey()
        let feed = try SettingsFeed.signed(version: 1, issuedMilliseconds: 0, json: Array(object), by: key)
        guard (try? SettingsFeed(verifying: feed, with: key.publicKey)) != nil else {
            throw CampusSettingError(description: "\(name): \(json) is out of the range that terminals take")
        }
    }
}

/// Why a setting cannot be set.
public struct CampusSettingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, for people.
    public let description: String
}

extension LedgerTransaction {
    func settings() throws -> CampusSettings {
        CampusSettings(
            values: try rows("SELECT name, body FROM documents WHERE body <> 'null' ORDER BY name").map {
                (try $0.text(0), try $0.text(1))
            })
    }
}
