import ArgumentParser
import DataFiles
import FoundationEssentials
import Glibc
import Journal
import Platform
import Sync
import Terminal

struct Enrol: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a new terminal known to the ledger, and lay down its credentials and its journal's key.",
        discussion: """
            Write the configuration first: it names the terminal's number, the ledger and the files. The card centre gives \
            out a token for this terminal, good for one enrolment. The secret that the ledger will know the terminal by is \
            made here and never shown.

            Whatever breaks off, the power too: the same command again, with the same token, goes on and ends the same. \
            Run it as root; the files are given to the daemon's user.

              yika enrol --config /etc/yika/yikad.json5 --token 5RZQ-…
              yika enrol --config /etc/yika/yikad.json5 --token - < token

            Exit status: 0 the terminal is known and has what it needs; 1 the ledger refuses, or contradicts the \
            configuration; 2 the ledger or the disk failed, try again; 64 for a wrong command line; 78 the configuration is \
            malformed.
            """)

    @Option(help: "The terminal's configuration.")
    var config: String

    @Option(help: "The enrolment token from the card centre; - reads it from standard input, unseen by other users.")
    var token: String

    @Option(help: "The ledger's address, if not the configuration's ledger.url: https://, or http:// on this machine.")
    var url: String?

    @Option(help: "A file of certificates to trust, if not the configuration's ledger.authorities.")
    var authorities: String?

    func run() throws {
        let setup = try loadSetup(config)
        guard let address = LedgerAddress(url ?? setup.ledger.url) else {
            throw ValidationError("--url: expected an address beginning with https://.")
        }
        if let authorities {
            do throws(DataFileError) { try AuthoritiesFile.check(authorities) } catch {
                throw ValidationError("--authorities: \(error)")
            }
        }
        let token = token == "-" ? readLine()?.filter { !$0.isWhitespace } ?? "" : self.token
        guard !token.isEmpty else { throw ValidationError("--token: expected the card centre's enrolment token.") }
        do throws(EnrolmentError) {
            report(try enrol(setup, address, token: token), setup)
        } catch {
            complain("[\(error.code)] \(error.problem); \(error.nextStep)")
            throw ExitCode(error.isRefusal ? 1 : 2)
        }
    }

    private func enrol(
        _ setup: TerminalSetup, _ address: LedgerAddress, token: String
    ) throws(EnrolmentError) -> Enrolment.Result {
        let credentials = Self.split(setup.credentials)
        let owner = FileOwner(of: setup.credentials) ?? FileOwner(of: setup.stateDirectory)
        defer {
            // After a failure, too: what lies there already may be all that the daemon waits for.
            for name in ["journal.key", "enrolment.json"] {
                _ = FileOwner(of: setup.stateDirectory)?.take(setup.stateDirectory + "/" + name)
            }
            _ = owner?.take(setup.credentials)
        }
        let enrolment: Enrolment
        do throws(StorageError) {
            enrolment = Enrolment(
                expected: Enrolment.Expected(
                    terminal: setup.number, journalEpoch: setup.journalEpoch, publicKey: setup.ledger.publicKey),
                state: try FileStorage(directory: setup.stateDirectory),
                journal: try? FileStorage(directory: setup.stateDirectory + "/journal", access: .readOnly),
                credentials: (try FileStorage(directory: credentials.folder), credentials.name),
                client: CurlEnrolmentClient(address: address, authorities: authorities ?? setup.ledger.authorities))
        } catch {
            throw .storage(error)
        }
        return try enrolment.run(token: token)
    }

    private func report(_ result: Enrolment.Result, _ setup: TerminalSetup) {
        let key =
            result.hasLaidKey
            ? "journal.key lies in \(setup.stateDirectory)" : "the journal there goes on under the key that it has"
        print("terminal \(setup.number), \(result.name), is known to the ledger; \(key)")
        if let expires = result.expiresMilliseconds.flatMap(iso8601) {
            print("its credential is good until \(expires)")
        }
        print("next: systemctl restart yikad")
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
