"use strict";
// Comfort for a page that is complete without it. No text becomes markup here.
const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const plain = (text) => text.toLowerCase().replaceAll("[.]", ".").replaceAll("hxxp", "http");

// Tables: a button in each head sorts, a box above long ones filters.
each("table[data-sort]", (table) => {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("n");
      const was = head.getAttribute("aria-sort");
      const next = was ? (was === "ascending" ? "descending" : "ascending") : numeric ? "descending" : "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const rows = Array.from(body.rows);
      rows.sort((a, b) => sign * compare(value(a, column), value(b, column)));
      body.append(...rows);
    });
  });
  if (table.dataset.filter && body.rows.length > 8) {
    const input = make("input", { type: "search" });
    const count = make("span", {});
    count.setAttribute("role", "status");
    table.parentElement.before(make("label", { className: "filter" }, table.dataset.filter, input, count));
    input.addEventListener("input", () => {
      const wanted = plain(input.value);
      let matches = 0;
      for (const row of body.rows) {
        row.hidden = !plain(row.textContent).includes(wanted);
        matches += row.hidden ? 0 : 1;
      }
      count.textContent = wanted ? `${matches} of ${body.rows.length}` : "";
    });
  }
});

// Findings: by text and by severity, in overviews and cards alike.
const cards = Array.from(document.querySelectorAll(".card"));
const rows = Array.from(document.querySelectorAll(".overview tbody tr"));
if (cards.length > 1) {
  const levels = ["critical", "high", "medium", "low", "info"].filter((level) =>
    [...cards, ...rows].some((item) => item.dataset.severity === level));
  const search = make("input", { type: "search" });
  const count = make("span", {});
  count.setAttribute("role", "status");
  const boxes = levels.map((level) => make("input", { type: "checkbox", checked: true, value: level }));
  const severities = make("fieldset", {}, make("legend", {}, "Severity"),
    ...boxes.map((box) => make("label", {}, box, box.value)));
  const bar = make("div", { className: "filters" }, make("label", {}, "Filter findings", search), severities, count);
  bar.setAttribute("role", "search");
  document.getElementById("findings").before(bar);
  // Each stream: its heading counts what fits, and an overview without a row is no bare head.
  const streams = Array.from(document.querySelectorAll(".stream"), (section) => {
    const number = section.querySelector(".fitting");
    const own = [".card", ".overview tbody tr"].map((kind) => Array.from(section.querySelectorAll(kind)));
    const items = own[0].length < own[1].length ? own[1] : own[0];
    const overview = section.querySelector(".overview");
    const none = make("p", { className: "empty", hidden: true }, "No finding matches the filter.");
    section.querySelector(".lead").after(none);
    return () => {
      const fitting = items.filter((item) => !item.hidden).length;
      number.textContent = fitting === items.length ? "" : `${fitting.toLocaleString("en")} of `;
      none.hidden = !items.length || fitting > 0;
      if (overview) overview.parentElement.hidden = fitting === 0;
    };
  });
  const apply = () => {
    const wanted = plain(search.value);
    const on = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const fits = (item) => on.has(item.dataset.severity) && plain(item.textContent).includes(wanted);
    for (const item of [...cards, ...rows]) item.hidden = !fits(item);
    const left = cards.filter((card) => !card.hidden).length;
    count.textContent = left === cards.length ? "" : left
      ? `${left} of ${cards.length} findings in full` : "No finding matches the filter";
    for (const stream of streams) stream();
  };
  bar.addEventListener("input", apply);
}

// Links open what they lead to, and what hides it.
const open = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const card = target.closest(".card");
  if (card) card.hidden = false;
  for (let place = target; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  target.scrollIntoView();
  const summary = target.previousElementSibling;
  if (summary && summary.tagName === "SUMMARY") summary.focus({ preventScroll: true });
};
addEventListener("hashchange", open);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link && link.getAttribute("href") === location.hash) open();
});

// Commands: a button each, made when they come to light.
const copied = async (code, button) => {
  let done = true;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // Pages from a file may not write to the clipboard by themselves; a selection may be copied.
    getSelection().selectAllChildren(code);
    done = document.execCommand("copy");
  }
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
};
const equip = (root) => each("code.cmd", (code) => {
  const hiding = code.closest("details:not([open])");
  if (hiding || code.dataset.copy) return;
  code.dataset.copy = "1";
  const button = make("button", { type: "button", className: "copy" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${code.textContent.slice(0, 60)}`);
  button.addEventListener("click", () => copied(code, button));
  const place = make("span", { className: "copyable" });
  code.replaceWith(place);
  place.append(code, button);
}, root);
equip(document);
document.addEventListener("toggle", (event) => equip(event.target), true);

// Switches at the top.
const tools = document.querySelector(".tools");
const press = (text, act) => {
  const button = make("button", { type: "button" }, text);
  button.addEventListener("click", () => act(button));
  tools.append(button);
};
const originals = new Map();
press("Show real names", (button) => {
  const real = button.textContent === "Show real names";
  each(".h", (element) => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (!originals.has(text)) originals.set(text, text.data);
      const kept = originals.get(text);
      text.data = real ? kept.replaceAll("[.]", ".").replace(/hxxp(?=s?:)/i, "http") : kept;
    }
  });
  document.querySelector(".shown").hidden = real;
  button.textContent = real ? "Show defanged names" : "Show real names";
});
press("Open all", (button) => {
  const opened = button.textContent === "Open all";
  each(".card > details, .dossier", (details) => { details.open = opened; });
  button.textContent = opened ? "Close all" : "Open all";
});
press("Dark", (button) => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  button.textContent = dark ? "Dark" : "Light";
});
if (matchMedia("(prefers-color-scheme: dark)").matches) tools.lastChild.textContent = "Light";

// Paper has no arrows to open things with.
const shut = [];
addEventListener("beforeprint", () => each("details:not([open], .long)", (details) => { shut.push(details); details.open = true; }));
addEventListener("afterprint", () => { while (shut.length) shut.pop().open = false; });
open();
