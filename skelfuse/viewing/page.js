// The page of skelfuse view: a clip on the stage, its intervals, and one clip of each class.
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const SEEN_WITHIN = 60;  // frames back, where a joint that is missing was seen last
const SIDES = ["none", "warm", "cold"];
let clip = null, now = 0, playing = false, before = null, clock = 0, yaw = D.flat ? 0 : 0.35, pitch = D.flat ? 0 : 0.1;
let palette = readPalette();

function unpacked(one) {
  one.places = unpackedPlaces(one.at, Math.ceil(one.frames / one.step), one.persons, D.joints.length, D.digits);
  const heights = one.places.flat(2).filter(p => p && p[1] > -1.3).map(p => p[1]);
  one.level = heights.reduce((least, y) => Math.min(least, y), Infinity);
  if (one.level === Infinity) one.level = -1;
  one.at = null;
}
for (const one of D.clips) unpacked(one);

const moment = (one, time) => peopleAt(one.places, time / one.step);
// Bodies without sides (marks on animals) are told apart by whose joints they are.
const sided = D.sides.some(Boolean);
const colour = m => sided ? n => palette[SIDES[D.sides[n]]] : () => palette[m % 2 ? "cold" : "warm"];

function drawStage() {
  const canvas = $("stage"), pen = canvas.getContext("2d"), [w, h] = fitted(canvas, pen);
  const project = projector(yaw, pitch, w, h, D.flat), texts = [], gone = [];
  pen.fillStyle = palette.page; pen.fillRect(0, 0, w, h);
  if (!D.flat) drawGround(pen, project, clip.level, palette.line);
  let seen = false;
  moment(clip, now).forEach((person, m) => {
    const points = person.map(p => p && project(p)), there = points.filter(Boolean);
    person.forEach((p, n) => { if (p) return; gone.push([m, n]); });
    if (!there.length) return;
    seen = true;
    drawGone(pen, person.map((p, n) => { const was = p ? null : lastSeen(clip.places, now / clip.step, m, n, SEEN_WITHIN); return was && project(was); }), palette.none, 5);
    drawBody(pen, points, D.bones, colour(m), 4, 5, palette.page);
    if (clip.persons > 1) { const top = there.reduce((a, b) => (a[1] < b[1] ? a : b)); texts.unshift(["person " + (m + 1), top[0] - 8, top[1] - 16, true]); }
    if ($("names").value === "all") points.forEach((p, n) => { if (p) texts.push([D.joints[n], p[0], p[1], false]); });
  });
  drawTexts(pen, texts, w, h, palette.ink, palette.page);
  drawAxes(pen, project, clip.axes, w, h, palette.soft);
  if (!seen) drawNobody(pen, w, h, "nobody is seen at this moment", palette.soft);
  const names = gone.map(([m, n]) => D.joints[n] + (clip.persons > 1 ? " of person " + (m + 1) : ""));
  const happening = clip.intervals.filter(([start, end]) => now >= start - 0.5 && now < end - 0.5).map(one => one[2]);
  $("missing").textContent = (happening.length ? `happening now: ${happening.join(", ")} · ` : "") + (names.length ? "missing now: " + names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "") : "all joints are seen now");
}
function drawSmall(one) {
  const pen = one.canvas.getContext("2d"), [w, h] = fitted(one.canvas, pen), project = projector(D.flat ? 0 : 0.35, D.flat ? 0 : 0.1, w, h, D.flat);
  const time = playing ? (clock * one.fps * Number($("pace").value)) % Math.max(one.frames - 1, 1) : (one.frames - 1) / 2;
  pen.fillStyle = palette.page; pen.fillRect(0, 0, w, h);
  moment(one, time).forEach((person, m) => drawBody(pen, person.map(p => p && project(p)), D.bones, colour(m), 2, sided ? 2 : 3, palette.page));
}
const drawGrid = () => { for (const one of D.clips) if (one.canvas) drawSmall(one); };

function told(frame) {
  const number = "frame " + Math.round(frame);
  return clip.seconds ? (frame / clip.fps).toFixed(2) + " s, " + number : number;
}
function go(frame) {
  const last = clip.frames - 1;
  now = Math.min(last, Math.max(0, frame));
  $("scrub").value = last ? Math.round(1000 * now / last) : 0;
  $("scrub").setAttribute("aria-valuetext", told(now)); $("clock").textContent = told(now);
  for (const mark of $("track").querySelectorAll("i")) mark.style.left = 100 * (now + 0.5) / clip.frames + "%";
  for (const part of $("track").querySelectorAll("button")) {
    if (now >= Number(part.dataset.start) - 0.5 && now < Number(part.dataset.end) - 0.5) part.setAttribute("aria-current", "true");
    else part.removeAttribute("aria-current");
  }
  drawStage();
}
function play(on) {
  playing = on; before = null; $("play").textContent = playing ? "Pause" : "Play";
  if (playing) requestAnimationFrame(tick); else drawGrid();
}
function tick(time) {
  if (!playing) return;
  if (before !== null) {
    const passed = (time - before) / 1000, next = now + passed * clip.fps * Number($("pace").value);
    clock += passed; go(next > clip.frames - 1 ? 0 : next); drawGrid();
  }
  before = time; requestAnimationFrame(tick);
}
function step(count) { play(false); go((count < 0 ? Math.ceil(now - 1e-6) : Math.floor(now + 1e-6)) + count); }

// Rows of intervals: one that begins before another has ended goes below it.
function track() {
  const box = $("track"), ends = [];
  box.replaceChildren(); box.hidden = !clip.intervals.length;
  const labels = [...new Set(clip.intervals.map(one => one[2]))];
  for (const [start, end, label, person] of clip.intervals) {
    let row = ends.findIndex(until => until <= start);
    if (row < 0) row = ends.length;
    ends[row] = end;
    const who = person === null ? "" : ", person " + (person + 1), part = make("button", label, { type: "button",
      title: `${label}${who}: frames ${start} to ${end - 1}`, "aria-label": `${label}${who}, frames ${start} to ${end - 1}` });
    part.dataset.start = start; part.dataset.end = end;
    const hue = Math.round(360 * labels.indexOf(label) / labels.length);
    part.style.cssText = `left:${100 * start / clip.frames}%;width:${100 * (end - start) / clip.frames}%;top:${26 * row}px;background:color-mix(in srgb, hsl(${hue} 70% 50%) 24%, var(--page))`;
    part.addEventListener("click", () => { play(false); go(start); });
    box.append(part);
  }
  box.style.height = 26 * Math.max(1, ends.length) + "px"; box.append(make("i"));
}
function chosen(one) {
  clip = one;
  $("h-clip").textContent = one.label ? `${one.label} · ${one.name}` : one.name;
  $("facts").replaceChildren(...one.facts.map(([what, text]) => { const row = make("tr"); row.append(make("th", what, { scope: "row" }), make("td", text)); return row; }));
  $("joints").replaceChildren(...D.joints.map((name, n) => {
    const row = make("tr"), head = make("th", null, { scope: "row" }), cell = make("td"), bar = make("span", null, { class: "bar", "aria-hidden": "true" }), part = make("i");
    part.style.width = 100 * one.missing[n] + "%"; bar.append(part); if (one.missing[n]) cell.append(bar);
    head.append(make("i", null, { class: SIDES[D.sides[n]] }), name);
    row.append(head, cell, make("td", one.missing[n] ? (100 * one.missing[n]).toFixed(one.missing[n] < 0.1 ? 1 : 0) + " % missing" : "", { class: "n" })); return row;
  }));
  for (const other of D.clips) if (other.button) other.button.setAttribute("aria-pressed", String(other === one));
  $("stage").setAttribute("aria-label", `The bodies of ${one.name}` + (one.label ? `, ${one.label}` : ""));
  track(); go(one.frames > 1 ? (one.frames - 1) / 2 : 0);
}

if (!sided) for (const [id, text] of [["legend-left", "person 1, 3, …"], ["legend-right", "person 2, 4, …"], ["legend-none", null]]) {
  if (text) $(id).lastChild.textContent = text; else $(id).hidden = true;
}
$("heading").textContent = D.title; $("source").textContent = D.source;
for (const [text, warning] of [...D.doubts, ...D.notes.map(note => [note, false])]) {
  const line = make("li", null, warning ? { class: "warning" } : {});
  line.append(make("b", warning ? "Look:" : "Note:"), text); $("doubts").append(line);
}
if (D.clips.length > 1) {
  for (const one of D.clips) {
    one.button = make("button", null, { type: "button", "aria-pressed": "false" }); one.canvas = make("canvas", null, { "aria-hidden": "true" });
    one.button.append(one.canvas, make("b", one.label || one.name), make("span", (one.label ? one.name + ", " : "") + one.frames + " frames"));
    one.button.addEventListener("click", () => chosen(one)); $("grid").append(one.button);
  }
  if (!D.clips.some(one => one.label)) $("h-grid").textContent = "All that is shown";
} else $("grid-part").hidden = true;

$("play").addEventListener("click", () => play(!playing));
$("scrub").addEventListener("input", event => { play(false); go((clip.frames - 1) * event.target.value / 1000); });
$("names").addEventListener("change", drawStage);
turnedBy($("stage"), D.flat, turn);
function turn(sideways, upwards) {
  if (D.flat) return;
  yaw += sideways; pitch = Math.min(1.4, Math.max(-0.6, pitch + upwards)); drawStage();
}
playedByKeys(D.flat, () => play(!playing), step, which => { play(false); go(which * (clip.frames - 1)); }, turn);
if (window.innerWidth < 600 || D.joints.length > 40) $("names").value = "none";
chosen(D.clips[0]); drawGrid();
window.addEventListener("resize", () => { drawStage(); drawGrid(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { palette = readPalette(); drawStage(); drawGrid(); });
