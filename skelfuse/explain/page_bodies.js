// The bodies at the moment `now`: this clip's, its joints and limbs as strong as what they decided, and typical
// ones beside it in step. It follows stage.js.
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const signed = (v, digits = 2) => (Number(v.toFixed(digits)) > 0 ? "+" : Number(v.toFixed(digits)) < 0 ? "−" : "")
  + Math.abs(v).toFixed(digits);
const percent = p => p <= 0.005 ? "under 1 %" : p >= 0.995 ? "over 99 %" : (100 * p).toFixed(0) + " %";
const told = time => D.seconds ? time.toFixed(2) + " s" : "frame " + Math.round(time);
const TURNED = D.flat ? [0, 0] : [0.35, 0.1];
let palette = readPalette(), [yaw, pitch] = TURNED, view = D.views[D.opened], picked = [], boxes = [];

class Body {
  constructor(one) {
    Object.assign(this, one);
    this.places = unpackedPlaces(one.at, one.time.length, one.persons, D.joints.length, D.digits);
    this.all = this.places.flat(2).filter(Boolean);
    this.level = this.all.reduce((least, p) => Math.min(least, p[1]), Infinity);
    this.at = null;
  }
  moment(share) { return peopleAt(this.places, share * (this.places.length - 1)); }
  lastSeen(share, m, n) { return lastSeen(this.places, share * (this.places.length - 1), m, n); }
  projector(w, h, margin) {
    const key = [yaw, pitch, w, h].join();
    if (this.key !== key) { this.key = key; this.project = fillingProjector(this.all, yaw, pitch, w, h, D.flat, margin); }
    return this.project;
  }
  // The speed of a joint [frame], null where it is not known, by differences to the frames beside it that were seen.
  speed(m, n) {
    const at = t => this.places[t] && this.places[t][m][n];
    return this.time.map((_, t) => {
      const a = at(t - 1) ? t - 1 : t, b = at(t + 1) ? t + 1 : t;
      if (!at(t) || this.time[b] <= this.time[a]) return null;
      return Math.hypot(...at(b).map((v, d) => v - at(a)[d])) * this.length / (this.time[b] - this.time[a]);
    });
  }
}
const clip = new Body(D.body);
const typical = Object.fromEntries(Object.entries(D.typical).map(([name, some]) => [name, some.map(one => new Body(one))]));
const shownOf = {};  // which typical clip of a class is shown
const typicalOf = name => (typical[name] || [])[shownOf[name] || 0];
const rival = () => view.against || (D.views[1] || {}).against;

// How much joints and limbs count in this view: [person][joint] between -1 and 1.
function strengths() {
  const empty = () => Array.from({ length: clip.persons }, () => D.joints.map(() => 0));
  const limbs = empty(), joints = empty();
  const fill = (table, cells, shares) => {
    const most = Math.max(1e-9, ...shares.map(Math.abs));
    cells.forEach((own, i) => { for (const [m, n] of own) table[m][n] = shares[i] / most; });
  };
  fill(limbs, D.limbs.map(one => one[1]), view.limbs);
  if (D.players !== "moments") fill(joints, D.cells, view.shares);
  return { limbs, joints };
}
let strong = strengths();

function mixed(a, b, share) {
  const parse = hex => { const full = hex.length === 4 ? "#" + [...hex.slice(1)].map(c => c + c).join("") : hex;
    return [1, 3, 5].map(i => parseInt(full.slice(i, i + 2), 16)); };
  const [x, y] = [parse(a), parse(b)];
  return "rgb(" + x.map((v, i) => Math.round(v + (y[i] - v) * Math.min(1, share))).join(",") + ")";
}
const SLIGHT = 0.15;  // of the strongest: below, nothing is to be seen of it
const shade = of => mixed(palette.none, of >= 0 ? palette.warm : palette.cold, Math.abs(of) < SLIGHT ? 0 : 0.25 + Math.abs(of));
const sizeOf = of => 4 + 9 * Math.sqrt(Math.max(0, Math.abs(of) - SLIGHT));

function drawClip(share) {
  const canvas = $("stage"), pen = canvas.getContext("2d"), [w, h] = fitted(canvas, pen);
  const project = clip.projector(w, h, Math.min(24, w / 12)), people = clip.moment(share), discs = [], texts = [];
  pen.fillStyle = palette.page; pen.fillRect(0, 0, w, h);
  if (!D.flat) drawGround(pen, project, clip.level, palette.line);
  people.forEach((person, m) => {
    const points = person.map(p => p && project(p)), limbs = strong.limbs[m], joints = strong.joints[m];
    drawGone(pen, person.map((p, n) => { const was = p ? null : clip.lastSeen(share, m, n); return was && project(was); }), palette.none, 5);
    pen.lineCap = "round";
    for (const [a, b] of D.bones) if (points[a] && points[b]) {
      const most = Math.abs(limbs[a]) < Math.abs(limbs[b]) ? limbs[a] : limbs[b];  // both ends are of the limb
      pen.strokeStyle = shade(most); pen.lineWidth = 3 + 10 * Math.max(0, most); pen.beginPath();
      pen.moveTo(points[a][0], points[a][1]); pen.lineTo(points[b][0], points[b][1]); pen.stroke();
    }
    const order = points.map((_, n) => n).filter(n => points[n]).sort((a, b) => points[a][2] - points[b][2]);
    for (const n of order) {
      const of = D.players === "joints" ? joints[n] : 0, radius = sizeOf(of);
      pen.beginPath(); pen.arc(points[n][0], points[n][1], radius, 0, 2 * Math.PI);
      const ring = of < -SLIGHT;
      pen.fillStyle = ring ? palette.page : shade(D.players === "joints" ? of : limbs[n]); pen.fill();
      pen.lineWidth = ring ? 3 : 1.5; pen.strokeStyle = ring ? shade(of) : palette.page; pen.stroke();
      discs.push([points[n][0], points[n][1], radius]);
    }
    for (const i of picked) if (D.cells[i]) {
      const own = D.cells[i].filter(([person]) => person === m).map(([, n]) => n).filter(n => points[n]);
      const n = own[own.length - 1];
      if (n !== undefined) texts.push([D.names[i], points[n][0], points[n][1], sizeOf(joints[n])]);
    }
  });
  boxes = drawLabels(pen, texts, discs, w, h, palette.ink, palette.page);
  if (!discs.length) drawNobody(pen, w, h, "nobody was seen at this moment", palette.soft);
  return discs;
}
function drawTypical(share) {
  for (const [name, canvas] of typicalShown) {
    const pen = canvas.getContext("2d"), [w, h] = fitted(canvas, pen), one = typicalOf(name);
    pen.fillStyle = palette.page; pen.fillRect(0, 0, w, h);
    if (!one) continue;
    const project = one.projector(w, h, 16), people = one.moment(share);
    if (!D.flat) drawGround(pen, project, one.level, palette.line);
    people.forEach(person => drawBody(pen, person.map(p => p && project(p)), D.bones, () => palette.soft, 3, 3, palette.page));
    if (!people.flat().some(Boolean)) drawNobody(pen, w, h, "nobody was seen", palette.soft);
  }
}
let typicalShown = [];  // [class, canvas]
function layTypical() {
  typicalShown = [];
  const names = [D.target, rival()].filter(name => name && typicalOf(name));
  $("typical").replaceChildren(...names.map(name => {
    const box = make("section", null, { class: "card" }), canvas = make("canvas", null, { role: "img" }), head = make("h2");
    const frame = make("div", null, { class: "frame" });
    head.append(make("span", "A typical " + name)); frame.append(canvas); box.append(head, frame);
    canvas.setAttribute("aria-label", `A typical clip of ${name} from the training data, in step`);
    const several = typical[name].length;
    if (several > 1) {
      const next = make("button", "another", { type: "button", class: "screen", "aria-label": `Another typical ${name}` });
      next.addEventListener("click", () => { shownOf[name] = ((shownOf[name] || 0) + 1) % several; curves(); draw(); });
      head.append(next);
    }
    typicalShown.push([name, canvas]);
    turnedBy(canvas, D.flat, turn);
    return box;
  }));
  document.body.classList.toggle("none-typical", !names.length);
}
