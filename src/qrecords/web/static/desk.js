// The desk's own script: saving while typing, keys, lines of lists, searching while typing. Pages work without it.

const banner = document.getElementById("banner");

export function warn(text) {
  banner.textContent = text;
  banner.hidden = !text;
}

// Input methods: while a syllable is composed nothing is sent, and its Enter is not ours.
export const composing = (event) => event.isComposing || event.keyCode === 229;

export function whenTyped(root, act) {
  root.addEventListener("input", (event) => { if (!event.isComposing) act(event); });
  root.addEventListener("compositionend", act);
}

export function later(act, milliseconds) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(act, milliseconds); };
}

export async function ask(address, form, method = "POST") {
  const body = form && (form instanceof URLSearchParams ? form : new URLSearchParams(new FormData(form)));
  const send = () => fetch(address, { method, headers: { accept: "application/json" }, ...(body && { body }) });
  let response = await send();
  if (response.status === 403 && body && await signedInAgain()) {
    body.set("token", document.body.dataset.token);
    response = await send();
  }
  const told = await response.json();
  return { status: response.status, told };
}

// Who signed in again in another window goes on here with the new session's word; another account does not.
async function signedInAgain() {
  const page = new DOMParser().parseFromString(await (await fetch("/fill")).text(), "text/html").body.dataset;
  const { account, token } = document.body.dataset;
  if (page.account !== account || page.token === token) return false;
  document.body.dataset.token = page.token;
  for (const field of document.querySelectorAll("input[name=token]")) field.value = page.token;
  return true;
}

// A draft: saved after each pause, what is wrong told at its field, the page printed beside it.

const PAUSE = 600, PRINT_PAUSE = 1200, AGAIN = 4000;

function draftPage(form) {
  const saved = document.getElementById("saved"), page = document.getElementById("page");
  const printing = document.getElementById("printing");
  const visited = new Set();
  let busy = false, wanted = false, tried = "tried" in form.dataset, printed = "", stopped = false;

  function show(told) {
    for (const cell of form.querySelectorAll("[data-field]")) {
      const key = cell.dataset.field, say = cell.querySelector(".say");
      const own = told.problems.filter((p) => p.field === key && (p.kind === "wrong" || tried || visited.has(key)));
      const lines = own.map((p) => [p.kind === "wrong" ? "is-wrong" : "is-missing", p.message]);
      if (told.read[key]) lines.push(["is-read", `读作 ${told.read[key]}`]);
      else if (told.taken[key]) lines.push(["is-read", `自动填入：${told.taken[key]}`]);
      if (say) say.replaceChildren(...lines.map(([name, text]) => Object.assign(document.createElement("span"), { className: name, textContent: text })));
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
      const control = cell.querySelector(":scope > input, :scope > textarea");
      if (control && told.offered[key] && !control.value) control.placeholder = `上次：${told.offered[key]}`;
    }
    const fields = new Set([...form.querySelectorAll("[data-field]")].map((c) => c.dataset.field));
    const beside = told.problems.filter((p) => !fields.has(p.field) && (p.kind === "wrong" || tried));
    list("others", beside.map((p) => p.message));
    list("notes", told.notes);
  }

  function list(id, texts) {
    const items = texts.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    document.getElementById(id).replaceChildren(...items);
  }

  async function save() {
    if (stopped) return false;
    if (busy) { wanted = true; return false; }
    busy = true;
    saved.textContent = "正在保存…";
    try {
      const { status, told } = await ask(form.dataset.save, form);
      if (status === 200) {
        form.elements.revision.value = told.revision;
        saved.textContent = `${told.saved_at.slice(11, 16)} 已保存`;
        warn("");
        show(told);
        print();
        return true;
      }
      saved.textContent = "没有保存";
      stopped = status === 409;
      warn(`${told.message}${told.remedy ? `；${told.remedy}` : ""}`);
      if (status === 401) setTimeout(save, AGAIN * 2);
    } catch {
      saved.textContent = "没有保存";
      warn("连不上服务器，没有保存。内容还在这一页上，会自己再试；请不要关闭这一页。");
      setTimeout(save, AGAIN);
    } finally {
      busy = false;
      if (wanted) { wanted = false; save(); }
    }
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

  async function make() {
    tried = true;
    const button = document.getElementById("make");
    button.disabled = true;
    try {
      const { status, told } = await ask(form.action, form);
      if (status === 200) { location.assign(told.go); return; }
      warn(`${told.message}${told.remedy ? `；${told.remedy}` : ""}`);
      button.disabled = false;
      await save();
      list("others", (told.problems ?? []).filter((p) => !form.querySelector(`[data-field="${CSS.escape(p.field.split(/[.[]/)[0])}"]`)).map((p) => p.message));
      form.querySelector(".cell.bad input, .cell.bad textarea, .cell.bad select")?.focus();
    } catch {
      button.disabled = false;
      warn("连不上服务器，还没有生成。请再按一次；同一份草稿只会生成一份记录。");
    }
  }

  const pause = later(save, PAUSE);
  whenTyped(form, pause);
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
    } else if (event.key === "F4" && event.target.closest("[data-lines]")) {
      event.preventDefault();
      const above = neighbour(event.target, -1);
      if (above) { event.target.value = above.value; pause(); }
    }
  });
  document.getElementById("again").addEventListener("click", () => { printed = ""; print(); });
  addEventListener("beforeunload", (event) => { if (banner.textContent && !banner.hidden) event.preventDefault(); });
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

// Searching while typing: the newest question's answer alone is shown.

function findPage(form) {
  const hits = document.getElementById("hits");
  let asked = 0;
  const find = later(async () => {
    const mine = ++asked, words = new URLSearchParams(new FormData(form));
    const response = await fetch(`/search?part=hits&${words}`);
    if (mine === asked) warn(response.status === 429 ? "检索得太快，请稍等一会儿再写" : "");
    if (mine !== asked || !response.ok) return;
    hits.innerHTML = await response.text();
    history.replaceState(null, "", `/search?${words}`);
  }, 120);
  whenTyped(form, find);
  form.addEventListener("change", find);
}

// A page with words marked: the first of them comes into sight.

function sheetPage(sheet) {
  const show = () => scrollTo(0, sheet.offsetTop + sheet.clientHeight * Number(sheet.dataset.at) - innerHeight / 3);
  if (sheet.complete) show(); else sheet.addEventListener("load", show, { once: true });
}

// Keys and lists of every page.

document.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  if (event.altKey && /^[1-9]$/.test(event.key)) {
    const link = document.querySelector(`nav a[data-key="${event.key}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  const key = event.key.toLowerCase();
  if (key === "/") { event.preventDefault(); document.getElementById(document.getElementById("q") ? "q" : "find").focus(); }
  else if (key === "?") document.getElementById("keys").showModal();
  else if (/^[a-z]$/.test(key)) {
    const go = document.querySelector(`[data-key-go="${key}"], [data-key-press="${key}"]`);
    const focus = document.querySelector(`[data-key-focus="${key}"]`);
    if (go && event.repeat && "keyPress" in go.dataset) return; // held down it would pass one record after the other
    if (go) { event.preventDefault(); go.click(); } else if (focus) { event.preventDefault(); focus.focus(); }
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of event.target.closest("form").querySelectorAll("input[name=number]:not(:disabled)")) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-send]") && event.target.files.length) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask;
  if (question && !confirm(question)) event.preventDefault();
  if (event.submitter && "needsTick" in event.submitter.dataset && !event.target.querySelector("input[name=number]:checked")) {
    event.preventDefault();
    warn("请先勾选要办的记录");
  }
});

const draft = document.getElementById("draft"), find = document.querySelector("[data-find]");
if (draft) draftPage(draft);
if (find) findPage(find);
const sheet = document.querySelector("[data-at]");
if (sheet) sheetPage(sheet);
