import Crypto
import Foundation
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Terminals renew their credentials", .onBothDatabases)
struct RenewalTests {
    private static let day: Int64 = 86_400_000

    private func hash(_ secret: String) -> String { Array(SHA256.hash(data: Array(secret.utf8))).hex() }

    /// Books in which terminal 40 has enrolled with the secret `first`, for so many days.
    private func books(days: Int64?) throws -> TestBooks {
        let books = try TestBooks()
        let token = try books.terminals.add(40, name: "North 2", .init(days: days))
        _ = try books.service.enrol(
            EnrolRequest(enrolmentToken: token.text, terminal: 40, credentialHash: hash("first")))
        return books
    }

    private func renew(_ books: TestBooks, to secret: String, showing token: String) throws -> RenewalAnswer {
        try books.service.renew(RenewalRequest(credentialHash: hash(secret)), terminal: 40, token: token)
    }

    private func standing(_ books: TestBooks, _ token: String) throws -> String? {
        try refusal { try books.service.feed(.roster, since: 0, terminal: 40, token: token) }
    }

    @Test("The new one is as long as the old one was, which stays good for a day and no longer")
    func whole() throws {
        let books = try books(days: 90)
        let first = books.time.milliseconds + 90 * Self.day
        try #expect(
            renew(books, to: "second", showing: "first")
                == RenewalAnswer(renewed: false, expiresMilliseconds: first))
        books.time.milliseconds += 61 * Self.day
        let end = books.time.milliseconds + 90 * Self.day
        let renewed = RenewalAnswer(renewed: true, expiresMilliseconds: end)
        try #expect(renew(books, to: "second", showing: "first") == renewed)
        try #expect(standing(books, "first") == nil && standing(books, "second") == nil)
        let heartbeat = TestBooks.heartbeat()
        try #expect(
            books.service.heartbeat(heartbeat, terminal: 40, token: "second").credentialExpiresMilliseconds == end)
        books.time.milliseconds += Self.day
        try #expect(standing(books, "first") == "L-EXPIRED" && standing(books, "second") == nil)
        try #expect(renew(books, to: "third", showing: "second").renewed == false)
        books.time.milliseconds = end - 1
        try #expect(renew(books, to: "third", showing: "second").renewed)
        try #expect(
            books.actions() == ["terminal add", "terminal enrol", "terminal credential", "terminal credential"])
    }

    @Test("It is time with a third of its life left, or three weeks, but never before a third of it is over")
    func due() throws {
        let lives: [(days: Int64, left: Int64)] = [
            (365, 122), (90, 30), (63, 21), (42, 21), (30, 20), (12, 8), (1, 1),
        ]
        for (days, leftDays) in lives {
            let books = try books(days: days)
            let left = days == 1 ? Self.day * 2 / 3 : leftDays * Self.day - (days == 365 ? Self.day / 3 : 0)
            books.time.milliseconds += days * Self.day - left
            try #expect(!renew(books, to: "second", showing: "first").renewed, "\(days) days, too early")
            books.time.milliseconds += 1
            try #expect(renew(books, to: "second", showing: "first").renewed, "\(days) days, in time")
        }
        let endless = try books(days: nil)
        endless.time.milliseconds += 10_000 * Self.day
        try #expect(
            renew(endless, to: "second", showing: "first") == RenewalAnswer(renewed: false, expiresMilliseconds: nil))
    }

    @Test("An answer that got lost can be asked for again with either secret, and changes nothing")
    func again() throws {
        let books = try books(days: 30)
        books.time.milliseconds += 20 * Self.day
        let answer = try renew(books, to: "second", showing: "first")
        books.time.milliseconds += Self.day / 2
        try #expect(renew(books, to: "second", showing: "first") == answer)
        books.time.milliseconds += Self.day
        try #expect(refusal { try renew(books, to: "second", showing: "first") } == "L-EXPIRED")
        try #expect(renew(books, to: "second", showing: "second") == answer)
        try #expect(books.count("credentials WHERE terminal = 40") == 2)
        books.time.milliseconds += 40 * Self.day
        try #expect(refusal { try renew(books, to: "second", showing: "second") } == "L-EXPIRED")
    }

    @Test("What was renewed once is renewed by nobody else; strangers, the expired and the frozen are refused")
    func refused() throws {
        let books = try books(days: 30)
        books.time.milliseconds += 20 * Self.day
        try #expect(refusal { try renew(books, to: "second", showing: "a guess") } == "L-DENIED")
        try #expect(
            refusal {
                try books.service.renew(RenewalRequest(credentialHash: "00"), terminal: 40, token: "first")
            } == "L-MALFORMED")
        try #expect(
            refusal {
                try books.service.renew(
                    RenewalRequest(credentialHash: hash("second")), terminal: 41, token: "first")
            } == "L-UNKNOWN-TERMINAL")
        _ = try renew(books, to: "second", showing: "first")
        try #expect(refusal { try renew(books, to: "a thief's", showing: "first") } == "L-RENEWED")
        try #expect(standing(books, "a thief's") == "L-DENIED")
        // A new enrolment ends all of them at once.
        let token = try books.terminals.renew(40, .init(days: 30))
        _ = try books.service.enrol(
            EnrolRequest(enrolmentToken: token.text, terminal: 40, credentialHash: hash("third")))
        try #expect(standing(books, "first") == "L-EXPIRED" && standing(books, "second") == "L-EXPIRED")
        try #expect(refusal { try renew(books, to: "fourth", showing: "second") } == "L-EXPIRED")
        books.time.milliseconds += 20 * Self.day
        try books.execute("UPDATE terminals SET frozen_reason = 'test', frozen_ms = 1 WHERE number = 40")
        try #expect(refusal { try renew(books, to: "fourth", showing: "third") } == "L-FROZEN")
    }
}
