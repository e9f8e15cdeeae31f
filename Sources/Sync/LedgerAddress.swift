/// The address of a ledger, as people write it.
public struct LedgerAddress: Sendable, Hashable {
    /// Hosts that are this machine, whatever a name server says.
    private static let loopback = ["127.0.0.1", "localhost", "[::1]"]

    /// The base URL, without a slash at the end.
    public let url: String
    /// Whether what is sent there can be read by nobody on the way: over TLS, or within this machine.
    public let isPrivate: Bool

    /// `nil` when `text` does not begin with `http://` or `https://` and name a host.
    public init?(_ text: String) {
        let base = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let scheme = ["http://", "https://"].first(where: { base.hasPrefix($0) }), base.count > scheme.count
        else {
            return nil
        }
        url = base
        let authority = base.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
        // A host in front of an `@` is a user's name, and no host of ours.
        isPrivate = scheme == "https://" || Self.loopback.contains { Self.isHost($0, of: authority) }
    }

    private static func isHost(_ host: String, of authority: Substring) -> Bool {
        guard authority.hasPrefix(host) else { return false }
        let rest = authority.dropFirst(host.count)
        return rest.isEmpty || (rest.hasPrefix(":") && rest.dropFirst().allSatisfy { $0.isASCII && $0.isNumber })
    }
}
