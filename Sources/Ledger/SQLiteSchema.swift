import GRDB

/// The tables, and every step that ever led to them.
///
/// Steps are only added: a ledger is never taken back or rewritten.
enum SQLiteSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { database in
            for statements in [terminals, people, money, activations, exceptions, guards, seed] {
                try database.execute(sql: statements)
            }
        }
        return migrator
    }

    /// Who uploads, how far each has come, and what it sent, byte by byte.
    private static let terminals = """
        CREATE TABLE terminals (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 65535),
            name TEXT NOT NULL,
            token_hash BLOB NOT NULL CHECK (length(token_hash) = 32),
            journal_key BLOB NOT NULL CHECK (length(journal_key) = 32),
            frozen_reason TEXT,
            frozen_ms INTEGER
        ) STRICT;
        CREATE TABLE cursors (
            terminal INTEGER NOT NULL REFERENCES terminals (number),
            epoch INTEGER NOT NULL,
            acknowledged INTEGER NOT NULL CHECK (acknowledged >= 0),
            chain_head BLOB NOT NULL CHECK (length(chain_head) = 8),
            PRIMARY KEY (terminal, epoch)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE records (
            terminal INTEGER NOT NULL REFERENCES terminals (number),
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            raw BLOB NOT NULL CHECK (length(raw) = 128),
            verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
            received_ms INTEGER NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Accounts and the cards that stand for them.
    ///
    /// A holder is known by a keyed hash, never by the number.
    private static let people = """
        CREATE TABLE accounts (
            number INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('holder', 'system')),
            category TEXT,
            holder BLOB UNIQUE CHECK (length(holder) = 16),
            name TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('open', 'closed')),
            opened_ms INTEGER NOT NULL,
            lost_ms INTEGER,
            card_serial INTEGER NOT NULL,
            balance_fen INTEGER,
            CHECK ((kind = 'holder') = (holder IS NOT NULL)),
            CHECK ((kind = 'holder') = (balance_fen IS NOT NULL))
        ) STRICT;
        CREATE TABLE cards (
            uid BLOB PRIMARY KEY CHECK (length(uid) BETWEEN 4 AND 10),
            account INTEGER NOT NULL REFERENCES accounts (number),
            serial INTEGER NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('active', 'reported-lost')),
            activated_ms INTEGER NOT NULL,
            terminal INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX one_card_per_account ON cards (account);
        """

    /// Double entry: a transfer and its postings, whose fen add up to zero.
    ///
    /// The identity of a transfer is made from its cause, so that one cause cannot be paid twice.
    private static let money = """
        CREATE TABLE transfers (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            terminal INTEGER,
            epoch INTEGER,
            sequence INTEGER,
            reason TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            lines INTEGER NOT NULL CHECK (lines >= 2),
            UNIQUE (terminal, epoch, sequence),
            CHECK ((terminal IS NULL) = (epoch IS NULL) AND (terminal IS NULL) = (sequence IS NULL)),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE postings (
            transfer TEXT NOT NULL REFERENCES transfers (id),
            account INTEGER NOT NULL REFERENCES accounts (number),
            fen INTEGER NOT NULL CHECK (fen <> 0),
            PRIMARY KEY (transfer, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX postings_of_account ON postings (account);
        """

    /// What became of each activation: its intent until it is settled, and every outcome with its effect.
    private static let activations = """
        CREATE TABLE intents (
            terminal INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            uid BLOB NOT NULL,
            account INTEGER NOT NULL,
            serial INTEGER NOT NULL,
            begun_ms INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'activated', 'chip-defective', 'suspense')),
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX pending_intents ON intents (uid) WHERE state = 'pending';
        CREATE TABLE outcomes (
            terminal INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            uid BLOB NOT NULL,
            account INTEGER,
            serial INTEGER NOT NULL,
            effect TEXT NOT NULL CHECK (effect IN ('activated', 'confirmed', 'chip-defective', 'suspense')),
            purse_fen INTEGER,
            paid_fen INTEGER NOT NULL,
            ended_ms INTEGER NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    /// What needs a person: authentic records that cannot be posted, holes in a journal, and uploads set aside.
    private static let exceptions = """
        CREATE TABLE suspense (
            terminal INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            fen INTEGER,
            created_ms INTEGER NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE cases (
            terminal INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            first_lost INTEGER NOT NULL,
            last_lost INTEGER NOT NULL,
            reason TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            created_ms INTEGER NOT NULL,
            PRIMARY KEY (terminal, epoch, first_lost, last_lost),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE quarantine (
            terminal INTEGER NOT NULL REFERENCES terminals (number),
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            epoch INTEGER NOT NULL,
            first INTEGER NOT NULL,
            body BLOB NOT NULL,
            reason TEXT NOT NULL,
            received_ms INTEGER NOT NULL,
            PRIMARY KEY (terminal, digest)
        ) STRICT, WITHOUT ROWID;
        """

    /// What is written stays written, whatever a later program, or somebody at the SQLite shell, tries.
    private static let guards =
        ["records", "transfers", "postings"].map { table in
            ["UPDATE", "DELETE"].map { verb in
                """
                CREATE TRIGGER no_\(verb.lowercased())_of_\(table) BEFORE \(verb) ON \(table)
                BEGIN SELECT RAISE(ABORT, '\(table) are immutable'); END;
                """
            }.joined(separator: "\n")
        }.joined(separator: "\n") + """

            CREATE TRIGGER no_more_lines BEFORE INSERT ON postings
            WHEN (SELECT count(*) FROM postings WHERE transfer = NEW.transfer)
                >= (SELECT lines FROM transfers WHERE id = NEW.transfer)
            BEGIN SELECT RAISE(ABORT, 'the transfer is complete'); END;
            """

    private static let seed = """
        INSERT INTO accounts (number, kind, name, status, opened_ms, card_serial)
        VALUES (\(SystemAccount.smallPurses), 'system', 'legacy small purse liability', 'open', 0, 0),
            (\(SystemAccount.openingBalances), 'system', 'balances carried over from the old system', 'open', 0, 0);
        INSERT INTO settings (name, value) VALUES ('roster_version', 1), ('roster_issued_ms', 0);
        """
}

/// The accounts that are nobody's: each stands for what the old system still owes the new one.
///
/// They go below zero by what was taken over. Their balances are summed when asked for, because a stored one would be a
/// row that every transfer has to lock.
enum SystemAccount {
    /// Small purses (小钱包) of old cards that were paid into accounts.
    static let smallPurses: Int64 = 1
    /// Balances of staff that were carried over.
    static let openingBalances: Int64 = 2
    /// The first number that a holder's account can have: seven digits, so that people can read it out.
    static let firstHolder: Int64 = 1_000_001
}
