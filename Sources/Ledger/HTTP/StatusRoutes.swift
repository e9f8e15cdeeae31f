import HTTPTypes
import LedgerProtocol

/// What anybody may ask: whether the ledger serves, and how it is spoken to.
struct StatusRoutes: Sendable {
    let service: LedgerService

    var all: [Route] {
        [
            .get(LedgerPath.status) { _ in try .json(service.status()) },
            .get("/v1/openapi.json") { _ in
                Reply(headers: [.contentType: "application/json"], body: PackageResources.openapi_json)
            },
        ]
    }
}
