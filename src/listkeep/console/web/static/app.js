// The console's few scripts: times in the reader's zone, keys, and the sheet of keys.

const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const localize = (within) => {
  for (const time of within.querySelectorAll("time[datetime]:not([data-zoned])")) {
    time.textContent = zoned.format(new Date(time.dateTime));
    time.dataset.zoned = "";
  }
};

const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const sheet = document.getElementById("help");
  if (sheet?.open) return;
  if (event.key === "?") {
    sheet?.showModal();
  } else if (event.key === "/") {
    const field = document.querySelector("main input:not([type=hidden]), main select");
    if (!field) return;
    field.focus();
  } else {
    const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!link) return;
    link.click();
  }
  event.preventDefault();
});

// What is too dear to count every few seconds is counted once more at the end.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "so-far" || target.hasAttribute("hx-get")) return;
  document.querySelector("[data-when-over]")?.dispatchEvent(new Event("over"));
});

document.addEventListener("htmx:afterSwap", (event) => localize(event.target.parentElement ?? document));
localize(document);

// What was typed into a form stays until it is sent: also on the way to the dock and
// back, and when a session ended meanwhile. It lies in this tab alone.
const isKept = (field) => field?.name && !["hidden", "submit"].includes(field.type);

const putBack = (form, place) => {
  const kept = JSON.parse(sessionStorage.getItem(place) ?? "{}");
  const said = new URLSearchParams(location.search);
  for (const field of form.elements) {
    const text = kept[field.name];
    if (!isKept(field) || text === undefined || said.has(field.name)) continue;
    if (["radio", "checkbox"].includes(field.type)) field.checked = text.includes(field.value);
    else [field.value] = text;
    if (field.hasAttribute("hx-get")) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

const keep = (form, place) => {
  const typed = new FormData(form);
  const names = [...form.elements].filter(isKept).map((field) => field.name);
  sessionStorage.setItem(place, JSON.stringify(Object.fromEntries(names.map((name) => [name, typed.getAll(name)]))));
};

// After htmx has read the page, so that it hears of fields that were put back.
document.addEventListener("DOMContentLoaded", () => {
  const { sent } = document.querySelector("[data-sent]")?.dataset ?? {};
  if (sent) for (const kind of ["send", "standing", "copy", "undo"]) sessionStorage.removeItem(`keep ${kind} ${sent}`);
  for (const form of document.querySelectorAll("form[data-keep]")) {
    const place = `keep ${form.dataset.keep}`;
    if (!document.querySelector("main [role=alert]")) putBack(form, place);
    form.addEventListener("input", () => keep(form, place));
  }
});
