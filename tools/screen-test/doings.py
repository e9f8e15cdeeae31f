"""What the page does: keys, time, and the daemon that goes away and comes back."""

import socket
import statistics
import time

from display import DISPLAYS
from states import DISHES, PAID, state

# WebDriver's own code points for keys without a character.
KEYBOARD = {
    "\ue01a": "0", "\ue01b": "1", "\ue01c": "2", "\ue01d": "3", "\ue01e": "4", "\ue01f": "5", "\ue020": "6", "\ue021": "7",
    "\ue022": "8", "\ue023": "9", "0": "0", "7": "7", "9": "9", "\ue024": "dish", "\ue025": "+", "\ue028": ".", "\ue029": "refund",
    ".": ".", "+": "+", "*": "dish", "/": "refund", "\ue003": "back", "\ue00c": "clear", "\ue007": "enter", "\ue006": "enter",
}
STATES_TIMED = 60


def check_doings(walk):
    for doing in (
        check_keyboard, check_touch, check_nothing_offered, check_dishes, check_pin_stays_hidden, check_latency,
        check_stillness, check_languages, check_restart, check_standstill, check_key_without_daemon, check_ninth,
    ):
        walk.quiet()
        doing(walk)


def open_page(walk, path, shown, language="both", display=DISPLAYS[1]):
    walk.screen.show(shown)
    walk.browser.display(display.width, display.height)
    walk.browser.open(walk.screen.url(path, language))
    walk.expect(f"{path} never showed {shown['phase']}", walk.show(shown))


def check_keyboard(walk):
    """Every key of a keyboard and of a numeric pad, on both pages, in the order in which they are pressed."""
    for path in ("/", "/cashier"):
        open_page(walk, path, state("canteen", "amount", amountFen=100, entry="1"))
        for key, expected in KEYBOARD.items():
            walk.browser.keys(key)
            walk.expect(f"{path}: the key {key!r} is {expected}", walk.screen.pressed(1) == [expected])
        walk.browser.keys(*"1234567890")
        walk.expect(f"{path}: ten digits in a row keep their order", walk.screen.pressed(10) == list("1234567890"))
    open_page(walk, "/cashier", state("canteen", "idle"))
    walk.browser.keys("-", "\ue038", "\ue039")
    walk.expect("void, shift and training have keys", walk.screen.pressed(3) == ["void", "shift", "training"])


def check_touch(walk):
    """Every button of the cashier's page, also when another one was touched before and still has the focus."""
    for shown in (state("canteen", "amount", amountFen=100, entry="1"), state("canteen", "idle")):
        open_page(walk, "/cashier", shown, display=DISPLAYS[0])
        enabled = walk.browser.run("return [...document.querySelectorAll('button[data-key]:enabled')].map((b) => b.dataset.key)")
        for key in enabled:
            walk.browser.click(f'button[data-key="{key}"]')
            walk.expect(f"touching {key}", walk.screen.pressed(1) == [key])
        walk.browser.keys("\ue007")
        walk.expect("enter after a touch presses enter once", walk.screen.pressed(2, seconds=0.3) == ["enter"])


def check_nothing_offered(walk):
    """While a card is worked on no key does anything, touched or typed."""
    for path in ("/", "/cashier"):
        open_page(walk, path, state("canteen", "working", amountFen=100))
        enabled = walk.browser.run("return document.querySelectorAll('button[data-key]:enabled').length")
        walk.expect(f"{path}: {enabled} keys are offered while a card is worked on", enabled == 0)
        walk.browser.keys("1", "\ue007", "-")
        walk.expect(f"{path}: keys arrived while a card is worked on", walk.screen.pressed(1, seconds=0.3) == [])


def check_dishes(walk):
    """A dish is its number and the dish key, added to what stands already."""
    for shown, expected in (
        (state("canteen", "idle", dishes=DISHES), ["3", "dish"]),
        (state("canteen", "amount", amountFen=800, entry="8", dishes=DISHES), ["+", "3", "dish"]),
        (state("canteen", "amount", amountFen=800, entry="8+", dishes=DISHES), ["3", "dish"]),
    ):
        open_page(walk, "/cashier", shown)
        walk.browser.click('.tile[data-number="3"]')
        walk.expect(f"a dish is {expected}", walk.screen.pressed(len(expected)) == expected)
    walk.browser.click("#later")
    walk.browser.click('.tile[data-number="88"]')
    walk.expect("a dish of the second page", walk.screen.pressed(3) == ["8", "8", "dish"])


def check_pin_stays_hidden(walk):
    """The holder types; both pages show dots and no digit, and no key lights up."""
    for path in ("/", "/cashier"):
        shown = state("canteen", "pin", amountFen=8800, pinDigits=0)
        open_page(walk, path, shown)
        before = walk.browser.run("return document.body.innerText")
        for count in range(1, 7):
            walk.browser.keys(str(count))
            walk.show(shown | {"pinDigits": count})
            filled = walk.browser.run("return document.querySelectorAll('#pin .filled').length")
            walk.expect(f"{path}: {filled} dots for {count} digits", filled == count)
        walk.expect(f"{path}: the digits arrive", walk.screen.pressed(6) == list("123456"))
        walk.expect(f"{path}: something but dots changed", walk.browser.run("return document.body.innerText") == before)


def check_latency(walk):
    """From the terminal's word to the page's."""
    open_page(walk, "/", state("canteen", "amount", amountFen=1))
    walk.browser.run("""
        window.arrivals = {};
        new MutationObserver(() => {
          const { version } = document.documentElement.dataset;
          window.arrivals[version] ??= performance.timeOrigin + performance.now();
        }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-version"] });
    """)
    sent = {}
    for amount in range(2, 2 + STATES_TIMED):
        at = time.time() * 1000
        sent[walk.screen.show(state("canteen", "amount", amountFen=amount))] = at
        time.sleep(0.02)
    walk.show(walk.screen.last)
    arrivals = walk.browser.run("return window.arrivals")
    delays = sorted(arrivals[str(version)] - at for version, at in sent.items() if str(version) in arrivals)
    walk.expect(f"{len(delays)} of {len(sent)} states were shown one by one", len(delays) > len(sent) * 0.8)
    print(
        f"  from the terminal's word to the page's: median {statistics.median(delays):.1f} ms, "
        f"p99 {delays[int(len(delays) * 0.99) - 1]:.1f} ms of {len(delays)}")
    # A tap ends within 300 ms; the screen may not be what the holder waits for.
    walk.expect(f"median latency is {statistics.median(delays):.0f} ms", statistics.median(delays) < 50)


def check_stillness(walk):
    """Who asked his system for less motion gets none."""
    walk.browser.protocol("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    for shown in (state("canteen", "working", amountFen=100), state("activation", "idle")):
        open_page(walk, "/", shown)
        walk.expect(f"{shown['phase']} moves", walk.browser.run("return document.getAnimations().length") == 0)
    walk.browser.protocol("Emulation.setEmulatedMedia", features=[])
    open_page(walk, "/", state("canteen", "working", amountFen=100))
    walk.expect("the ring stands still", walk.browser.run("return document.getAnimations().length") > 0)


def check_languages(walk):
    """One language is one language."""
    for language, pattern in (("en", r"[\u4e00-\u9fff]"), ("zh", "[a-z]{3}")):
        for shown in (state("canteen", "done", result=PAID, name="3"), state("canteen", "pin", pinDigits=0, name="3")):
            for path in ("/", "/cashier"):
                open_page(walk, path, shown, language)
                found = walk.browser.run(
                    "return document.querySelector('main').innerText.match(new RegExp(arguments[0], 'g'))", pattern)
                walk.expect(f"{path} {language}: {found} is of the other language", not [w for w in found or [] if w != "Esc"])


PAID_SHOWN = "return document.body.innerText.includes('支付成功')"
RESTARTING = "return document.getElementById('headline').textContent.replaceAll('\u200b', '').startsWith('终端正在重启')"


def check_restart(walk):
    """A “paid” of a terminal that died is gone at once, and the page comes back by itself with what is true then."""
    for path in ("/", "/cashier"):
        paid = state("canteen", "done", result=PAID)
        open_page(walk, path, paid)
        walk.expect(f"{path}: paid is shown", walk.browser.run(PAID_SHOWN))
        walk.screen.kill()
        gone = walk.browser.until(RESTARTING, seconds=5)
        walk.expect(f"{path}: the page does not say that the terminal restarts", gone)
        walk.expect(f"{path}: a stale “paid” stays", not walk.browser.run(PAID_SHOWN))
        walk.screen.start()
        start = time.monotonic()
        back = walk.show(state("canteen", "idle"))
        walk.expect(f"{path}: the page does not come back", back)
        print(f"  {path}: killed: noticed in {gone[1] if gone else 9:.2f} s, back in {time.monotonic() - start:.2f} s")
        walk.browser.messages("browser")


def check_standstill(walk):
    """A daemon that hangs closes nothing: the silence has to be noticed."""
    for path in ("/", "/cashier"):
        paid = state("canteen", "done", result=PAID)
        open_page(walk, path, paid)
        walk.screen.halt()
        gone = walk.browser.until(RESTARTING, seconds=8)
        walk.expect(f"{path}: a standstill is noticed in {gone}", gone and gone[1] < 5)
        walk.expect(f"{path}: a stale “paid” stays", not walk.browser.run(PAID_SHOWN))
        walk.screen.resume()
        back = walk.browser.until(PAID_SHOWN, seconds=10)
        walk.expect(f"{path}: the page does not come back", back)
        print(f"  {path}: halted: noticed in {gone[1] if gone else 9:.2f} s, back in {back[1] if back else 9:.2f} s")
        walk.browser.messages("browser")


def check_key_without_daemon(walk):
    """A key that did not arrive is said so, and is not pressed later."""
    open_page(walk, "/cashier", state("canteen", "amount", amountFen=100, entry="1"))
    walk.screen.halt()
    walk.browser.keys("7", "8")
    said = walk.browser.until("return !document.getElementById('notice').hidden", seconds=4)
    walk.expect("a key that did not arrive is not said so", said)
    walk.screen.kill()
    walk.screen.start()
    walk.show(state("canteen", "amount", amountFen=200, entry="2"))
    walk.expect("a key came later", walk.screen.pressed(1, seconds=1) == [])
    walk.browser.keys("5")
    walk.expect("keys arrive again", walk.screen.pressed(1) == ["5"])
    walk.expect("the notice stays", walk.browser.until("return document.getElementById('notice').hidden", seconds=2))
    walk.browser.messages("browser")


def check_ninth(walk):
    """A page that finds all places taken says nothing that it does not know, and gets one when one is free."""
    shown = state("canteen", "idle")
    walk.screen.show(shown)
    host = f"127.0.0.1:{walk.screen.port}"
    walk.browser.open("about:blank")
    crowd = []
    # The place of the page that was just left may still be taken.
    while len(crowd) < 8:
        one = socket.create_connection(("127.0.0.1", walk.screen.port))
        one.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        if b" 200 " in one.recv(4096):
            crowd.append(one)
    walk.browser.open(walk.screen.url("/", "both"))
    walk.expect("a page without a place knows nothing", walk.browser.until(RESTARTING, seconds=5))
    for one in crowd:
        one.close()
    walk.expect("a page gets the place that is free", walk.show(shown, seconds=5))
    walk.browser.messages("browser")
