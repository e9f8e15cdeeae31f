"""Opens the pages, shows them states, and looks at each."""

import json
import pathlib

import display as wanted

LOOK = (pathlib.Path(__file__).parent / "look.js").read_text(encoding="utf-8")
# The page takes over a state when it sets its number; what is drawn then is drawn at the next frame.
SHOWN = """
const [version, phase] = arguments;
const root = document.documentElement;
return Number(root.dataset.version) >= version && root.dataset.phase === phase && document.fonts.status === 'loaded';
"""


class Walk:
    def __init__(self, screen, browser, out):
        self.screen, self.browser, self.out = screen, browser, out
        self.problems, self.looks, self.phases, self.taken = [], 0, {}, 0
        self.least = {}
        self.requests = 0

    def expect(self, what, holds):
        if not holds:
            self.problems.append(what)

    def page(self, path, states, language, display):
        """Opens a page and walks it through states."""
        if not states:
            return
        self.screen.show(states[0][1])
        self.browser.display(display.width, display.height)
        self.browser.open(self.screen.url(path, language))
        for name, state, pictures in states:
            self.look(path, name, state, pictures, language, display)

    def look(self, path, name, state, pictures, language, display):
        where = f"{name} {language} {display.name}"
        if not self.show(state):
            self.problems.append(f"{where}: never shown")
            return
        seen = self.browser.run(LOOK, pictures)
        self.looks += 1
        self.problems += [f"{where}: {problem}" for problem in seen["problems"]]
        if path == "/":
            self.phases.setdefault((state["role"], state["phase"], state["means"] == ["card"]), seen)
        self.sizes(path, where, seen, language, display)
        if self.out:
            self.browser.picture(self.out / f"{name}-{language}-{display.name}.png")
            self.taken += 1

    def show(self, state, seconds=10.0):
        return self.browser.until(SHOWN, self.screen.show(state), state["phase"], seconds=seconds)

    def sizes(self, path, where, seen, language, display):
        is_face = path == "/"
        limits = [("amount", wanted.AMOUNT_LEAST if is_face else wanted.CASHIER_AMOUNT_LEAST), ("key", wanted.KEY_LEAST)]
        if is_face:
            alone = language == "en"
            limits += [("chinese", wanted.CHINESE_LEAST),
                       ("english", wanted.ENGLISH_ALONE_LEAST if alone else wanted.ENGLISH_BESIDE_LEAST)]
        for what, least in limits:
            if seen[what] is None:
                continue
            height = display.millimetres(seen[what])
            kind = (("holder" if is_face else "cashier"), what + (" alone" if what == "english" and language == "en" else ""))
            self.least[kind] = min(self.least.get(kind, (height, where)), (height, where))
            if height < least:
                self.problems.append(f"{where}: {what} is {height:.1f} mm high, {least:.1f} are needed")
        self.least["contrast"] = min(self.least.get("contrast", (21, where)), (seen["contrast"], where))

    def colours_have_shapes(self):
        """No two phases of a role are told apart by their colour alone."""
        by_role = {}
        for (role, phase, _), seen in self.phases.items():
            by_role.setdefault(role, {}).setdefault((seen["pictures"], seen["headline"]), set()).add(phase)
        for role, looks in by_role.items():
            for look, phases in looks.items():
                self.expect(f"{role}: {sorted(phases)} look alike but for their colour: {look}", len(phases) == 1)

    def no_strangers(self):
        """Nothing was asked of another host, and the console was silent."""
        own = (f"http://127.0.0.1:{self.screen.port}/", "data:", "about:", "chrome:")
        for entry in self.browser.messages("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests += 1
                url = message["params"]["request"]["url"]
                self.expect(f"a request to {url}", url.startswith(own))
        self.quiet()

    def quiet(self):
        for entry in self.browser.messages("browser"):
            self.problems.append(f"console: {entry['message']}")

    def report(self):
        for problem in self.problems:
            print(f"screen-test: {problem}")
        for kind, (value, where) in sorted(self.least.items(), key=str):
            label, unit = ("contrast, x:1", "") if kind == "contrast" else (f"{kind[0]}: {kind[1]}", " mm")
            print(f"  least {label:28} {value:5.1f}{unit}   ({where})")
        print(
            f"screen-test: {self.looks} looks with Chromium {self.browser.version}, {self.requests} requests, "
            f"{self.taken} screenshots, {len(self.problems)} problems")
        return 1 if self.problems else 0
