// The offline checker in Chromium: opened once with a network, then the network is cut and a new page has to answer.
//
//   node offline.mjs DEMO.json     DEMO.json: first line of `mingzheng demo --json`
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import qrcode from "qrcode-generator";

const demo = JSON.parse(readFileSync(process.argv[2], "utf8").split("\n")[0]);
const profile = mkdtempSync(join(tmpdir(), "offline-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const faults = [];
let checks = 0;
const expect = (good, text) => {
  checks += 1;
  if (!good) faults.push(text);
};
const of = (state) => demo.certificates.find((one) => one.state === state);
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
      holder: at("fact-holder"), number: at("fact-number"), all: document.getElementById("verdict").innerText, title: document.title,
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

// Photographs, drawn by a library that is not ours.
const good = of("valid");
const draw = await browser.newPage();
function qrSvg(text) {
  const code = qrcode(0, "Q");
  code.addData(text, "Byte");
  code.make();
  return code.createSvgTag({ cellSize: 6, margin: 24 });
}
const files = {};
for (const [name, list] of Object.entries({ one: [good.qr_text], none: [] })) {
  await draw.setContent(`<body style="background:#fff;margin:40px">${list.map(qrSvg).join("")}</body>`);
  files[name] = join(profile, `${name}.png`);
  writeFileSync(files[name], await draw.screenshot({ fullPage: true }));
}
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
  expect(seen.state === "genuine", `${lang}: a genuine one is ${seen.state}`);
  expect(seen.holder.length > 0 && !seen.holder.includes("*"), `${lang}: the signed name is shown: ${seen.holder}`);
  expect(seen.number.length > 0 && /20\d\d/.test(seen.as_of), `${lang}: number and age of the keys: ${seen.number}, ${seen.as_of}`);
  expect(!/证书有效|\bvalid\b/i.test(seen.word + seen.title), `${lang}: never plain valid: ${seen.word}, ${seen.title}`);
  expect(!/残|disab/i.test(seen.all), `${lang}: neutral`);
  // Revoked is not known without a network; the words say so.
  expect((await paste(page, of("revoked").qr_text)).state === "genuine", "a revoked one has a genuine signature");
  expect((await paste(page, of("expired").qr_text)).state === "expired", "an expired one is told");
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
    expect((await choose(page, files.one)).state === "genuine", "a photograph is read without a network");
    expect((await choose(page, files.none)).state === "no-code", "a photograph without a code is told");
    const broken = join(profile, "broken.png");
    writeFileSync(broken, "no picture");
    expect((await choose(page, broken)).state === "no-picture", "a broken picture is told");
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide <= 0, `scrolls sideways by ${wide}`);
  await page.close();
}

await browser.close();
rmSync(profile, { recursive: true, force: true });
for (const fault of faults) console.error(fault);
console.log(`${checks} checks, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
