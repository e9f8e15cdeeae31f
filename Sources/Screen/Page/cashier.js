// The side that the cashier sees: what stands, what may be pressed, what came of the last sale.

import { $, enableKeys, fit, language, picture, press, say, spoken, takeKeys, watch, write } from "/page.js";
import { cashier, invitation, lost, phases, words, yuan } from "/words.js";

const pictures = {
  idle: "bowl", amount: "coin", present: "tap", working: "tap", pin: "lock", done: "tick", refused: "cross",
  again: "again", closed: "shutter", "out-of-service": "wrench", lost: "restart",
};

let shown = null;
let page = 0;

function texts(state) {
  const [headline, next] = cashier[state.phase] ?? phases[state.role][state.phase] ?? phases.canteen[state.phase];
  const { result, phase } = state;
  if (["done", "refused"].includes(phase) && result) return [result.title, result.nextStep];
  if (phase === "again") return [headline, result?.title];
  if (phase === "present") return [headline, invitation(state.means)];
  return [headline, next];
}

function drawAmount(state) {
  const fen = ["done", "refused"].includes(state?.phase) ? state.result?.amountFen : state?.amountFen;
  const digits = fen == null ? "–" : yuan(fen);
  write($("amount").lastElementChild, digits);
  $("amount").style.setProperty("--digits", digits.length + 1);
  write($("entry"), state?.phase === "amount" ? state.entry ?? "" : "");
}

function drawLast(state) {
  const result = state?.result;
  say($("last-label"), words.last);
  say($("last-title"), result?.title ?? words.nothing);
  write($("last-amount"), result?.amountFen == null ? "" : `¥${yuan(result.amountFen)}`);
  write($("last-code"), result?.code ?? "");
}

function drawOperator(state) {
  const number = state?.operatorNumber;
  say($("operator-word"), number == null ? words.noOperator : words.operator);
  write($("operator-number"), number == null ? "" : String(number));
}

function drawPin(state) {
  const isAsked = state?.phase === "pin";
  $("pin").hidden = !isAsked;
  if (!isAsked) return;
  [...$("pin").children].forEach((dot, index) => dot.classList.toggle("filled", index < (state.pinDigits ?? 0)));
}

// MARK: Dishes

// As many rows as can still be hit with a finger; how high and how many columns, the style sheet says.
function perPage() {
  const box = $("dishes");
  const style = getComputedStyle(box);
  const gap = parseFloat(style.rowGap);
  const rows = Math.floor((box.clientHeight + gap) / (parseFloat(style.getPropertyValue("grid-auto-rows").match(/[\d.]+/)) + gap));
  return Math.max(1, rows) * style.gridTemplateColumns.split(" ").length;
}

function drawDishes(state) {
  const dishes = state?.dishes ?? [];
  document.documentElement.classList.toggle("no-dishes", dishes.length === 0);
  // Without the pager there is room for more: it is there only if they still do not fit.
  $("pager").hidden = true;
  $("pager").hidden = dishes.length <= perPage();
  const count = perPage();
  const pages = Math.max(1, Math.ceil(dishes.length / count));
  page = Math.min(page, pages - 1);
  const here = dishes.slice(page * count, (page + 1) * count);
  const box = $("dishes");
  while (box.children.length > here.length) box.lastElementChild.remove();
  while (box.children.length < here.length) box.append(newTile());
  const mayChoose = Boolean(state) && (state.keys.includes("dish") || state.phase === "idle" || state.keys.includes("1"))
    && !["pin", "closed"].includes(state.phase);
  here.forEach((dish, index) => {
    const tile = box.children[index];
    tile.disabled = !mayChoose;
    tile.dataset.number = dish.number;
    write(tile.children[0], String(dish.number));
    say(tile.children[1], dish.name);
    write(tile.children[2], yuan(dish.priceFen));
    // A long name is set smaller instead of being cut: this is how many characters wide it is.
    const width = language === "en" ? dish.name.en.length * 0.56 : dish.name.zh.length;
    tile.style.setProperty("--characters", width);
  });
  write($("page-number"), `${page + 1} / ${pages}`);
  $("earlier").disabled = page === 0;
  $("later").disabled = page === pages - 1;
}

function newTile() {
  const tile = document.createElement("button");
  tile.type = "button";
  tile.className = "tile";
  for (const name of ["number", "dish", "price"]) {
    const part = document.createElement("span");
    part.className = name;
    tile.append(part);
  }
  return tile;
}

// A dish is its number and the dish key, in one request, so that no half of it can be taken; what stands already is kept.
function choose(number) {
  const entry = shown?.entry ?? "";
  const isAdded = shown?.phase === "amount" && !entry.endsWith("+");
  press([...(isAdded ? ["+"] : []), ...String(number), "dish"]);
}

function turn(by) {
  page += by;
  drawDishes(shown);
}

// MARK: All of it

let drawn = "";

function draw(state) {
  shown = state;
  const [headline, next] = state ? texts(state) : lost;
  picture($("picture"), pictures[state?.phase ?? "lost"]);
  say($("task"), state?.task);
  say($("headline"), headline);
  say($("next"), next);
  drawAmount(state);
  drawPin(state);
  drawLast(state);
  drawOperator(state);
  enableKeys(state);
  drawDishes(state);
  const said = ["done", "refused", "again"].includes(state?.phase) || !state ? spoken(headline, next) : "";
  if (said !== drawn) write($("announcement"), drawn = said);
  fit($("words"));
}

say($("training-words"), words.training);
say($("training-more"), words.training);
say($("queued"), words.queued);
$("dishes").addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (tile && !tile.disabled) choose(tile.dataset.number);
  tile?.blur();
});
$("earlier").addEventListener("click", () => turn(-1));
$("later").addEventListener("click", () => turn(1));
takeKeys();
watch(draw);
