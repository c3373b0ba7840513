// What the pages of supervisors and archivists add: a job's progress while one looks, files dropped, pages dragged.

const live = document.querySelector("[data-live]");
if (live) watch(live);

// The part that changes is asked for again until the job is over.
function watch(part) {
  const next = async () => {
    const response = await fetch(`${location.pathname}?part=job`).catch(() => null);
    if (response?.ok) part.innerHTML = await response.text();
    if (part.querySelector("[data-open]")) setTimeout(next, 1200);
  };
  if (part.querySelector("[data-open]")) setTimeout(next, 600);
}

// Files dropped on the page go the way of those chosen.
const drop = document.querySelector("[data-drop]");
if (drop) {
  const files = drop.querySelector("input[type=file]");
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  document.addEventListener("dragover", (event) => drop.classList.toggle("over", event.dataTransfer?.types.includes("Files")));
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    files.files = event.dataTransfer.files;
    drop.requestSubmit();
  });
}

// A page dragged onto a record is given to it, with all that are ticked.
const give = document.getElementById("give");
if (give) {
  give.addEventListener("dragstart", (event) => {
    const page = event.target.closest?.("[data-page]");
    if (!page) return;
    page.querySelector("input[type=checkbox]").checked = true;
    event.dataTransfer.setData("text/plain", page.dataset.page);
  });
  for (const record of document.querySelectorAll("[data-record]")) {
    record.addEventListener("dragover", (event) => { event.preventDefault(); record.classList.add("over"); });
    record.addEventListener("dragleave", () => record.classList.remove("over"));
    record.addEventListener("drop", (event) => {
      event.preventDefault();
      document.getElementById("give-to").value = record.dataset.record;
      give.requestSubmit(give.querySelector("button.main"));
    });
  }
  for (const page of give.querySelectorAll("[data-page]")) page.draggable = true; // not before someone hears of it
}
