"use strict";

// The page is whole without this script, which adds sorting, filtering and a choice of theme.

const keyOf = (row, column) => {
  const cell = row.cells[column];
  const low = cell.dataset.value ?? cell.dataset.low;
  return low === undefined ? cell.textContent.trim() : Number(low);
};

const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === typeof b) return a.localeCompare(b, "en", { numeric: true });
  return typeof a === "number" ? -1 : 1;
};

const sortBy = (table, column, header) => {
  const descending = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => compare(keyOf(a, column), keyOf(b, column)));
  body.append(...(descending ? rows.reverse() : rows));
};

for (const table of document.querySelectorAll("table[data-sortable]")) {
  if (table.tBodies[0].rows.length < 3) continue;
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.title = "Sort by this column";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(table, column, header));
    header.append(button);
  });
}

for (const table of document.querySelectorAll("table[data-filtered]")) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const count = document.createElement("span");
  const rows = [...table.tBodies[0].rows];
  label.className = "filter";
  input.type = "search";
  input.placeholder = "paper, arm, metric, verdict …";
  count.setAttribute("role", "status");
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  };
  input.addEventListener("input", apply);
  label.append("Filter", input, count);
  table.closest(".scroll").before(label);
  apply();
}

const remember = (theme) => {
  try { localStorage.setItem("theme", theme); } catch { /* a page opened from a file may have no storage */ }
};
const recall = () => {
  try { return localStorage.getItem("theme"); } catch { return null; }
};
const button = document.getElementById("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");
const themeNow = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
const name = () => {
  const other = themeNow() === "dark" ? "Light" : "Dark";
  button.textContent = other;
  button.setAttribute("aria-label", `${other} theme`);
};
const known = recall();
if (known === "dark" || known === "light") document.documentElement.dataset.theme = known;
button.addEventListener("click", () => {
  const theme = themeNow() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  remember(theme);
  name();
});
dark.addEventListener("change", name);
button.hidden = false;
name();

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((found) => found.isIntersecting)) {
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id).setAttribute("aria-current", "true");
  }
}, { rootMargin: "-10% 0px -80% 0px" });
for (const id of links.keys()) seen.observe(document.getElementById(id));

const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  if (target) target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
