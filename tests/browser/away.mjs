// The page of who finds no place, as a browser shows it: whole, with its reference number, without help of a stylesheet that
// the same server would have to give.
//
//   MINGZHENG__POOLS__VERIFY__RUNNING=1 MINGZHENG__POOLS__VERIFY__WAITING=0 mingzheng demo --json >demo.json
//   node away.mjs demo.json [FOLDER]
import { readFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import * as look from "./look.mjs";

const demo = JSON.parse(readFileSync(process.argv[2], "utf8").split("\n")[0]);
const folder = process.argv[3];
if (folder) mkdirSync(folder, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const profile = mkdtempSync(join(tmpdir(), "away-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const faults = [];
let busy = true;
// One place and nobody may wait: somebody is always having a thousand certificates judged.
const items = Array.from({ length: 1000 }, () => ({ qr: demo.certificates[0].qr_text }));
const body = JSON.stringify({ items });
const headers = { "Content-Type": "application/json" };
const asking = Array.from({ length: 4 }, async () => {
  while (busy) await (await fetch(`${demo.address}/api/v1/verifications`, { method: "POST", headers, body })).text();
});
for (const width of [1280, 320]) {
  for (const [path, lang, word] of [["/verify", "zh-CN", "繁忙"], ["/en/verify", "en", "overloaded"]]) {
    const where = `${path} at ${width}`;
    const page = await browser.newPage();
    // Else the page that somebody was given stands in for a minute.
    await (await browser.newCDPSession(page)).send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.setViewportSize({ width, height: width === 320 ? 568 : 800 });
    let answer;
    for (let time = 0; time < 200 && answer?.status() !== 503; time += 1) answer = await page.goto(demo.address + path);
    if (answer.status() !== 503) {
      faults.push(`${where}: nobody was turned away`);
      continue;
    }
    const seen = await page.evaluate(look.page);
    if (answer.headers()["retry-after"] !== "2") faults.push(`${where}: does not say when to come again`);
    if (seen.lang !== lang || seen.h1 !== 1) faults.push(`${where}: ${seen.lang}, ${seen.h1} h1`);
    if (!seen.text.toLowerCase().includes(word)) faults.push(`${where}: does not say ${word}: ${seen.text}`);
    if (!seen.text.includes(answer.headers()["x-request-id"])) faults.push(`${where}: without its reference number`);
    if (/残疾|disab/i.test(seen.text)) faults.push(`${where}: tells about disability`);
    if (seen.wide > 0) faults.push(`${where}: scrolls sideways by ${seen.wide}`);
    if (seen.body < 18 || seen.small.length || seen.tiny.length) faults.push(`${where}: too small: ${seen.body} ${seen.small} ${seen.tiny}`);
    for (const low of await page.evaluate(look.contrast)) faults.push(`${where}: contrast ${low}`);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }));
    for (const one of violations) faults.push(`${where}: axe ${one.id}: ${one.nodes[0].html.slice(0, 120)}`);
    if (folder) await page.screenshot({ path: join(folder, `away-${lang}-${width}.png`), fullPage: true });
    await page.close();
  }
}
busy = false;
await Promise.all(asking);
await browser.close();
rmSync(profile, { recursive: true, force: true });
for (const fault of faults) console.error(fault);
console.log(`away: ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
