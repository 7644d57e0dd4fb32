// The page of the offline checker: camera, picture or text in, a verdict out. Every sentence stands in the page itself.
import { accept, openBundle, rootKeys } from "./bundle.js";
import { Fault, judge } from "./cose.js";

const at = (id) => document.getElementById(id);
const say = (code) => at(`say-${code}`)?.content.textContent.trim() ?? code;
const english = document.documentElement.lang === "en";

/** The keys of the issuers and since when this browser has them; asked anew whenever there is a network. */
async function keys() {
  try {
    const answer = await fetch("/api/v1/keys", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    return { list: await answer.json(), as_of: new Date(answer.headers.get("x-kept-at") ?? Date.now()) };
  } catch {
    return { list: null, as_of: null };
  }
}

const roots = rootKeys(document.querySelector("meta[name=root-key]")?.content ?? "");
const BUNDLE = "/trust/bundle", SEEN = "trust-bundle-seen";
/** The bundle in use, and why another one was not taken. */
let bundle = null, refused = null;

function seen() {
  try {
    return JSON.parse(localStorage.getItem(SEEN));
  } catch {
    return null;
  }
}

/** Takes a bundle into use: only one that the root key vouches for, and never an older one than before. */
async function take(bytes) {
  const opened = await openBundle(bytes, roots);
  const mine = accept(seen(), opened);
  try {
    localStorage.setItem(SEEN, JSON.stringify(mine));
  } catch { /* a browser that keeps nothing forgets it with the page */ }
  bundle = opened;
}

/** The bundle that was kept, then the newest that the network has. */
async function bundles() {
  if (roots.size === 0) return;
  const kept = "caches" in globalThis ? await caches.open("trust-bundle").catch(() => null) : null;
  try {
    const answer = bundle ? null : await kept?.match(BUNDLE);
    if (answer) await take(new Uint8Array(await answer.arrayBuffer()));
  } catch { /* the network may have a good one */ }
  let bytes;
  try {
    const answer = await fetch(BUNDLE, { cache: "no-cache" });
    if (!answer.ok) return;
    bytes = await answer.arrayBuffer();
  } catch {
    return;
  }
  try {
    await take(new Uint8Array(bytes));
    refused = null;
    await kept?.put(BUNDLE, new Response(bytes)).catch(() => null);
  } catch (error) {
    refused = error instanceof Fault ? error.code : "bundle-refused";
  }
}

const two = (number) => String(number).padStart(2, "0");
/** Beijing time, as the other pages write it. */
function moment(date, day = false) {
  const china = new Date(date.getTime() + 8 * 3600 * 1000);
  const [y, m, d] = [china.getUTCFullYear(), china.getUTCMonth() + 1, china.getUTCDate()];
  const written = english ? `${y}-${two(m)}-${two(d)}` : `${y}年${m}月${d}日`;
  return day ? written : `${written} ${two(china.getUTCHours())}:${two(china.getUTCMinutes())}`;
}

const LOOKS = {
  genuine: ["v-recorded", "✎"], valid: ["v-valid", "✔"], revoked: ["v-revoked", "✖"], superseded: ["v-superseded", "↻"], suspended: ["v-suspended", "‖"],
  stale: ["v-recorded", "✎"], expired: ["v-expired", "⏱"], "not-genuine": ["v-not_genuine", "✖"], damaged: ["v-not_genuine", "✖"],
};

/** How old what is known is: of the bundle its own date, else that of the list of keys. */
const age = (asOf) => bundle ? `${say("status-as-of")} ${moment(new Date(bundle.issued))}${say("bundle-number")} ${bundle.number}` :
  asOf ? `${say("as-of")} ${moment(asOf)}` : say("no-keys-yet");

/** Every check with its outcome and why, as the registry's own page lists them. */
function list(checks) {
  const marks = { passed: ["good", "✔"], failed: ["bad", "✖"], not_run: ["quiet", "–"] };
  const rows = checks.map(({ name, outcome, reason }) => {
    const row = at("check-row").content.firstElementChild.cloneNode(true);
    const [look, mark] = marks[outcome];
    const [head, result, why] = row.children;
    head.textContent = say(`check-${name}`);
    result.firstElementChild.className = look;
    result.firstElementChild.textContent = `${mark} ${say(`outcome-${outcome}`)}`;
    why.textContent = say(`reason-${reason}`);
    return row;
  });
  at("checks").replaceChildren(...rows);
  at("verdict-checks").hidden = rows.length === 0;
}

function show(state, facts, asOf, checks = []) {
  const [look, icon] = LOOKS[state] ?? ["v-indeterminate", "!"];
  const box = at("verdict");
  box.className = `verdict tight ${look}`;
  box.dataset.state = state;
  at("verdict-icon").textContent = icon;
  at("verdict-word").textContent = say(`${state}-word`);
  at("verdict-sentence").textContent = say(`${state}-sentence`);
  at("verdict-as-of").textContent = age(asOf);
  at("verdict-facts").hidden = !facts;
  for (const name of ["holder", "number", "program", "program_name", "institution", "institution_name", "issuer_name", "kid", "host"]) {
    at(`fact-${name}`).textContent = facts?.[name] ?? "";
  }
  at("fact-issued").textContent = facts ? moment(new Date(facts.issued * 1000), true) : "";
  // The end is exclusive: the last day is the one before.
  at("fact-expires").textContent = !facts ? "" : facts.expires === undefined ? say("no-end") : moment(new Date((facts.expires - 1) * 1000), true);
  at("verdict-host").hidden = !facts || facts.host === location.host.toLowerCase();
  list(checks);
  box.hidden = false;
  document.title = `${say(`${state}-word`)} - ${document.title.split(" - ").pop()}`;
  at("verdict-heading").focus();
}

async function check(text) {
  await started;
  const { list: known, as_of } = bundle ? { list: bundle.keys, as_of: null } : await keys();
  try {
    const { state, facts, checks } = await judge(text, known, Date.now() / 1000, bundle);
    show(state, facts, as_of, checks);
  } catch {
    show("damaged", null, as_of);
  }
}

/** A picture on a canvas, no larger than the library is quick with. */
function drawn(source, [left, top, width, height], most) {
  const scale = Math.min(1, most / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(source, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return { canvas, pen, whole: scale === 1 };
}

/** Texts of the codes on a canvas, by the library, which finds one at a time: what was found is painted over. */
function onCanvas({ canvas, pen }) {
  const texts = [];
  for (let more = 0; more < 3; more += 1) {
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    const found = globalThis.jsQR(data, canvas.width, canvas.height);
    // Out of the noise between two codes the library now and then reads an empty one, which is none.
    if (!found?.data) break;
    texts.push(found.data);
    const { topLeftCorner: a, topRightCorner: b, bottomRightCorner: c, bottomLeftCorner: d } = found.location;
    pen.fillStyle = pen.strokeStyle = "#fff";
    pen.lineWidth = 8;
    pen.beginPath();
    for (const { x, y } of [a, b, c, d]) pen.lineTo(x, y);
    pen.closePath();
    pen.fill();
    pen.stroke();
  }
  return texts;
}

/** The library takes the corners of two codes for those of one, and finds none: a strip has the one or the other. */
function inStrips({ width, height }, source) {
  const found = [];
  for (const share of [0.5, 0.4]) {
    for (let from = 0; from <= 1 - share + 0.001; from += share / 4) {
      found.push(...onCanvas(drawn(source, [width * from, 0, width * share, height], 1000)));
      found.push(...onCanvas(drawn(source, [0, height * from, width, height * share], 1000)));
    }
  }
  return found;
}

/**
 * Texts of the codes in a picture, by the browser or by the library. Of a `photograph` all of it is looked through: a code that
 * only a part of it shows was not alone, so it stands there with an empty one beside it, and is not judged.
 */
async function read(source, width, height, photograph = false) {
  if ("BarcodeDetector" in globalThis) {
    try {
      const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(source);
      if (found.length) return found.map((one) => one.rawValue);
    } catch { /* the library tries */ }
  }
  await import("./jsqr.js");
  // Small enough to be quick, large enough for a code on a whole page.
  for (const most of [1600, 1000, 2600]) {
    const seen = drawn(source, [0, 0, width, height], most);
    const texts = onCanvas(seen);
    if (texts.length) return photograph ? [...texts, ...inStrips(seen.canvas, seen.canvas)] : texts;
    if (seen.whole) break;
  }
  const parts = photograph ? inStrips({ width, height }, source) : [];
  return parts.length ? [...parts, ""] : [];
}

/** A verdict only for a picture with the code of one certificate. */
async function checkOne(texts) {
  if (new Set(texts).size > 1) show("two-codes", null, null);
  else await check(texts[0]);
}

at("picture").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  try {
    const picture = await createImageBitmap(file);
    const texts = await read(picture, picture.width, picture.height, true);
    if (texts.length === 0) show("no-code", null, null);
    else await checkOne(texts);
  } catch {
    show("no-picture", null, null);
  }
  event.target.value = "";
});

at("check-text").addEventListener("click", () => check(at("text").value));

let stream = null;
function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  at("camera").hidden = true;
  at("start").hidden = false;
  at("stop").hidden = true;
}

at("stop").addEventListener("click", stop);
at("start").addEventListener("click", async () => {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    show("no-camera", null, null);
    return;
  }
  const video = at("camera");
  video.srcObject = stream;
  video.hidden = false;
  at("start").hidden = true;
  at("stop").hidden = false;
  await video.play();
  while (stream) {
    const texts = await read(video, video.videoWidth, video.videoHeight).catch(() => []);
    if (stream && texts.length) {
      stop();
      await checkOne(texts);
    }
    await new Promise((go) => setTimeout(go, 250));
  }
});

async function kept() {
  await started;
  const { as_of } = bundle ? { as_of: null } : await keys();
  at("keys-as-of").textContent = age(as_of);
  at("bundle-refused").textContent = refused ? say(refused) : "";
  at("bundle-refused").hidden = !refused;
}

const started = bundles();
at("works").hidden = false;
addEventListener("online", () => bundles().then(kept));
if ("serviceWorker" in navigator) {
  navigator.serviceWorker
    .register("/verify/offline/worker.js", { scope: location.pathname })
    .then(() => navigator.serviceWorker.ready)
    .then(kept)
    .then(() => { at("ready").hidden = false; document.documentElement.dataset.ready = "yes"; })
    .catch(() => { at("not-ready").hidden = false; });
} else {
  at("not-ready").hidden = false;
  kept();
}
