"use strict";
// Bodies on a canvas, and what every page does alike: no names of a page, so that any page may draw with it.

// An element with a text, never with HTML: names come from files.
function make(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  return made;
}

function readPalette() {
  const style = getComputedStyle(document.documentElement), palette = {};
  for (const name of ["page", "card", "ink", "soft", "line", "none", "warm", "cold"]) palette[name] = style.getPropertyValue("--" + name).trim();
  return palette;
}

// Numbers one after the other become [frame][person][joint], null where a joint is missing.
function unpackedPlaces(flat, frames, persons, joints, digits) {
  let i = 0;
  const joint = () => {
    if (flat[i] === null) { i++; return null; }
    i += 3; return [flat[i - 3] / digits, flat[i - 2] / digits, flat[i - 1] / digits];
  };
  return Array.from({ length: frames }, () => Array.from({ length: persons }, () => Array.from({ length: joints }, joint)));
}

// Dragging on a canvas turns what is on it: `turn(sideways, upwards)`.
function turnedBy(canvas, flat, turn) {
  let held = null;
  if (flat) return;
  canvas.classList.add("turns");
  canvas.addEventListener("pointerdown", event => { held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
  canvas.addEventListener("pointermove", event => {
    if (!held) return;
    turn((event.clientX - held[0]) * 0.01, (event.clientY - held[1]) * 0.006); held = [event.clientX, event.clientY];
  });
}

// Where a time lies among frames of even distance: the frame before it, and how far it is on.
function between(time, frames) {
  const at = Math.min(Math.max(time, 0), frames - 1), before = Math.min(Math.floor(at), Math.max(frames - 2, 0));
  return [before, at - before];
}

// Where everybody is at a time among frames: between two, on the way from one to the other.
function peopleAt(places, time) {
  const [t, on] = between(time, places.length), next = Math.min(t + 1, places.length - 1);
  return places[t].map((person, m) => person.map((joint, n) => {
    const to = places[next][m][n];
    return joint && to ? joint.map((v, d) => v + (to[d] - v) * on) : on < 0.5 ? joint : to;
  }));
}

// Where a joint was seen last, at most so many frames back; null where it was not.
function lastSeen(places, time, m, n, within = Infinity) {
  for (let t = Math.floor(time), back = 0; t >= 0 && back < within; t--, back++) if (places[t][m][n]) return places[t][m][n];
  return null;
}

// The keys of a page that plays a clip, and what it tells of them: `toggle()`, `step(count)`, `end(0 or 1)`, `turn`.
function playedByKeys(flat, toggle, step, end, turn) {
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const tag = event.target.tagName, key = event.key;
    if (tag === "SELECT" || (key === " " && tag === "BUTTON")) return;  // they have their own use of it
    const does = { " ": toggle, ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => end(0), End: () => end(1),
      a: () => turn(-0.15, 0), d: () => turn(0.15, 0), w: () => turn(0, 0.1), s: () => turn(0, -0.1) }[key];
    if (does) { event.preventDefault(); does(); }
  });
  const hints = [[["space"], "plays and stops"], [["←", "→"], "step"], ...(flat ? [] : [[["a", "d", "w", "s"], "turn, as dragging does"]])];
  const told = document.getElementById("keys");
  hints.forEach(([keys, does], i) => {
    for (const key of keys) told.append(make("kbd", key), " ");
    told.append(does + (i < hints.length - 1 ? "; " : ""));
  });
}

// A canvas as large as its pixels on the screen; returns its width and height on the page.
function fitted(canvas, pen) {
  const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [w, h];
}

// Where a place (to the right, up, towards the onlooker) is drawn, turned by yaw and pitch.
function projector(yaw, pitch, w, h, flat) {
  const unit = Math.min(w / 2.6, h / 2.5), sy = Math.sin(yaw), cy = Math.cos(yaw), sp = Math.sin(pitch), cp = Math.cos(pitch);
  return p => {
    const x = p[0] * cy + p[2] * sy, z = p[2] * cy - p[0] * sy;
    const y = p[1] * cp - z * sp, depth = z * cp + p[1] * sp, near = flat ? 1 : 1 / (1 - 0.14 * depth);
    return [w / 2 + x * unit * near, h / 2 - y * unit * near, depth];
  };
}

// The same, but so that all of `places` just fill the canvas; a few that are far off make nobody small.
function fillingProjector(places, yaw, pitch, w, h, flat, margin) {
  const plain = projector(yaw, pitch, 2.6, 2.5, flat), at = places.map(plain);
  if (!at.length) return projector(yaw, pitch, w, h, flat);
  const ends = d => { const sorted = at.map(p => p[d]).sort((a, b) => a - b), far = Math.floor(sorted.length * 0.002);
    return [sorted[far], sorted[sorted.length - 1 - far]]; };
  const [left, right] = ends(0), [top, bottom] = ends(1);
  const unit = Math.min((w - 2 * margin) / Math.max(right - left, 1e-6), (h - 2 * margin) / Math.max(bottom - top, 1e-6));
  return p => { const [x, y, depth] = plain(p);
    return [w / 2 + (x - (left + right) / 2) * unit, h / 2 + (y - (top + bottom) / 2) * unit, depth]; };
}

function drawGround(pen, project, level, colour) {
  pen.strokeStyle = colour; pen.lineWidth = 1; pen.beginPath();
  for (let i = -4; i <= 4; i++) for (const ends of [[[i / 4, level, -1], [i / 4, level, 1]], [[-1, level, i / 4], [1, level, i / 4]]]) {
    const [a, b] = ends.map(project);
    pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]);
  }
  pen.stroke();
}

// The axes of the file, [name, right, up, towards], as arrows from a corner.
function drawAxes(pen, project, axes, w, h, ink) {
  const zero = project([0, 0, 0]), from = [46, h - 46];
  pen.font = "600 13px system-ui, 'DejaVu Sans', sans-serif"; pen.textBaseline = "middle"; pen.textAlign = "center";
  for (const [name, ...way] of axes) {
    const to = project(way.map(v => v * 0.5)), x = to[0] - zero[0], y = to[1] - zero[1];
    const long = Math.hypot(x, y), full = Math.hypot(...project([0.5, 0, 0]).slice(0, 2).map((v, d) => v - zero[d])) || 1;
    const size = 28 * Math.min(1.2, long / Math.max(full, 1)), dx = long ? x / long : 0, dy = long ? y / long : 0;
    const end = [from[0] + dx * size, from[1] + dy * size];
    pen.strokeStyle = pen.fillStyle = ink; pen.lineWidth = 2; pen.beginPath();
    pen.moveTo(from[0], from[1]); pen.lineTo(end[0], end[1]);
    if (size > 8) { pen.moveTo(end[0] - dx * 6 - dy * 4, end[1] - dy * 6 + dx * 4); pen.lineTo(end[0], end[1]);
      pen.lineTo(end[0] - dx * 6 + dy * 4, end[1] - dy * 6 - dx * 4); }
    pen.stroke();
    pen.fillText(name, from[0] + dx * (size + 10), from[1] + dy * (size + 10));
  }
  pen.textAlign = "left";
}

// A body: `points` are drawn places or null, `colour` of a joint by its number.
function drawBody(pen, points, bones, colour, width, radius, back) {
  pen.lineCap = "round"; pen.lineWidth = width;
  for (const [a, b] of bones) if (points[a] && points[b]) {
    pen.strokeStyle = colour(a); pen.beginPath();
    pen.moveTo(points[a][0], points[a][1]); pen.lineTo(points[b][0], points[b][1]); pen.stroke();
  }
  const order = points.map((p, n) => n).filter(n => points[n]).sort((a, b) => points[a][2] - points[b][2]);
  for (const n of order) {
    pen.beginPath(); pen.arc(points[n][0], points[n][1], radius, 0, 2 * Math.PI);
    pen.fillStyle = colour(n); pen.fill();
    if (radius > 3) { pen.lineWidth = 1.5; pen.strokeStyle = back; pen.stroke(); }
  }
}

function drawNobody(pen, w, h, text, ink) {
  pen.font = "15px system-ui, 'DejaVu Sans', sans-serif"; pen.textAlign = "center"; pen.fillStyle = ink;
  pen.fillText(text, w / 2, h / 2); pen.textAlign = "left";
}

function drawGone(pen, points, colour, radius) {
  pen.lineWidth = 1.5; pen.strokeStyle = colour; pen.setLineDash([3, 3]);
  for (const p of points) if (p) { pen.beginPath(); pen.arc(p[0], p[1], radius, 0, 2 * Math.PI); pen.stroke(); }
  pen.setLineDash([]);
}

// Texts [text, x, y, bold] beside their places, those that would cover another left out.
function drawTexts(pen, texts, w, h, ink, back) {
  const used = [];
  pen.textBaseline = "middle"; pen.textAlign = "left";
  for (const [text, px, py, bold] of texts) {
    pen.font = (bold ? "600 " : "") + "12px system-ui, 'DejaVu Sans', sans-serif";
    const wide = pen.measureText(text).width, x = px + 9 + wide < w ? px + 9 : px - 9 - wide, y = Math.min(Math.max(py, 8), h - 8);
    if (x < 0 || used.some(([a, b, c]) => Math.abs(y - b) < 13 && x < a + c + 4 && a < x + wide + 4)) continue;
    used.push([x, y, wide]);
    pen.lineWidth = 3; pen.strokeStyle = back; pen.strokeText(text, x, y); pen.fillStyle = ink; pen.fillText(text, x, y);
  }
}

// Texts [text, x, y, radius] beside their joints with a line to them where they had to go far. None covers a
// joint [x, y, radius] or another text: one that finds no room is left out. Returns the boxes [x, y, width, height].
function drawLabels(pen, texts, joints, w, h, ink, back) {
  const boxes = [], high = 18;
  pen.font = "600 14px system-ui, 'DejaVu Sans', sans-serif"; pen.textBaseline = "middle"; pen.textAlign = "left";
  const free = (x, y, wide) => x >= 2 && y >= 2 && x + wide <= w - 2 && y + high <= h - 2
    && !boxes.some(([a, b, c, d]) => x < a + c + 4 && a < x + wide + 4 && y < b + d + 2 && b < y + high + 2)
    && !joints.some(([jx, jy, r]) => Math.hypot(jx - Math.min(Math.max(jx, x), x + wide), jy - Math.min(Math.max(jy, y), y + high)) < r + 2);
  for (const [text, px, py, radius] of texts) {
    const wide = pen.measureText(text).width;
    let found = null;
    for (let away = radius + 6; !found && away < Math.max(w, h) / 2; away += 10)
      for (const [dx, dy] of [[1, 0], [-1, 0], [0.8, -0.7], [-0.8, -0.7], [0.8, 0.7], [-0.8, 0.7], [0, -1], [0, 1]]) {
        const x = px + dx * away - (dx < 0 ? wide : dx ? 0 : wide / 2), y = py + dy * away - high / 2;
        if (free(x, y, wide)) { found = [x, y, away]; break; }
      }
    if (!found) continue;
    const [x, y, away] = found;
    boxes.push([x, y, wide, high]);
    if (away > radius + 14) {
      const to = [Math.min(Math.max(px, x), x + wide), Math.min(Math.max(py, y), y + high)];
      pen.lineWidth = 1; pen.strokeStyle = ink; pen.beginPath(); pen.moveTo(px, py); pen.lineTo(to[0], to[1]); pen.stroke();
    }
    pen.lineWidth = 4; pen.strokeStyle = back; pen.strokeText(text, x, y + high / 2);
    pen.fillStyle = ink; pen.fillText(text, x, y + high / 2);
  }
  return boxes;
}
