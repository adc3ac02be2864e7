/*
 * Copyright (c) 2026, faxnet.deploy contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
// The page says everything without this script. It finds rows, closes what covers others, and opens all for paper.
"use strict";
(() => {
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  const box = document.querySelector(".find");
  const field = box.querySelector("input");
  const said = box.querySelector("output");

  // What is found or not: rows of the grid by their names; rows of tables, findings, and sheets that hold no table.
  const grid = all(".wide .matrix tbody tr:not(.group)");
  const rows = all("main tbody tr, .finding").filter((row) => !row.closest(".matrix"));
  const sheets = all(".sheet");
  const lists = sheets.filter((sheet) => !sheet.querySelector("tr"));
  const words = new Map();
  const wordsOf = (item) => {
    if (!words.has(item)) {
      words.set(item, (grid.includes(item) ? item.querySelector("th") : item).textContent.toLowerCase());
    }
    return words.get(item);
  };
  const wasOpen = new Map();

  const find = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    const matches = (item) => wanted.every((word) => wordsOf(item).includes(word));
    // A grid where nobody is meant stays as it is: what was found may be part of it.
    const meant = grid.some(matches);
    grid.forEach((row) => { row.hidden = meant && !matches(row); });
    for (const item of [...rows, ...lists]) {
      item.hidden = !matches(item);
      shown += !item.hidden;
    }
    for (const sheet of sheets) {
      const inside = all("tbody tr", sheet);
      if (inside.length) {
        // The name of a sheet stands for all its rows.
        const title = sheet.querySelector("summary").textContent.toLowerCase();
        if (wanted.length && wanted.every((word) => title.includes(word))) {
          inside.forEach((row) => { shown += row.hidden; row.hidden = false; });
        }
        sheet.hidden = inside.every((row) => row.hidden);
      }
      if (wanted.length && !wasOpen.has(sheet)) wasOpen.set(sheet, sheet.open);
      if (wanted.length) sheet.open = !sheet.hidden;
      else if (wasOpen.has(sheet)) sheet.open = wasOpen.get(sheet);
    }
    for (const title of all(".wide .matrix tbody tr.group")) {
      title.hidden = all("tr:not(.group)", title.parentElement).every((row) => row.hidden);
    }
    if (!wanted.length) wasOpen.clear();
    said.textContent = wanted.length ? `${shown} of ${rows.length + lists.length}` : "";
  };
  let due = 0;
  field.addEventListener("input", () => { clearTimeout(due); due = setTimeout(find, 120); });
  box.hidden = false;

  // Pop-ups of the grid: Esc or a click beside one closes it.
  const opened = () => document.querySelector(".matrix details[open]");
  document.addEventListener("keydown", (event) => {
    const details = opened();
    if (event.key === "Escape" && details) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const details = opened();
    if (details && !details.contains(event.target)) details.open = false;
  });

  // On paper nothing can be opened later.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])").filter((details) => !details.closest(".matrix"));
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => { closed.forEach((details) => { details.open = false; }); });
})();
