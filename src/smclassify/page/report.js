"use strict";

// --- the table of unsure rows -----------------------------------------------

const MOST_CHOICES = 60;

function addFilter(table, column) {
  const name = column.header().textContent;
  const cells = column.nodes().toArray().map((cell) => cell.textContent);
  const choices = [...new Set(cells)].sort((a, b) => a.localeCompare(b));
  if (choices.length < 2 || choices.length > MOST_CHOICES) return;
  const select = document.createElement("select");
  select.add(new Option("all", "all"));
  choices.forEach((choice, place) => select.add(new Option(choice || "(blank)", String(place))));
  const label = document.createElement("label");
  label.append(name, select);
  document.getElementById("filters").append(label);
  select.addEventListener("change", () => {
    const wanted = select.value === "all" ? null : choices[Number(select.value)];
    column.search.fixed("choice", wanted === null ? null : (_text, _row, place) => cells[place] === wanted).draw();
  });
}

if (document.getElementById("unsure")) {
  const names = [...document.querySelectorAll("#unsure th")].map((header) => header.textContent);
  const table = new DataTable("#unsure", {
    autoWidth: false,
    drawCallback() {
      // what a narrow screen shows before each value
      for (const cell of document.querySelectorAll("#unsure tbody td")) {
        if (cell.cellIndex !== 1) cell.dataset.name = names[cell.cellIndex];
      }
    },
    lengthMenu: [10, 25, 100, { label: "all", value: -1 }],
    order: [],
    pageLength: 25,
    layout: { topStart: "search", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" },
    language: {
      info: "_START_ to _END_ of _TOTAL_ rows",
      infoEmpty: "0 rows",
      infoFiltered: "(chosen from _MAX_)",
      lengthMenu: "Rows a page _MENU_",
      search: "Search",
      zeroRecords: "No row fits.",
    },
  });
  table.columns("[data-filter]").every(function () {
    addFilter(table, this);
  });
}

// --- charts -----------------------------------------------------------------

const BAR = 22;
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

/** Return what a custom property stands for in the theme in use. */
function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

function partColour(part) {
  return colour(Number.isInteger(part.colour) ? `label-${part.colour % 8}` : part.colour);
}

function paint(chart) {
  for (const dataset of chart.data.datasets) {
    dataset.backgroundColor = partColour(dataset.part);
  }
  chart.options.color = colour("text");
  for (const scale of Object.values(chart.options.scales)) {
    scale.ticks.color = colour("text");
    scale.grid.color = colour("line");
  }
  chart.update();
}

function cut(text) {
  const signs = Array.from(text);
  return signs.length > 28 ? `${signs.slice(0, 27).join("")}…` : text;
}

function draw({ id, bars, series, isUpright }) {
  const box = document.getElementById(`chart-${id}`);
  if (!box) return null;
  const used = series.filter((part) => part.lengths.some((length) => length > 0));
  box.style.height = isUpright ? "17rem" : `${bars.length * BAR + 70}px`;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Bar chart of the figures that are also here as a table.");
  box.append(canvas);
  const along = { stacked: true, beginAtZero: true, ticks: { precision: 0, maxRotation: 0 }, grid: {} };
  const across = {
    stacked: true,
    ticks: { autoSkip: isUpright, maxRotation: isUpright ? 60 : 0, callback: (place) => cut(bars[place]) },
    grid: { display: false },
  };
  const chart = new Chart(canvas, {
    type: "bar",
    data: {
      labels: bars,
      datasets: used.map((part) => ({ label: part.name, data: part.lengths, part, maxBarThickness: 40 })),
    },
    options: {
      animation: false,
      indexAxis: isUpright ? "x" : "y",
      maintainAspectRatio: false,
      interaction: { mode: "index", axis: isUpright ? "x" : "y", intersect: false },
      plugins: {
        colors: { enabled: false },
        legend: { display: id !== "labels", position: "top", align: "start" },
        tooltip: { filter: (item) => item.raw > 0 },
      },
      scales: isUpright ? { x: across, y: along } : { x: along, y: across },
    },
  });
  paint(chart);
  return chart;
}

const charts = JSON.parse(document.getElementById("charts").textContent).map(draw).filter(Boolean);

// --- theme ------------------------------------------------------------------

const theme = document.getElementById("theme");

function setTheme(scheme) {
  document.documentElement.style.colorScheme = scheme;
  charts.forEach(paint);
}

theme.addEventListener("change", () => setTheme(theme.value));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(theme.value));

let closed = [];

addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
  setTheme("light");
  charts.forEach((chart) => chart.resize());
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
  setTheme(theme.value);
  charts.forEach((chart) => chart.resize());
});

// --- definitions ------------------------------------------------------------

const tip = document.getElementById("tip");
let shown = null;

function show(term) {
  shown = term;
  tip.textContent = document.getElementById(term.getAttribute("aria-describedby")).textContent;
  tip.hidden = false;
  const [of, own] = [term.getBoundingClientRect(), tip.getBoundingClientRect()];
  const room = document.documentElement.clientWidth;
  const fits = of.bottom + own.height + 8 < document.documentElement.clientHeight || of.top < own.height + 8;
  tip.style.left = `${scrollX + Math.max(8, Math.min(of.left, room - own.width - 8))}px`;
  tip.style.top = `${scrollY + (fits ? of.bottom + 4 : of.top - own.height - 4)}px`;
}

function hide() {
  shown = null;
  tip.hidden = true;
}

document.addEventListener("pointerover", (event) => {
  const term = event.target.closest(".term");
  if (term) show(term);
  else if (shown && !tip.contains(event.target) && shown !== document.activeElement) hide();
});
document.addEventListener("focusin", (event) => (event.target.matches(".term") ? show(event.target) : hide()));
document.addEventListener("focusout", hide);
document.addEventListener("click", (event) => {
  const term = event.target.closest(".term");
  if (term) show(term);
  else if (!tip.contains(event.target)) hide();
});
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());

document.getElementById("without-scripts").remove();
