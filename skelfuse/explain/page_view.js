// The body and the curves at the moment `now`.
"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const first = D.time[0], last = D.time[D.time.length - 1], span = Math.max(last - first, 1e-9);
let now = first, playing = false, before = null, yaw = D.flat ? 0 : 0.35, pitch = D.flat ? 0 : 0.12;

function make(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  return made;
}
const signed = (v, digits = 2) => (Number(v.toFixed(digits)) > 0 ? "+" : Number(v.toFixed(digits)) < 0 ? "−" : "")
  + Math.abs(v).toFixed(digits);
const brief = v => Number(v.toPrecision(2)).toString();
const told = time => D.seconds ? time.toFixed(2) + " s" : "frame " + Math.round(time);

// Where a time lies among others: the one before it, and how far it is on to the next.
function place(times, time) {
  let low = 0, high = times.length - 1;
  if (time <= times[0]) return [0, 0];
  while (high - low > 1) { const middle = (low + high) >> 1; if (times[middle] <= time) low = middle; else high = middle; }
  if (high === low || times[high] <= time) return [high, 0];
  return [low, (time - times[low]) / Math.max(times[high] - times[low], 1e-9)];
}

let palette = {};
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["page", "ink", "soft", "line", "none", "for", "against"])
    palette[name] = style.getPropertyValue("--" + name).trim();
}
function mixed(a, b, share) {
  const parse = hex => { const full = hex.length === 4 ? "#" + [...hex.slice(1)].map(c => c + c).join("") : hex;
    return [1, 3, 5].map(i => parseInt(full.slice(i, i + 2), 16)); };
  const [x, y] = [parse(a), parse(b)];
  return "rgb(" + x.map((v, i) => Math.round(v + (y[i] - v) * share)).join(",") + ")";
}

// --- the body -------------------------------------------------------------------------------
const canvas = $("stage"), pen = canvas.getContext("2d");
function positions() {
  const [i, share] = place(D.time, now), next = Math.min(i + 1, D.at.length - 1);
  return D.at[i].map((person, m) => person.map((joint, n) => {
    const to = D.at[next][m][n];
    if (!joint) return null;
    return to ? joint.map((v, d) => v + (to[d] - v) * share) : joint;
  }));
}
function worthNow(m) {
  if ($("shown").value === "clip") return D.whole[m];
  const [s, share] = place(D.steps, now), next = Math.min(s + 1, D.steps.length - 1);
  return D.moment[m][s].map((v, n) => v + (D.moment[m][next][n] - v) * share);
}
function projected(p, unit, cx, cy) {
  const x = p[0] * Math.cos(yaw) + p[2] * Math.sin(yaw), z = p[2] * Math.cos(yaw) - p[0] * Math.sin(yaw);
  const y = p[1] * Math.cos(pitch) - z * Math.sin(pitch), depth = z * Math.cos(pitch) + p[1] * Math.sin(pitch);
  const near = 1 / (1 - 0.16 * depth);
  return [cx + x * unit * near, cy - y * unit * near, depth];
}
const ground = Math.min(...D.at.flat(2).filter(Boolean).map(p => p[1]), 0);
function draw() {
  const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = palette.page; pen.fillRect(0, 0, w, h);
  const unit = Math.min(w / 2.5, h / 2.35), cx = w / 2, cy = h / 2;
  if (!D.flat) {
    pen.strokeStyle = palette.line; pen.lineWidth = 1; pen.beginPath();
    for (let i = -4; i <= 4; i++) for (const ends of [[[i / 4, ground, -1], [i / 4, ground, 1]], [[-1, ground, i / 4], [1, ground, i / 4]]]) {
      const [a, b] = ends.map(p => projected(p, unit, cx, cy));
      pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]);
    }
    pen.stroke();
  }
  const limit = $("shown").value === "clip" ? D.limits.whole : D.limits.moment, labels = [];
  let seen = false;
  positions().forEach((person, m) => {
    const flat = person.map(p => p && projected(p, unit, cx, cy)), worth = worthNow(m);
    pen.lineCap = "round"; pen.lineWidth = 4; pen.strokeStyle = mixed(palette.none, palette.page, 0.25);
    pen.beginPath();
    for (const [a, b] of D.bones) if (flat[a] && flat[b]) { pen.moveTo(flat[a][0], flat[a][1]); pen.lineTo(flat[b][0], flat[b][1]); }
    pen.stroke();
    const order = flat.map((p, n) => n).filter(n => flat[n]).sort((a, b) => flat[a][2] - flat[b][2]);
    seen = seen || order.length > 0;
    for (const n of order) {
      const share = Math.min(1, Math.abs(worth[n]) / limit), radius = 4 + 9 * Math.sqrt(share);
      const colour = mixed(palette.none, worth[n] >= 0 ? palette.for : palette.against, Math.min(1, 0.1 + 1.3 * share));
      pen.beginPath(); pen.arc(flat[n][0], flat[n][1], radius, 0, 2 * Math.PI);
      pen.fillStyle = worth[n] >= 0 ? colour : palette.page; pen.fill();
      pen.lineWidth = worth[n] >= 0 ? 1.5 : 3; pen.strokeStyle = worth[n] >= 0 ? palette.page : colour; pen.stroke();
      if (share > 0.55) labels.push([share, n, flat[n], radius]);
    }
  });
  if (!seen) { pen.font = "16px system-ui, 'DejaVu Sans', sans-serif"; pen.textAlign = "center"; pen.fillStyle = palette.soft;
    pen.fillText("nobody was seen at this moment", w / 2, h / 2); pen.textAlign = "left"; }
  label(labels.sort((a, b) => b[0] - a[0]).slice(0, 3), w);
}
function label(labels, w) {
  pen.font = "600 14px system-ui, 'DejaVu Sans', sans-serif"; pen.textBaseline = "middle";
  const used = [];
  for (const [, n, at, radius] of labels) {
    const wide = pen.measureText(D.joints[n].name).width, right = at[0] + radius + 6 + wide < w;
    const x = right ? at[0] + radius + 6 : Math.max(4, at[0] - radius - 6 - wide), y = at[1];
    if (used.some(([a, b, c]) => Math.abs(y - b) < 18 && x < a + c && a < x + wide)) continue;
    used.push([x, y, wide]);
    pen.lineWidth = 4; pen.strokeStyle = palette.page; pen.strokeText(D.joints[n].name, x, y);
    pen.fillStyle = palette.ink; pen.fillText(D.joints[n].name, x, y);
  }
}

// --- curves ---------------------------------------------------------------------------------
const SVG = "http://www.w3.org/2000/svg", cursors = [];
const along = time => 1000 * (time - first) / span;
function drawn(svg, kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  svg.append(made); return made;
}
function line(times, values, height) {
  let path = "", up = true;
  values.forEach((v, i) => { if (v === null) { up = true; return; }
    path += (up ? "M" : "L") + along(times[i]).toFixed(1) + " " + height(v).toFixed(1); up = false; });
  return path;
}
function area(svg, times, values, sign, height, colour) {
  const part = values.map(v => v === null ? 0 : Math.max(0, sign * v) * sign);
  const path = line(times, part, height) + `L${along(times[times.length - 1]).toFixed(1)} ${height(0)}L${along(times[0]).toFixed(1)} ${height(0)}Z`;
  drawn(svg, "path", { d: path, fill: `var(--${colour})`, "fill-opacity": .75, stroke: "none" });
}
function chart(name, scale, words, paint, keys) {
  const title = make("span", name + " ");
  title.append(make("br"), scale);
  const row = make("div", null, { class: "row" }), svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["viewBox", "0 0 1000 100"], ["preserveAspectRatio", "none"], ["role", "img"], ["aria-label", words]]) svg.setAttribute(key, value);
  paint(svg);
  for (const key of keys) drawn(svg, "line", { x1: along(D.steps[key]), x2: along(D.steps[key]), y1: 0, y2: 100, stroke: "var(--soft)", "stroke-dasharray": "4 3", class: "key" });
  cursors.push(drawn(svg, "line", { x1: 0, x2: 0, y1: 0, y2: 100, stroke: "var(--ink)", "stroke-width": 2, class: "cursor" }));
  const follow = event => { const box = svg.getBoundingClientRect();
    go(first + span * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))); };
  svg.addEventListener("pointerdown", event => { svg.setPointerCapture(event.pointerId); follow(event); });
  svg.addEventListener("pointermove", event => { if (event.buttons) follow(event); });
  row.append(title, svg); return row;
}
function curves() {
  for (const curve of D.curves) {
    const box = make("div", null, { class: "curve" }), head = make("header");
    head.append(make("h3", curve.name + " "), make("span", signed(curve.worth), { class: "soft" }));
    curve.key.forEach(key => {
      const jump = make("button", told(D.steps[key]), { type: "button", "aria-label": "Go to key moment " + told(D.steps[key]) + " of " + curve.name });
      jump.addEventListener("click", () => go(D.steps[key])); head.append(jump);
    });
    const known = list => list.filter(v => v !== null).map(Math.abs), most = list => Math.max(1e-9, ...known(list));
    const middle = D.steps.slice(1).map((t, i) => (t + D.steps[i]) / 2);
    const speed = most(curve.speed), change = most(curve.change), worth = most(curve.evidence);
    const both = (list, top) => [v => 50 - 46 * v / top, list];
    box.append(head,
      chart("speed", "to " + brief(speed) + (D.seconds ? " /s" : " /frame"), "Speed of the " + curve.name + ", at most " + speed.toPrecision(2), svg =>
        drawn(svg, "path", { d: line(D.time, curve.speed, v => 96 - 90 * v / speed), fill: "none", stroke: "var(--ink)", "stroke-width": 2 }), curve.key),
      chart("change", "± " + brief(change), "Change along direction " + curve.direction + " of the " + curve.name, svg => {
        const [height] = both(curve.change, change);
        if (middle.length) { area(svg, middle, curve.change, 1, height, "soft"); area(svg, middle, curve.change, -1, height, "none"); }
        drawn(svg, "line", { x1: 0, x2: 1000, y1: 50, y2: 50, stroke: "var(--none)" }); }, curve.key),
      chart("evidence", "± " + brief(worth), "Evidence of the " + curve.name + " at each moment", svg => {
        const [height] = both(curve.evidence, worth);
        area(svg, D.steps, curve.evidence, 1, height, "for"); area(svg, D.steps, curve.evidence, -1, height, "against");
        drawn(svg, "line", { x1: 0, x2: 1000, y1: 50, y2: 50, stroke: "var(--none)" }); }, curve.key));
    const ticks = make("div", null, { class: "ticks", "aria-hidden": "true" });
    for (const share of [0, .5, 1]) ticks.append(make("span", told(first + share * span)));
    box.append(ticks); $("curves").append(box);
  }
}
