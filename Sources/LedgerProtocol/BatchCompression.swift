import CZ

/// How a batch of journal records travels: as one gzip member (RFC 1952) of exactly the bytes that would travel without.
///
/// The request says `Content-Encoding: gzip`; what the ledger stores and checks are the records' own bytes. Of a record's
/// 128 bytes only its chain MAC and CRC32C, the card's UID and some low bits of its times are news, so that a batch of
/// hundreds takes less than a third of them.
public enum BatchCompression {
    /// The name of the encoding in `Content-Encoding`.
    public static let name = "gzip"

    /// The window that a batch needs, as zlib counts it, with 16 added: in a gzip member, not zlib's own wrapping.
    private static let windowBits: Int32 = 15 + 16

    /// `bytes` as one gzip member. The same bytes always give the same member: it carries no time and no name.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe yika_deflate_init(&stream, Z_DEFAULT_COMPRESSION, windowBits) == Z_OK else {
            // It fails only when memory is out, where nothing sensible can go on.
            preconditionFailure("deflateInit2 failed")
        }
        defer { unsafe deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(unsafe deflateBound(&stream, UInt(bytes.count))))
        let status = unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.next_in = input.baseAddress
                unsafe stream.avail_in = UInt32(input.count)
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = UInt32(output.count)
                return unsafe deflate(&stream, Z_FINISH)
            }
        }
        precondition(status == Z_STREAM_END, "deflate did not end within its own bound: \(status)")
        output.removeLast(Int(unsafe stream.avail_out))
        return output
    }

    /// The bytes in the one gzip member that `bytes` are, at most `limit` of them.
    ///
    /// Neither time nor memory goes beyond `limit`, however much the member claims to hold.
    public static func decompress(_ bytes: [UInt8], limit: Int) throws(BatchCompressionError) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe yika_inflate_init(&stream, windowBits) == Z_OK else {
            preconditionFailure("inflateInit2 failed")
        }
        defer { unsafe inflateEnd(&stream) }
        var input = bytes
        // One byte more than is allowed tells a member that ends there from one that goes on.
        var output = [UInt8](repeating: 0, count: limit + 1)
        let status = unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.next_in = input.baseAddress
                unsafe stream.avail_in = UInt32(input.count)
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = UInt32(output.count)
                return unsafe inflate(&stream, Z_FINISH)
            }
        }
        let unread = Int(unsafe stream.avail_in)
        let room = Int(unsafe stream.avail_out)
        guard room > 0 else { throw .tooLong(limit: limit) }
        switch status {
        case Z_STREAM_END: break
        case Z_BUF_ERROR, Z_OK: throw .cutShort
        default: throw .damaged
        }
        guard unread == 0 else { throw .trailingBytes(unread) }
        output.removeLast(room)
        return output
    }
}

/// Why bytes are not a batch.
public enum BatchCompressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// They hold more than is allowed: no terminal sends so much at once.
    case tooLong(limit: Int)
    /// They end in the middle.
    case cutShort
    /// They are no gzip member, or one whose checksum is wrong.
    case damaged
    /// Something follows the member.
    case trailingBytes(Int)

    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .tooLong(let limit): "more than \(limit) bytes when unpacked"
        case .cutShort: "gzip that ends in the middle"
        case .damaged: "no gzip, or damaged"
        case .trailingBytes(let count): "\(count) bytes after the end of the gzip member"
        }
    }
}
