"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, at) => {
    const told = row.cells[at].dataset.value;
    return told === undefined ? row.cells[at].textContent.trim().toLowerCase() : Number(told);
  };
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row, place) => [key(row, at), place, row]);
      rows.sort(([a, i], [b, j]) => {
        const missing = Number(Number.isNaN(a)) - Number(Number.isNaN(b));
        const order = missing || (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
        return order || i - j;
      });
      table.tBodies[0].append(...rows.map(([, , row]) => row));
    });
  });
}
for (const table of document.querySelectorAll("table.sortable")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 16) continue;
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "search";
  label.className = "filter";
  label.append("only rows with ", input);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  table.parentElement.before(label);
}
