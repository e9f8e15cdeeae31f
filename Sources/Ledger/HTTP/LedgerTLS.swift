import NIOSSL

/// What the ledger proves with to terminals that it is the ledger: a certificate chain and its key.
///
/// TLS 1.2 at least. Terminals that show certificates of their own would be asked for them here; what they may do then is
/// `TerminalStanding`'s to say.
public struct LedgerTLS: Sendable {
    let configuration: TLSConfiguration

    /// Reads both from PEM files; the chain begins with the ledger's own certificate.
    ///
    /// - Throws: ``LedgerTLSError`` when a file cannot be read, or the key does not fit the certificate.
    public init(certificateFile: String, keyFile: String) throws(LedgerTLSError) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificateFile)
        } catch {
            throw LedgerTLSError(path: certificateFile, problem: "not readable as certificates in PEM")
        }
        guard !chain.isEmpty else { throw LedgerTLSError(path: certificateFile, problem: "holds no certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        } catch {
            throw LedgerTLSError(path: keyFile, problem: "not readable as a private key in PEM")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw LedgerTLSError(path: keyFile, problem: "not the key of the certificate in \(certificateFile)")
        }
        self.configuration = configuration
    }
}

/// Why certificate and key cannot be used.
public struct LedgerTLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String

    /// What is wrong, for people.
    public var description: String { "\(path): \(problem)" }
}
