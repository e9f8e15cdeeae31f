import ArgumentParser
import Ledger

@main
struct YikaLedger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yika-ledger",
        abstract: "The reference central ledger for Yika terminals.",
        discussion: """
            A day with it: `init` makes the books and the keys, `import` opens accounts, `terminal add` registers \
            terminals, `serve` answers them, `show`, `terminal list` and `status` tell how things stand, `check` proves it. \
            The card centre's work is `people`, `balances`, `subsidy` and `account`; `paycode` plays the phone app; `token`, `audit` and `suspense` are an office's.

            Exit status:
              0   done; with `check`, every invariant holds
              1   refused: an invariant is violated, the input is malformed, nobody of that number has an account, \
            the terminal is unknown or not frozen, a closing differs, or a rule of the books says no: its code, L-…, comes first
              2   the database, a key or a file cannot be read, or the port not be opened
              64  wrong usage
            """,
        version: LedgerVersion.current,
        subcommands: [
            Initialize.self, Migrate.self, Backup.self, Serve.self, Import.self, Terminals.self, Settings.self,
            ActivationEnd.self,
            Lost.self, Found.self, Thaw.self, Show.self, Closings.self, Check.self, Figures.self, Account.self,
            People.self,
            Balances.self, Subsidies.self, PayCode.self, Tokens.self, Audit.self, Suspense.self,
        ])
}
