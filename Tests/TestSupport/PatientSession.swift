import Foundation
public import FoundationNetworking

/// A session for servers in the test's own process, whose threads other tests keep busy: it waits as long as it takes.
public enum PatientSession {
    /// The session.
    public static let shared: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 1800
        return URLSession(configuration: configuration)
    }()
}
