public import Platform

/// One thing about a box that can be looked at by itself.
public struct Check: Sendable {
    /// Its name, for people and scripts.
    public let name: String
    /// What it looks at.
    public let title: Text
    private let look: @Sendable (Examination) -> [Finding]

    init(_ name: String, _ title: Text, look: @escaping @Sendable (Examination) -> [Finding]) {
        self.name = name
        self.title = title
        self.look = look
    }

    /// Every check, in the order in which a technician would look: files, programs, readers, sound, disk, network.
    public static let all: [Check] = [
        configuration, credentials, files, daemon, units, versions, pcscd, readers, usb, escape, sound, scanner, mount,
        space,
        wear, journal, clock, network, ledger, expiry, conditions,
    ]

    /// Looks. One that finds nothing to say says that all is well.
    public func run(_ examination: Examination) -> [Finding] {
        let findings = look(examination)
        return findings.isEmpty ? [Finding(name, .well, Text("", ""))] : findings
    }
}

extension Check {
    func well(_ chinese: String, _ english: String) -> Finding { Finding(name, .well, Text(chinese, english)) }
}
