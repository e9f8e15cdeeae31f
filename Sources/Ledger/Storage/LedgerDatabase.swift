/// How books are to be opened.
public enum LedgerOpening: Sendable {
    /// Make them if there are none; bring the schema up to date.
    case create
    /// They must be there; bring the schema up to date.
    case existing
    /// They must be there, with the schema of this program; nothing is changed.
    case readOnly
}

/// Opens books wherever they are.
public enum LedgerDatabase {
    /// The books at `place`: a URL that begins with `postgresql://` or `postgres://`, else the path of an SQLite file.
    ///
    /// - Throws: ``LedgerDatabaseError``.
    public static func open(_ place: String, mode: LedgerOpening) throws -> any LedgerStore {
        isPostgres(place)
            ? try PostgresLedger(address: place, mode: mode) : try SQLiteLedger(path: place, mode: mode)
    }

    static func isPostgres(_ place: String) -> Bool {
        place.hasPrefix("postgresql://") || place.hasPrefix("postgres://")
    }
}

/// Why a database cannot serve as the books.
public enum LedgerDatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no ledger there.
    case missing(String)
    /// The database cannot be read; its words follow.
    case unreadable(String, String)
    /// Its schema is newer than this program.
    case newer(String)
    /// Its schema is older than this program, and it was opened for reading only.
    case older(String)
    /// There are books where a copy was to be put.
    case notEmpty

    /// What is wrong, for people.
    public var description: String {
        switch self {
        case .missing(let place): "\(Self.shown(place)): no such ledger; make one with `yika-ledger init`"
        case .unreadable(let place, let words): "\(Self.shown(place)): not readable as a ledger: \(words)"
        case .newer(let place): "\(Self.shown(place)): written by a newer yika-ledger; use that one"
        case .notEmpty: "there are books already where the copy is to be put; choose another place"
        case .older(let place):
            "\(Self.shown(place)): no ledger of this version; bring it up to date with `yika-ledger migrate`"
        }
    }

    /// The place without the password that a URL may carry.
    private static func shown(_ place: String) -> String {
        guard let scheme = place.firstRange(of: "://"), let at = place.lastIndex(of: "@"), at > scheme.upperBound,
            let colon = place[scheme.upperBound..<at].firstIndex(of: ":")
        else { return place }
        return String(place[..<colon] + place[at...])
    }
}
