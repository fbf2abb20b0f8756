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

document.addEventListener("htmx:afterSwap", (event) => localize(event.target.parentElement ?? document));
localize(document);
