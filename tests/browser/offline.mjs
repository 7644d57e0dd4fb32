// The offline checker in Chromium: opened once with a network, then the network is cut and a new page has to answer.
//
//   node offline.mjs DEMO.json [FOLDER]     DEMO.json: first line of `mingzheng demo --json`; pictures of scans into the folder
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import qrcode from "qrcode-generator";

const demo = JSON.parse(readFileSync(process.argv[2], "utf8").split("\n")[0]);
const profile = mkdtempSync(join(tmpdir(), "offline-"));
const of = (state) => demo.certificates.find((one) => one.state === state);
const good = of("valid");

// What the camera sees: the code of a good certificate on grey paper, as a film (YUV4MPEG2) that Chromium plays as a camera.
function film(text, width = 1280, height = 720) {
  const code = qrcode(0, "Q");
  code.addData(text, "Byte");
  code.make();
  const cells = code.getModuleCount();
  const size = Math.floor((height - 80) / cells);
  const [left, top] = [Math.floor((width - cells * size) / 2), Math.floor((height - cells * size) / 2)];
  const light = Buffer.alloc(width * height, 200);
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      if (!code.isDark(row, column)) continue;
      for (let y = 0; y < size; y += 1) {
        const from = (top + row * size + y) * width + left + column * size;
        light.fill(30, from, from + size);
      }
    }
  }
  const frame = Buffer.concat([Buffer.from("FRAME\n"), light, Buffer.alloc(width * height / 2, 128)]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420\n`), frame, frame]);
}
const seen = join(profile, "camera.y4m");
writeFileSync(seen, film(good.qr_text));

const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-video-capture=${seen}`],
});
const faults = [];
let checks = 0;
const expect = (good, text) => {
  checks += 1;
  if (!good) faults.push(text);
};
const path = (lang) => `${demo.address}${lang === "en" ? "/en" : ""}/verify/offline`;

function watch(page) {
  page.on("pageerror", (error) => faults.push(`error ${error}`));
  page.on("console", (line) => {
    if (line.type() === "error" && !/ERR_INTERNET_DISCONNECTED|Failed to load resource/.test(line.text())) faults.push(`console ${line.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(demo.address) && !/^(blob|data):/.test(request.url())) faults.push(`asks ${request.url()}`);
  });
}

async function verdict(page, act) {
  await page.evaluate(() => { document.getElementById("verdict").hidden = true; });
  await act();
  await page.waitForSelector("#verdict:not([hidden])");
  return page.evaluate(() => {
    const at = (id) => document.getElementById(id).textContent.trim();
    return {
      state: document.getElementById("verdict").dataset.state, word: at("verdict-word"), as_of: at("verdict-as-of"),
      holder: at("fact-holder"), number: at("fact-number"), program: at("fact-program_name"), institution: at("fact-institution_name"),
      issuer: at("fact-issuer_name"), sentence: at("verdict-sentence"), all: document.getElementById("verdict").innerText, title: document.title,
    };
  });
}
const paste = (page, text) => verdict(page, async () => {
  await page.fill("#text", text);
  await page.click("#check-text");
});
const choose = (page, file) => verdict(page, () => page.setInputFiles("#picture", file));

// With a network: the page keeps itself, in both languages.
for (const lang of ["zh", "en"]) {
  const page = await browser.newPage();
  watch(page);
  let weight = 0;
  page.on("response", async (answer) => { weight += (await answer.body().catch(() => "")).length; });
  await page.goto(path(lang));
  await page.waitForSelector("html[data-ready=yes]");
  expect(weight < 60 * 1024, `${lang}: weighs ${Math.round(weight / 1024)} KB of 60 before a decoder is needed`);
  const policy = (await page.request.get(path(lang))).headers()["content-security-policy"];
  expect(!/unsafe|\*/.test(policy) && policy.includes("script-src 'self'"), `policy ${policy}`);
  await page.close();
}

// The answer to a scan, with a network: what stands behind `#` is checked in the browser, and a forged one is told whatever
// stands under its id.
for (const lang of ["zh", "en"]) {
  const [before, tail] = good.qr_text.split("#"), id = before.split("/").pop();
  const other = of("revoked").qr_text.split("#")[1];
  for (const [what, fragment, state] of [
    ["genuine", tail, "genuine"], ["altered", `${tail.slice(0, -9)}${tail.at(-9) === "A" ? "B" : "A"}${tail.slice(-8)}`, "forged"],
    ["of another certificate", other, "forged"], ["cut", tail.slice(0, -16), "forged"], ["nonsense", "HELLO", "forged"],
  ]) {
    const page = await browser.newPage();
    watch(page);
    await page.goto(`${demo.address}${lang === "en" ? "/en" : ""}/v/${id}#${fragment}`);
    await page.waitForSelector("html[data-signed]");
    const seen = await page.evaluate(() => ({
      signed: document.documentElement.dataset.signed, heading: document.getElementById("verdict").innerText, title: document.title,
      name: document.getElementById("signed-name").textContent, all: document.body.innerText, focused: document.activeElement.id,
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    expect(seen.signed === state, `${lang}: a ${what} signed part is ${seen.signed}`);
    if (state === "genuine") expect(/证书有效|Valid/.test(seen.heading) && seen.name.length > 1 && !seen.name.includes("*"), `${lang}: the signed name: ${seen.name}`);
    else expect(/不是本平台的证书|Not genuine/.test(seen.heading + seen.title) && !/证书有效|\bValid\b/.test(seen.heading + seen.title), `${lang}: ${what}: ${seen.heading}, ${seen.title}`);
    expect(state !== "forged" || seen.focused === "verdict", `${lang}: ${what}: a screen reader is at ${seen.focused || "nothing"}`);
    expect(seen.wide <= 0, `${lang}: ${what} scrolls sideways`);
    if (process.argv[3]) {
      for (const width of [1280, 320]) {
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: join(process.argv[3], `scan-${what.split(" ")[0]}-${lang}-${width}.png`), fullPage: true });
      }
    }
    await page.close();
  }
  // A thief with the true key puts another name under a good id: what the registry issued under it is something else.
  for (const stolen of [false, true]) {
    const page = await browser.newPage();
    watch(page);
    const altered = { digest: false };
    await page.route(`**/v/${id}`, async (route) => {
      const answer = await route.fetch(), html = await answer.text();
      const body = html.replace(/data-registered="[0-9a-f]{64}"/, (all) => `${all.slice(0, -2)}${all.at(-2) === "0" ? "1" : "0"}"`);
      altered.digest = body !== html;
      await route.fulfill({ response: answer, body });
    });
    if (stolen) {
      await page.route("**/api/v1/keys", async (route) => {
        const keys = await (await route.fetch()).json();
        await route.fulfill({ json: keys.map((one) => ({ ...one, state: "compromised" })) });
      });
    }
    await page.goto(`${demo.address}${lang === "en" ? "/en" : ""}/v/${id}#${tail}`);
    await page.waitForSelector("html[data-signed]");
    const seen = await page.evaluate(() => [document.documentElement.dataset.signed, document.body.innerText, document.activeElement.id]);
    expect(seen[2] === "verdict", `${lang}: true key, other content: a screen reader is at ${seen[2] || "nothing"}`);
    expect(altered.digest && seen[0] === "forged", `${lang}: true key, other content, ${stolen ? "stolen" : "in use"}: ${seen[0]}`);
    expect(!/证书有效|\bValid\b/.test(seen[1].split("\n").slice(0, 12).join(" ")), `${lang}: a forgery is called valid`);
    await page.close();
  }
  // An id that the registry does not know: a signature alone makes nothing of it.
  const nobody = await browser.newPage();
  watch(nobody);
  await nobody.route(`**/v/${id}`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/ data-registered="[0-9a-f]{64}"/, "") });
  });
  await nobody.goto(`${demo.address}${lang === "en" ? "/en" : ""}/v/${id}#${tail}`);
  await nobody.waitForSelector("html[data-signed=unregistered]");
  expect(await nobody.isHidden("#signed"), `${lang}: nothing is said of a signature under an unknown id`);
  await nobody.close();
  const plain = await browser.newPage();
  watch(plain);
  await plain.goto(`${demo.address}/v/${id}`);
  expect(await plain.isHidden("#signed"), "without a signed part nothing is said of one");
  await plain.close();
}

// It installs: a manifest that the browser reads without a complaint.
{
  const page = await browser.newPage();
  await page.goto(path("zh"));
  const asked = await page.context().newCDPSession(page);
  const { errors, data } = await asked.send("Page.getAppManifest");
  expect(errors.length === 0 && JSON.parse(data).start_url === "/verify/offline", `manifest: ${JSON.stringify(errors)}`);
  const { installabilityErrors } = await asked.send("Page.getInstallabilityErrors");
  const left = installabilityErrors.filter((one) => !["in-incognito"].includes(one.errorId));
  expect(left.length === 0, `installs: ${JSON.stringify(left)}`);
  await page.close();
}

// No room is left on the telephone: the keys of the network are those that the page gets, and older ones do not stay.
{
  const page = await browser.newPage();
  watch(page);
  await page.goto(path("zh"));
  await page.waitForSelector("html[data-ready=yes]");
  const asked = () => page.evaluate(async () => {
    const answer = await fetch("/api/v1/keys", { cache: "no-cache" });
    return { ok: answer.ok, kept: answer.headers.has("x-kept-at"), left: Boolean(await caches.match("/api/v1/keys")) };
  });
  const workers = browser.serviceWorkers();
  const room = (yes) => Promise.all(workers.map((worker) => worker.evaluate((some) => {
    self.roomy ??= Cache.prototype.put;
    Cache.prototype.put = some ? self.roomy : async () => { throw new DOMException("no room", "QuotaExceededError"); };
  }, yes)));
  expect(workers.length > 0, "the page has a worker");
  const before = await asked();
  expect(before.ok && !before.kept && before.left, `with room: ${JSON.stringify(before)}`);
  await room(false);
  const without = await asked();
  expect(without.ok && !without.kept && !without.left, `without room: ${JSON.stringify(without)}`);
  await room(true);
  const again = await asked();
  expect(again.ok && !again.kept && again.left, `with room again: ${JSON.stringify(again)}`);
  // An answer that breaks off on its way is none: what was kept is given, and stays.
  const whole = (yes) => Promise.all(workers.map((worker) => worker.evaluate((some) => {
    self.wholly ??= self.fetch;
    self.fetch = some ? self.wholly : async () => new Response(new ReadableStream({
      start(to) { to.enqueue(new TextEncoder().encode("{")); to.error(new TypeError("cut")); },
    }));
  }, yes)));
  await whole(false);
  const cut = await asked();
  expect(cut.ok && cut.kept && cut.left, `cut off: ${JSON.stringify(cut)}`);
  await whole(true);
  await page.close();
}

// Photographs, drawn by a library that is not ours.
const draw = await browser.newPage();
function qrSvg(text) {
  const code = qrcode(0, "Q");
  code.addData(text, "Byte");
  code.make();
  return code.createSvgTag({ cellSize: 6, margin: 24 });
}
const files = {};
for (const [name, list] of Object.entries({ one: [good.qr_text], none: [], two: [good.qr_text, of("revoked").qr_text], twice: [good.qr_text, good.qr_text] })) {
  await draw.setContent(`<body style="background:#fff;margin:40px">${list.map(qrSvg).join("")}</body>`);
  files[name] = join(profile, `${name}.png`);
  writeFileSync(files[name], await draw.screenshot({ fullPage: true }));
}
// Two in other places: one over the other, one much smaller, one far away.
for (const [name, style] of Object.entries({
  stacked: "svg{display:block;margin:30px}", unlike: "svg+svg{width:210px;height:210px}", apart: "body{width:2400px}svg+svg{margin:700px 0 0 900px}",
})) {
  await draw.setContent(`<style>${style}</style><body style="background:#fff;margin:40px">${[good.qr_text, of("revoked").qr_text].map(qrSvg).join("")}</body>`);
  files[name] = join(profile, `${name}.png`);
  writeFileSync(files[name], await draw.screenshot({ fullPage: true }));
}
// A second one that something lies upon: its corners mislead the library, so that only a strip of the picture is read.
await draw.setContent(`<style>div{position:relative;width:fit-content}div+div::after{content:"";position:absolute;inset:25%;background:#fff}</style>
  <body style="background:#fff;margin:40px">${[good.qr_text, of("revoked").qr_text].map((text) => `<div>${qrSvg(text)}</div>`).join("")}</body>`);
files.strip = join(profile, "strip.png");
writeFileSync(files.strip, await draw.screenshot({ fullPage: true }));
await draw.close();

await browser.setOffline(true);
const lost = await browser.newPage();
await lost.goto(demo.address + "/verify").then(() => faults.push("the network is not cut"), () => {});
await lost.close();

for (const lang of ["zh", "en"]) {
  const page = await browser.newPage();
  watch(page);
  await page.goto(path(lang));
  await page.waitForSelector("#works:not([hidden])");
  const seen = await paste(page, good.qr_text);
  expect(seen.state === "valid", `${lang}: by a fresh bundle a good one is ${seen.state}`);
  expect(seen.program && seen.institution && seen.issuer, `${lang}: names by the bundle: ${seen.program}, ${seen.institution}, ${seen.issuer}`);
  expect(/公开日志|public log/.test(seen.sentence), `${lang}: that the log was not checked is said: ${seen.sentence}`);
  expect(seen.holder.length > 0 && !seen.holder.includes("*"), `${lang}: the signed name is shown: ${seen.holder}`);
  expect(seen.number.length > 0 && /(撤销状态截至|Status as of) .*20\d\d.*1$/.test(seen.as_of), `${lang}: date and number of the bundle: ${seen.as_of}`);
  expect(await page.locator("#checks tr").count() === 7, `${lang}: seven checks are listed`);
  expect(!/残|disab/i.test(seen.all), `${lang}: neutral`);
  for (const state of ["revoked", "suspended", "superseded", "expired"]) {
    const told = (await paste(page, of(state).qr_text)).state;
    expect(told === state, `${lang}: ${state} without a network is ${told}`);
  }
  for (const state of ["not_genuine", "indeterminate"]) {
    const found = of(state)?.qr_text;
    if (found) expect(["not-genuine", "damaged", "unknown-key", "key-in-doubt"].includes((await paste(page, found)).state), `${state} offline`);
  }
  // Every single altered character of the signed part is noticed.
  const [head, tail] = good.qr_text.split("#");
  for (let at = 0; at < tail.length; at += 7) {
    const other = tail[at] === "A" ? "B" : "A";
    const { state } = await paste(page, `${head}#${tail.slice(0, at)}${other}${tail.slice(at + 1)}`);
    expect(["not-genuine", "damaged", "unknown-key"].includes(state), `altered at ${at}: ${state}`);
  }
  for (const [text, state] of [
    ["hello", "not-ours"], [head, "no-signed-data"], [`${head}#${tail.slice(0, -8)}`, "damaged"], [`${head}#${tail}AA`, "damaged"],
    [good.qr_text.replace(/\/V\/.{26}/, `/V/${"A".repeat(26)}`), "not-genuine"],
  ]) expect((await paste(page, text)).state === state, `${text.slice(0, 20)}… is ${state}`);
  if (lang === "zh") {
    const filmed = await verdict(page, () => page.click("#start"));
    expect(filmed.state === "valid" && filmed.number.length > 0, `the camera reads a code without a network: ${filmed.state}`);
    expect(await page.isHidden("#camera") && await page.isVisible("#start"), "the camera is closed once it has seen a code");
    expect((await choose(page, files.one)).state === "valid", "a photograph is read without a network");
    expect((await choose(page, files.two)).state === "two-codes", "a photograph of two certificates is told");
    for (const layout of ["stacked", "unlike", "apart"]) {
      const { state } = await choose(page, files[layout]);
      expect(state === "two-codes", `two codes, ${layout}: ${state}`);
    }
    // In the noise of this one the library reads an empty code, at the size at which it looks first.
    const far = await choose(page, fileURLToPath(new URL("far-apart.png", import.meta.url)));
    expect(far.state === "two-codes", `two codes, with an empty one in between: ${far.state}`);
    const strip = await choose(page, files.strip);
    expect(strip.state === "two-codes" && strip.word === "分不清是哪一份证书" && strip.sentence.includes("只有一部分认得出"),
      `a code that only a strip shows: ${strip.state}, ${strip.word}, ${strip.sentence}`);
    expect(!strip.number && !strip.holder, `nothing is said of whom: ${strip.number}, ${strip.holder}`);
    // Whether or not the library tells the two apart, it is no other answer than that of the one, or none.
    const twice = (await choose(page, files.twice)).state;
    expect(["valid", "two-codes"].includes(twice), `the same code twice is ${twice}`);
    expect((await choose(page, files.none)).state === "no-code", "a photograph without a code is told");
    const broken = join(profile, "broken.png");
    writeFileSync(broken, "no picture");
    expect((await choose(page, broken)).state === "no-picture", "a broken picture is told");
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide <= 0, `scrolls sideways by ${wide}`);
  await page.close();
}

// The network is back, and the site offers another bundle: an older one, or an altered one, is refused, and the page says so.
await browser.setOffline(false);
for (const [what, tell] of [["older", "早于"], ["altered", "没有通过核验"]]) {
  const page = await browser.newPage();
  watch(page);
  if (what === "older") {
    // As after a newer one was seen here.
    await page.goto(path("zh"));
    await page.waitForSelector("html[data-ready=yes]");
    await page.evaluate(() => {
      const seen = JSON.parse(localStorage.getItem("trust-bundle-seen"));
      localStorage.setItem("trust-bundle-seen", JSON.stringify({ ...seen, number: seen.number + 1 }));
    });
  } else {
    await page.route("**/trust/bundle", async (route) => {
      const answer = await route.fetch();
      const body = await answer.body();
      body[body.length >> 1] ^= 1;
      await route.fulfill({ response: answer, body });
    });
  }
  await page.goto(path("zh"));
  await page.waitForSelector("html[data-ready=yes]");
  const said = await page.textContent("#bundle-refused");
  expect(said.includes(tell), `${what}: the page says ${said}`);
  if (what === "older") {
    await page.evaluate(() => {
      const seen = JSON.parse(localStorage.getItem("trust-bundle-seen"));
      localStorage.setItem("trust-bundle-seen", JSON.stringify({ ...seen, number: seen.number - 1 }));
    });
  } else {
    expect((await paste(page, good.qr_text)).state === "valid", "the bundle from before stays in use");
  }
  await page.close();
}

// Last, for the clock is that of all pages. Weeks later without a network: genuine and as of when, never plain valid; revoked stays revoked.
await browser.setOffline(true);
const later = await browser.newPage();
watch(later);
await later.clock.setFixedTime(new Date(Date.now() + 15 * 86400 * 1000));
await later.goto(path("zh"));
await later.waitForSelector("#works:not([hidden])");
const stale = await paste(later, good.qr_text);
expect(stale.state === "stale" && stale.word.startsWith("签名真实"), `an old bundle says ${stale.state}, ${stale.word}`);
expect(!/证书有效/.test(stale.word + stale.title + stale.sentence), `never plain valid: ${stale.all}`);
expect(/撤销状态截至 20\d\d年/.test(stale.as_of), `as of when: ${stale.as_of}`);
expect((await paste(later, of("revoked").qr_text)).state === "revoked", "revoked is for good");
await later.close();

await browser.close();
rmSync(profile, { recursive: true, force: true });
for (const fault of faults) console.error(fault);
console.log(`${checks} checks, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
