import Foundation
import Hummingbird
import HummingbirdCore
import LedgerProtocol

/// A request as the routes see it, its body read to the end.
///
/// Whatever is not of the form that the protocol prescribes is refused here, by its name.
struct Question: Sendable {
    let uri: URI
    let headers: HTTPFields
    let parameters: Parameters
    let body: [UInt8]

    /// A part of the path.
    func part(_ name: String) throws(LedgerRefused) -> String {
        guard let text = parameters.get(name)?.removingPercentEncoding, !text.isEmpty else {
            throw .malformed("expected a \(name) in the path")
        }
        return text
    }

    /// A part of the path that is a number.
    func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type = Number.self) throws(LedgerRefused)
        -> Number
    {
        guard let number: Number = Self.number(parameters.get(name)) else {
            throw .malformed("expected a \(name) in the path, a number up to \(Number.max)")
        }
        return number
    }

    /// What stands behind `?name=`; `nil` without it.
    func query(_ name: String) -> String? { uri.queryParameters[Substring(name)].map(String.init) }

    /// What stands behind `?name=`, a number.
    func query<Number: FixedWidthInteger>(_ name: String, as type: Number.Type) throws(LedgerRefused) -> Number {
        guard let number: Number = Self.number(query(name)) else {
            throw .malformed("expected ?\(name)= with a number up to \(Number.max)")
        }
        return number
    }

    /// The body, read as JSON.
    func json<Value: Decodable>(_ type: Value.Type = Value.self) throws(LedgerRefused) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch let error as DecodingError {
            throw .malformed("the body is not what was expected: \(ImportError(error))")
        } catch {
            throw .malformed("the body is no JSON")
        }
    }

    /// What is shown as `Authorization: Bearer`.
    func token() throws(LedgerRefused) -> String {
        let scheme = "Bearer "
        guard let value = headers[.authorization], value.hasPrefix(scheme) else { throw .denied }
        return String(value.dropFirst(scheme.count))
    }

    /// The terminal that asks, where the path does not name it.
    func terminal() throws(LedgerRefused) -> UInt16 {
        let field = headers.first { $0.name.canonicalName == LedgerPath.terminalHeader }
        guard let number: UInt16 = Self.number(field?.value) else {
            throw .malformed("expected the header \(LedgerPath.terminalHeader) with a number")
        }
        return number
    }

    /// Digits and nothing else: Swift itself would take a sign too.
    private static func number<Number: FixedWidthInteger>(_ text: (some StringProtocol)?) -> Number? {
        guard let text, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Number(text)
    }
}
