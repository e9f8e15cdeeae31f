import DeviceProfiles
import Mifare
import Platform
import SmartCard
import Testing

@testable import Simulator

@Suite struct SpeedTests {
    @Test("A loop of authenticating and reading prints how many commands a second the simulator carries out")
    func commandsPerSecond() throws {
        for id in ["acr122u", "virtual-pcd"] {
            let profile = try shippedProfile(id)
            let reader = SimulatedReader(profile: profile, time: SimulatedTime(), latencyMilliseconds: 0)
            reader.layDown(try factoryCard())
            let commands = profile.commands
            _ = try reader.transmit(commands.loadKey.build([.slot: [0], .key: SectorKey.factory.bytes]))
            let authenticate = commands.authenticate.build([.block: [4], .keyType: [0x60], .slot: [0]])
            let read = commands.read.build([.block: [4]])
            let rounds = 20_000
            let start = SystemTime().now()
            var good = 0
            for _ in 0..<rounds {
                good += try reader.transmit(authenticate).count
                good += try reader.transmit(read).count
            }
            let nanoseconds = SystemTime().now().nanoseconds - start.nanoseconds
            let rate = Double(2 * rounds) * 1e9 / Double(nanoseconds)
            print("simulator: \(Int(rate)) commands a second as \(id)")
            #expect(good == rounds * 20)
        }
    }

    @Test("A reader for every tap costs little: its profile is prepared once")
    func readersPerSecond() throws {
        let profile = try shippedProfile("acr122u")
        let rounds = 5000
        let start = SystemTime().now()
        for _ in 0..<rounds { _ = SimulatedReader(profile: profile, time: SimulatedTime()) }
        let nanoseconds = SystemTime().now().nanoseconds - start.nanoseconds
        print("simulator: \(Int(Double(rounds) * 1e9 / Double(nanoseconds))) readers made a second")
        let dialects = (0..<2).map { _ in ReaderDialect.of(profile) }
        #expect(dialects[0] === dialects[1])
    }
}
