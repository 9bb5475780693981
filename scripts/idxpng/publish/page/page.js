"use strict";

const SIDE = 56; // of a tile in pixels; small images are enlarged by a whole factor
const CAPTION = 16;
const GAP = 6;
const TALLEST = 8e6; // pixels; every browser can scroll an element of this height

const data = JSON.parse(document.getElementById("data").textContent);
const served = location.protocol.startsWith("http");
const get = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en-US");
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A list of images is anything with `length` and `at(position)`, which gives the number of a split and an index, the
// position in the IDX file. Perhaps only some of that file's images were exported.

class Split {
  constructor(facts) {
    Object.assign(this, facts);
    const longer = Math.max(this.rows, this.columns);
    const factor = longer > SIDE ? SIDE / longer : Math.floor(SIDE / longer);
    this.tileWidth = Math.max(1, Math.round(this.columns * factor));
    this.tileHeight = Math.max(1, Math.round(this.rows * factor));
    // The index of each image, and those of each class.
    const all = new Int32Array(this.labels.length).map((_, position) => this.first + position);
    this.indices = all.filter((index) => this.label(index) >= 0);
    this.members = this.counts.map((count) => new Int32Array(count));
    const next = new Int32Array(this.members.length);
    for (const index of this.indices) {
      const label = this.label(index);
      this.members[label][next[label]++] = index;
    }
  }

  /** The number of an image's class: a character for each index from the first on, -1 where no image was made. */
  label(index) {
    return this.labels.charCodeAt(index - this.first) - data.firstCode;
  }

  path(index) {
    return `png/${this.name}/${data.classes[this.label(index)][0]}/${String(index).padStart(this.width, "0")}.png`;
  }
}

const splits = data.splits.map((facts) => new Split(facts));
// A rule for each sheet, because a copy of the picture in each tile would take seconds.
const sheets = splits.map(({ sheet }, split) => `.sheet-${split} { background-image: url(${sheet}); }`);
document.head.append(element("style", {}, sheets.join("\n")));
let current = 0; // number of the chosen split
// Whether the PNG files are in a different place: a report shows the page in a frame.
const absent = window !== window.top;
get("absent").hidden = !absent;
// A file that is not there says so in its own place.
document.addEventListener("error", ({ target }) => {
  if (target.tagName !== "IMG") return;
  target.alt = "missing";
  get("absent").hidden = false;
}, true);

function className(label) {
  const [directory, name] = data.classes[label];
  return name === directory ? directory : `${directory} ${name}`;
}

function caption(split, index) {
  return [element("b", {}, data.classes[splits[split].label(index)][0]), ` · ${index}`];
}

function imageName(split, index) {
  return `image ${index}, class ${className(splits[split].label(index))}`;
}

// Pixels that the page may read: of pictures inside it, over HTTP, or from files that the user chose.

const pictures = new Map(); // of a picture inside the page, by its data URL
const chosen = new Map(); // files that the user chose, by path

async function drawn(source) {
  if (!pictures.has(source)) {
    const image = new Image();
    image.src = source;
    pictures.set(source, image.decode().then(() => image));
  }
  return pictures.get(source);
}

function gray(image, left, top, columns, rows) {
  const canvas = element("canvas", { width: columns, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, left, top, columns, rows, 0, 0, columns, rows);
  return context.getImageData(0, 0, columns, rows).data.filter((_, position) => position % 4 === 0);
}

function placeOnSheet(split, index) {
  const label = split.label(index);
  const column = split.sheet ? split.members[label].subarray(0, data.sheetColumns).indexOf(index) : -1;
  return column < 0 ? null : [column * split.columns, label * split.rows];
}

async function copyOf(split, index) {
  const place = placeOnSheet(split, index);
  return place && gray(await drawn(split.sheet), ...place, split.columns, split.rows);
}

/** The pixels of a PNG file; null where the page cannot read it. */
async function pixelsOf(split, index) {
  const path = split.path(index);
  let file = chosen.get(path);
  if (!file && served && !absent) {
    const answer = await fetch(path);
    if (answer.ok) file = await answer.blob();
  }
  if (!file) return null;
  return gray(await createImageBitmap(file, { colorSpaceConversion: "none" }), 0, 0, split.columns, split.rows);
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

async function digestOf(pixels) {
  return pixels && globalThis.crypto?.subtle ? hex(new Uint8Array(await crypto.subtle.digest("SHA-256", pixels))) : null;
}

// The digests of all manifests are in a script beside the page: a page opened from disk can load only scripts.
let manifests = null;

function manifestDigest(split, index) {
  manifests ??= new Promise((resolve) => {
    globalThis.showDigests = resolve;
    if (absent) return resolve({});
    const script = element("script", { src: data.digests });
    script.onerror = () => resolve({});
    document.head.append(script);
  });
  return manifests.then((all) => {
    const { name } = splits[split];
    const coded = all[name]?.substr(44 * splits[split].indices.indexOf(index), 44); // 32 bytes of digest and one of padding
    return coded ? hex(Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0)).subarray(0, 32)) : null;
  });
}

// A tile: a small image

function tile(split, index, name = "img", source = "src") {
  const of = splits[split];
  const place = absent || name === "button" ? placeOnSheet(of, index) : null;
  const made = element(name === "img" && (place || absent) ? "span" : name, { class: "tile" });
  made.style.width = `${of.tileWidth}px`;
  made.style.height = `${of.tileHeight}px`;
  if (place) {
    const scale = of.tileWidth / of.columns;
    made.classList.add(`sheet-${split}`);
    made.style.backgroundSize = `${data.sheetColumns * of.tileWidth}px ${data.classes.length * of.tileHeight}px`;
    made.style.backgroundPosition = `${-place[0] * scale}px ${(-place[1] * of.tileHeight) / of.rows}px`;
  } else if (made.tagName === "IMG") {
    made.alt = "";
    made.decoding = "async";
    made.setAttribute(source, of.path(index));
  } else if (!absent) {
    made.append(tile(split, index));
  }
  return made;
}

function tileButton(list, position) {
  const [split, index] = list.at(position);
  const button = tile(split, index, "button");
  button.setAttribute("aria-label", imageName(split, index));
  button.title = imageName(split, index);
  button.onclick = () => enlarge(list, position);
  return button;
}

// Classes: a row for each

function showClasses() {
  const split = splits[current];
  const most = Math.max(...split.counts, 1);
  const rows = data.classes.map(([directory, name], label) => {
    const heading = element("th", { scope: "row" }, directory);
    if (name !== directory) heading.append(" ", element("small", {}, name));
    const mean = element("td");
    if (split.means[label]) {
      const picture = element("img", { class: "tile", src: split.means[label], alt: `mean of class ${className(label)}` });
      picture.style.width = `${split.tileWidth}px`;
      picture.style.height = `${split.tileHeight}px`;
      mean.append(picture);
    }
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    bar.setAttribute("aria-hidden", "true");
    bar.innerHTML = `<rect class="value" width="${((100 * split.counts[label]) / most).toFixed(1)}%" height="100%" rx="2"/>`;
    const strip = element("div", { class: "strip", role: "group", "aria-label": `first images of class ${className(label)}` });
    const first = split.members[label].subarray(0, data.sheetColumns);
    const list = { length: split.counts[label], at: (position) => [splits.indexOf(split), split.members[label][position]] };
    first.forEach((_, position) => {
      const button = tileButton(list, position);
      button.tabIndex = position ? -1 : 0; // one tab stop for each row; arrow keys move within it
      strip.append(button);
    });
    return element("tr", {}, heading, mean, element("td", { class: "number" }, number(split.counts[label])),
      element("td", {}, bar), element("td", {}, strip));
  });
  get("class-table").tBodies[0].replaceChildren(...rows);
}

get("class-table").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const button = event.target.closest(".strip button");
  if (!step || !button) return;
  const next = step > 0 ? button.nextElementSibling : button.previousElementSibling;
  if (next) {
    button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
  event.preventDefault();
});

// All images of a list. Only the visible ones are in the document

const grid = get("grid");
const rows = get("rows");
let list = { length: 0, at: () => null };
let active = 0;
let columns = 1;
let pitch = 1;
let drawnRows = new Map();
let rest = 0; // the timer that loads pictures

const rowCount = () => Math.ceil(list.length / columns);
const tall = () => rowCount() * pitch + 2 * GAP;

function layOut() {
  const { tileWidth, tileHeight } = splits[current];
  columns = Math.max(1, Math.floor((grid.clientWidth - 16 + GAP) / (cellWidth() + GAP)));
  pitch = tileHeight + CAPTION + GAP;
  rows.style.height = `${Math.min(tall(), TALLEST)}px`;
  grid.setAttribute("aria-rowcount", rowCount());
  grid.setAttribute("aria-colcount", columns);
  rows.replaceChildren();
  drawnRows = new Map();
  drawRows();
}

const cellWidth = () => Math.max(splits[current].tileWidth, 7 * (splits[current].width + 4));

/** Where the sight begins in the whole list, in pixels: more than the scroll position where the list is too tall. */
function sight() {
  const hidden = Math.min(tall(), TALLEST) - grid.clientHeight;
  return hidden > 0 ? (grid.scrollTop / hidden) * (tall() - grid.clientHeight) : 0;
}

function scrollToSight(top) {
  const all = tall() - grid.clientHeight;
  if (all > 0) grid.scrollTop = (Math.max(0, Math.min(top, all)) / all) * (Math.min(tall(), TALLEST) - grid.clientHeight);
}

function drawRows() {
  const top = sight();
  const first = Math.max(0, Math.floor(top / pitch) - 1);
  const last = Math.min(rowCount() - 1, Math.ceil((top + grid.clientHeight) / pitch));
  for (const [row, made] of drawnRows) {
    if (row < first || row > last) {
      made.remove();
      drawnRows.delete(row);
    }
  }
  for (let row = first; row <= last; row++) {
    if (!drawnRows.has(row)) {
      drawnRows.set(row, drawRow(row));
      rows.append(drawnRows.get(row));
    }
    drawnRows.get(row).style.top = `${row * pitch + GAP - top + grid.scrollTop}px`;
  }
  markActive();
  clearTimeout(rest);
  rest = setTimeout(loadPictures, 100);
}

/** Load the pictures in sight, after scrolling stops: browsers would load those of all rows passed first. */
function loadPictures() {
  for (const picture of rows.querySelectorAll("img[data-src]")) {
    picture.src = picture.dataset.src;
    picture.removeAttribute("data-src");
  }
}

function drawRow(row) {
  const made = element("div", { role: "row", "aria-rowindex": row + 1 });
  for (let position = row * columns; position < Math.min((row + 1) * columns, list.length); position++) {
    const [split, index] = list.at(position);
    const cell = element("div", { role: "gridcell", id: `cell-${position}`, "aria-colindex": (position % columns) + 1,
      "aria-label": `${data.classes[splits[split].label(index)][0]} · ${index}, ${imageName(split, index)}`,
      title: imageName(split, index) });
    cell.style.width = `${cellWidth()}px`;
    const small = tile(split, index, "img", "data-src");
    small.style.margin = "0 auto";
    cell.append(small, ...caption(split, index));
    cell.onclick = () => {
      active = position;
      markActive();
      enlarge(list, position, (moved) => move(moved));
    };
    made.append(cell);
  }
  return made;
}

function markActive() {
  for (const cell of rows.querySelectorAll(".active")) cell.classList.remove("active");
  const cell = get(`cell-${active}`);
  if (cell) {
    cell.classList.add("active");
    grid.setAttribute("aria-activedescendant", cell.id);
  } else {
    grid.removeAttribute("aria-activedescendant");
  }
}

function move(position) {
  active = Math.max(0, Math.min(position, list.length - 1));
  const top = Math.floor(active / columns) * pitch;
  const from = sight();
  if (top < from) scrollToSight(top);
  else if (top + pitch + 2 * GAP > from + grid.clientHeight) scrollToSight(top + pitch + 2 * GAP - grid.clientHeight);
  drawRows();
}

grid.addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
grid.addEventListener("keydown", (event) => {
  const page = columns * Math.max(1, Math.floor(grid.clientHeight / pitch));
  const to = {
    ArrowLeft: active - 1, ArrowRight: active + 1, PageUp: active - page, PageDown: active + page,
    ArrowUp: active >= columns ? active - columns : active, ArrowDown: active + columns < list.length ? active + columns : active,
    Home: 0, End: list.length - 1,
  }[event.key];
  if (to !== undefined) move(to);
  else if ((event.key === "Enter" || event.key === " ") && list.length) enlarge(list, active, (moved) => move(moved));
  else return;
  event.preventDefault();
});
new ResizeObserver(() => {
  if (!grid.clientWidth) return;
  const kept = active;
  const top = Math.floor(sight() / pitch) * columns;
  layOut();
  active = kept;
  scrollToSight(Math.floor(top / columns) * pitch);
}).observe(grid);

// What is listed: a split, a class of it, its blank images, or groups of duplicates, which need no grid

function say(words) {
  get("status").textContent = words;
}

function showList() {
  const view = get("view").value;
  const split = splits[current];
  const here = current;
  const grouped = view === "within" || view === "across";
  get("groups").hidden = !grouped;
  grid.hidden = get("grid-help").hidden = grouped || absent;
  get("class-choice").hidden = get("jump").hidden = view !== "all" || absent;
  if (grouped) return showGroups(view);
  if (view === "blank") {
    list = { length: split.blank.length, at: (position) => [here, split.blank[position]] };
    const more = split.blankCount > list.length ? `; the first ${number(list.length)} are shown` : "";
    say(`${counted(split.blankCount, "blank image")}${more}`);
  } else if (get("class").value === "") {
    list = { length: split.count, at: (position) => [here, split.indices[position]] };
    say(counted(list.length, "image"));
  } else {
    const members = split.members[get("class").value];
    list = { length: members.length, at: (position) => [here, members[position]] };
    say(`${counted(list.length, "image")} of class ${className(get("class").value)}`);
  }
  active = 0;
  grid.scrollTop = 0;
  layOut();
}

function showGroups(view) {
  const found = view === "across" ? data.across : splits[current].within;
  const more = found.count > found.groups.length ? `; the first ${number(found.groups.length)} are shown, ${data.duplicates} has all` : "";
  say(`${counted(found.count, "group")} of images with the same pixels${more}`);
  get("groups").replaceChildren(...found.groups.map((group) => {
    const members = { length: group.length, at: (position) => group[position] };
    return element("div", { class: "group", role: "group", "aria-label": `${group.length} images with the same pixels` },
      ...group.map(([split, index], position) => element("figure", {}, tileButton(members, position),
        element("figcaption", {}, ...caption(split, index), ` ${splits[split].name}`))));
  }));
}

get("view").onchange = showList;
get("class").onchange = showList;
get("jump").onsubmit = (event) => {
  event.preventDefault();
  const index = Number(get("index").value);
  const split = splits[current];
  const position = split.indices.indexOf(index);
  if (position < 0) return say(`image ${index} was not made`);
  if (get("class").value !== "" && split.label(index) !== Number(get("class").value)) {
    get("class").value = "";
    showList();
  }
  move(get("class").value === "" ? position : split.members[get("class").value].indexOf(index));
  grid.focus({ preventScroll: true });
  say(`at ${imageName(current, index)}`);
};

// One image, enlarged, with its numbers

const dialog = get("image");
let shown = null; // { of, position, follow }

function enlarge(of, position, follow = () => {}) {
  shown = { of, position, follow };
  if (!dialog.open) {
    dialog.showModal();
    get("image-title").focus();
  }
  showImage();
}

async function showImage() {
  const asked = shown;
  const [number, index] = asked.of.at(asked.position);
  const split = splits[number];
  const label = split.label(index);
  const path = split.path(index);
  get("image-title").textContent = `Image ${index} of ${split.name}`;
  get("fact-label").textContent = data.classes[label][0];
  get("fact-class").textContent = data.classes[label][1];
  get("fact-place").textContent = `${split.name}, ${index} (${split.indices[0]} to ${split.indices.at(-1)})`;
  get("fact-path").textContent = path;
  get("fact-path").href = path;
  // Not `disabled`, which would drop the keyboard focus.
  get("previous").setAttribute("aria-disabled", asked.position === 0);
  get("next").setAttribute("aria-disabled", asked.position === asked.of.length - 1);
  const name = imageName(number, index);
  const size = { width: split.columns, height: split.rows };
  get("picture").replaceChildren(...(absent ? [] : [element("img", { src: path, alt: name, ...size })]));
  get("fact-digest").textContent = "";
  get("digest-check").textContent = "reading the digests …";
  const [ofFile, expected] = await Promise.all([pixelsOf(split, index).catch(() => null), manifestDigest(number, index)]);
  const pixels = ofFile ?? await copyOf(split, index).catch(() => null);
  const found = await digestOf(pixels);
  if (shown !== asked) return;
  if (pixels) get("picture").replaceChildren(pixelCanvas(pixels, split, name));
  get("unread").hidden = served || pixels !== null;
  get("matrix").replaceChildren(...(pixels ? [matrix(pixels, split)] : []));
  get("matrix").hidden = get("matrix-title").hidden = !pixels;
  get("fact-digest").textContent = found ?? expected ?? "not available here; see the manifest";
  const source = ofFile ? "" : " from the copy in this page";
  get("digest-check").textContent =
    found && expected ? (found === expected ? `✓ computed here${source}, as in the manifest` : `✗ the manifest has ${expected}`)
    : found ? "computed here" : expected ? "from the manifest" : "";
}

function pixelCanvas(pixels, split, name) {
  const canvas = element("canvas", { width: split.columns, height: split.rows, role: "img", "aria-label": name });
  const image = new ImageData(split.columns, split.rows);
  pixels.forEach((value, position) => image.data.set([value, value, value, 255], 4 * position));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function matrix(pixels, split) {
  if (pixels.length > 10000) {
    const lines = Array.from({ length: split.rows }, (_, row) => pixels.slice(row * split.columns, (row + 1) * split.columns).join(" "));
    return element("pre", {}, lines.join("\n"));
  }
  const table = element("table", { class: "matrix" });
  for (let row = 0; row < split.rows; row++) {
    const line = table.insertRow();
    for (const value of pixels.subarray(row * split.columns, (row + 1) * split.columns)) {
      const cell = line.insertCell();
      cell.textContent = value;
      cell.style.background = `rgb(${value} ${value} ${value})`;
      cell.style.color = value < 118 ? "#fff" : "#000";
    }
  }
  return table;
}

function step(by) {
  const to = shown.position + by;
  if (to < 0 || to >= shown.of.length) return;
  shown.follow(to);
  enlarge(shown.of, to, shown.follow);
}

get("previous").onclick = () => step(-1);
get("next").onclick = () => step(1);
get("close").onclick = () => dialog.close();
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  if (get("matrix").contains(event.target)) return; // arrow keys scroll it
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
get("folder").webkitdirectory = true; // in no standard of HTML, so not in the page's markup
get("folder").onchange = (event) => {
  const [split] = shown.of.at(shown.position);
  for (const file of event.target.files) {
    // The folder may be that of the page, of all PNG files, of a split, or of a label in the current split.
    const place = ["png", splits[split].name, ...file.webkitRelativePath.split("/")].slice(-3);
    chosen.set(["png", ...place].join("/"), file);
  }
  showImage();
};

// The split

function choose(split) {
  current = split;
  for (const [position, button] of [...get("split-choice").children].entries()) {
    button.setAttribute("aria-pressed", position === split);
  }
  for (const place of document.querySelectorAll("[data-of-split]")) place.textContent = `of ${splits[split].name}`;
  for (const place of document.querySelectorAll("[data-split]")) place.hidden = place.dataset.split !== splits[split].name;
  get("index").min = splits[split].indices[0] ?? "";
  get("index").max = splits[split].indices.at(-1) ?? "";
  const views = [["all", "all images"], ["blank", `blank images (${number(splits[split].blankCount)})`],
    ["within", `duplicates in ${splits[split].name} (${counted(splits[split].within.count, "group")})`]];
  if (splits.length > 1) views.push(["across", `duplicates across splits (${counted(data.across.count, "group")})`]);
  const view = get("view").value || "all";
  get("view").replaceChildren(...views.map(([value, words]) => element("option", { value }, words)));
  get("view").value = view;
  const label = get("class").value;
  get("class").replaceChildren(element("option", { value: "" }, "all"),
    ...data.classes.map((_, value) => element("option", { value }, `${className(value)} (${number(splits[split].counts[value])})`)));
  get("class").value = label;
  showClasses();
  showList();
}

get("split-choice").append(...splits.map((split, position) => {
  const button = element("button", {}, `${split.name} (${number(split.count)})`);
  button.onclick = () => choose(position);
  return button;
}));
choose(0);
