// The tables, and what moves the moment: playing, scrubbing, keys. It follows page_view.js.
// --- tables ---------------------------------------------------------------------------------
function table(caption, head, rows, foot) {
  const made = make("table"), top = make("thead"), body = make("tbody");
  made.setAttribute("aria-label", caption);
  const line = make("tr");
  head.forEach((name, i) => line.append(make("th", name, { scope: "col", class: i ? "n" : "" })));
  top.append(line); made.append(top, body);
  const add = (to, cells) => { const row = make("tr");
    cells.forEach((cell, i) => row.append(cell instanceof Node ? cell : i ? make("td", cell) : make("th", cell, { scope: "row" })));
    to.append(row); };
  rows.forEach(row => add(body, row));
  if (foot) { const end = make("tfoot"); add(end, foot); made.append(end); }
  return made;
}
function barCell(value, most) {
  const cell = make("td", null, { class: "w" }), bar = make("span", null, { class: "bar", "aria-hidden": "true" });
  const share = 50 * Math.abs(value) / most, part = make("i", null, { class: value >= 0 ? "yes" : "no" });
  part.style.cssText = `width:${share}%;left:${value >= 0 ? 50 : 50 - share}%`;
  bar.append(part); cell.append(bar); return cell;
}
function shareCell(value, colour) {
  const cell = make("td", null, { class: "w" }), bar = make("span", null, { class: "share", "aria-hidden": "true" });
  const part = make("i"); part.style.cssText = `left:0;width:${100 * value}%;background:var(--${colour})`;
  bar.append(part); cell.append(bar); return cell;
}
function tables() {
  $("classes").append(table("Probabilities of the likeliest classes", ["class", "", "probability"],
    D.classes.map(c => [c.name, shareCell(c.p, c.role || "none"), (100 * c.p).toFixed(1) + " %"])));
  $("sum").append(table("Everything that decides, added up", ["part", "evidence"], D.sum.rows.map(([name, v]) => [name, signed(v, 3)]),
    [D.sum.name, signed(D.sum.total, 3)]));
  const most = Math.max(1e-9, ...D.joints.map(j => Math.abs(j.beyond)));
  const sorted = [...D.joints].sort((a, b) => Math.abs(b.beyond) - Math.abs(a.beyond));
  const head = ["joint", "", "evidence", "statistics", "usual"];
  $("joints").append(table("Evidence by joint", head, sorted.map(j => [j.name, barCell(j.beyond, most), signed(j.beyond),
    signed(j.fuse), signed(j.usual)])));
  const top = Math.max(1e-9, ...D.tables.flatMap(part => part.rows.flatMap(row => row.slice(1))).map(Math.abs));
  const cell = v => { const made = make("td", v === null ? "" : signed(v));
    if (v !== null) made.style.background = `color-mix(in srgb, var(--${v >= 0 ? "for" : "against"}) ${(45 * Math.abs(v) / top).toFixed(0)}%, transparent)`;
    return made; };
  for (const part of D.tables)
    $("statistics").append(table("Evidence by " + part.head.join(", "), part.head, part.rows.map(([name, ...row]) => [name, ...row.map(cell)]),
      ["sum", ...part.head.slice(1).map((_, s) => signed(part.rows.reduce((sum, row) => sum + (row[s + 1] || 0), 0)))]));
  $("entries").append(table("Strongest single entries", ["entry", "evidence"],
    D.entries.map(e => [make("td", e.words, { class: "words" }), signed(e.value)])));
}

// --- time -----------------------------------------------------------------------------------
function go(time) {
  now = Math.min(last, Math.max(first, time));
  const share = (now - first) / span;
  $("scrub").value = Math.round(1000 * share);
  $("scrub").setAttribute("aria-valuetext", told(now));
  $("clock").textContent = told(now);
  for (const cursor of cursors) { cursor.setAttribute("x1", 1000 * share); cursor.setAttribute("x2", 1000 * share); }
  draw();
}
function step(count) {
  const [i, share] = place(D.time, now), at = count < 0 && share > 1e-6 ? i + 1 : i;
  play(false); go(D.time[Math.min(D.time.length - 1, Math.max(0, at + count))]);
}
function play(on) {
  playing = on && last > first; before = null;
  $("play").textContent = playing ? "Pause" : "Play";
  if (playing) requestAnimationFrame(tick);
}
function tick(clock) {
  if (!playing) return;
  if (before !== null) {
    const next = now + (clock - before) / 1000 * D.pace * Number($("pace").value);
    go(next > last ? first : next);
  }
  before = clock; requestAnimationFrame(tick);
}
$("play").addEventListener("click", () => play(!playing));
$("scrub").addEventListener("input", event => { play(false); go(first + span * event.target.value / 1000); });
$("shown").addEventListener("change", draw);
let held = null;
if (!D.flat) canvas.classList.add("turns");
canvas.addEventListener("pointerdown", event => { held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener("pointerup", () => { held = null; });
canvas.addEventListener("pointercancel", () => { held = null; });
canvas.addEventListener("pointermove", event => {
  if (!held || D.flat) return;
  turn((event.clientX - held[0]) * 0.01, (event.clientY - held[1]) * 0.006); held = [event.clientX, event.clientY];
});
function turn(sideways, upwards) {
  if (D.flat) return;
  yaw += sideways; pitch = Math.min(1.4, Math.max(-0.6, pitch + upwards)); draw();
}
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const tag = event.target.tagName, key = event.key;
  if (tag === "SELECT" || (key === " " && tag === "BUTTON")) return;  // they have their own use of it
  const does = { " ": () => play(!playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    Home: () => { play(false); go(first); }, End: () => { play(false); go(last); },
    a: () => turn(-0.15, 0), d: () => turn(0.15, 0), w: () => turn(0, 0.1), s: () => turn(0, -0.1) }[key];
  if (does) { event.preventDefault(); does(); }
});

$("heading").textContent = "Why " + D.title + "?";
$("words").textContent = D.words;
$("source").textContent = D.source;
$("ring").style.cssText = "border:3px solid var(--against)";
canvas.setAttribute("aria-label", "The moving body. " + D.words);
const hints = [[["space"], "plays and stops"], [["←", "→"], "step"]].concat(D.flat ? [] : [[["a", "d", "w", "s"], "turn, as dragging does"]]);
hints.forEach(([keys, does], i) => {
  for (const key of keys) $("keys").append(make("kbd", key), " ");
  $("keys").append(does + (i < hints.length - 1 ? "; " : ""));
});
$("exact").textContent = D.exact;
$("curve-note").textContent = D.curve_note;
$("joint-note").textContent = D.joint_note;
readPalette(); curves(); tables();
const [decisive = first] = D.curves.flatMap(curve => curve.key.map(key => D.steps[key]));
go(decisive);  // a body that does nothing yet shows nothing
window.addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readPalette(); draw(); });
