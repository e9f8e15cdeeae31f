import LedgerProtocol

/// What anybody may ask: whether the ledger serves, and how it is spoken to.
struct StatusRoutes: Sendable {
    let service: LedgerService

    var all: [Route] {
        [
            .get(LedgerPath.status) { _ in try .json(service.status()) },
        ]
    }
}
