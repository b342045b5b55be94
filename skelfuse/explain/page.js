// What moves the moment and what changes the view: playing, keys, rivals, tabs. It follows the other page_*.js.
let now = first, playing = false, before = null;

function draw() {
  const share = shareOf(now);
  drawClip(share); drawTypical(share);
}
function tell() {
  const i = momentNow(), missing = clip.moment(shareOf(now)).map((person, m) => person.map((p, n) => p ? null : [m, n]).filter(Boolean));
  const present = clip.places.reduce((seen, people) => people.map((person, m) => seen[m] || person.some(Boolean)), []);
  const gone = missing.flat().filter(([m]) => present[m]).map(([m, n]) => D.joints[n] + (present.filter(Boolean).length > 1 ? ` of person ${m + 1}` : ""));
  const parts = [told(now)];
  if (i >= 0) parts.push(`moment ${i + 1} of ${view.moments.length}: share ${signed(view.moments[i].share)}`);
  const everyone = present.filter(Boolean).length * D.joints.length;
  if (gone.length) parts.push(gone.length === everyone ? "nobody was seen" : "not seen: " + gone.slice(0, 4).join(", ") + (gone.length > 4 ? ` and ${gone.length - 4} more` : ""));
  $("now").textContent = parts.join(" · ");
}
function go(time) {
  now = Math.min(last, Math.max(first, time));
  const share = shareOf(now), i = momentNow();
  $("scrub").value = Math.round(1000 * share);
  $("scrub").setAttribute("aria-valuetext", told(now)); $("clock").textContent = told(now);
  for (const cursor of cursors) { cursor.setAttribute("x1", 1000 * share); cursor.setAttribute("x2", 1000 * share); }
  for (const part of $("moments").children) {
    if (Number(part.dataset.moment) === i) part.setAttribute("aria-current", "true"); else part.removeAttribute("aria-current");
  }
  tell(); draw();
}
function step(count) {
  const at = shareOf(now) * (clip.time.length - 1), t = count < 0 ? Math.ceil(at - 1e-6) + count : Math.floor(at + 1e-6) + count;
  play(false); go(first + span * Math.min(1, Math.max(0, t / Math.max(1, clip.time.length - 1))));
}
function play(on) {
  playing = on && last > first; before = null;
  $("play").textContent = playing ? "Pause" : "Play";
  $("now").setAttribute("aria-live", playing ? "off" : "polite");  // a reader is not told thirty times a second
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
function turn(sideways, upwards) {
  if (D.flat) return;
  yaw += sideways; pitch = Math.min(1.4, Math.max(-0.6, pitch + upwards)); draw();
}
function choose(i) {
  $("rival").value = i; view = D.views[i]; picked = [...view.named]; strong = strengths();
  verdict(); layTypical(); bars(); moments(); curves(); sums(); go(now);
}
const decisive = () => { const one = view.moments.reduce((a, b) => (b.share > a.share ? b : a), view.moments[0]);
  return one ? (one.begins + one.ends) / 2 : first; };

D.views.forEach((one, i) => $("rival").append(make("option", one.against ? `${D.target} rather than ${one.against} (${one.rival})` : `${D.target}, by itself`, { value: i })));
$("rival-part").hidden = D.views.length < 2;
$("rival").addEventListener("change", event => choose(Number(event.target.value)));
$("play").addEventListener("click", () => play(!playing));
$("scrub").addEventListener("input", event => { play(false); go(first + span * event.target.value / 1000); });
$("more").addEventListener("click", () => { all = !all; bars(); });
$("of").addEventListener("change", () => statistics(D.sums[D.views.indexOf(view)]));
turnedBy($("stage"), D.flat, turn);

const tabs = [...document.querySelectorAll("[role=tab]")];
function open(tab) {
  for (const one of tabs) {
    const on = one === tab;
    one.setAttribute("aria-selected", on); one.tabIndex = on ? 0 : -1; $(one.getAttribute("aria-controls")).hidden = !on;
  }
  draw();
}
for (const tab of tabs) {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", event => {
    const to = { ArrowLeft: tabs[0], ArrowRight: tabs[1] }[event.key];
    if (to) { event.preventDefault(); event.stopPropagation(); open(to); to.focus(); }
  });
}
playedByKeys(D.flat, () => play(!playing), step, which => { play(false); go(which ? last : first); }, turn);
$("source").textContent = [D.clip, D.source].filter(Boolean).join(" · ");

seenStrip(); ticks(); choose(D.opened); go(decisive());  // a body that does nothing yet shows nothing
window.addEventListener("resize", draw);
const repaint = () => { palette = readPalette(); draw(); };
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
const paper = on => { document.documentElement.classList.toggle("paper", on); repaint(); };
window.addEventListener("beforeprint", () => paper(true));
window.addEventListener("afterprint", () => paper(false));
