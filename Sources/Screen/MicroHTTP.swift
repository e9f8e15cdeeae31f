import CMicroHTTP

/// libmicrohttpd's server, run by the one thread that made it.
@safe final class HTTPServer {
    /// What it may take.
    struct Limits {
        /// Connections at a time.
        var connections: UInt32
        /// After so long without a byte a connection is cut off, in seconds.
        var idleSeconds: UInt32
        /// Memory that a connection may take for its headers and for what it is being sent, in bytes.
        var connectionMemory: Int
    }

    private let server: OpaquePointer

    /// `nil`: it does not start, and `listener` is still the caller's.
    ///
    /// - Parameter context: what the callbacks get; it outlives the server.
    init?(
        listener: Int32, limits: Limits, context: UnsafeMutableRawPointer, access: MHD_AccessHandlerCallback,
        completed: MHD_RequestCompletedCallback
    ) {
        guard
            let server = unsafe yika_http_start(
                listener, access, completed, context, limits.connections, limits.idleSeconds, limits.connectionMemory)
        else { return nil }
        unsafe self.server = unsafe server
    }

    deinit { unsafe MHD_stop_daemon(server) }

    /// Becomes readable when there is something to do.
    var descriptor: Int32 { unsafe yika_http_descriptor(server) }

    /// The milliseconds after which it wants to run though nothing came; -1: never.
    var patience: Int32 { unsafe yika_http_patience(server) }

    /// Does what there is to do, and waits for nothing.
    func run() { unsafe MHD_run(server) }
}

/// A connection of libmicrohttpd's. It is there while the callback runs that it came with, and while it is answered.
@safe struct HTTPConnection {
    private let connection: OpaquePointer

    init(_ connection: OpaquePointer) { unsafe self.connection = connection }

    /// What it is reached through.
    var socket: Int32 { unsafe yika_http_socket(connection) }

    /// A header of the request by its name, in whatever case.
    func header(_ name: String) -> String? {
        unsafe MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { unsafe String(cString: $0) }
    }

    /// Nothing is done for it, and nothing is noticed of it, until ``resume()``. Only while its content is asked for.
    func suspend() { unsafe MHD_suspend_connection(connection) }

    /// Goes on with it. Only while it is suspended.
    func resume() { unsafe MHD_resume_connection(connection) }

    /// Answers with a body that is there.
    func answer(_ status: UInt32, _ headers: [(name: String, value: String)], body: [UInt8]) -> MHD_Result {
        var body = body
        let response = unsafe body.withUnsafeMutableBytes { bytes in
            unsafe MHD_create_response_from_buffer(bytes.count, bytes.baseAddress, .RESPMEM_MUST_COPY)
        }
        return unsafe answer(status, headers, response)
    }

    /// Answers with a body that `read` has in pieces, until it has no more or the connection ends; then `context` is given
    /// to `release`.
    func answer(
        _ status: UInt32, _ headers: [(name: String, value: String)], context: UnsafeMutableRawPointer,
        read: MHD_ContentReaderCallback, release: MHD_ContentReaderFreeCallback
    ) -> MHD_Result {
        // Of unknown size, in pieces of 4 KB at most.
        let response = unsafe MHD_create_response_from_callback(.max, 4096, read, context, release)
        if unsafe response == nil { unsafe release(context) }
        return unsafe answer(status, headers, response)
    }

    private func answer(
        _ status: UInt32, _ headers: [(name: String, value: String)], _ response: OpaquePointer?
    ) -> MHD_Result {
        guard let response = unsafe response else { return .NO }
        defer { unsafe MHD_destroy_response(response) }
        for header in headers { _ = unsafe MHD_add_response_header(response, header.name, header.value) }
        return unsafe MHD_queue_response(connection, status, response)
    }
}
