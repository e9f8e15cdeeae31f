public import Health
import Voice

/// What the daemon would find wrong with the files that it is given, found out without starting it: by the same code.
public struct StartCheck: Sendable {
    /// Why it would not start at all; `nil`: it would.
    public let stop: TerminalError?
    /// What it would start in spite of.
    public let conditions: [HealthRegistry.Raised]

    /// Reads everything that `configuration` names: profiles, layout, keys, sentences and voice packs.
    public init(_ configuration: Configuration) {
        let health = HealthRegistry { _ in }
        do throws(TerminalError) {
            let equipment = try Equipment(configuration, health: health)
            _ = Equipment.packs(configuration, equipment.catalogue, health: health)
            stop = nil
        } catch {
            stop = error
        }
        conditions = health.current
    }
}
