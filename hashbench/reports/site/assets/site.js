// Sorting and filtering of the tables. Without it everything is there, in the order of the page.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Sorting -----------------------------------------------------------------------------------------

  const words = new Intl.Collator("en", { numeric: true });

  // "0.512 ± 0.004" and "32 · aqd" count as their first number, "–" as none.
  const amount = (text) => parseFloat(text.replaceAll(",", ""));

  function compare(kind) {
    if (kind === "text") return words.compare;
    return (one, other) => amount(one) - amount(other);
  }

  function sort(table, header) {
    const { sort: kind, first } = header.dataset;
    const second = first === "ascending" ? "descending" : "ascending";
    const direction = header.getAttribute("aria-sort") === first ? second : first;
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const order = compare(kind);
    const unknown = ([text]) => kind === "number" && Number.isNaN(amount(text));
    // The rows of the ceiling are a part of their own, which stays last.
    for (const body of table.tBodies) {
      const rows = all("tr.row", body);
      const keyed = rows.map((row) => [row.cells[header.cellIndex].textContent.trim(), row]);
      keyed.sort((one, other) => unknown(one) - unknown(other) || sign * (order(one[0], other[0]) || 0));
      body.append(...keyed.map(([, row]) => row));
    }
    table.dataset.sorted = "";
  }

  for (const table of all("table.sortable")) {
    for (const header of all("th[data-sort]", table)) {
      const button = document.createElement("button");
      button.type = "button";
      const name = header.querySelector("span");
      name.replaceWith(button);
      button.append(...name.childNodes);
      button.addEventListener("click", () => sort(table, header));
    }
  }

  // What does not scroll is no stop for the tabulator key -------------------------------------------

  const scrolls = (part) => part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight;
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (scrolls(target)) target.setAttribute("tabindex", "0");
      else target.removeAttribute("tabindex");
    }
  });
  for (const region of all(".region")) watch.observe(region);

  // Pointing at a row or standing in it shows its line in the charts beside it ----------------------

  for (const section of all(".comparison")) {
    const lines = all("[data-series]", section);
    const show = (event) => {
      const row = event && event.target.closest("tr.row");
      const name = row && row.cells[0].textContent.trim();
      const known = lines.some((line) => line.dataset.series === name);
      for (const line of lines) line.classList.toggle("dim", known && line.dataset.series !== name);
    };
    const board = section.querySelector(".region");
    if (!board || !lines.length) continue;
    board.addEventListener("pointerover", show);
    board.addEventListener("focusin", show);
    board.addEventListener("pointerleave", () => show(null));
    board.addEventListener("focusout", () => show(null));
  }

  // The address -------------------------------------------------------------------------------------
  // Filters, columns and a place of the page stand in it, so that what somebody looks at can be sent on.

  const form = document.querySelector("form.filters");
  const fields = form ? all("select, input", form) : [];
  const wider = all(".wider input");
  const usual = (field) => field.dataset.default ?? "";

  function address(place) {
    const set = fields.map((field) => [field, field.value.trim()]);
    const said = set.filter(([field, value]) => value !== usual(field));
    const parts = new URLSearchParams(said.map(([field, value]) => [field.name, value]));
    if (wider.some((box) => box.checked)) parts.set("columns", "all");
    if (place && !parts.size) return `#${place}`;
    if (place) parts.set("at", place);
    return parts.size ? `#${parts}` : location.pathname + location.search;
  }

  const keep = () => history.replaceState(null, "", address());

  function go(place) {
    const goal = document.getElementById(place);
    if (!goal) return;
    const folded = goal.closest("details");
    if (folded) folded.open = true;
    if (!goal.hasAttribute("tabindex")) goal.setAttribute("tabindex", "-1");
    goal.focus({ preventScroll: true });
    goal.scrollIntoView();
  }

  function fill(kept) {
    for (const field of fields) {
      const value = kept.get(field.name) ?? usual(field);
      const offered = field.tagName !== "SELECT" || [...field.options].some((one) => one.value === value);
      field.value = offered ? value : usual(field);
    }
  }

  function widen(every) {
    for (const box of wider) box.checked = every;
    document.documentElement.classList.toggle("few", !every);
  }

  // An address that is but a place of the page says nothing of filters.
  function recall() {
    const hash = location.hash.slice(1);
    const kept = new URLSearchParams(hash.includes("=") ? hash : `at=${hash}`);
    if (hash.includes("=")) {
      fill(kept);
      widen(kept.get("columns") === "all");
    }
    apply();
    if (kept.get("at")) go(kept.get("at"));
  }

  for (const box of wider) {
    box.addEventListener("change", () => {
      widen(box.checked);
      keep();
    });
  }

  // Links within the page leave the filters as they are, or set them.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.filters) fill(new URLSearchParams(link.dataset.filters));
    apply();
    const place = link.hash.slice(1);
    history.pushState(null, "", address(place));
    go(place);
  });

  // Filtering ---------------------------------------------------------------------------------------

  function fits(row, want) {
    const { supervision, bits, score, own } = row.dataset;
    return (
      (!want.supervision || supervision === want.supervision) &&
      (!want.bits || bits === want.bits || (want.bits === "own" && own !== undefined)) &&
      (!want.least || Number(score) >= Number(want.least)) &&
      (!want.q || row.cells[0].textContent.toLowerCase().includes(want.q.toLowerCase()))
    );
  }

  function apply() {
    if (!form) return;
    const want = Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));
    const clean = want.noise === "none";
    let shown = 0;
    let total = 0;
    for (const section of all(".comparison")) {
      // What is folded away stays there for those who unfold it, and is not counted.
      const folded = clean && section.dataset.noise !== "none";
      const of =
        ["dataset", "protocol"].every((name) => !want[name] || section.dataset[name] === want[name]) &&
        (!want.noise || folded || section.dataset.noise === want.noise);
      const rows = all("tr.row", section);
      for (const row of rows) row.hidden = !(of && fits(row, want));
      const left = rows.filter((row) => !row.hidden).length;
      section.hidden = left === 0;
      for (const body of all("tbody", section)) body.hidden = all("tr.row", body).every((row) => row.hidden);
      if (!folded) {
        shown += left;
        total += rows.length;
      }
    }
    for (const part of all(".noisy")) part.hidden = all(".comparison", part).every((one) => one.hidden);
    for (const entry of all("[data-of]")) entry.hidden = document.getElementById(entry.dataset.of).hidden;
    if (want.noise !== undefined && !clean) all("details").forEach((details) => (details.open = true));
    const sized = /^\d/.test(want.bits ?? "") && form.querySelector('option[value="own"]');
    form.querySelector(".status").textContent =
      shown === total
        ? `All ${total} rows`
        : shown
          ? `${shown} of ${total} rows; charts show all${sized ? "; codes of another size are under “own size”" : ""}`
          : "No row fits. Clear the filters to see all.";
  }

  if (form) {
    form.addEventListener("input", () => {
      apply();
      keep();
    });
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      fill(new URLSearchParams());
      apply();
      keep();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  }
  window.addEventListener("hashchange", recall);
  for (const box of wider) box.closest("p").hidden = false;
  widen(false);
  recall();
})();
