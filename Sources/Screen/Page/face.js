// The side that the holder sees, at the counter and at the kiosk.

import { $, enableKeys, fit, newPicture, picture, say, spoken, takeKeys, watch, write } from "/page.js";
import { invitation, lost, phases, words, yuan } from "/words.js";

const pictures = {
  idle: "bowl", amount: "coin", present: "tap", working: "tap", pin: "lock", done: "tick", refused: "cross",
  again: "again", closed: "shutter", "out-of-service": "wrench", lost: "restart",
};

function pictureNames(state) {
  if (state.phase === "idle" && state.role === "activation") return ["tap"];
  if (state.phase !== "present") return [pictures[state.phase]];
  const names = state.means.filter((means) => means !== "card");
  return state.means.includes("card") ? ["tap", ...names] : names;
}

function drawPictures(names) {
  const box = $("pictures");
  if (box.children.length !== names.length) {
    box.replaceChildren(...names.map((name) => newPicture(name, "picture")));
    box.dataset.count = names.length;
  }
  names.forEach((name, index) => picture(box.children[index], name));
}

// The terminal's own words where it has some, and ours where it has none.
function texts(state) {
  const [headline, next] = phases[state.role][state.phase] ?? phases.canteen[state.phase];
  const { result } = state;
  if (state.phase === "present") return [invitation(state.means), next];
  if (state.phase === "again" && result) return [headline, result.title, result.code];
  // A code is for asking somebody; who has paid asks nobody.
  if (state.phase === "done" && result) return [result.title, result.nextStep];
  if (state.phase === "refused" && result) return [result.title, result.nextStep, result.code];
  if (state.phase === "out-of-service" && state.conditions[0]) return [headline, next, state.conditions[0].code];
  return [headline, next];
}

function amountOf(state) {
  if (state.phase === "done" || state.phase === "refused") return state.result?.amountFen;
  if (["amount", "present", "working", "pin", "again"].includes(state.phase)) return state.amountFen;
  return undefined;
}

function drawAmount(fen) {
  const element = $("amount");
  element.hidden = fen == null;
  if (fen == null) return;
  write(element.lastElementChild, yuan(fen));
  element.style.setProperty("--digits", yuan(fen).length + 1);
}

function drawFigures(result) {
  for (const [name, fen] of [
    ["balance", result?.balanceFen], ["allowance", result?.balanceFen == null ? result?.allowanceFen : null],
    ["subsidy", result?.subsidyFen],
  ]) {
    const row = $(name);
    row.hidden = fen == null || (name === "subsidy" && fen === 0);
    if (row.hidden) continue;
    say(row.firstElementChild, words[name]);
    write(row.lastElementChild, `¥${yuan(fen)}`);
  }
  $("figures").hidden = [...$("figures").children].every((row) => row.hidden);
}

function drawProgress(state) {
  const ring = $("ring");
  const percent = state?.phase === "working" ? state.progressPercent : null;
  ring.classList.toggle("turning", percent == null);
  ring.style.setProperty("--percent", percent ?? 25);
  write($("percent"), percent == null ? "" : `${percent}%`);
}

function drawPin(state) {
  const isAsked = state?.phase === "pin";
  $("pin").hidden = !isAsked;
  $("pad").hidden = !isAsked;
  if (!isAsked) return;
  [...$("pin").children].forEach((dot, index) => dot.classList.toggle("filled", index < (state.pinDigits ?? 0)));
  $("pin").setAttribute("aria-label", `${state.pinDigits ?? 0} / 6`);
}

let drawn = "";

function draw(state) {
  const [headline, next, code] = state ? texts(state) : lost;
  const amount = state ? amountOf(state) : null;
  drawPictures(state ? pictureNames(state) : [pictures.lost]);
  say($("task"), state?.task);
  say($("headline"), headline);
  say($("next"), next);
  write($("code"), code ?? "");
  $("code").hidden = !code;
  drawAmount(amount);
  drawFigures(state?.phase === "done" ? state.result : null);
  drawProgress(state);
  drawPin(state);
  enableKeys(state);
  announce(state, headline, next, amount);
  fit($("words"));
}

// Said to screen readers once, when something has happened; the amount's digits and the ring's degrees are not.
function announce(state, headline, next, amount) {
  const phase = state?.phase ?? "lost";
  const said = phase === "amount" || phase === "idle"
    ? "" : [spoken(headline, next), amount == null ? "" : `¥${yuan(amount)}`].join(" ");
  if (said === drawn) return;
  drawn = said;
  write($("announcement"), said);
}

say($("training-words"), words.training);
say($("training-more"), words.training);
say($("queued"), words.queued);
takeKeys();
watch(draw);
