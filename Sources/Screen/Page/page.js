// What both pages share: the stream of states, the keys, and writing texts in two languages.
//
// A page has no state of its own. It draws what the terminal sent last; when it does not hear from the terminal, it knows
// nothing and says so.

import { words } from "/words.js";

const silenceMilliseconds = 4000;
const retryMilliseconds = 1000;

export const $ = (id) => document.getElementById(id);

// MARK: Languages

const asked = new URLSearchParams(location.search).get("lang");
export const language = ["zh", "en"].includes(asked) ? asked : "both";
document.documentElement.dataset.language = language;
document.documentElement.lang = language === "en" ? "en" : "zh-CN";

// Both languages always stand in the page; the style sheet shows the ones asked for. What does not change is not touched,
// or a screen reader would read it again.
export function say(element, text) {
  element.hidden = !text;
  if (!text) return;
  if (element.children.length !== 2) {
    element.replaceChildren(...["zh-CN", "en"].map((lang) => {
      const part = document.createElement("span");
      part.lang = lang;
      part.className = lang.slice(0, 2);
      return part;
    }));
  }
  write(element.children[0], text.zh);
  write(element.children[1], text.en);
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function picture(element, name) {
  const use = element.firstElementChild;
  const target = `/pictures.svg#${name}`;
  if (use.getAttribute("href") !== target) use.setAttribute("href", target);
}

export function newPicture(name, className) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(space, "use"));
  picture(svg, name);
  return svg;
}

export const spoken = (...texts) => texts.filter(Boolean)
  .map((text) => language === "both" ? `${text.zh} ${text.en}` : text[language]).join(" ");

// Shrinks what stands in `box` until it fits: first what is read from near (--minor), and only then everything (--fit).
export function fit(box) {
  const fits = (property, value) => {
    box.style.setProperty(property, value);
    return box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth;
  };
  fits("--fit", 1);
  if (fits("--minor", 1)) return;
  for (const [property, least] of [["--minor", 0.62], ["--fit", 0.4]]) {
    if (!fits(property, least)) continue;
    let low = least;
    let high = 1;
    for (let round = 0; round < 6; round += 1) {
      const middle = (low + high) / 2;
      if (fits(property, middle)) low = middle; else high = middle;
    }
    fits(property, low);
    return;
  }
}

// MARK: States

let source;
let heard = 0;
let tried = -Infinity;
let edition;
let draw;
let now = null;

// Calls `drawing` with each state, and with null while the terminal is not heard of.
export function watch(drawing) {
  draw = drawing;
  show(null);
  connect();
  setInterval(() => {
    const time = performance.now();
    if (now && time - heard > silenceMilliseconds) show(null);
    const isDead = source.readyState === EventSource.CLOSED || time - heard > silenceMilliseconds;
    if (isDead && time - tried > (source.readyState === EventSource.OPEN ? silenceMilliseconds : retryMilliseconds)) connect();
  }, 250);
  addEventListener("resize", () => show(now));
  // A page that is left may be kept for coming back to, stream and all, and a browser has but six connections for us.
  addEventListener("pagehide", () => {
    source.close();
    show(null);
  });
}

function connect() {
  source?.close();
  tried = performance.now();
  source = new EventSource("/events");
  source.onmessage = (event) => {
    heard = performance.now();
    show(JSON.parse(event.data), event.lastEventId);
  };
  source.addEventListener("beat", () => { heard = performance.now(); });
  source.addEventListener("page", (event) => {
    heard = performance.now();
    // Another firmware serves the page now: what it says may be more than this page understands.
    if (edition && edition !== event.data) location.reload();
    edition = event.data;
  });
  // It tries again by itself; until then nothing that is shown is known to be true.
  source.onerror = () => show(null);
}

function show(state, version = "") {
  now = state;
  const root = document.documentElement;
  root.dataset.phase = state ? state.phase : "lost";
  root.dataset.role = state ? state.role : "";
  root.classList.toggle("training", Boolean(state?.isTraining));
  // First, because the strip of faults takes its room from what is fitted into the rest.
  drawSignals(state);
  draw(state);
  root.dataset.version = version || root.dataset.version || "0";
}

function drawSignals(state) {
  write($("name"), state ? `${state.name} · ${state.terminal}` : "");
  say($("meal"), state?.meal);
  const network = !state || state.isOnline == null ? "unknown" : state.isOnline ? "online" : "offline";
  $("network").dataset.is = network;
  picture($("network").firstElementChild, network);
  say($("network").lastElementChild, words[network]);
  write($("count"), state ? String(state.queued) : "–");
  const worst = state?.conditions[0];
  $("conditions").hidden = !worst;
  if (!worst) return;
  $("conditions").dataset.is = worst.severity;
  picture($("conditions").firstElementChild, worst.severity === "out-of-service" ? "stop" : "warning");
  write($("condition-code"), worst.code);
  say($("condition-title"), worst.title);
  say($("condition-next"), worst.nextStep);
  write($("condition-more"), state.conditions.length > 1 ? `+${state.conditions.length - 1}` : "");
}

// MARK: Keys

const onKeyboard = {
  ".": ".", ",": ".", Decimal: ".", "+": "+", Backspace: "back", Escape: "clear", Delete: "clear", Enter: "enter",
  "*": "dish", "-": "void", "/": "refund", F8: "shift", F9: "training",
};

let sending = Promise.resolve();
let epoch = 0;

// One after the other, because two requests under way may overtake each other; what was pressed before a failure is not
// made up for later, when it would mean something else.
export function press(keys) {
  const mine = epoch;
  sending = sending.then(async () => {
    if (mine !== epoch || !now) return;
    try {
      const answer = await fetch("/keys", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ keys }),
        signal: AbortSignal.timeout(2000),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      say($("notice"), null);
    } catch {
      epoch += 1;
      say($("notice"), words.undelivered);
    }
  });
}

export function takeKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = /^[0-9]$/.test(event.key) ? event.key : onKeyboard[event.key];
    if (!key) return;
    // Also keeps a focused button from being pressed by the same Enter.
    event.preventDefault();
    if (!event.repeat && now?.keys.includes(key)) press([key]);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-key]");
    if (!button || button.disabled) return;
    press([button.dataset.key]);
    button.blur();
  });
  addEventListener("contextmenu", (event) => event.preventDefault());
}

export function enableKeys(state) {
  for (const button of document.querySelectorAll("button[data-key]")) {
    button.disabled = !state?.keys.includes(button.dataset.key);
  }
}
