import CMicroHTTP
import Glibc
import Platform

/// The screen on the thread that calls ``run()``: what libmicrohttpd calls back, and what wakes it.
///
/// A stream without news is suspended, so that nothing runs for it; the doorbell, the beat or its own end resumes it.
final class ScreenLoop {
    /// A browser opens up to six connections, the stream among them.
    private static let limits = HTTPServer.Limits(connections: 32, idleSeconds: 10, connectionMemory: 16 * 1024)
    /// A body that goes on for longer is not heard out, in bytes.
    private static let hearingMost = 64 * 1024
    /// A page that hears nothing for 4 s takes us for dead, in milliseconds.
    private static let beatMilliseconds: Int64 = 1500

    /// A request while it comes in.
    private final class Exchange {
        var request: ScreenRequest
        init(_ request: ScreenRequest) { self.request = request }
    }

    private let shelf: ScreenShelf
    private let site: ScreenSite
    private let keys: (ScreenKey) -> Void
    private let metrics: () -> String
    private let events: ScreenEvents
    private let time = SystemTime()
    private var server: HTTPServer?
    private var streams: [ScreenStream] = []
    private var nextBeat: Instant

    /// `nil`: libmicrohttpd does not start, and `listener` is still the caller's.
    init?(
        listener: Int32, port: UInt16, shelf: ScreenShelf, metrics: @escaping () -> String,
        keys: @escaping (ScreenKey) -> Void
    ) {
        self.shelf = shelf
        self.keys = keys
        self.metrics = metrics
        site = ScreenSite(port: port)
        events = ScreenEvents(shelf: shelf)
        nextBeat = time.now()
        server = unsafe HTTPServer(
            listener: listener, limits: Self.limits, context: Unmanaged.passUnretained(self).toOpaque(),
            access: Self.access, completed: Self.completed)
        guard server != nil else { return nil }
    }

    /// Serves until the shelf is shut.
    func run() {
        while let server, !shelf.isShut {
            wait(server)
            wake()
            server.run()
        }
        // What is suspended may not be stopped.
        streams.forEach { $0.isGone = true }
        wake()
        server = nil
    }

    /// Waits for a connection, the doorbell, the end of a stream, or the next beat.
    private func wait(_ server: HTTPServer) {
        let resting = streams.filter(\.isSuspended)
        // Nobody says anything on a stream once it flows; what can be read there is that it has ended.
        var waits = ([server.descriptor, shelf.doorbell] + resting.map(\.connection.socket)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard unsafe poll(&waits, nfds_t(waits.count), patience(server)) > 0 else { return }
        if waits[1].revents != 0 { yika_silence(shelf.doorbell) }
        for (stream, wait) in zip(resting, waits.dropFirst(2)) where wait.revents != 0 { stream.isGone = true }
    }

    private func patience(_ server: HTTPServer) -> Int32 {
        let own = server.patience
        guard !streams.isEmpty else { return own }
        let beat = Int32(clamping: max(0, nextBeat.milliseconds(since: time.now()) + 1))
        return own < 0 ? beat : min(own, beat)
    }

    /// Resumes the streams for which there is something.
    private func wake() {
        if time.now() >= nextBeat {
            streams.forEach { $0.isBeatDue = true }
            nextBeat = time.now().advanced(milliseconds: Self.beatMilliseconds)
        }
        let newest = shelf.newest.version
        for stream in streams where stream.isSuspended && stream.isBehind(newest) {
            stream.isSuspended = false
            stream.connection.resume()
        }
    }

    // MARK: What libmicrohttpd calls

    private static let access: MHD_AccessHandlerCallback = {
        context, connection, path, method, _, bytes, count, exchange in
        guard let context = unsafe context, let connection = unsafe connection, let count = unsafe count,
            let exchange = unsafe exchange
        else { return .NO }
        let loop = unsafe Unmanaged<ScreenLoop>.fromOpaque(context).takeUnretainedValue()
        let asker = unsafe HTTPConnection(connection)
        guard let known = unsafe exchange.pointee else {
            let request = unsafe ScreenRequest(asker, method: method, path: path)
            unsafe exchange.pointee = unsafe Unmanaged.passRetained(Exchange(request)).toOpaque()
            return .YES
        }
        let asked = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
        let came = unsafe count.pointee
        guard came > 0 else { return loop.answer(asker, asked.request) }
        unsafe asked.request.hear(UnsafeRawBufferPointer(start: bytes, count: came))
        unsafe count.pointee = 0
        return asked.request.received <= hearingMost ? .YES : .NO
    }

    private static let completed: MHD_RequestCompletedCallback = { _, _, exchange, _ in
        guard let exchange = unsafe exchange, let known = unsafe exchange.pointee else { return }
        unsafe Unmanaged<Exchange>.fromOpaque(known).release()
        unsafe exchange.pointee = nil
    }

    /// A stream and whose it is: what libmicrohttpd keeps for the time that it is being sent.
    private final class Sending {
        unowned let loop: ScreenLoop
        let stream: ScreenStream
        init(loop: ScreenLoop, stream: ScreenStream) {
            self.loop = loop
            self.stream = stream
        }
    }

    private static let read: MHD_ContentReaderCallback = { context, _, buffer, size in
        // MHD_CONTENT_READER_END_WITH_ERROR, a cast that Swift does not see: nobody is there to be told of an end.
        let brokenOff = -2
        guard let context = unsafe context else { return brokenOff }
        let sending = unsafe Unmanaged<Sending>.fromOpaque(context).takeUnretainedValue()
        let stream = sending.stream
        let room = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: size)
        switch unsafe stream.fill(room, from: sending.loop.events) {
        case .bytes(let count): return count
        case .nothing:
            stream.isSuspended = true
            stream.connection.suspend()
            return 0
        case .end: return brokenOff
        }
    }

    private static let release: MHD_ContentReaderFreeCallback = { context in
        guard let context = unsafe context else { return }
        let sending = unsafe Unmanaged<Sending>.fromOpaque(context).takeRetainedValue()
        sending.loop.streams.removeAll { $0 === sending.stream }
    }

    // MARK: Answers

    private func answer(_ connection: HTTPConnection, _ request: ScreenRequest) -> MHD_Result {
        switch site.outcome(of: request) {
        case .reply(let reply): return send(reply, to: connection)
        case .events: return stream(to: connection)
        case .metrics: return send(.metrics(metrics()), to: connection)
        case .keys(let pressed):
            pressed.forEach(keys)
            return send(.taken, to: connection)
        }
    }

    private func send(_ reply: ScreenReply, to connection: HTTPConnection) -> MHD_Result {
        connection.answer(reply.status, ScreenReply.guards + reply.headers, body: reply.body)
    }

    private func stream(to connection: HTTPConnection) -> MHD_Result {
        guard streams.count(where: { !$0.isGone }) < ScreenSite.streamsMost else {
            return send(.refusal(.tooMany), to: connection)
        }
        let stream = ScreenStream(connection: connection)
        streams.append(stream)
        return unsafe connection.answer(
            200, ScreenReply.guards + [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
            context: Unmanaged.passRetained(Sending(loop: self, stream: stream)).toOpaque(), read: Self.read,
            release: Self.release)
    }
}

extension ScreenRequest {
    /// What libmicrohttpd knows once the headers are in.
    fileprivate init(_ asker: HTTPConnection, method: UnsafePointer<CChar>?, path: UnsafePointer<CChar>?) {
        self.init(
            method: unsafe method.map { unsafe String(cString: $0) } ?? "",
            path: unsafe path.map { unsafe String(cString: $0) } ?? "", host: asker.header("Host"),
            origin: asker.header("Origin"), fetchSite: asker.header("Sec-Fetch-Site"),
            contentType: asker.header("Content-Type"), knownTag: asker.header("If-None-Match"))
    }

    /// Takes a part of the body; what means nothing any more is counted and not kept.
    fileprivate mutating func hear(_ bytes: UnsafeRawBufferPointer) {
        received += bytes.count
        let room = ScreenSite.bodyMost - body.count
        if room > 0 { unsafe body += bytes.prefix(room) }
    }
}
