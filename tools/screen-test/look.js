// What somebody who looks at the page would find wrong, as sentences; and the sizes of what has to be read from afar.
// Run in the page by walk.py, with the largest number of pictures that the sign may show.

const problems = [];
const round = (value) => Math.round(value * 10) / 10;
const root = document.documentElement;
if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight || document.body.scrollHeight > innerHeight) {
  problems.push(`the page is ${root.scrollWidth}x${document.body.scrollHeight}, larger than the display`);
}

const name = (element) => element.id ? `#${element.id}` : element.dataset?.key ? `key ${element.dataset.key}`
  : element.parentElement ? `${name(element.parentElement)} ${element.className || element.localName}` : element.localName;
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  && !element.closest(".unseen");

// MARK: Texts: inside the display, inside their boxes, not on each other, not covered, in contrast

function luminance([red, green, blue]) {
  const linear = (part) => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function colour(text) {
  const parts = text.match(/[\d.]+/g).map(Number);
  return parts.length > 3 && parts[3] < 1 ? null : parts.slice(0, 3);
}

function background(element) {
  for (let at = element; at; at = at.parentElement) {
    const found = colour(getComputedStyle(at).backgroundColor);
    if (found) return found;
  }
  return [255, 255, 255];
}

function contrast(element) {
  const [one, other] = [colour(getComputedStyle(element).color), background(element)].map(luminance);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

// A recap may end in dots where it is long; then it reaches to them.
const mayEndInDots = (element) => element.closest("#last-title, #name, #entry");
function within(text) {
  const box = mayEndInDots(text.element)?.getBoundingClientRect();
  return box ? { ...text, left: Math.max(text.left, box.left), right: Math.min(text.right, box.right) } : text;
}

const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  const element = node.parentElement;
  if (!node.textContent.trim() || !isSeen(element)) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const box of range.getClientRects()) {
    if (box.width < 1) continue;
    // A line's box is higher than its characters.
    const cut = box.height * 0.18;
    texts.push(within({ element, left: box.left, right: box.right, top: box.top + cut, bottom: box.bottom - cut }));
  }
}
let contrastLeast = 21;
for (const text of texts) {
  const { element, left, right, top, bottom } = text;
  const what = `${name(element)} “${element.textContent.trim()}”`;
  if (left < -0.5 || top < -0.5 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5) {
    problems.push(`${what} reaches out of the display`);
    continue;
  }
  for (let box = element; box && box !== document.body; box = box.parentElement) {
    const style = getComputedStyle(box);
    if (style.overflow === "visible" && box.localName !== "button") continue;
    const frame = box.getBoundingClientRect();
    if (left < frame.left - 1 || right > frame.right + 1 || top < frame.top - 1 || bottom > frame.bottom + 1) {
      problems.push(`${what} is cut off by ${name(box)}`);
      break;
    }
  }
  const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  if (above && above !== element && !above.contains(element) && !element.contains(above)) {
    problems.push(`${what} is covered by ${name(above)}`);
  }
  if (element.closest("button")?.disabled) continue;
  const ratio = contrast(element);
  contrastLeast = Math.min(contrastLeast, ratio);
  if (ratio < 7) problems.push(`${what} has a contrast of ${round(ratio)}:1`);
}
texts.forEach((one, index) => {
  for (const other of texts.slice(index + 1)) {
    if (one.element === other.element) continue;
    const isApart = one.right <= other.left + 1 || other.right <= one.left + 1
      || one.bottom <= other.top + 1 || other.bottom <= one.top + 1;
    if (!isApart) problems.push(`“${one.element.textContent}” lies on “${other.element.textContent}”`);
  }
});

// MARK: Pictures and keys

const pictures = [...document.querySelectorAll("#pictures use, #picture use")].filter(isSeen);
for (const use of pictures) {
  const box = use.getBoundingClientRect();
  const sign = document.getElementById("sign").getBoundingClientRect();
  if (box.width < 20 || box.height < 20) problems.push(`${use.getAttribute("href")} is not drawn`);
  if (box.left < sign.left - 2 || box.right > sign.right + 2 || box.top < sign.top - 2 || box.bottom > sign.bottom + 2) {
    problems.push(`${use.getAttribute("href")} reaches out of its sign`);
  }
}
if (pictures.length !== arguments[0]) problems.push(`${pictures.length} pictures and not ${arguments[0]}`);
const boxes = [...document.querySelectorAll("#pictures .picture")].filter(isSeen).map((one) => one.getBoundingClientRect());
boxes.forEach((one, index) => {
  for (const other of boxes.slice(index + 1)) {
    if (!(one.right <= other.left + 1 || other.right <= one.left + 1 || one.bottom <= other.top + 1 || other.bottom <= one.top + 1)) {
      problems.push("two pictures lie on each other");
    }
  }
});
const buttons = [...document.querySelectorAll("button")].filter(isSeen);
let keyLeast = Infinity;
for (const button of buttons) {
  const box = button.getBoundingClientRect();
  keyLeast = Math.min(keyLeast, box.width, box.height);
}

// MARK: Sizes

const canvas = document.createElement("canvas").getContext("2d");
function glyph(element, sample) {
  if (!element || !isSeen(element)) return null;
  const style = getComputedStyle(element);
  canvas.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const size = canvas.measureText(sample);
  return size.actualBoundingBoxAscent + size.actualBoundingBoxDescent;
}
const amount = document.querySelector("#amount .number");
if (amount && isSeen(amount)) {
  glyph(amount, "0");
  const widths = [..."0123456789"].map((digit) => round(canvas.measureText(digit).width));
  if (new Set(widths).size > 1) problems.push(`digits are ${widths.join(" ")} wide: they jump`);
}

return {
  problems,
  pictures: pictures.map((use) => use.getAttribute("href")).join(" "),
  tone: getComputedStyle(document.getElementById("sign")).backgroundColor,
  headline: document.getElementById("headline").textContent,
  amount: glyph(amount, "0"),
  chinese: glyph(document.querySelector("#headline .zh"), "国"),
  english: glyph(document.querySelector("#headline .en"), "H"),
  key: buttons.length ? keyLeast : null,
  contrast: contrastLeast,
};
