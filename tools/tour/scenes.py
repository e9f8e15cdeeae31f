"""The scenes of the tour. Each names what it expects; nothing is taken for granted."""

PATIENCE = 15


class Director:
    def __init__(self, stack, timeline):
        self.stack, self.timeline = stack, timeline
        self.people = {person["name"]: person for person in stack.campus["people"]}
        self.hand = None
        self.results = []
        self.attempted = []

    def take_card(self, name):
        """Puts a person's card, as the old system issued it, into the hand."""
        person = self.people[name]
        image = self.stack.new_card(person)
        if self.hand is None:
            self.hand = self.stack.card(image)
            self.hand.events.get(timeout=10)
        else:
            self.hand.order("loaded", do="load", image=str(image))
        self.attempted.append(person)
        return person

    def tap(self, expected, **fault):
        """Lays the card down and waits for the tap's ending; lifts it unless the fault has pulled it away."""
        self.hand.order("laid", do="lay", **fault)
        ended = self.timeline.wait_for("the tap's ending", lambda event: event["event"] == "ended", PATIENCE)
        self.expect(f"ends as {expected}", ended is not None and ended["what"] == expected)
        if expected == "activated":
            said = self.timeline.wait_for(
                "the success sentence",
                lambda event: event["event"] == "prompt" and event["what"] == "started"
                and event["detail"] == "activated", PATIENCE)
            since = said["at"] - self.timeline.taps[said["tap"]] if said else None
            self.expect(f"“card activated” is said 3 to 4 s after the tap ({since} ms)", said and 3000 <= since <= 4000)
        if fault:
            self.await_removed()

    def await_removed(self):
        """pcscd looks at its readers now and then; a card laid down before it looked would be the same one to it."""
        self.timeline.wait_for("the card's removal", lambda event: event["event"] == "removed", PATIENCE)

    def put_away(self, person):
        """Takes the card away and keeps its content for the comparison at the end."""
        self.hand.order("lifted", do="lift")
        self.await_removed()
        target = self.stack.out / "cards" / "after" / f"{person['holderNumber']}.mfd"
        self.hand.order("saved", do="save", path=str(target))

    def await_posted(self):
        """Waits until the ledger has acknowledged everything that the terminal wrote."""
        outcome = self.timeline.last_outcome
        if self.timeline.last_acknowledged < outcome:
            self.timeline.wait_for(
                "the acknowledgement",
                lambda event: event["event"] == "acknowledged" and event["sequence"] >= outcome, PATIENCE)
        self.expect(f"the ledger acknowledges record {outcome}", self.timeline.last_acknowledged >= outcome)

    def expect(self, what, holds):
        self.results.append((self.timeline.scene, what, bool(holds)))
        self.timeline.record({"event": "expectation", "what": what, "holds": bool(holds)})
        if not holds:
            self.timeline.say(self.timeline.paint(f"             NOT SO: {what}", "bad"))


def fresh_card(director):
    director.timeline.open_scene("a", "A fresh card is activated")
    person = director.take_card("林小满")
    director.tap("activated")
    director.await_posted()
    director.put_away(person)


def pulled_card(director):
    director.timeline.open_scene("b", "A card is pulled away in the middle, then laid down again")
    person = director.take_card("周一鸣")
    # Between the second and the third data block.
    director.tap("card-removed-early", pullAt=17, how="after")
    director.tap("activated")
    director.await_posted()
    director.put_away(person)


def no_network(director):
    director.timeline.open_scene("c", "The ledger is away; the card is activated by the signed roster")
    director.stack.end("ledger")
    person = director.take_card("何师傅")
    before = director.timeline.last_acknowledged
    director.tap("activated")
    director.expect("the ledger has not got the record yet", director.timeline.last_acknowledged == before)
    director.put_away(person)
    director.timeline.say("             the ledger comes back")
    director.stack.start_ledger()
    director.await_posted()


def refusals(director):
    director.timeline.open_scene("d", "Refusals: no account, and a card reported lost")
    for name, expected in [("沈未开", "no-account"), ("陆遗卡", "reported-lost")]:
        person = director.take_card(name)
        director.tap(expected)
        director.put_away(person)


SCENES = [fresh_card, pulled_card, no_network, refusals]
