import Ledger
import LedgerProtocol
import Platform
import Simulator
import Sync

/// One kiosk's way to the ledger: it loses requests, loses answers, delivers twice, late, or not at all.
final class Link: LedgerClient, @unchecked Sendable {
    private unowned let campus: Campus
    private unowned let kiosk: Kiosk
    /// Whether it is cut for the time being.
    var isDown = false

    /// How long the real client waits for an upload, or for a feed that stands still, in milliseconds.
    private static let patience: Int64 = 10_000
    /// How long it waits for the answer to a heartbeat, in milliseconds.
    private static let heartbeatPatience: Int64 = 5000

    init(campus: Campus, kiosk: Kiosk) {
        self.campus = campus
        self.kiosk = kiosk
    }

    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        let patience = deadline.milliseconds(since: kiosk.clock.now())
        return try exchange("permit", patience: patience) { () throws(LedgerClientError) in
            try self.ask { try $0.permit(request, token: Grounds.token) }
        }
    }

    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        let patience = deadline.milliseconds(since: kiosk.clock.now())
        return try exchange("authorize", patience: patience) { () throws(LedgerClientError) in
            try self.ask { try $0.authorize(request, token: Grounds.token) }
        }
    }

    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        if campus.isStormy, campus.random.oneIn(8) {
            campus.latecomers.append(.init(terminal: terminal, epoch: epoch, first: first, bytes: bytes))
        }
        do throws(LedgerClientError) {
            return try exchange("upload from \(first)", patience: Self.patience) { () throws(LedgerClientError) in
                .acknowledged(
                    try self.ask {
                        try $0.ingest(
                            terminal: terminal, token: Grounds.token, epoch: epoch, first: first, body: bytes)
                    })
            }
        } catch {
            // As the HTTP client does: these refusals are part of the conversation.
            switch error.code {
            case "L-GAP": return .gap(expected: UInt64(error.message) ?? 0)
            case "L-FORK": return .fork(message: error.message)
            case "L-FROZEN": return .frozen(message: error.message)
            default: throw error
            }
        }
    }

    func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? {
        try exchange("\(kind) since \(since)", patience: Self.patience) { () throws(LedgerClientError) in
            try self.ask { try $0.feed(kind, since: since, terminal: self.kiosk.number, token: Grounds.token) }
        }
    }

    func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer {
        try exchange("heartbeat", patience: Self.heartbeatPatience) { () throws(LedgerClientError) in
            try self.ask { try $0.heartbeat(heartbeat, terminal: self.kiosk.number, token: Grounds.token) }
        }
    }

    func status() throws(LedgerClientError) -> LedgerStatus {
        try exchange("status", patience: Self.patience) { () throws(LedgerClientError) in
            try self.ask { try $0.status() }
        }
    }

    private func ask<Answer>(_ question: (LedgerService) throws -> Answer) throws(LedgerClientError) -> Answer {
        do {
            return try question(campus.house.service)
        } catch let refused as LedgerRefused {
            let denied = refused.status == 401 || refused.status == 403
            throw LedgerClientError(
                kind: denied ? .denied : .refused, code: refused.refusal.code,
                message: refused.refusal.expected.map { "\($0)" } ?? refused.refusal.message)
        } catch {
            campus.violate("the ledger failed: \(error)")
            throw LedgerClientError(kind: .refused, code: "L-INTERNAL", message: "\(error)")
        }
    }

    private enum Weather { case fine, slow, requestLost, answerLost, ledgerDies, twice }

    private func exchange<Answer>(
        _ what: String, patience: Int64, _ serve: () throws(LedgerClientError) -> Answer
    ) throws(LedgerClientError) -> Answer {
        guard kiosk.isOn, !isDown, campus.house.isUp else {
            campus.counts.unreachable += 1
            campus.time.advance(milliseconds: min(max(patience, 0), Int64(campus.random.number(1...3000))))
            campus.note("\(kiosk.number): \(what): unreachable")
            throw LedgerClientError(kind: .unreachable, code: "curl-7", message: "")
        }
        let weather = draw()
        campus.note("\(kiosk.number): \(what): \(weather)")
        switch weather {
        case .fine:
            campus.time.advance(milliseconds: Int64(campus.random.number(1...60)))
            return try serve()
        case .twice:
            campus.counts.duplicates += 1
            _ = try serve()
            return try serve()
        case .requestLost: campus.counts.requestsLost += 1
        case .slow, .answerLost, .ledgerDies:
            campus.counts.answersLost += 1
            _ = try serve()
            if weather == .ledgerDies { campus.restartLedger(killed: true) }
        }
        campus.time.advance(milliseconds: max(patience, 0))
        throw LedgerClientError(kind: .timeout, code: "curl-28", message: "")
    }

    private func draw() -> Weather {
        guard campus.isStormy else { return .fine }
        switch campus.random.number(0...19) {
        case 0, 1: return .requestLost
        case 2, 3: return .answerLost
        case 4: return .slow
        case 5, 6: return .twice
        case 7: return campus.random.oneIn(3) ? .ledgerDies : .fine
        default: return .fine
        }
    }
}

/// A copy of an upload that a network delivers long after.
struct Latecomer {
    let terminal: UInt16
    let epoch: UInt32
    let first: UInt64
    let bytes: [UInt8]
}
