// A register's month as a grid: keys between the cells, paste from Excel and WPS, saving while typing, made together.

import { ask, button, composing, warn, whenTyped } from "./desk.js";
import { saver, toldBy } from "./saver.js";

const AGAIN = 4000; // milliseconds

const form = document.getElementById("month"), body = document.getElementById("lines");
const saved = document.getElementById("saved"), count = document.getElementById("count"), act = document.getElementById("make");
const heads = [...form.querySelectorAll("thead th[data-key]")];
const most = Number(form.dataset.most);
const left = new WeakSet(); // lines somebody went through and left: what they lack is told from then on
let tried = "tried" in form.dataset, making = false;

const cellsOf = (row) => [...row.querySelectorAll("input, textarea")];
const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });
const keyOf = (cell) => cell.closest("td").dataset.field;
const isWritten = (row) => cellsOf(row).some((cell) => cell.value.trim());
const rows = () => [...body.rows];

// Lines

function renumber() {
  rows().forEach((row, n) => {
    row.cells[0].firstElementChild.textContent = n + 1;
    row.querySelector("[data-remove]").setAttribute("aria-label", `删去第${n + 1}行`);
    for (const cell of cellsOf(row)) {
      cell.name = cell.name.replace(/\.\d+\./, `.${n}.`);
      cell.setAttribute("aria-label", cell.getAttribute("aria-label").replace(/第\d+行/, `第${n + 1}行`));
    }
  });
}

function newRow() {
  const row = body.lastElementChild.cloneNode(true);
  row.classList.remove("bad");
  for (const said of row.querySelectorAll(".say")) said.remove();
  for (const cell of cellsOf(row)) {
    cell.value = "";
    cell.placeholder = "";
    cell.removeAttribute("aria-invalid");
    cell.removeAttribute("aria-describedby");
    cell.closest("td").classList.remove("bad");
  }
  return row;
}

function insertAfter(row) {
  if (body.rows.length > most) {
    warn(`一次最多${most}行，请先生成这些行`);
    return row;
  }
  const fresh = newRow();
  row.after(fresh);
  renumber();
  return fresh;
}

function remove(row) {
  const near = row.nextElementSibling ?? row.previousElementSibling;
  if (body.rows.length === 1) body.append(newRow());
  const place = cellsOf(row).indexOf(document.activeElement);
  row.remove();
  renumber();
  cellsOf(near ?? body.lastElementChild)[Math.max(place, 0)].focus();
  changed();
}

function keepBlank() {
  if (isWritten(body.lastElementChild) && body.rows.length <= most) insertAfter(body.lastElementChild);
}

// Saving

const lineOf = (row) => Object.fromEntries(cellsOf(row).map((cell) => [keyOf(cell), cell.value.replace(/\r\n?/g, "\n").trim()]).filter(([, text]) => text));

function snapshot() {
  const sent = new URLSearchParams(), written = rows().filter(isWritten);
  for (const name of ["token", "revision", "once"]) sent.set(name, form.elements[name].value);
  written.forEach((row, n) => {
    for (const cell of cellsOf(row)) if (cell.value.trim()) sent.append(`lines.${n}.${keyOf(cell)}`, cell.value);
  });
  return { sent, written, places: new Map(written.map((row, n) => [`第${n + 1}行`, JSON.stringify(lineOf(row))])) };
}

// Another window wrote meanwhile: lines only one of the two changed are brought together, others the person decides.
function moved(told, kept) {
  const base = [...kept.values()], mine = [...snapshot().places.values()], keys = heads.map((head) => head.dataset.key);
  const theirs = told.now.map((line) => JSON.stringify(Object.fromEntries(keys.filter((k) => line[k]?.trim()).map((k) => [k, line[k].replace(/\r\n?/g, "\n").trim()]))));
  const own = mine.slice(base.length), same = (n) => mine[n] === base[n] || theirs[n] === base[n] || mine[n] === theirs[n];
  if (mine.length >= base.length && theirs.length >= base.length && base.every((_, n) => same(n))) {
    const whole = base.map((was, n) => (mine[n] === was ? theirs[n] : mine[n]));
    const more = theirs.slice(base.length);
    put([...whole, ...more, ...own.filter((line) => !more.includes(line))].map((line) => JSON.parse(line)));
    count.textContent = "另一个窗口刚写的行已并入这里";
    return true;
  }
  warn(`另一个窗口刚改过这个月的登记簿（那边有${theirs.length}行），改的是同样的行，这里的没有保存。`,
    button("以这里写的为准", () => saving.goOn(told.revision)),
    button("取那边写的", () => { put(told.now); saving.goOn(told.revision); }));
  return false;
}

function put(lines) {
  while (body.rows.length <= lines.length) body.append(newRow());
  renumber();
  rows().forEach((row, n) => { for (const cell of cellsOf(row)) cell.value = lines[n]?.[keyOf(cell)] ?? ""; });
}

function changed() {
  keepBlank();
  saving.pause();
}

// What is said in the cells

function line(name, text) {
  return Object.assign(document.createElement("span"), { className: name, textContent: text });
}

function show(told, written) {
  const lines = new Map(written.map((row, n) => [row, told.lines[n] ?? {}]));
  const beside = [], notes = [...told.notes];
  for (const row of rows()) {
    const one = lines.get(row) ?? {}, number = row.cells[0].firstElementChild.textContent;
    const problems = (one.problems ?? []).filter((p) => p.kind === "wrong" || tried || left.has(row));
    for (const cell of cellsOf(row)) showCell(cell, one, problems);
    const own = problems.filter((p) => !p.field || !cellsOf(row).some((cell) => keyOf(cell) === p.field));
    row.classList.toggle("bad", problems.length > 0);
    beside.push(...own.map((p) => [row, `第${number}行：${p.message}`]));
    if (one.known) notes.push(`第${number}行就是已登记的 ${one.known}，不再取号`);
    notes.push(...(one.notes ?? []).map((note) => `第${number}行：${note}`));
  }
  const wrong = told.lines.filter((l) => l.problems?.some((p) => p.kind === "wrong")).length;
  const open = told.lines.filter((l) => l.problems?.every((p) => p.kind === "missing")).length;
  count.textContent = told.lines.length
    ? `${told.lines.length}行没有生成` + (wrong ? `，${wrong}行有错` : "") + (open ? `，${open}行没写全` : "") : "";
  list("others", beside.map(([row, text]) => jump(row, text)));
  list("notes", notes);
}

function jump(row, text) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "jump", textContent: text });
  button.addEventListener("click", () => cellsOf(row)[0].focus());
  return button;
}

function list(id, contents) {
  document.getElementById(id).replaceChildren(...contents.map((content) => {
    const item = document.createElement("li");
    item.append(content);
    return item;
  }));
}

// The column says what a message calls its field.
function inCell(key, message) {
  const label = heads.find((head) => head.dataset.key === key).dataset.label;
  return message === `必填栏目「${label}」没有填写` ? "必填" : message.replace(`「${label}」`, "");
}

let saying = 0;

function showCell(cell, one, problems) {
  const key = keyOf(cell), place = cell.closest("td");
  const own = problems.filter((p) => p.field === key);
  const said = own.map((p) => line(p.kind === "wrong" ? "is-wrong" : "is-missing", inCell(key, p.message)));
  if (one.read?.[key] && !own.length) said.push(line("is-read", one.read[key]));
  let say = place.querySelector(".say");
  if (said.length && !say) {
    say = Object.assign(document.createElement("div"), { className: "say", id: `say-${++saying}` });
    place.append(say);
    cell.setAttribute("aria-describedby", say.id);
  }
  if (say) say.replaceChildren(...said);
  place.classList.toggle("bad", own.length > 0);
  cell.setAttribute("aria-invalid", String(own.length > 0));
  cell.placeholder = one.taken?.[key] ?? "";
}

// Keys

function below(cell) {
  const row = cell.closest("tr"), place = cellsOf(row).indexOf(cell);
  cellsOf(row.nextElementSibling ?? insertAfter(row))[place].focus();
}

function above(cell) {
  const row = cell.closest("tr"), before = row.previousElementSibling;
  return before ? cellsOf(before)[cellsOf(row).indexOf(cell)] : null;
}

function now(kind) {
  const day = new Intl.DateTimeFormat("sv-SE").format(new Date());
  return kind === "datetime" ? `${day} ${new Date().toTimeString().slice(0, 5)}` : day;
}

// Arrows leave a cell at its edge; while something is chosen in it, or from its choices, they stay.
function arrow(event, cell) {
  const start = cell.selectionStart, end = cell.selectionEnd, text = cell.value;
  if (event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return null;
  const whole = start === 0 && end === text.length; // as Tab leaves it: nothing was chosen by hand
  if (start !== end && !whole) return null;
  const upDown = cell.list === null || cell.list === undefined;
  switch (event.key) {
    case "ArrowUp": return upDown && !text.slice(0, start).includes("\n") ? above(cell) : null;
    case "ArrowDown": return upDown && !text.slice(end).includes("\n") ? beneath(cell) : null;
    case "ArrowLeft": return start === 0 && (!whole || !text) ? beside(cell, -1) : null;
    case "ArrowRight": return end === text.length && (!whole || !text) ? beside(cell, 1) : null;
    default: return null;
  }
}

function beneath(cell) {
  const row = cell.closest("tr");
  return row.nextElementSibling ? cellsOf(row.nextElementSibling)[cellsOf(row).indexOf(cell)] : null;
}

function beside(cell, step) {
  const cells = cellsOf(cell.closest("tr"));
  return cells[cells.indexOf(cell) + step] ?? null;
}

body.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (composing(event) || !cell.matches("input, textarea")) return;
  const control = event.ctrlKey || event.metaKey;
  let done = true;
  if (event.key === "Enter" && control && event.shiftKey) make();
  else if (event.key === "Enter" && control) cellsOf(insertAfter(cell.closest("tr")))[1].focus();
  else if (event.key === "Enter" && event.altKey) {
    if (cell.matches("textarea")) cell.setRangeText("\n", cell.selectionStart, cell.selectionEnd, "end");
    changed();
  } else if (event.key === "Enter" && event.shiftKey) above(cell)?.focus();
  else if (event.key === "Enter") below(cell);
  else if (event.key === ";" && control && cell.dataset.kind?.startsWith("date")) {
    cell.value = now(cell.dataset.kind);
    changed();
  } else if (event.key === "F4") {
    const source = above(cell);
    if (source) { cell.value = source.value; changed(); }
  } else if (event.key === "Delete" && event.altKey) remove(cell.closest("tr"));
  else {
    const next = event.key.startsWith("Arrow") ? arrow(event, cell) : null;
    done = next !== null;
    next?.focus();
  }
  if (done) event.preventDefault();
});

form.addEventListener("keydown", (event) => {
  if (!composing(event) && event.key === "Enter" && event.ctrlKey && event.shiftKey && !body.contains(event.target)) make();
});

body.addEventListener("click", (event) => {
  if (event.target.matches("[data-remove]")) remove(event.target.closest("tr"));
});

// A choice one part of which was written, and no other has, is that choice.
body.addEventListener("change", (event) => {
  const options = [...(event.target.list?.options ?? [])].map((option) => option.value), text = event.target.value.trim();
  if (!text || options.includes(text)) return;
  const meant = options.filter((option) => option.includes(text));
  if (meant.length === 1) { event.target.value = meant[0]; changed(); }
});

body.addEventListener("focusout", (event) => {
  const row = event.target.closest("tr");
  if (row && !row.contains(event.relatedTarget) && isWritten(row) && !left.has(row)) { left.add(row); saving.pause(); }
});

// Paste: cells as Excel and WPS copy them; a quoted one may hold line breaks.

export function cellsFrom(text) {
  const table = [[]], quoted = /"((?:[^"]|"")*)"(?=\t|\n|$)/y;
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let at = 0; ;) {
    quoted.lastIndex = at;
    const found = plain[at] === '"' ? quoted.exec(plain) : null;
    let cell, end;
    if (found && /[\t\n]|""/.test(found[1])) {
      [cell, end] = [found[1].replaceAll('""', '"'), quoted.lastIndex];
    } else {
      end = at;
      while (end < plain.length && plain[end] !== "\t" && plain[end] !== "\n") end += 1;
      cell = plain.slice(at, end);
    }
    table.at(-1).push(cell.trim());
    if (end >= plain.length) return table;
    if (plain[end] === "\n") table.push([]);
    at = end + 1;
  }
}

function columnsFor(table, from) {
  const labels = heads.map((head) => head.dataset.label), first = table[0].filter(Boolean);
  if (first.length > 1 && first.every((cell) => labels.includes(cell))) {
    return { places: table[0].map((cell) => labels.indexOf(cell)), lines: table.slice(1), headed: true };
  }
  return { places: table[0].map((_, n) => from + n), lines: table, headed: false };
}

function paste(cell, table) {
  const row = cell.closest("tr"), from = cellsOf(row).indexOf(cell);
  const { places, lines, headed } = columnsFor(table, from);
  const place = (n) => (headed ? places[n] ?? -1 : from + n);
  const over = lines.some((cells) => cells.some((text, n) => text && (place(n) < 0 || place(n) >= heads.length)));
  if (over) {
    const wide = Math.max(...lines.map((cells) => cells.length));
    const room = headed ? `表头写了${table[0].filter(Boolean).length}栏` : `从「${heads[from].dataset.label}」起只有${heads.length - from}栏`;
    warn(`粘贴的内容有${wide}栏，${room}，没有粘贴。请少复制几栏，或连表头一起复制`);
    return;
  }
  const start = rows().indexOf(row);
  if (start + lines.length > most) {
    warn(`粘贴的内容有${lines.length}行，一次最多${most}行，没有粘贴。请分几次，先生成前面的`);
    return;
  }
  while (body.rows.length < start + lines.length + 1) body.append(newRow());
  renumber();
  lines.forEach((cells, n) => {
    const into = cellsOf(body.rows[start + n]);
    cells.forEach((text, m) => {
      const target = into[place(m)];
      if (target) target.value = target.matches("textarea") ? text : text.replace(/\s*\n\s*/g, " ");
    });
    left.add(body.rows[start + n]);
  });
  warn("");
  count.textContent = `粘贴了${lines.length}行${headed ? "，表头不算" : ""}`;
  changed();
}

body.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain"), cell = event.target;
  if (!cell.matches("input, textarea") || !/[\t\r\n]/.test(text.replace(/\r?\n$/, ""))) return;
  event.preventDefault();
  paste(cell, cellsFrom(text));
});

// Made together

function hold(held) {
  making = act.disabled = held;
  for (const cell of body.querySelectorAll("input, textarea")) cell.readOnly = held;
}

async function make() {
  if (making) return;
  tried = true;
  hold(true);
  if (!await saving.save()) { hold(false); return; }
  saved.textContent = "正在取号…";
  const { sent, written } = snapshot();
  for (;;) {
    try {
      const { status, told } = await ask(form.action, sent);
      if (status === 200) { saving.done(); location.assign(told.go); return; }
      hold(false);
      if (told.lines?.length === written.length) show(told, written);
      else list("others", (told.problems ?? []).map((p) => (p.row ? `第${p.row}行：${p.message}` : p.message)));
      if (told.revision) form.elements.revision.value = told.revision;
      saved.textContent = "没有生成";
      warn(toldBy(told));
      body.querySelector(".bad input, .bad textarea")?.focus();
      return;
    } catch { // the same request again makes nothing twice
      warn("连不上服务器，不知道生成了没有；连上后会自己再问，同一批只会生成一次。请不要关闭这一页。");
      await wait(AGAIN);
    }
  }
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.id === "make") { event.preventDefault(); make(); }
});

whenTyped(body, changed);

const saving = saver({ form, snapshot, moved, took: (told, { written }) => show(told, written) });
show(JSON.parse(document.getElementById("told").textContent), rows().filter(isWritten));
const sheet = document.querySelector(".month-sheet"), firstBlank = rows().find((row) => !isWritten(row));
cellsOf(firstBlank)[1].focus();
sheet.scrollLeft = 0;
