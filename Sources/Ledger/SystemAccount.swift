/// The accounts that are nobody's: each stands for somebody outside, or for what is not yet known to be anybody's.
///
/// Their balances are summed when asked for, because a stored one would be a row that every transfer has to lock.
enum SystemAccount {
    /// Small purses (小钱包) of old cards that were paid into accounts: below zero by what the old system still owes.
    static let smallPurses: Int64 = 1
    /// Balances of staff that were carried over: below zero likewise.
    static let openingBalances: Int64 = 2
    /// Old balances of students, moved over in part on request: below zero likewise.
    static let oldBalances: Int64 = 3
    /// Money that came in from outside: below zero by it.
    static let topUps: Int64 = 4
    /// What canteens have sold.
    static let sales: Int64 = 5
    /// What cards were paid for.
    static let cardFees: Int64 = 6
    /// What holders owe after sales that their balance did not cover: below zero by it.
    static let receivables: Int64 = 7
    /// Sales whose holder is not known yet: below zero by them.
    static let suspense: Int64 = 8
    /// Sales that the university bears, because nobody could be charged: below zero by them.
    static let writeOffs: Int64 = 9
    /// What holders have in subsidies (补贴), and can spend at canteens only: above zero by it.
    static let subsidies: Int64 = 10
    /// Subsidies that were granted: below zero by them.
    static let grants: Int64 = 11
    /// All of them.
    static let all = smallPurses...grants
    /// The first number that a holder's account can have: seven digits, so that people can read it out.
    static let firstHolder: Int64 = 1_000_001
}
