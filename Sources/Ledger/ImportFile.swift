public import FoundationEssentials
import Platform

/// What is taken over into the books, as a JSON or JSON5 file: accounts, terminals, and cards reported lost.
///
/// ```json5
/// {
///     accounts: [{ holderNumber: "20260001", name: "林小满", kind: "student", openingBalanceFen: 0 }],
///     terminals: [{ number: 11, name: "North 1+3, left door", token: "…", journalKey: "64 hexadecimal digits" }],
///     reportedLost: ["20260007"],
/// }
/// ```
public struct ImportFile: Codable, Hashable, Sendable {
    /// An account to be opened.
    public struct Account: Codable, Hashable, Sendable {
        /// Whose card it will be.
        ///
        /// Only staff balances were carried over by the campus; the ledger does not insist.
        public enum Kind: String, Codable, Sendable {
            /// Somebody employed by the university.
            case staff
            /// Somebody enrolled at it.
            case student
        }

        /// The holder's number (学工号); it is stored as a keyed hash only.
        public var holderNumber: String
        /// The holder's name, for people who read the books.
        public var name: String
        /// Whose card it will be.
        public var kind: Kind
        /// What the account starts with, in fen.
        public var openingBalanceFen: Int64

        /// Reads the fields; absent ones have their default.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            holderNumber = try container.decode(String.self, forKey: .holderNumber)
            name = try container.decode(String.self, forKey: .name)
            kind = try container.decode(Kind.self, forKey: .kind)
            openingBalanceFen = try container.decodeIfPresent(Int64.self, forKey: .openingBalanceFen) ?? 0
        }

        /// An account with these fields.
        public init(holderNumber: String, name: String, kind: Kind, openingBalanceFen: Int64 = 0) {
            self.holderNumber = holderNumber
            self.name = name
            self.kind = kind
            self.openingBalanceFen = openingBalanceFen
        }
    }

    /// A terminal to be registered.
    public struct Terminal: Codable, Hashable, Sendable {
        /// The terminal's number.
        public var number: UInt16
        /// Where it stands.
        public var name: String
        /// The bearer token that it shows; stored as a hash only.
        public var token: String
        /// The key of its journal's chain: 32 bytes in hexadecimal.
        public var journalKey: String

        /// A terminal with these fields.
        public init(number: UInt16, name: String, token: String, journalKey: String) {
            self.number = number
            self.name = name
            self.token = token
            self.journalKey = journalKey
        }

        func journalKeyBytes(at path: String) throws -> [UInt8] {
            guard let bytes = [UInt8](hex: journalKey), bytes.count == 32 else {
                throw ImportError("\(path).journalKey", "expected 64 hexadecimal digits")
            }
            return bytes
        }
    }

    /// Accounts to be opened.
    public var accounts: [Account]
    /// Terminals to be registered.
    public var terminals: [Terminal]
    /// Numbers of holders whose card is reported lost.
    public var reportedLost: [String]

    /// Reads the fields; absent ones have their default.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        accounts = try container.decodeIfPresent([Account].self, forKey: .accounts) ?? []
        terminals = try container.decodeIfPresent([Terminal].self, forKey: .terminals) ?? []
        reportedLost = try container.decodeIfPresent([String].self, forKey: .reportedLost) ?? []
    }

    /// A file with this content.
    public init(accounts: [Account] = [], terminals: [Terminal] = [], reportedLost: [String] = []) {
        self.accounts = accounts
        self.terminals = terminals
        self.reportedLost = reportedLost
    }

    /// Reads a file's text.
    ///
    /// - Throws: ``ImportError`` with the path to the value that is wrong.
    public init(json5 data: Data) throws {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            self = try decoder.decode(ImportFile.self, from: data)
        } catch let error as DecodingError {
            throw ImportError(error)
        }
    }

    /// ¥1,000,000: more on one account is a wrong unit in the file, not a balance.
    static let openingLimit: Int64 = 100_000_000

    func validate() throws {
        var holders: Set<String> = []
        for (index, account) in accounts.enumerated() {
            let path = "accounts[\(index)]"
            guard !account.holderNumber.isEmpty else {
                throw ImportError("\(path).holderNumber", "expected a holder number, found nothing")
            }
            guard holders.insert(account.holderNumber).inserted else {
                throw ImportError("\(path).holderNumber", "expected each holder once")
            }
            guard (0...Self.openingLimit).contains(account.openingBalanceFen) else {
                throw ImportError("\(path).openingBalanceFen", "expected 0 to \(Self.openingLimit) fen")
            }
        }
        for (index, terminal) in terminals.enumerated() {
            let path = "terminals[\(index)]"
            guard terminal.token.utf8.count >= 16 else {
                throw ImportError("\(path).token", "expected at least 16 characters")
            }
            _ = try terminal.journalKeyBytes(at: path)
        }
    }
}

/// What is wrong with an import file: where, and what was expected there.
public struct ImportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path to the value, such as `accounts[3].kind`; empty for the file as a whole.
    public let path: String
    /// What was expected there.
    public let problem: String

    init(_ path: String, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    init(_ error: DecodingError) {
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: nil
            }
        var path = ""
        for key in context?.codingPath ?? [] {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        if case .keyNotFound(let key, _) = error {
            self.init(path, "expected a field “\(key.stringValue)”")
        } else {
            self.init(path, context?.debugDescription ?? "not readable")
        }
    }

    /// What is wrong, for people.
    public var description: String { path.isEmpty ? problem : "\(path): \(problem)" }
}
