{
  const told = JSON.parse(document.getElementById("page-data").textContent);
  const entries = [...document.querySelectorAll("#campaign-list > details")];
  const place = document.getElementById("campaign-filters");
  const chosen = {};
  const count = document.createElement("p");
  count.setAttribute("role", "status");
  const show = () => {
    let left = 0;
    entries.forEach((entry, at) => {
      const one = told.campaigns[at];
      const by = (name) => one.found.includes(told.detectors.indexOf(name));
      const fits = (!chosen.kind.value || one.kind === chosen.kind.value)
        && (!chosen.rung.value || one.rung === chosen.rung.value)
        && (!chosen.found.value || by(chosen.found.value))
        && (!chosen.missed.value || !by(chosen.missed.value));
      entry.hidden = !fits;
      left += Number(fits);
    });
    count.textContent = `${left} of ${entries.length} campaigns`;
  };
  const add = (key, words, values) => {
    const label = document.createElement("label");
    const select = document.createElement("select");
    for (const value of ["", ...values]) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = value || "any";
      select.append(option);
    }
    select.addEventListener("change", show);
    chosen[key] = select;
    label.append(words, select);
    place.append(label);
  };
  const distinct = (key) => [...new Set(told.campaigns.map((one) => one[key]))].filter(Boolean).sort();
  if (place && entries.length) {
    add("kind", "kind ", distinct("kind"));
    add("rung", "rung ", distinct("rung"));
    add("found", "found by ", told.detectors);
    add("missed", "missed by ", told.detectors);
    place.append(count);
    show();
  }
}
