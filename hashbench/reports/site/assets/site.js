// Sorting and filtering of the tables. Without it everything is there, in the order of the page.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Sorting -----------------------------------------------------------------------------------------

  const words = new Intl.Collator("en", { numeric: true });

  // "0.512 ± 0.004" and "0.49–0.53" count as their first number, "–" as none.
  const amount = (text) => parseFloat(text.replaceAll(",", ""));

  function compare(kind) {
    if (kind === "text") return words.compare;
    return (one, other) => amount(one) - amount(other);
  }

  function sort(table, header) {
    const kind = header.dataset.sort;
    const now = header.getAttribute("aria-sort");
    const first = kind === "number" ? "descending" : "ascending";
    const second = kind === "number" ? "ascending" : "descending";
    const direction = now === first ? second : first;
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const order = compare(kind);
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [row.cells[header.cellIndex].textContent.trim(), row]);
    const unknown = ([text]) => kind === "number" && Number.isNaN(amount(text));
    keyed.sort((one, other) => unknown(one) - unknown(other) || sign * (order(one[0], other[0]) || 0));
    body.append(...keyed.map(([, row]) => row));
    table.dataset.sorted = "";
  }

  for (const table of all("table.sortable")) {
    for (const header of all("th[data-sort]", table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
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
      const row = event && event.target.closest("tbody tr");
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

  // Filtering ---------------------------------------------------------------------------------------

  const form = document.querySelector("form.filters");
  if (!form) return;
  const fields = all("select, input", form);
  const status = form.querySelector(".status");
  const folded = all("details");

  const chosen = () => Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));

  function fits(row, section, want) {
    return (
      (!want.supervision || row.dataset.supervision === want.supervision) &&
      (!want.bits || row.dataset.bits === want.bits) &&
      (!want.q || row.cells[0].textContent.toLowerCase().includes(want.q.toLowerCase()))
    );
  }

  function apply() {
    const want = chosen();
    let shown = 0;
    let total = 0;
    for (const section of all(".comparison")) {
      const of = ["dataset", "protocol", "noise"].every(
        (name) => !want[name] || section.dataset[name] === want[name],
      );
      let left = 0;
      for (const row of all("tbody tr", section)) {
        row.hidden = !(of && fits(row, section, want));
        left += !row.hidden;
        total += 1;
      }
      section.hidden = left === 0;
      shown += left;
    }
    for (const part of all(".noisy")) part.hidden = all(".comparison", part).every((one) => one.hidden);
    if (want.noise && want.noise !== "none") folded.forEach((details) => (details.open = true));
    status.textContent =
      shown === total
        ? `All ${total} rows`
        : shown
          ? `${shown} of ${total} rows; charts show all`
          : "No row fits. Clear the filters to see all.";
  }

  // The filters stand in the address, so that what somebody looks at can be sent on.
  function keep() {
    const set = Object.entries(chosen()).filter(([, value]) => value);
    const hash = new URLSearchParams(set).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  // An address with a place of the page in it, such as that of the skip link, says nothing of filters.
  function recall() {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) return;
    const kept = new URLSearchParams(hash);
    for (const field of fields) {
      const value = kept.get(field.name) ?? "";
      const offered = field.tagName !== "SELECT" || [...field.options].some((one) => one.value === value);
      field.value = offered ? value : "";
    }
  }

  form.addEventListener("input", () => {
    apply();
    keep();
  });
  form.addEventListener("reset", () => {
    fields.forEach((field) => (field.value = ""));
    apply();
    keep();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {
    recall();
    apply();
  });

  // A link to a table of the folded part opens it.
  function unfold() {
    const goal = location.hash.includes("=") ? null : document.getElementById(location.hash.slice(1));
    const part = goal && goal.closest("details");
    if (part && !part.open) {
      part.open = true;
      goal.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", unfold);

  form.hidden = false;
  recall();
  apply();
  unfold();
})();
