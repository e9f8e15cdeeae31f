"""The scenes at a till: sales with a network and without, refusals, a card pulled away, a box that loses its power."""

import json
import subprocess
import sys
import time

from checks import check_everything_but, print_table
from scenes import PATIENCE, Director
from stack import ROOT

PIN, WRONG_PIN = "271828", "314159"
# Not the right one of anybody: a code as another app shows it.
FOREIGN_CODE = "https://pay.example/q?c=2846001"


class Cashier(Director):
    """Works the till, and reckons every fen a second time."""

    def __init__(self, stack, timeline):
        super().__init__(stack, timeline)
        self.owed = {}

    def ask(self, yuan):
        """Types an amount and lets it stand."""
        screen = self.stack.screen
        screen.press("clear", *yuan, "enter")
        self.expect(f"the screen asks for ¥{yuan}", screen.wait(
            lambda state: state["phase"] == "present" and state.get("amountFen") == fen(yuan)))

    def hold(self, person):
        """Takes the card that the kiosk has activated into the hand."""
        image = self.stack.out / "cards" / "after" / f"{person['holderNumber']}.mfd"
        self.hand.order("loaded", do="load", image=str(image))
        self.person = person

    def show(self, *codes, lift=True, **fault):
        """Lays the card down; `codes` are how it may end."""
        self.hand.order("laid", do="lay", **fault)
        ended = self.await_end(also_removed=bool(fault))
        self.expect(f"ends as {' or '.join(codes)}", ended is not None and ended["code"] in codes)
        if lift and not fault:
            self.hand.order("lifted", do="lift")
            self.await_removed()
        return ended

    def await_end(self, also_removed):
        """How the sale ended; a card that was pulled away is also to be seen to be gone, before that or after."""
        ended, wanted = None, {"ended", "removed"} if also_removed else {"ended"}
        while wanted:
            event = self.timeline.wait_for(" and ".join(sorted(wanted)), lambda event: event["event"] in wanted, PATIENCE)
            if event is None:
                break
            wanted.discard(event["event"])
            ended = event if event["event"] == "ended" else ended
        return ended

    def let_go(self):
        image = self.stack.out / "cards" / "after" / f"{self.person['holderNumber']}.mfd"
        self.hand.order("saved", do="save", path=str(image))

    def await_scan(self, code):
        ended = self.timeline.wait_for("the code's ending", lambda event: event["event"] == "ended", PATIENCE)
        self.expect(f"ends as {code}", ended is not None and ended["code"] == code)

    def charge(self, person, yuan):
        self.owed[person["holderNumber"]] = self.owed.get(person["holderNumber"], 0) + fen(yuan)

    def result(self):
        return (self.stack.screen.wait(lambda state: state.get("result")) or {}).get("result") or {}


def fen(yuan):
    whole, _, cents = yuan.partition(".")
    return int(whole) * 100 + int((cents + "00")[:2])


def morning(cashier):
    cashier.timeline.open_scene("a", "Two cards are activated at a kiosk, and money is paid in")
    stack = cashier.stack
    for name in ["林小满", "何师傅"]:
        person = cashier.take_card(name)
        cashier.tap("activated")
        cashier.await_posted()
        cashier.put_away(person)
        stack.ledger("account", "top-up", "--holder", person["holderNumber"], "--fen", "20000", "--reference",
                     f"tour-{person['holderNumber']}", *stack.books, *stack.keys)
        stack.give_pin(person, PIN)
    stack.ledger("settings", "set", "saleLimitFen", "9000", "--database", str(stack.out / "ledger.sqlite"))
    stack.ended = {"yikad": stack.end("yikad")}
    cashier.begun = {person["holderNumber"]: stack.account(person)["balanceFen"] for person in cashier.attempted}
    stack.open_till()
    screen = stack.screen
    cashier.expect("nothing is sold before a shift is opened", screen.wait(lambda state: state["phase"] == "closed"))
    screen.press("7", "shift")
    cashier.expect("a shift is opened by number 7", screen.wait(
        lambda state: state["phase"] == "idle" and state["operatorNumber"] == 7))
    # They may have come before anybody watched.
    feeds, deadline = stack.out / "till-state" / "feeds", time.monotonic() + PATIENCE
    while not all((feeds / name).exists() for name in ("hotlist", "settings")) and time.monotonic() < deadline:
        time.sleep(0.05)
    cashier.expect("hotlist and settings are there", all((feeds / name).exists() for name in ("hotlist", "settings")))


def online(cashier):
    cashier.timeline.open_scene("b", "With a network: a card pays, the six digits, a limit, void and refund")
    lin = cashier.people["林小满"]
    cashier.hold(lin)
    cashier.ask("12.5")
    cashier.show("YK-B00")
    cashier.charge(lin, "12.5")
    result = cashier.result()
    cashier.expect("the balance is shown, and the card has an allowance of ¥50 from now on",
                   result.get("balanceFen") == cashier.begun[lin["holderNumber"]] - 1250
                   and result.get("allowanceFen") == 5000)
    for digits, code in [(WRONG_PIN, "YK-B23"), (PIN, "YK-B00")]:
        cashier.ask("60")
        cashier.show("YK-B06", lift=False)
        cashier.stack.screen.press(*digits)
        ended = cashier.timeline.wait_for("the digits' ending", lambda event: event["event"] == "ended", PATIENCE)
        cashier.expect(f"the digits end as {code}", ended is not None and ended["code"] == code)
        cashier.hand.order("lifted", do="lift")
        cashier.await_removed()
    cashier.charge(lin, "60")
    screen = cashier.stack.screen
    screen.press("clear", *"90.01", "enter")
    cashier.expect("¥90.01 is over the limit that the ledger has set (YK-B18)", screen.wait(
        lambda state: state["phase"] == "refused" and state["result"]["code"] == "YK-B18"))
    cashier.ask("8")
    cashier.show("YK-B00")
    screen.press("clear", "void")
    cashier.show("YK-B02")
    screen.press("clear", "3", "refund")
    cashier.show("YK-B03")
    cashier.owed[lin["holderNumber"]] -= fen("3")


def pulled(cashier):
    cashier.timeline.open_scene("c", "A card is pulled away in the middle of the write, and shown again")
    lin = cashier.people["林小满"]
    cashier.ask("10")
    # The light, six commands of reading, and the write.
    cashier.show("YK-B08", pullAt=8, how="after")
    cashier.show("YK-B01")
    cashier.charge(lin, "10")


def practice(cashier):
    cashier.timeline.open_scene("d", "Practice: the card is read, and nothing is kept")
    screen = cashier.stack.screen
    screen.press("clear", "training")
    cashier.expect("the screen says that it is practice", screen.wait(lambda state: state["isTraining"]))
    before = records(cashier.stack)
    cashier.ask("11")
    cashier.show("YK-B04")
    cashier.expect(f"practice leaves the journal at {len(before)} records", records(cashier.stack) == before)
    screen.press("clear", "training")
    cashier.expect("practice is over", screen.wait(lambda state: not state["isTraining"]))


def faces(cashier):
    cashier.timeline.open_scene("e", "A face pays, with the ledger's word")
    he = cashier.people["何师傅"]
    stack = cashier.stack
    account = str(stack.account(he)["account"])
    stack.spawn("face", [sys.executable, ROOT / "tools" / "face-module", "--socket", stack.run / "face.sock",
                         "--account", account, "--once"])
    cashier.ask("9")
    cashier.await_scan("YK-B00")
    cashier.charge(he, "9")
    stack.end("face")


def offline(cashier):
    cashier.timeline.open_scene("f", "The network is gone: card and code pay all the same")
    stack, lin, he = cashier.stack, cashier.people["林小满"], cashier.people["何师傅"]
    code, second = stack.pay_code(he), stack.pay_code(he)
    stack.end("ledger")
    cashier.ask("15")
    cashier.show("YK-B00")
    cashier.charge(lin, "15")
    cashier.expect("the allowance is what is left of ¥50", cashier.result().get("allowanceFen") == 3500)
    cashier.ask("7")
    stack.scan(code)
    cashier.await_scan("YK-B00")
    cashier.charge(he, "7")
    cashier.ask("7")
    # Within a second it would be a scanner that repeats itself.
    time.sleep(1.2)
    stack.scan(code)
    cashier.await_scan("YK-B34")
    stack.scan(FOREIGN_CODE)
    cashier.await_scan("YK-B31")
    stack.scan(second)
    cashier.await_scan("YK-B00")
    cashier.charge(he, "7")
    cashier.ask("60")
    cashier.show("YK-B22")
    cashier.ask("40")
    cashier.show("YK-B17")


def power(cashier):
    cashier.timeline.open_scene("g", "The till is killed between two sales and in the middle of one")
    stack, lin = cashier.stack, cashier.people["林小满"]
    stack.kill_till()
    stack.open_till()
    cashier.expect("the shift is open still", stack.screen.wait(
        lambda state: state["phase"] == "idle" and state.get("operatorNumber") == 7))
    cashier.ask("5")
    # One command more than before: the reader is new to this life of the daemon, and is set up.
    cashier.hand.order("laid", do="lay", pullAt=9, how="after")
    begun = cashier.timeline.wait_for("the intent", lambda event: event.get("what") == "intent-durable", PATIENCE)
    stack.kill_till()
    last = records(stack)[-1]
    cashier.expect("the kill came after the intent and before the outcome",
                   begun is not None and last["sequence"] == begun["sequence"])
    stack.open_till()
    stack.screen.wait(lambda state: state["phase"] == "idle" and state.get("operatorNumber") == 7)
    # pcscd looks at its readers now and then, and has just lost the program that was using this one.
    time.sleep(1.5)
    cashier.ask("5")
    # Whether the kill came before the card's write or after it, the holder pays once.
    cashier.show("YK-B00", "YK-B01")
    cashier.charge(lin, "5")
    cashier.let_go()


def lost(cashier):
    cashier.timeline.open_scene("h", "The network is back; a card is reported lost, and taken nowhere any more")
    stack, he, lin = cashier.stack, cashier.people["何师傅"], cashier.people["林小满"]
    stack.start_ledger()
    cashier.expect("the queue drains", stack.screen.wait(
        lambda state: state["queued"] == 0 and state.get("isOnline"), 60))
    cashier.timeline.say("             何师傅's card is reported lost")
    stack.ledger("account", "lost", "--holder", he["holderNumber"], *stack.books, *stack.keys)
    cashier.expect("the hotlist is renewed within seconds", cashier.timeline.wait_for(
        "the hotlist", lambda event: event["event"] == "hotlist", PATIENCE))
    cashier.hold(he)
    cashier.ask("6")
    cashier.show("YK-B12")
    stack.end("ledger")
    cashier.ask("6")
    cashier.show("YK-B12")
    cashier.let_go()
    stack.start_ledger()
    cashier.hold(lin)
    time.sleep(1)
    cashier.ask("1")
    cashier.show("YK-B00")
    cashier.charge(lin, "1")
    stack.screen.press("clear", "shift")
    cashier.expect("the shift is closed", stack.screen.wait(lambda state: state["phase"] == "closed"))
    cashier.expect("everything has been sent", stack.screen.wait(lambda state: state["queued"] == 0, 60))


def mute(cashier):
    cashier.timeline.open_scene("i", "The sound card hangs: nobody waits for it, and the technician is told")
    stack, lin = cashier.stack, cashier.people["林小满"]
    cashier.hold(lin)
    cashier.ask("3")
    before = cashier.show("YK-B00")
    stack.sound_card("hang-write")
    cashier.ask("4")
    hung = cashier.show("YK-B00")
    cashier.charge(lin, "7")
    cashier.timeline.say(f"             a sale took {before['milliseconds']} ms with sound, {hung['milliseconds']} ms without")
    cashier.expect("YK-S04 says that the sound device does not answer", cashier.timeline.wait_for(
        "the condition", lambda event: event.get("code") == "YK-S04" and event["what"] == "raised", PATIENCE))
    stack.sound_card("ok")
    cashier.expect("it is cleared when the device answers", cashier.timeline.wait_for(
        "the condition's end", lambda event: event.get("code") == "YK-S04" and event["what"] == "cleared", PATIENCE))
    cashier.let_go()


SCENES = [morning, online, pulled, practice, faces, mute, offline, power, lost]


def check(stack, cashier, timeline):
    timeline.scene = "check"
    cashier.expect("kiosk and till stop cleanly on SIGTERM", (stack.ended.get("yikad"), stack.ended.get("till")) == (0, 0))
    check_balances(stack, cashier)
    check_closing(stack, cashier)
    check_everything_but(stack, cashier, journal=stack.out / "till-state" / "journal",
                         sentences={
                             "till-1.wav": ["paid-amount/1+十+二元+五角", "same-card-again", "money-back-amount/1"],
                             "till-3.wav": ["paid-amount/1+五元"]})
    print_table(stack, cashier, timeline)
    return 0 if all(holds for _, _, holds in cashier.results) else 1


def records(stack):
    """The till's journal, as its own tool reads it."""
    done = subprocess.run(
        [stack.programs / "yika", "journal", "dump", "--json", "--reveal", "--directory",
         stack.out / "till-state" / "journal"], capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if "sequence" in line and "payload" in line]


def check_balances(stack, cashier):
    for person in cashier.attempted:
        begun, owed = cashier.begun[person["holderNumber"]], cashier.owed.get(person["holderNumber"], 0)
        cashier.expect(f"{person['name']} has paid ¥{owed / 100:.2f}, not a fen more or less",
                       stack.account(person)["balanceFen"] == begun - owed)


def check_closing(stack, cashier):
    """Both sides add up the till's day: the terminal's journal here, the books at the ledger."""
    written = records(stack)
    lines = {}
    for record in written:
        payload = bytes.fromhex(record["payload"])
        number = record["typeNumber"] if "typeNumber" in record else record["type"]
        is_sale = number in (3, 4)
        key = (number, payload[13] if is_sale else 0)
        count, total = lines.get(key, (0, 0))
        lines[key] = (count + 1, total + (int.from_bytes(payload[32:36], "little") if is_sale else 0))
    closing = {
        "day": time.strftime("%Y-%m-%d"), "epoch": 1, "first": written[0]["sequence"], "last": written[-1]["sequence"],
        "count": len(written), "chainHead": written[-1]["mac"],
        "lines": [{"type": kind, "result": result, "count": count, "fen": total}
                  for (kind, result), (count, total) in sorted(lines.items())],
    }
    stack.start_ledger()
    answer = stack.close_day(closing)
    stack.end("ledger")
    cashier.expect(f"both sides' day closing agrees over {len(written)} records", answer.get("agrees") is True)
