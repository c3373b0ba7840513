// What is typed, saved by itself: after each pause, one request at a time, until the server has answered it.
// A request whose answer was lost is sent again as it was, word for word, before anything newer: the revision it goes on
// from and what it says are its key, so that the server knows it and keeps nothing twice.

import { ask, later, warn } from "./desk.js";

const PAUSE = 600, AGAIN = 4000, SMALL = 60_000; // milliseconds; bytes a page that is left may still send
const NAMED = 4; // places named before the rest is counted

export function named(places) {
  const shown = places.slice(0, NAMED).join("、");
  return places.length > NAMED ? `${shown}等${places.length}处` : shown;
}

export const toldBy = (told) => `${told.message}${told.remedy ? `；${told.remedy}` : ""}`;

// `snapshot()` gives { sent, places, ... }: what to send, and a Map of what stands at each place; `label` names a place.
// `took(told, snapshot)` shows the answer. `moved(told, kept)` brings in what another window saved since `kept`, or
// asks the person and answers false.
export function saver({ form, snapshot, took, moved, label = (place) => place }) {
  const saved = document.getElementById("saved");
  let kept = snapshot().places, open = null, running = null, timer = 0;
  let stopped = false, failing = false, over = false, syllable = false;

  function unsaved() {
    const now = snapshot().places;
    const places = [...now.keys()].filter((place) => now.get(place) !== kept.get(place));
    return places.concat([...kept.keys()].filter((place) => !now.has(place))).map(label);
  }

  function again(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(save, milliseconds);
  }

  function fail(reason, more = "") {
    failing = true;
    saved.textContent = "没有保存";
    const places = unsaved();
    warn(`${reason}。${places.length ? `还没有保存：${named(places)}` : "还没有保存"}${more}`);
  }

  const stays = "。内容还在这一页上，会自己再试；请不要关闭这一页。";

  // Tells whether what the page shows is what the server has.
  function save() {
    running ??= round().finally(() => { running = null; });
    return running;
  }

  async function round() {
    for (;;) {
      if (stopped || over || (syllable && !open)) return false; // the end of a composition saves
      clearTimeout(timer);
      open ??= snapshot();
      open.sent.set("token", document.body.dataset.token);
      saved.textContent = "正在保存…";
      let status, told;
      try {
        ({ status, told } = await ask(form.dataset.save, open.sent));
        if (status >= 502) throw new Error("a server between us has no answer");
      } catch {
        fail("连不上服务器", stays);
        again(AGAIN);
        return false;
      }
      if (status === 401 || status === 429) {
        fail(told.message, stays);
        again(AGAIN * 2);
        return false;
      }
      const asked = open;
      open = null;
      if (status === 200) {
        form.elements.revision.value = told.revision;
        kept = asked.places;
        failing = false;
        warn("");
        saved.textContent = told.saved_at ? `${told.saved_at.slice(11, 16)} 已保存` : "写了会自己保存";
        took(told, asked);
        others?.postMessage({ from: me, revision: told.revision });
        if (!unsaved().length) return true;
      } else if (status === 409 && told.revision && moved(told, kept)) {
        form.elements.revision.value = told.revision;
      } else if (status === 409 && told.revision) {
        stopped = true; // until the person chose
        saved.textContent = "没有保存";
        return false;
      } else {
        stopped = status === 409;
        fail(toldBy(told));
        return false;
      }
    }
  }

  // Other windows of this browser: each page is one of its own, also one that was duplicated, and says what it has open.
  const me = String(Math.random()), others = "BroadcastChannel" in window ? new BroadcastChannel(form.dataset.save) : null;
  others?.addEventListener("message", ({ data }) => {
    if (data.from === me) return;
    const note = document.getElementById("beside");
    if (note) note.hidden = false;
    if (data.opened) others.postMessage({ from: me });
    else if (data.revision && data.revision !== Number(form.elements.revision.value)) save();
  });
  others?.postMessage({ from: me, opened: true });

  form.addEventListener("compositionstart", () => { syllable = true; });
  form.addEventListener("compositionend", () => { syllable = false; }, true);
  addEventListener("online", () => { if (failing) save(); });
  addEventListener("beforeunload", (event) => {
    if (over) return;
    if (failing || stopped) { event.preventDefault(); return; }
    if (!unsaved().length) return;
    const { sent } = snapshot();
    if (running || String(sent).length > SMALL) event.preventDefault();
    else fetch(form.dataset.save, { method: "POST", body: sent, keepalive: true, headers: { accept: "application/json" } });
  });

  return {
    save,
    pause: later(save, PAUSE),
    unsaved,
    // Goes on after the person chose which of two windows' words stand.
    goOn(revision) { form.elements.revision.value = revision; stopped = failing = false; warn(""); return save(); },
    // The page is left on purpose: what it shows was made a record.
    done() { over = true; },
  };
}
