extension Notice {
    /// Every fault of a terminal that there is. R: reader, S: sound, D: screen, Q: scanner of payment codes, F: faces,
    /// N: network and ledger, J: journal and disk, P: profiles, C: configuration and programs, K: clock.
    public static let conditions: [Notice] =
        readerConditions + deviceConditions + ledgerConditions + journalConditions + boxConditions
}
