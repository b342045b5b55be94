// What is read: verdict, bars, and the tables of the exact sums.
let all = false;

// A word with its meaning: on hover, and for who comes to it by the keyboard.
function term(word, text) {
  const means = D.glossary[word];
  if (!means) return text || word;
  return make("span", text || word, { class: "term", tabindex: 0, title: means, role: "note", "aria-label": `${text || word}: ${means}` });
}
function table(caption, head, rows, foot) {
  const made = make("table"), top = make("thead"), body = make("tbody"), line = make("tr");
  made.setAttribute("aria-label", caption);
  head.forEach((name, i) => { const cell = make("th", null, { scope: "col", class: i ? "n" : "" }); cell.append(term(name)); line.append(cell); });
  top.append(line); made.append(top, body);
  const add = (to, cells) => { const row = make("tr");
    cells.forEach((cell, i) => {
      if (!(cell instanceof Node)) { const own = make(i ? "td" : "th", null, i ? {} : { scope: "row" }); own.append(i ? cell : term(cell)); cell = own; }
      row.append(cell); });
    to.append(row); };
  rows.forEach(row => add(body, row));
  if (foot) { const end = make("tfoot"); add(end, foot); made.append(end); }
  return made;
}


function bar(value, kind, tick) {
  const box = make("span", null, { class: "bar", "aria-hidden": "true" }), part = make("i", null, { class: kind });
  part.style.width = 100 * Math.min(1, Math.max(0, value)) + "%"; box.append(part);
  if (tick !== undefined) { const mark = make("i", null, { class: "tick" }); mark.style.left = `calc(${100 * Math.min(1, tick)}% - 1px)`; box.append(mark); }
  return box;
}
function barCell(value, text, kind, tick) {
  const cell = make("td", null, { class: "bars" });
  if (value === null || value === undefined) return cell;
  const [figure, ...more] = text.split(/ (?=[±(])/), made = make("span", null, { class: "figure" + (more.length ? " wraps" : "") });
  made.append(make("span", figure)); for (const part of more) made.append(" ", make("span", part, { class: "error" }));
  cell.append(made, bar(value, kind, tick));
  return cell;
}
function bars() {
  const order = view.shares.map((_, i) => i).sort((a, b) => view.shares[b] - view.shares[a]);
  const few = view.named.length ? view.named : order.slice(0, 5), shown = all ? order : few;
  const most = Math.max(1e-9, ...view.shares.map(Math.abs)), p = D.probability, still = D.frozen !== null;
  const head = [D.players.replace(/s$/, ""), "share", "without it", ...(still ? ["held still"] : [])];
  const rows = shown.map(i => {
    const name = make("th", null, { scope: "row" }), share = signed(view.shares[i]) + (view.errors[i] ? " ± " + view.errors[i].toFixed(2) : "");
    const pick = make("button", D.names[i], { type: "button", "aria-pressed": picked.includes(i), title: "its speed below, and its name beside it" });
    pick.addEventListener("click", () => { picked = picked.includes(i) ? picked.filter(one => one !== i) : [...picked, i]; bars(); curves(); draw(); });
    if (D.players === "moments") name.append(D.names[i]); else name.append(pick);
    return [name, barCell(Math.abs(view.shares[i]) / most, share, view.shares[i] >= 0 ? "warm" : "cold"),
      barCell(D.hidden[i], percent(D.hidden[i]), "", p), ...(still ? [barCell(D.frozen[i], percent(D.frozen[i]), "", p)] : [])];
  });
  const group = view.together, foot = group && view.named.length > 1 ? ["all of these", make("td"), barCell(group.hidden, percent(group.hidden) + (group.instead ? ` (${group.instead})` : ""), "", p),
    ...(still ? [barCell(group.frozen, percent(group.frozen), "", p)] : [])] : null;
  const made = table("Without each, and with each held still", head, rows, foot);
  if (group) { const row = make("tr"), cell = make("th", null, { scope: "row" }); cell.append(term("only these seen"));
    row.append(cell, make("td"), barCell(group.only, percent(group.only), "", p), ...(still ? [make("td")] : []));
    if (!foot) made.append(make("tfoot")); made.querySelector("tfoot").append(row); }
  made.id = "bars"; $("bars").replaceWith(made);
  [...made.querySelectorAll("tbody tr")].forEach((row, n) => {
    row.classList.toggle("picked", picked.includes(shown[n])); row.classList.toggle("more", !few.includes(shown[n])); });
  $("sure").replaceChildren(`As it is: ${percent(p)} (the line in each bar). `, view.named.length || all ? "" : `No ${head[0]} stands out; the largest shares. `, `Shares: ${view.sure}.`);
  const hiddenRows = order.length - (all ? 0 : shown.length);
  $("more").textContent = all ? "Show fewer" : `Show all ${order.length}`;
  $("more").setAttribute("aria-expanded", all); $("more").hidden = !all && hiddenRows === 0;
}
function verdict() {
  $("heading").textContent = view.heading;
  $("words").textContent = view.reasons.join(" ");
  const { agrees, text } = D.agreement;
  $("agreement").textContent = (agrees === true ? "✓ " : agrees === false ? "≠ " : "") + text.replace(/^The/, agrees === false ? "the" : "The");
  $("agreement").classList.toggle("no", agrees === false);
  $("stage").setAttribute("aria-label", `The moving body of clip ${D.clip}. ${view.heading}. ${view.reasons.join(" ")}`);
  $("h-clip").textContent = D.clip;
}

// --- the exact sums ---------------------------------------------------------------------------
function sums() {
  const own = D.sums[D.views.indexOf(view)];
  const cell = (value, kind) => { const made = make("td"); made.style.width = "40%"; made.append(bar(value, kind)); return made; };
  for (const id of ["likely", "classes"]) $(id).replaceChildren(table("Probabilities of the likeliest classes", ["class", "", "probability"],
    D.classes.map(([name, p]) => [name, cell(p, name === D.target ? "warm" : name === view.against ? "cold" : ""), (100 * p).toFixed(1) + " %"])));
  for (const id of ["h-sum", "sum", "joints-part", "statistics-part"]) $(id).hidden = !own;
  $("no-sums").textContent = own ? "" : "This model's decisions are no sum over joints and statistics, so there is none to show.";
  if (!own) return;
  $("sum").replaceChildren(table("Everything that decides, added up", ["part", "logit"], own.rows.map(([name, v]) => [name, signed(v, 3)]), [own.name, signed(own.total, 3)]));
  const most = Math.max(1e-9, ...own.joints.map(one => Math.abs(one[0])));
  const order = own.joints.map((_, n) => n).sort((a, b) => Math.abs(own.joints[b][0]) - Math.abs(own.joints[a][0]));
  $("joints").replaceChildren(table("Evidence by joint", ["joint", "", "evidence", "statistics", "usual"], order.map(n => {
    const [evidence, statistics, usual] = own.joints[n];
    return [D.joints[n], cell(Math.abs(evidence) / most, evidence >= 0 ? "warm" : "cold"), signed(evidence), signed(statistics), signed(usual)]; })));
  const chosen = $("of").value, named = own.named;
  $("of").replaceChildren(...[["all", "all joints"], ...(named.length > 1 ? [["named", "the named joints"]] : []), ...order.map(n => [String(n), D.joints[n]])].map(([value, words]) => make("option", words, { value })));
  $("of").value = [...$("of").options].some(one => one.value === chosen) ? chosen : named.length > 1 ? "named" : named.length ? String(named[0]) : "all";
  statistics(own);
  $("entries").replaceChildren(table("Strongest single entries", ["entry", "logit"], own.entries.map(([words, v]) => [make("td", words, { class: "words" }), signed(v)])));
}
function statistics(own) {
  const of = $("of").value, joints = of === "all" ? own.joints.map((_, n) => n) : of === "named" ? own.named : [Number(of)];
  const sum = (s, c) => own.cells[0][s][c] === null ? null : joints.reduce((total, n) => total + own.cells[n][s][c], 0);
  const values = own.statistics.map((_, s) => own.scales.map((_, c) => sum(s, c)));
  const top = Math.max(1e-9, ...values.flat().filter(v => v !== null).map(Math.abs));
  const cell = v => { const made = make("td", v === null ? "" : signed(v));
    if (v !== null) made.style.background = `color-mix(in srgb, var(--${v >= 0 ? "warm" : "cold"}) ${(40 * Math.abs(v) / top).toFixed(0)}%, transparent)`;
    return made; };
  $("statistics").replaceChildren(table("Statistics by scale", ["statistic", ...own.scales], values.map((row, s) => [own.statistics[s], ...row.map(cell)]),
    ["sum", ...own.scales.map((_, c) => signed(values.reduce((total, row) => total + (row[c] || 0), 0)))]));
}
