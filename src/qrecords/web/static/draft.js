// A draft: what is wrong told at its field, the page printed beside it, lines of lists, made a record at the end.

import { ask, button, composing, later, warn, whenTyped } from "./desk.js";
import { named, saver, toldBy } from "./saver.js";

const PRINT_PAUSE = 1200, AGAIN = 4000; // milliseconds
const BRIEF = 30; // characters of what another window wrote

function draftPage(form) {
  const page = document.getElementById("page"), printing = document.getElementById("printing");
  const visited = new Set(), offers = new Map(); // by field what it may take
  let last = {}; // what the customer's last record said, as told with the last saving
  let tried = "tried" in form.dataset, printed = "", making = false;

  function show(told) {
    last = told.offered;
    for (const cell of form.querySelectorAll("[data-field]")) {
      const key = cell.dataset.field, say = cell.querySelector(".say");
      const own = told.problems.filter((p) => p.field === key && (p.kind === "wrong" || tried || visited.has(key)));
      const lines = own.map((p) => [p.kind === "wrong" ? "is-wrong" : "is-missing", p.message]);
      if (told.read[key]) lines.push(["is-read", `读作 ${told.read[key]}`]);
      else if (told.taken[key]) lines.push(["is-read", `自动填入：${told.taken[key]}`]);
      if (say) say.replaceChildren(...lines.map(([name, text]) => Object.assign(document.createElement("span"), { className: name, textContent: text })));
      offer(cell);
      cell.classList.toggle("bad", own.some((p) => p.kind === "wrong" || tried));
      for (const control of cell.querySelectorAll("input, textarea, select")) {
        const line = /^(\w+)\.(\d+)\.(\w+)$/.exec(control.name);
        const place = line ? `${line[1]}[${Number(line[2]) + 1}].${line[3]}` : key;
        const bad = own.some((p) => p.place === place && (p.kind === "wrong" || tried));
        control.setAttribute("aria-invalid", String(bad));
        if (line) control.closest("td").classList.toggle("bad", bad);
      }
      const computed = cell.querySelector("[data-computed]");
      if (computed) computed.textContent = told.taken[key] ?? "";
    }
    const fields = new Set([...form.querySelectorAll("[data-field]")].map((c) => c.dataset.field));
    const beside = told.problems.filter((p) => !fields.has(p.field) && (p.kind === "wrong" || tried));
    list("others", beside.map((p) => p.message));
    list("notes", told.notes);
  }

  // Below a field stands what it may take: what the customer's last record said while it is empty, or the one name of its
  // list that has what is written in it. Nothing is written unasked.
  function offer(cell) {
    offers.delete(cell);
    cell.querySelector(".offer")?.remove();
    if (!cell.querySelector("[name]") || cell.querySelector("[data-lines]")) return;
    const listed = inList(cell), offered = written(cell) ? null : last[cell.dataset.field];
    if (!listed && !offered) return;
    offers.set(cell, listed ?? offered.value);
    const taking = button(listed ? `清单里：${listed}` : `上次：${offered.shown}`, () => { takeOffered([cell]); cell.querySelector("[name]").focus(); });
    taking.className = "offer";
    taking.tabIndex = -1; // who types takes it from the field itself
    taking.append(Object.assign(document.createElement("kbd"), { textContent: "Alt+↓" }));
    cell.querySelector(".say").append(taking);
  }

  function inList(cell) {
    const control = cell.querySelector("input[list]"), part = control?.value.trim().toLowerCase();
    if (!part) return null;
    const found = [...control.list.options].map((o) => o.value).filter((name) => name.toLowerCase().includes(part));
    return found.length === 1 && found[0].toLowerCase() !== part ? found[0] : null;
  }

  function takeOffered(cells) {
    const those = cells.filter((cell) => offers.has(cell));
    for (const cell of those) {
      write(cell, offers.get(cell));
      offers.delete(cell);
      cell.querySelector(".offer").remove();
      visited.add(cell.dataset.field);
    }
    if (those.length) pause();
    return those.length > 0;
  }

  function list(id, texts) {
    const items = texts.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    document.getElementById(id).replaceChildren(...items);
  }

  // What stands in each field, by the name a person knows it under.

  const fields = () => [...form.querySelectorAll("[data-field]")].filter((cell) => cell.querySelector("[name]"));
  const labelOf = (cell) => `「${cell.querySelector(".label").firstChild.textContent.trim()}」`;

  function written(cell) {
    const controls = [...cell.querySelectorAll("[name]")];
    if (cell.querySelector("[data-lines]")) {
      const lines = [...cell.querySelectorAll("tbody tr")].map((row) => cellsOf(row).map((c) => c.value.trim()));
      return JSON.stringify(lines.filter((line) => line.some(Boolean)));
    }
    if (controls[0].matches("[type=radio], [type=checkbox]")) return controls.filter((c) => c.checked).map((c) => c.value).join("、");
    return controls[0].value.replace(/\r\n?/g, "\n").trim();
  }

  function saidElsewhere(cell, value) {
    if (!cell.querySelector("[data-lines]")) return Array.isArray(value) ? value.join("、") : String(value ?? "").replace(/\r\n?/g, "\n").trim();
    const keys = cellsOf(cell.querySelector("tbody tr")).map((c) => c.name.split(".")[2]);
    return JSON.stringify((value ?? []).map((line) => keys.map((key) => (line[key] ?? "").trim())));
  }

  function write(cell, value) {
    const controls = [...cell.querySelectorAll("[name]")], body = cell.querySelector("[data-lines] tbody");
    if (body) {
      while (body.rows.length <= (value ?? []).length) addLine(body);
      [...body.rows].forEach((row, n) => { for (const c of cellsOf(row)) c.value = value?.[n]?.[c.name.split(".")[2]] ?? ""; });
    } else if (controls[0].matches("[type=radio], [type=checkbox]")) {
      for (const c of controls) c.checked = [value].flat().includes(c.value);
    } else controls[0].value = value ?? "";
  }

  function snapshot() {
    const sent = new URLSearchParams(new FormData(form));
    return { sent, places: new Map(fields().map((cell) => [cell.dataset.field, written(cell)])) };
  }

  // Another window wrote meanwhile: what only it changed comes in, what both changed the person decides.
  function moved(told, kept) {
    const here = fields().map((cell) => ({ cell, label: labelOf(cell), key: cell.dataset.field, mine: written(cell), theirs: told.now[cell.dataset.field] }));
    const changed = here.filter((f) => saidElsewhere(f.cell, f.theirs) !== kept.get(f.key));
    const both = changed.filter((f) => f.mine !== kept.get(f.key) && f.mine !== saidElsewhere(f.cell, f.theirs));
    const take = (those) => { for (const f of those) write(f.cell, f.theirs); };
    const alone = changed.filter((f) => !both.includes(f));
    take(alone);
    if (alone.length) list("merged", [`另一个窗口刚写的${named(alone.map((f) => f.label))}已并入这里`]);
    if (!both.length) return true;
    const theirs = both.map((f) => `${f.label}写的是「${saidElsewhere(f.cell, f.theirs).slice(0, BRIEF)}」`);
    warn(`另一个窗口刚改过同一栏，这里的没有保存。那边${named(theirs)}。`,
      button("以这里写的为准", () => saving.goOn(told.revision)),
      button("取那边写的", () => { take(both); saving.goOn(told.revision); }));
    return false;
  }

  const print = later(() => {
    const revision = form.elements.revision.value;
    if (printed === revision || getComputedStyle(page.parentElement).display === "none") return;
    printed = revision;
    printing.textContent = "正在印…";
    page.addEventListener("load", () => { printing.textContent = ""; }, { once: true });
    page.src = `${form.dataset.page}?r=${revision}#navpanes=0&view=FitH`;
  }, PRINT_PAUSE);

  async function make(again = false) {
    if (making) return;
    tried = making = true;
    const act = document.getElementById("make");
    act.disabled = true;
    const told = await saving.save() && await sendMake(again);
    making = act.disabled = false;
    if (!told) return;
    if (told.go) { saving.done(); location.assign(told.go); return; }
    await saving.save();
    warn(toldBy(told), ...(told.alike ? [button("确是两条", () => make(true))] : []));
    list("others", (told.problems ?? []).filter((p) => !form.querySelector(`[data-field="${CSS.escape(p.field.split(/[.[]/)[0])}"]`)).map((p) => p.message));
    form.querySelector(".cell.bad input, .cell.bad textarea, .cell.bad select")?.focus();
  }

  // The same request again makes nothing twice: one whose answer was lost is asked again until it is answered.
  async function sendMake(again) {
    const sent = new URLSearchParams(new FormData(form));
    if (again) sent.set("same_again", "1");
    for (;;) {
      try {
        return (await ask(form.action, sent)).told;
      } catch {
        warn("连不上服务器，不知道生成了没有；连上后会自己再问，同一份草稿只会生成一份记录。请不要关闭这一页。");
        await new Promise((done) => { setTimeout(done, AGAIN); });
      }
    }
  }

  const saving = saver({ form, snapshot, moved, label: (key) => labelOf(form.querySelector(`[data-field="${key}"]`)), took: (told) => { show(told); print(); } });
  const pause = () => { list("merged", []); saving.pause(); };
  whenTyped(form, (event) => {
    const cell = event.target.closest("[data-field]");
    if (cell) offer(cell);
    pause();
  });
  form.addEventListener("change", pause);
  form.addEventListener("focusout", (event) => {
    const cell = event.target.closest("[data-field]");
    if (cell && !visited.has(cell.dataset.field)) { visited.add(cell.dataset.field); pause(); }
  });
  form.addEventListener("click", (event) => {
    const name = event.target.dataset?.clear;
    if (!name) return;
    for (const radio of form.elements[name]) radio.checked = false;
    pause();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.id === "make") { event.preventDefault(); make(); }
  });
  form.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); make(); }
    else if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); onward(event.target); }
    else if (event.key === ";" && event.ctrlKey && event.target.dataset.kind?.startsWith("date")) {
      event.preventDefault();
      event.target.value = new Intl.DateTimeFormat("sv-SE").format(new Date());
      pause();
    } else if (event.key === "ArrowDown" && event.altKey) { // elsewhere the key keeps what browsers do with it
      const here = event.target.closest("[data-field]");
      if (takeOffered(event.shiftKey ? [...offers.keys()] : [here])) event.preventDefault();
    } else if (event.key === "F4" && event.target.closest("[data-lines]")) {
      event.preventDefault();
      const above = neighbour(event.target, -1);
      if (above) { event.target.value = above.value; pause(); }
    }
  });
  document.getElementById("again").addEventListener("click", () => { printed = ""; print(); });
  for (const table of form.querySelectorAll("[data-lines]")) lines(table, pause);
  show(JSON.parse(document.getElementById("told").textContent));
  print();
}

function onward(control) {
  const below = control.closest("[data-lines]") ? neighbour(control, 1) : null;
  const all = [...control.form.querySelectorAll("input:not([type=hidden]), textarea, select, button#make")];
  (below ?? all[all.indexOf(control) + 1])?.focus();
}

// Lines of a list: one more as soon as the last is written in; cells pasted from a workbook spread over lines.

const cellsOf = (row) => [...row.querySelectorAll("input, select")];

function neighbour(control, step) {
  const row = control.closest("tr"), other = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  return other ? cellsOf(other)[cellsOf(row).indexOf(control)] : null;
}

function addLine(body) {
  const row = body.lastElementChild.cloneNode(true), number = body.children.length;
  row.querySelector("th").textContent = number + 1;
  for (const control of cellsOf(row)) {
    control.name = control.name.replace(/\.\d+\./, `.${number}.`);
    control.value = "";
    control.setAttribute("aria-label", control.getAttribute("aria-label").replace(/第\d+行/, `第${number + 1}行`));
  }
  body.append(row);
}

function lines(table, changed) {
  const body = table.tBodies[0];
  table.addEventListener("input", () => {
    if (cellsOf(body.lastElementChild).some((c) => c.value)) addLine(body);
  });
  table.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!/[\t\n]/.test(text)) return;
    event.preventDefault();
    let row = event.target.closest("tr");
    const first = cellsOf(row).indexOf(event.target);
    for (const line of text.split("\n")) {
      line.split("\t").forEach((value, n) => {
        const control = cellsOf(row)[first + n];
        if (control) control.value = value.trim();
      });
      if (!row.nextElementSibling) addLine(body);
      row = row.nextElementSibling;
    }
    changed();
  });
}


const draft = document.getElementById("draft");
if (draft) draftPage(draft);
else { // a form that is sent as a whole
  for (const table of document.querySelectorAll("table[data-lines]")) lines(table, () => {});
  document.addEventListener("click", ({ target }) => {
    if (target.dataset?.clear) for (const radio of target.form.elements[target.dataset.clear]) radio.checked = false;
  });
}
