// Draws each series of a page anew, from the table behind it, so that one can go along it.

const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const number = new Intl.NumberFormat();
const drawn = new Set();

// Seconds since 1970 and the numbers of each line that is drawn; steps the table leaves
// out, because nothing happened in them, are noughts.
const read = (figure) => {
  const step = Number(figure.dataset.step);
  const heads = [...figure.querySelectorAll("details th[data-look]")];
  const known = new Map();
  for (const row of figure.querySelectorAll("details tbody tr")) {
    const at = Date.parse(row.querySelector("time").dateTime) / 1000;
    known.set(at, heads.map((head) => Number(row.cells[head.cellIndex].dataset.value)));
  }
  const times = [];
  const last = Date.parse(figure.dataset.last) / 1000;
  for (let at = Date.parse(figure.dataset.first) / 1000; at <= last; at += step) times.push(at);
  const lines = heads.map((_, line) => times.map((at) => known.get(at)?.[line] ?? 0));
  if (times.length === 1) {
    // One step alone stands in the middle; a level holds until its end.
    for (const line of lines) line.splice(0, 1, null, line[0], "stepped" in figure.dataset ? line[0] : null);
    times.splice(0, 1, times[0] - step, times[0], times[0] + step);
  }
  return { step, heads, data: [times, ...lines] };
};

const colorOf = (figure, look) => getComputedStyle(figure.querySelector(`.key.${CSS.escape(look)}`)).backgroundColor;

const options = (figure, { step, heads, data }, width) => {
  const style = getComputedStyle(figure);
  const axis = {
    stroke: style.color,
    grid: { stroke: style.getPropertyValue("border-top-color"), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  const stepped = "stepped" in figure.dataset;
  const when = step >= 86400 ? day : zone;
  return {
    width,
    height: 180,
    legend: { live: true },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high, 1) * 1.05] } },
    axes: [
      axis,
      { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number.format(tick) : "")) },
    ],
    series: [
      { label: figure.dataset.time, value: (_plot, at) => (at == null ? "–" : when.format(at * 1000)) },
      ...heads.map((head) => {
        const color = colorOf(figure, head.dataset.look);
        return {
          label: head.textContent,
          stroke: color,
          fill: stepped ? undefined : `color-mix(in srgb, ${color} 25%, transparent)`,
          width: 2,
          points: { show: data[0].length <= 3 || (!stepped && data[0].length <= 60) },
          paths: stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
          value: (_plot, value) => (value == null ? "–" : number.format(value)),
        };
      }),
    ],
  };
};

const draw = (figure) => {
  const found = read(figure);
  const place = figure.querySelector(".plot");
  if (!found.data[0].length || place.clientWidth < 50) return;
  const before = place.plot;
  place.replaceChildren();
  before?.destroy();
  place.plot = new uPlot(options(figure, found, place.clientWidth), found.data, place);
  place.tabIndex = 0;
  place.onkeydown = (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!steps) return;
    const plot = place.plot;
    const at = Math.min(Math.max((plot.cursor.idx ?? 0) + steps, 0), found.data[0].length - 1);
    plot.setCursor({ left: plot.valToPos(found.data[0][at], "x"), top: 0 });
    event.preventDefault();
  };
  drawn.add(figure);
};

const drawAll = () => {
  for (const figure of drawn) if (!figure.isConnected) drawn.delete(figure);
  document.querySelectorAll("figure.series").forEach(draw);
};

let waiting;
window.addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(drawAll);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
document.addEventListener("htmx:afterSwap", drawAll);
// Who reads the table or goes along the picture is not interrupted by a newer one.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target } = event.detail;
  if (target.querySelector("figure.series details[open], .plot:focus")) event.detail.shouldSwap = false;
});
drawAll();
