import Health
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
