"use strict";
// Bodies on a canvas: no names of a page, so that any page may draw with it.

// Where a time lies among frames of even distance: the frame before it, and how far it is on.
function between(time, frames) {
  const at = Math.min(Math.max(time, 0), frames - 1), before = Math.min(Math.floor(at), Math.max(frames - 2, 0));
  return [before, at - before];
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
