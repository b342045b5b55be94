// When: the moments and their shares, what was seen, and the speed of the joints that decided, all on one scale.
const first = clip.time[0], last = clip.time[clip.time.length - 1], span = Math.max(last - first, 1e-9);
const shareOf = time => (time - first) / span;
const SVG = "http://www.w3.org/2000/svg";
let cursors = [];

function moments() {
  const most = Math.max(1e-9, ...view.moments.map(one => Math.abs(one.share)));
  $("moments-name").replaceChildren(term("share"), " of each moment");
  $("moments").replaceChildren(...view.moments.map((one, i) => {
    const words = `${one.words}: share ${signed(one.share)}${one.error ? " ± " + one.error.toFixed(2) : ""}`;
    const part = make("button", null, { type: "button", "aria-label": words, title: words });
    const left = 100 * shareOf(one.begins), bar = make("i", null, { class: one.share >= 0 ? "warm" : "cold" });
    part.style.cssText = `left:${left}%;width:${100 * shareOf(one.ends) - left}%`;
    bar.style.height = 100 * Math.abs(one.share) / most + "%";
    part.append(bar, make("span", signed(one.share)));
    part.addEventListener("click", () => { play(false); go((one.begins + one.ends) / 2); });
    part.dataset.moment = i;
    return part;
  }));
}
const momentNow = () => view.moments.findIndex(one => now >= one.begins - 1e-9 && now <= one.ends + 1e-9);

// Stretches [from, to] as shares of the clip in which `seen` frames are false.
function stretches(seen) {
  const found = [], edge = t => Math.min(1, Math.max(0, t < 0 ? 0 : shareOf((clip.time[Math.max(t, 0)] + clip.time[Math.min(t + 1, seen.length - 1)]) / 2)));
  for (let t = 0; t < seen.length; t++) if (!seen[t]) {
    const from = t; while (t + 1 < seen.length && !seen[t + 1]) t++;
    found.push([from ? edge(from - 1) : 0, t + 1 < seen.length ? edge(t) : 1]);
  }
  return found;
}
function seenStrip() {
  const gaps = stretches(clip.places.map(people => people.flat().some(Boolean)));
  $("seen").replaceChildren(...gaps.map(([from, to]) => { const part = make("i");
    part.style.cssText = `left:${100 * from}%;width:${100 * (to - from)}%`; return part; }));
  const words = gaps.map(([from, to]) => `${told(first + from * span)} to ${told(first + to * span)}`);
  $("seen").setAttribute("aria-label", gaps.length ? "Nobody was seen from " + words.join(", ") : "Somebody was seen all the time");
  $("seen").title = $("seen").getAttribute("aria-label");
}

function drawn(svg, kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  svg.append(made); return made;
}
function line(values, shares, height) {
  let path = "", up = true;
  values.forEach((v, i) => { if (v === null) { up = true; return; }
    path += (up ? "M" : "L") + (1000 * shares[i]).toFixed(1) + " " + height(v).toFixed(1); up = false; });
  return path;
}
// Whose speed is drawn: the joint itself, of a limb the one that is farthest out.
const curveCell = i => D.cells[i][D.cells[i].length - 1];

function curves() {
  cursors = [];
  const shown = D.players === "moments" ? [] : picked.slice(0, 6), even = one => one.time.map((_, t) => t / Math.max(1, one.time.length - 1));
  const others = [[typicalOf(D.target), "var(--cold)", "7 5"], [typicalOf(rival()), "var(--soft)", "2 4"]].filter(([one]) => one);
  const rows = shown.map(i => {
    const [m, n] = curveCell(i);
    const own = clip.speed(m, n), beside = others.map(([one, colour, dashes]) => [one.speed(Math.min(m, one.persons - 1), n), even(one), colour, dashes]);
    return { i, m, n, own, beside };
  });
  const most = Math.max(1e-9, ...rows.flatMap(row => [row.own, ...row.beside.map(one => one[0])].flat()).filter(v => v !== null));
  const unit = (D.unit ? " " + D.unit : "") + (D.seconds ? "/s" : "/frame"), height = v => 96 - 90 * v / most;
  $("curves").replaceChildren(...rows.map(row => {
    const box = make("div", null, { class: "row" }), svg = document.createElementNS(SVG, "svg");
    const peak = Math.max(0, ...row.own.filter(v => v !== null)), joint = D.joints[row.n] + (clip.persons > 1 ? `, person ${row.m + 1}` : "");
    for (const [key, value] of [["viewBox", "0 0 1000 100"], ["preserveAspectRatio", "none"], ["role", "img"],
      ["aria-label", `Speed of the ${joint}, at most ${peak.toPrecision(2)}${unit}`]]) svg.setAttribute(key, value);
    for (const [from, to] of stretches(row.own.map((_, t) => clip.places[t][row.m][row.n])))
      for (let x = 1000 * from; x < 1000 * to; x += 8) drawn(svg, "line", { x1: x, x2: Math.min(x + 4, 1000 * to), y1: 100, y2: 0, stroke: "var(--line)", class: "unseen" });
    for (const [values, shares, colour, dashes] of row.beside)
      drawn(svg, "path", { d: line(values, shares, height), stroke: colour, "stroke-width": 1.5, "stroke-dasharray": dashes });
    drawn(svg, "path", { d: line(row.own, clip.time.map(shareOf), height), stroke: "var(--ink)", "stroke-width": 2.5 });
    cursors.push(drawn(svg, "line", { x1: 0, x2: 0, y1: 0, y2: 100, stroke: "var(--warm)", "stroke-width": 2, class: "cursor" }));
    const follow = event => { const at = svg.getBoundingClientRect(); play(false);
      go(first + span * Math.min(1, Math.max(0, (event.clientX - at.left) / at.width))); };
    svg.addEventListener("pointerdown", event => { svg.setPointerCapture(event.pointerId); follow(event); });
    svg.addEventListener("pointermove", event => { if (event.buttons) follow(event); });
    box.append(make("span", `${joint}: 0 to ${most.toPrecision(2)}${unit}`, { class: "name" }), svg);
    return box;
  }));
  legend(others.length, rows.length, unit);
}
function legend(beside, lines) {
  const parts = D.players === "moments" ? [] : [["warm", "speaks for"], ["ring", "speaks against"], ["gone", "not seen now, where it was last"]];
  parts.push(["square unseen", "not seen"]);
  if (lines) parts.push(["line", "speed in this clip"]);
  if (lines && beside) parts.push(["line dashed", "in the typical " + D.target], ...(typicalOf(rival()) ? [["line dotted", "in the typical " + rival()]] : []));
  $("legend").replaceChildren(...parts.map(([kind, words]) => { const part = make("span"); part.append(make("i", null, { class: kind }), words); return part; }));
}
function ticks() {
  $("ticks").replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map(share => make("span", told(first + share * span))));
}
