// What every page of the desk has: keys, input methods, asking the server, searching while typing. Pages work without it.

const banner = document.getElementById("banner");

export function warn(text, ...buttons) {
  banner.replaceChildren(text, ...buttons);
  banner.hidden = !text;
}

export function button(label, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  made.addEventListener("click", act);
  return made;
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

// Searching while typing: the newest question's answer alone is shown, and counted by kind once the typing rests.

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
    count();
  }, 120);
  const count = later(async () => {
    const mine = asked, place = hits.querySelector("[data-facets]");
    if (!place) return;
    const response = await fetch(`/search?part=facets&${new URLSearchParams(new FormData(form))}`);
    if (mine !== asked || !response.ok) return;
    place.innerHTML = await response.text();
    place.parentElement.classList.toggle("faceted", place.childElementCount > 0);
  }, 300);
  whenTyped(form, find);
  form.addEventListener("change", find);
}

// A page with words marked: the first of them comes into sight.

function sheetPage(sheet) {
  const show = () => scrollTo(0, sheet.offsetTop + sheet.clientHeight * Number(sheet.dataset.at) - innerHeight / 3);
  if (sheet.complete) show(); else sheet.addEventListener("load", show, { once: true });
}

// A page of things to do: each link and button in sight has a key of its own, written beside it; scrolled, they move on.

const OWN_KEYS = "123456789abcdefghijklmnopqrstuvwxyz";

function keyedPage(root) {
  const places = [...root.querySelectorAll("a, button")].map((place) => {
    const shown = document.createElement("kbd");
    shown.setAttribute("aria-hidden", "true"); // readers are told by aria-keyshortcuts
    place.append(shown);
    return { place, shown, kind: place.matches("button") ? "keyPress" : "keyGo" };
  });
  const deal = () => {
    let dealt = 0;
    for (const { place, shown, kind } of places) {
      const { top, bottom } = place.getBoundingClientRect();
      const key = (bottom > 0 && top < innerHeight && OWN_KEYS[dealt++]) || "";
      shown.textContent = key.toUpperCase();
      if (key) { place.dataset[kind] = key; place.setAttribute("aria-keyshortcuts", key); }
      else { delete place.dataset[kind]; place.removeAttribute("aria-keyshortcuts"); }
    }
  };
  deal();
  for (const moved of ["scroll", "resize"]) addEventListener(moved, later(deal, 80), { passive: true });
}

// Keys and lists of every page.

document.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  if (event.altKey && /^[0-9]$/.test(event.key)) {
    const link = document.querySelector(`nav a[data-key="${event.key}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
  const key = (event.shiftKey && digit) || event.key.toLowerCase();
  if (event.key === "/") { event.preventDefault(); document.getElementById(document.getElementById("q") ? "q" : "find").focus(); }
  else if (event.key === "?") document.getElementById("keys").showModal();
  else if (/^[a-z1-9]$/.test(key)) {
    const go = document.querySelector(`[data-key-go="${key}"], [data-key-press="${key}"]`);
    const focus = document.querySelector(`[data-key-focus="${key}"]`);
    if (go && event.repeat && "keyPress" in go.dataset) return; // held down it would pass one record after the other
    const box = event.shiftKey && go?.closest("tr")?.querySelector("input[type=checkbox]:not(:disabled)");
    if (box) { event.preventDefault(); box.click(); return; }
    if (go) { event.preventDefault(); go.click(); } else if (focus) { event.preventDefault(); focus.focus(); }
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of event.target.closest("form").querySelectorAll("input[name=number]:not(:disabled)")) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-send]") && event.target.files.length) event.target.form.requestSubmit();
});

// A file dropped on a page goes the way of the form it falls on; elsewhere it must not take the page's place.

const filesOf = (event) => event.dataTransfer?.types.includes("Files") && !event.target.closest?.("input[type=file]");
const dropped = (event) => (event.target.closest?.("[data-drop-file]") ?? document.querySelector("#main:not(:has([data-drop], [data-drop-file]))"))?.querySelector("form.file");

document.addEventListener("dragover", (event) => {
  if (!filesOf(event)) return;
  event.preventDefault();
});

document.addEventListener("drop", (event) => {
  if (!filesOf(event)) return;
  event.preventDefault();
  const form = dropped(event), { files } = event.dataTransfer;
  if (!form) return; // a page with a place of its own for files
  if (files.length > 1) return warn("一次放一个文件");
  form.elements.file.files = files;
  form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask;
  if (question && !confirm(question)) event.preventDefault();
  if (event.submitter && "needsTick" in event.submitter.dataset && !event.target.querySelector("input[name=number]:checked")) {
    event.preventDefault();
    warn("请先勾选要办的记录");
  }
});

const find = document.querySelector("[data-find]");
if (find) findPage(find);
const keyed = document.querySelector("[data-keyed]");
if (keyed) keyedPage(keyed);
const sheet = document.querySelector("[data-at]");
if (sheet) sheetPage(sheet);
