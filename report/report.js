// The page is whole without its scripts. This one adds a choice of theme, the way through the page, and paper.

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

// What does not scroll needs no stop of the keyboard.
const stopOnlyWhereItScrolls = () => {
  const regions = ".scroll, .plate, .strip, pre";
  const observer = new ResizeObserver((entries) => {
    for (const region of new Set(entries.map(({ target }) => target.closest(regions)))) {
      const scrolls = region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
      if (scrolls) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    }
  });
  for (const region of document.querySelectorAll(regions)) {
    for (const each of [region, ...region.children]) observer.observe(each);
  }
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
  document.querySelectorAll("main table").forEach(addColumnChoice);
  document.querySelectorAll(".block table").forEach(addCopying);
  stopOnlyWhereItScrolls();
  followReading();
  prepareForPaper();
  addEventListener("hashchange", reveal);
  reveal();
});
