"use strict";

// What a reader can do with a table: sort it, filter its rows, choose its columns, copy it.

const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
const textOf = (cell) => cell.firstChild?.textContent.trim() ?? "";
const wordsOf = (head) => head.textContent.trim();

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
    const counts = [rows.filter(({ row }) => !row.hidden).length, rows.length];
    status.textContent = `${counts.map((count) => count.toLocaleString("en")).join(" of ")} rows`;
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

// A table with fewer columns fits most windows.
const WIDE_COLUMNS = 8;
// The name of a group stands in its first row alone: the other rows have a cell less.
const cellsOf = (table, column) => [...table.rows].map((row) => (
  row.cells[column - table.tHead.rows[0].cells.length + row.cells.length]
));

// Every column can be left out but the first, which says what a row is about. Nothing is remembered.
const addColumnChoice = (table) => {
  const [first, ...heads] = table.tHead.rows[0].cells;
  if (heads.length + 1 < WIDE_COLUMNS || table.querySelector("td[colspan]")) return;
  const region = table.closest(".scroll");
  const count = element("span", { className: "count" });
  const leftOut = element("p", { className: "left-out", role: "status" });
  const boxes = heads.map(() => element("input", { type: "checkbox", checked: true, autocomplete: "off" }));
  const labels = heads.map((head, index) => element("label", {}, boxes[index], ` ${wordsOf(head)}`));
  const every = element("button", { type: "button" }, "Show every column");
  const apply = () => {
    boxes.forEach((box, index) => {
      for (const cell of cellsOf(table, first.cellIndex + 1 + index)) cell.hidden = !box.checked;
    });
    const absent = heads.filter((head) => head.hidden).map(wordsOf);
    count.textContent = `${heads.length + 1 - absent.length} of ${heads.length + 1}`;
    leftOut.textContent = absent.length ? `Columns left out by the reader: ${absent.join("; ")}.` : "";
  };
  const fields = element("fieldset", {}, element("legend", {}, `Columns of ${region.ariaLabel}`), ...labels, every);
  fields.addEventListener("change", apply);
  every.addEventListener("click", () => {
    for (const box of boxes) box.checked = true;
    apply();
  });
  region.before(element("details", { className: "columns" }, element("summary", {}, "Columns ", count), fields));
  region.after(leftOut);
  apply();
};

// What is shown, in its order, with the unrounded numbers behind it; tabs and lines, as spreadsheets want it.
const sheetOf = (table) => {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.hidden);
  const cellText = (cell) => cell.dataset.value ?? textOf(cell).replace(/\s+/g, " ");
  const shown = (row) => [...row.cells].filter((cell) => !cell.hidden);
  const lines = rows.map((row) => {
    const group = row.parentElement.rows[0].cells[0];
    const own = shown(row).map(cellText);
    return group.scope === "rowgroup" && !row.contains(group) ? [textOf(group), ...own] : own;
  });
  const heads = shown(table.tHead.rows[0]).map(wordsOf);
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
