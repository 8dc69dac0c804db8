"use strict";

// The page is whole without this script, which adds a choice of theme, sorting, filtering and copying.

const root = document.documentElement;
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = () => (darkSystem.matches ? "dark" : "light");
const themeNow = () => root.dataset.theme ?? systemTheme();

const choose = (theme) => {
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  else delete root.dataset.theme;
};
const remember = (theme) => {
  // A page opened from a file may have no storage.
  try {
    if (theme) localStorage.setItem("skinkd-theme", theme);
    else localStorage.removeItem("skinkd-theme");
  } catch { /* then the choice lasts as long as the page */ }
};
const recall = () => {
  try { return localStorage.getItem("skinkd-theme"); } catch { return null; }
};
// Before anything is drawn, or a dark room sees a white page first.
choose(recall());

const addTheme = () => {
  const button = document.getElementById("theme");
  const other = () => (themeNow() === "dark" ? "light" : "dark");
  const name = () => {
    button.textContent = other() === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `${button.textContent} theme`);
  };
  button.addEventListener("click", () => {
    // Who wants what the system wants follows the system again.
    const wanted = other() === systemTheme() ? null : other();
    choose(wanted);
    remember(wanted);
    name();
  });
  darkSystem.addEventListener("change", name);
  button.hidden = false;
  name();
};

const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
const textOf = (cell) => cell.firstChild?.textContent.trim() ?? "";

const keyOf = (row, column) => {
  const cell = row.cells[column];
  const number = cell.dataset.value ?? cell.dataset.low;
  return number === undefined ? cell.textContent.trim() : Number(number);
};

// Words stand below numbers in both directions: most of them say that there is no number.
const compare = (a, b, sign) => {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
};

const sortBy = (table, header) => {
  const column = header.cellIndex;
  const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => compare(keyOf(a, column), keyOf(b, column), sign)));
};

const addSorting = (table) => {
  if (table.tBodies[0].rows.length < 3) return;
  for (const header of table.tHead.rows[0].cells) {
    const button = element("button", { type: "button", className: "sort", title: "Sort by this column" });
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(table, header));
    header.append(button);
  }
};

// One button for each word of a column of verdicts.
const choicesOf = (words) => [...new Set(words)].map((word) => {
  const count = words.filter((other) => other === word).length;
  const button = element("button", { type: "button", className: "choice", value: word, ariaPressed: "false" });
  button.append(`${word} `, element("span", { className: "count" }, String(count)));
  return button;
});

// A row is shown if it holds every word, and one of the verdicts whose buttons are pressed, if any is.
const addFilter = (table) => {
  const header = table.querySelector("th[data-choices]");
  const rows = [...table.tBodies[0].rows].map((row) => (
    { row, text: row.textContent.toLowerCase(), word: header ? textOf(row.cells[header.cellIndex]) : "" }
  ));
  const input = element("input", { type: "search", placeholder: "words that a row must hold" });
  const choices = header ? choicesOf(rows.map(({ word }) => word)) : [];
  const status = element("span", { role: "status" });
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    const pressed = choices.filter((choice) => choice.ariaPressed === "true").map((choice) => choice.value);
    for (const { row, text, word } of rows) {
      row.hidden = !words.every((each) => text.includes(each)) || (pressed.length > 0 && !pressed.includes(word));
    }
    status.textContent = `${rows.filter(({ row }) => !row.hidden).length} of ${rows.length} rows`;
  };
  input.addEventListener("input", apply);
  for (const choice of choices) {
    choice.addEventListener("click", () => {
      choice.ariaPressed = String(choice.ariaPressed !== "true");
      apply();
    });
  }
  const region = table.closest(".scroll");
  const properties = { className: "filter", role: "search", ariaLabel: `Rows of ${region.ariaLabel}` };
  region.before(element("div", properties, element("label", {}, "Filter ", input), ...choices, status));
  apply();
};

// What is shown, in its order, with the unrounded numbers behind it; tabs and lines, as spreadsheets want it.
const sheetOf = (table) => {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.hidden);
  const cellText = (cell) => cell.dataset.value ?? textOf(cell).replace(/\s+/g, " ");
  const lines = rows.map((row) => {
    const group = row.parentElement.rows[0].cells[0];
    const own = [...row.cells].map(cellText);
    return group.scope === "rowgroup" && !row.contains(group) ? [textOf(group), ...own] : own;
  });
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  return [heads, ...lines].map((line) => line.join("\t")).join("\n");
};

const addCopying = (table) => {
  if (!navigator.clipboard) return;
  const status = element("span", { role: "status" });
  const button = element("button", { type: "button", className: "copy" }, "copy");
  button.title = "Copy the rows shown, with unrounded numbers";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(sheetOf(table));
      status.textContent = " copied";
    } catch {
      status.textContent = " the browser did not allow it";
    }
  });
  table.closest(".block").querySelector(".files").append(" · ", button, status);
};

// What does not scroll needs no stop of the keyboard.
const stopOnlyWhereItScrolls = () => {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      if (scrolls) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const region of document.querySelectorAll(".scroll, .plate, .strip, pre")) observer.observe(region);
};

// Marks the link to what stands at the top of the window, or at its end where the page ends.
const markRead = (links) => {
  const ended = scrollY + innerHeight >= root.scrollHeight - 2;
  const line = innerHeight * (ended ? 1 : 0.25);
  const topOf = (link) => document.getElementById(link.hash.slice(1)).getBoundingClientRect().top;
  const read = links.filter((link) => topOf(link) < line).at(-1) ?? links[0];
  if (read.ariaCurrent) return;
  for (const link of links) link.ariaCurrent = link === read ? "true" : null;
};

const followReading = () => {
  const contents = document.getElementById("contents");
  const links = [...contents.querySelectorAll("a")];
  let waiting = false;
  const mark = () => {
    if (!waiting) requestAnimationFrame(() => { waiting = false; markRead(links); });
    waiting = true;
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
  });
};

const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
};

// Paper shows what is folded, also where the style sheet cannot. Chromium repeats the words of a head on
// the next page, but no buttons.
const prepareForPaper = () => {
  let restore = [];
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      restore.push(() => { fold.open = false; });
    }
    for (const button of document.querySelectorAll("button.sort")) {
      const words = [...button.childNodes];
      button.replaceWith(...words);
      restore.push(() => { words[0].before(button); button.append(...words); });
    }
  });
  addEventListener("afterprint", () => {
    for (const each of restore) each();
    restore = [];
  });
};

document.addEventListener("DOMContentLoaded", () => {
  addTheme();
  document.querySelectorAll("table[data-sortable]").forEach(addSorting);
  document.querySelectorAll("table[data-filtered]").forEach(addFilter);
  document.querySelectorAll(".block table").forEach(addCopying);
  stopOnlyWhereItScrolls();
  followReading();
  prepareForPaper();
  addEventListener("hashchange", reveal);
  reveal();
});
