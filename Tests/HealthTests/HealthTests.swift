import Health
import Platform
import Simulator
import Synchronization
import Testing

@Suite("The health registry")
struct HealthTests {
    @Test("every notice has its own code and name, says what to do next, and says all of it in both languages")
    func wording() {
        let all = Notice.conditions + Notice.outcomes + Notice.saleOutcomes
        #expect(Set(all.map(\.code)).count == all.count)
        for kind in [Notice.conditions, Notice.outcomes, Notice.saleOutcomes] {
            #expect(Set(kind.map(\.id)).count == kind.count)
        }
        for notice in all {
            #expect(notice.code.hasPrefix("YK-") && notice.code.count == 6, "\(notice.code)")
            for text in [notice.title, notice.nextStep] {
                #expect(!text.english.isEmpty, "\(notice.code)")
                #expect(text.chinese.unicodeScalars.contains { $0.value >= 0x4E00 }, "\(notice.code)")
            }
        }
        #expect((Notice.outcomes + Notice.saleOutcomes).allSatisfy { $0.severity == .holder })
        #expect(Notice.conditions.allSatisfy { $0.severity != .holder })
        for notice in Notice.conditions {
            let impact = notice.impact
            #expect(impact.map { !$0.english.isEmpty && !$0.chinese.isEmpty } == true, "\(notice.code) has no impact")
        }
    }

    @Test("what a condition depends on is a condition, and never in a circle")
    func dependencies() {
        let byCode = Dictionary(uniqueKeysWithValues: Notice.conditions.map { ($0.code, $0) })
        for notice in Notice.conditions {
            var reached = Set(notice.dependsOn)
            while true {
                let further = reached.union(reached.flatMap { byCode[$0]?.dependsOn ?? ["none of that code"] })
                if further == reached { break }
                reached = further
            }
            #expect(reached.allSatisfy { byCode[$0] != nil }, "\(notice.code) depends on \(reached)")
            #expect(!reached.contains(notice.code), "\(notice.code) explains itself away")
        }
    }

    @Test("every notice has a message identifier of its own, of 128 bits, that never changes")
    func messageIdentifiers() {
        let all = Notice.conditions + Notice.outcomes + Notice.saleOutcomes
        #expect(Set(all.map(\.messageID)).count == all.count)
        #expect(all.allSatisfy { $0.messageID.count == 32 && $0.messageID.allSatisfy(\.isHexDigit) })
        #expect(Notice.pcscdUnreachable.messageID == "7c1f0a5be93d4e6f8a2b64d1c0523031")
    }

    @Test("what mends itself at once is never seen, and what another condition explains is not seen beside it")
    func visibility() {
        let time = SimulatedTime()
        let registry = HealthRegistry(time: time) { _ in }
        func codes() -> [String] { registry.visible.map(\.notice.code) }
        registry.raise(.pcscdUnreachable)
        registry.raise(.readerMissing)
        #expect(codes().isEmpty)
        time.advance(milliseconds: 2_999)
        registry.raise(.pcscdUnreachable, "other particulars do not make it new")
        #expect(codes().isEmpty)
        time.advance(milliseconds: 1)
        #expect(codes() == ["YK-R01"])
        registry.clear(.pcscdUnreachable)
        #expect(codes() == ["YK-R02"])
        registry.raise(.soundMissing)
        registry.raise(.journalFull)
        #expect(codes() == ["YK-J04", "YK-R02", "YK-S01"], "the worst comes first")
        #expect(registry.current.count == 3)
    }

    @Test("a condition is reported when it comes, changes and goes, and not when nothing changed")
    func changes() {
        let seen = Mutex<[String]>([])
        let registry = HealthRegistry { change in
            seen.withLock { seen in
                switch change {
                case .raised(let raised): seen.append("+\(raised.notice.id) \(raised.detail)")
                case .cleared(let notice): seen.append("-\(notice.id)")
                }
            }
        }
        registry.raise(.soundMissing, "a")
        registry.raise(.soundMissing, "a")
        registry.raise(.soundMissing, "b")
        registry.clear(.soundMissing)
        registry.clear(.soundMissing)
        #expect(seen.withLock { $0 } == ["+sound-missing a", "+sound-missing b", "-sound-missing"])
    }

    @Test("only a condition that stops the terminal takes it out of service")
    func outOfService() {
        let registry = HealthRegistry { _ in }
        registry.raise(.ledgerUnreachable)
        #expect(!registry.isOutOfService)
        registry.raise(.journalStopped, "disk gone")
        #expect(registry.isOutOfService && registry.current.map(\.notice.code) == ["YK-J01", "YK-N01"])
    }
}
