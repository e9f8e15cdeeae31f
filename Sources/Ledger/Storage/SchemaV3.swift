/// What the canteen counter needs: sales in doubt and what became of them, payment codes that were used, subsidies.
enum SchemaV3 {
    static func statements(_ dialect: SQLDialect) -> [String] { [accounts, doubts, codes, issues, seed] }

    /// What a holder has in subsidies, and how many sales in doubt there ever were: whoever locks the account then knows
    /// whether there is anything to be settled, and an upload without such accounts asks nothing more.
    private static let accounts = """
        ALTER TABLE accounts ADD COLUMN subsidy_fen {int} NOT NULL DEFAULT 0;
        ALTER TABLE accounts ADD COLUMN doubts {int} NOT NULL DEFAULT 0;
        """

    /// Each sale in doubt, what has been found out about it, and by which records.
    ///
    /// For those of before, nobody has looked at what came after them yet.
    private static let doubts = """
        CREATE TABLE doubts (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            account {int} NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('open', 'told', 'used', 'unused', 'repeated', 'charged', 'written-off', 'dismissed')),
            told_by TEXT,
            same_by TEXT,
            later_by TEXT,
            steps {int} NOT NULL DEFAULT 0,
            subsidy_fen {int} NOT NULL DEFAULT 0,
            looked_back {int} NOT NULL CHECK (looked_back IN (0, 1)),
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE INDEX doubts_of_account ON doubts (account);
        INSERT INTO doubts (terminal, epoch, sequence, account, state, looked_back)
            SELECT s.terminal, s.epoch, s.sequence, s.account,
                CASE WHEN u.resolved_ms IS NULL THEN 'open' ELSE 'dismissed' END, 0
            FROM sales s JOIN suspense u ON u.terminal = s.terminal AND u.epoch = s.epoch AND u.sequence = s.sequence
            WHERE s.effect = 'in-doubt';
        UPDATE accounts SET doubts = (SELECT count(*) FROM doubts d WHERE d.account = accounts.number)
            WHERE kind = 'holder' AND number IN (SELECT account FROM doubts);
        """

    /// The sale that each payment code was used for; no terminal took any before.
    ///
    /// What was bought without a card has no card's sequence to be found by.
    private static let codes = """
        CREATE TABLE codes (
            code_hash {int} NOT NULL,
            account {int} NOT NULL REFERENCES accounts (number),
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            PRIMARY KEY (code_hash, account),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE INDEX sales_without_card ON sales (account, made_ms) WHERE medium <> 1;
        """

    /// Every version that was issued from here: what a terminal may be led on from by a delta.
    private static let issues = """
        CREATE TABLE issues (
            feed TEXT NOT NULL,
            version {int} NOT NULL,
            PRIMARY KEY (feed, version)
        ) {rowless};
        INSERT INTO issues (feed, version) SELECT name, version FROM feeds WHERE issued_ms > 0;
        """

    private static let seed = """
        INSERT INTO accounts (number, kind, name, status, opened_ms, card_serial, roster_version)
        VALUES (10, 'system', 'subsidies of holders', 'open', 0, 0, -1),
            (11, 'system', 'subsidies granted', 'open', 0, 0, -1);
        """
}
