/// What a terminal says of itself every few seconds.
public struct Heartbeat: Codable, Sendable, Hashable {
    /// The terminal's clock, in milliseconds since 1970-01-01 UTC; it may be wrong.
    public var wallMilliseconds: Int64
    /// The program's version.
    public var version: String
    /// The journal's epoch.
    public var epoch: UInt32
    /// The journal's last record; 0 when it has none, or when it cannot be opened.
    public var lastSequence: UInt64
    /// The last record that the ledger is known to have.
    public var acknowledged: UInt64
    /// The codes of all conditions that hold, such as `YK-R02`.
    public var conditions: [String]
    /// The roster held; 0 when none is.
    public var rosterVersion: UInt64
    /// The hotlist held; 0 when none is.
    public var hotlistVersion: UInt64
    /// The settings held; 0 when none are.
    public var settingsVersion: UInt64

    /// A heartbeat with these fields.
    public init(
        wallMilliseconds: Int64, version: String, epoch: UInt32, lastSequence: UInt64, acknowledged: UInt64,
        conditions: [String], rosterVersion: UInt64 = 0, hotlistVersion: UInt64 = 0, settingsVersion: UInt64 = 0
    ) {
        self.wallMilliseconds = wallMilliseconds
        self.version = version
        self.epoch = epoch
        self.lastSequence = lastSequence
        self.acknowledged = acknowledged
        self.conditions = conditions
        self.rosterVersion = rosterVersion
        self.hotlistVersion = hotlistVersion
        self.settingsVersion = settingsVersion
    }
}

/// What the ledger answers to a ``Heartbeat``.
public struct HeartbeatAnswer: Codable, Sendable, Hashable {
    /// The ledger's clock, in milliseconds since 1970-01-01 UTC.
    public var timeMilliseconds: Int64
    /// The newest roster; 0 when none was issued.
    public var rosterVersion: UInt64
    /// The newest hotlist; 0 when none was issued.
    public var hotlistVersion: UInt64
    /// The newest settings; 0 when none were issued.
    public var settingsVersion: UInt64
    /// The last record of the terminal's epoch that is stored; `nil` when the ledger does not say.
    public var acknowledged: UInt64?
    /// When the terminal's credential ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not.
    public var credentialExpiresMilliseconds: Int64?
    /// Whether to upload at once, whatever wait is under way; `nil` stands for no.
    public var uploadNow: Bool?

    /// An answer with these fields.
    public init(
        timeMilliseconds: Int64, rosterVersion: UInt64, hotlistVersion: UInt64 = 0, settingsVersion: UInt64 = 0,
        acknowledged: UInt64? = nil, credentialExpiresMilliseconds: Int64? = nil, uploadNow: Bool? = nil
    ) {
        self.timeMilliseconds = timeMilliseconds
        self.rosterVersion = rosterVersion
        self.hotlistVersion = hotlistVersion
        self.settingsVersion = settingsVersion
        self.acknowledged = acknowledged
        self.credentialExpiresMilliseconds = credentialExpiresMilliseconds
        self.uploadNow = uploadNow
    }

    /// The newest versions of all feeds.
    public var feedVersions: FeedVersions {
        FeedVersions(roster: rosterVersion, hotlist: hotlistVersion, settings: settingsVersion)
    }
}
