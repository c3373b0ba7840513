// Ten seconds to take a 通过 back: the decision waits in this tab and is sent when they are over or the page is left.
// Until it is sent nothing is decided: a browser that is killed leaves the record where it was, to be reviewed.

import { composing, warn } from "./desk.js";

const HOLD = 10_000, AGAIN = 4000, STALE = 60_000, APART = 400; // milliseconds
const KEPT = "held", FATE = "held-fate-";

// A duplicated tab has a copy of what this one holds. What became of a decision is written where all tabs see it, so that
// one taken back in one tab is not sent by another, and none is sent twice.
const me = String(Math.random());

function fate(decision) {
  try { return JSON.parse(localStorage.getItem(FATE + decision.id)); } catch { return null; }
}

function decide(decision, what) {
  localStorage.setItem(FATE + decision.id, JSON.stringify({ what, by: me, at: Date.now() }));
}

for (const key of Object.keys(localStorage)) { // the words of decisions long over
  if (key.startsWith(FATE) && !(JSON.parse(localStorage.getItem(key))?.at > Date.now() - STALE)) localStorage.removeItem(key);
}

// `asking` to take it back: what another tab is just sending is too late for that; who sends may find it refused.
function settledElsewhere(decision, asking = false) {
  const known = fate(decision);
  if (!known || known.by === me || (known.what === "sending" && !asking)) return false;
  drop();
  tell(`${decision.label} 的通过已在另一个窗口${known.what === "taken back" ? "撤回" : "送出"}`);
  return true;
}

addEventListener("storage", (event) => {
  const decision = held();
  if (decision && event.key === FATE + decision.id && event.newValue) settledElsewhere(decision);
});

const place = document.getElementById("held");
let timer = 0, leaving = false, busy = false;

const held = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
const keep = (decision) => sessionStorage.setItem(KEPT, JSON.stringify(decision));
const drop = () => { clearTimeout(timer); sessionStorage.removeItem(KEPT); };

function tell(text, ...more) {
  place.replaceChildren(text, ...more);
  place.hidden = false;
}

function showHeld(decision) {
  const left = document.createElement("span"), back = document.createElement("button");
  left.setAttribute("aria-hidden", "true"); // a reader is told once, not every second
  back.type = "button";
  back.append("撤回", Object.assign(document.createElement("kbd"), { textContent: "Z" }));
  back.addEventListener("click", takeBack);
  tell(`已通过 ${decision.label}，10秒内可撤回`, back, left);
  const tick = () => {
    if (!held()) return;
    const seconds = Math.ceil((decision.until - Date.now()) / 1000);
    left.textContent = `还有${Math.max(seconds, 0)}秒`;
    if (seconds <= 0) setTimeout(send, Math.random() * APART); else timer = setTimeout(tick, 250);
  };
  tick();
}

// Kept alive, so that leaving the page meanwhile does not break it off.
function request(decision) {
  const body = new URLSearchParams(decision.fields);
  return fetch(decision.address, { method: "POST", body, keepalive: true, headers: { accept: "application/json" } });
}

async function post(decision) {
  const response = await request(decision);
  return { status: response.status, told: await response.json() };
}

// The server does what it does for the button without this script: with rights, checks and log, or refuses.
async function send() {
  const decision = held();
  if (!decision || settledElsewhere(decision)) return true;
  drop();
  decide(decision, "sending");
  try {
    const { status, told } = await post(decision);
    if (status === 200) { decide(decision, "sent"); tell(`${decision.label} 已通过`); return true; }
    if (status === 409 && fate(decision)?.by !== me) { tell(`${decision.label} 的通过已在另一个窗口送出`); return true; }
    if (status === 401 || status === 429) throw new Error(told.message);
    if (decision.sent && status === 409) { tell(`${decision.label} 的通过送了两次，后一次没有执行`); return true; }
    place.hidden = true;
    const problems = (told.problems ?? []).map((p) => p.message).join("；");
    warn(`没有通过 ${decision.label}：${[told.message, problems, told.remedy].filter(Boolean).join("；")}`);
  } catch (error) {
    const reason = error instanceof TypeError || error instanceof SyntaxError ? "连不上服务器" : error.message;
    keep({ ...decision, sent: true, until: Date.now() });
    warn(`${reason}。${decision.label} 的通过还没有送出，会自己再送，请不要关闭这一页。`);
    timer = setTimeout(async () => { if (await send()) warn(""); }, AGAIN);
  }
  return false;
}

function takeBack() {
  const decision = held();
  if (!decision || decision.sent || settledElsewhere(decision, true)) return;
  drop();
  decide(decision, "taken back");
  go(decision.from);
}

function go(address) {
  leaving = true;
  location.assign(address);
}

async function hold(form) {
  const sent = new FormData(form), numbers = sent.getAll("number");
  if (!await send()) return;
  if (!sent.get("on")) sent.set("on", form.dataset.today); // the day of the decision, not of its sending
  const label = numbers.length > 1 ? `${numbers[0]} 等${numbers.length}份` : numbers[0];
  keep({
    id: `${Date.now()}-${Math.random()}`, address: form.action, fields: [...sent], label, until: Date.now() + HOLD,
    from: form.dataset.from ?? `/review?number=${encodeURIComponent(numbers[0])}`,
  });
  const next = new URL(sent.get("back"), location.href);
  for (const number of numbers) next.searchParams.append("held", number);
  go(next.href);
}

// After the page's own questions about a form (nothing ticked, really?): what they stopped is not held.
document.addEventListener("submit", async (event) => {
  const form = event.target, by = event.submitter;
  if (event.defaultPrevented) return;
  if (leaving || busy) { event.preventDefault(); return; } // pressed twice: the first would be sent, not held
  if ("hold" in form.dataset && !by?.hasAttribute("formaction")) {
    event.preventDefault();
    busy = true;
    await hold(form);
    busy = false;
  } else if (held()) {
    event.preventDefault();
    busy = true;
    const sent = await send();
    busy = false;
    if (sent) form.requestSubmit(by);
  }
});

document.querySelector("[data-tick-all]")?.addEventListener("click", (event) => {
  const boxes = [...event.target.form.querySelectorAll("input[name=number]:not(:disabled)")];
  const tick = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = tick;
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !held()) return;
  event.preventDefault();
  if (await send()) location.assign(link.href);
});

document.addEventListener("keydown", (event) => {
  if (composing(event) || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key.toLowerCase() === "z" && held()) { event.preventDefault(); takeBack(); }
});

// Left by another way, or closed: it is sent with the page gone.
addEventListener("beforeunload", () => {
  const decision = leaving ? null : held();
  if (!decision || settledElsewhere(decision)) return;
  drop();
  decide(decision, "sending");
  request(decision).catch(() => {}); // nobody is there to be told; the record is still in the queue
});

// A page the browser kept as it was left: the queue has gone on since.
addEventListener("pageshow", (event) => { if (event.persisted) { leaving = true; location.reload(); } });

const found = held();
if (found && Date.now() > found.until + STALE) { // a tab brought back after the browser had died
  drop();
  warn(`${found.label} 的通过没有送出，它还在等审查，请再看一遍`);
} else if (found && !settledElsewhere(found)) showHeld(found);
