// Opens every public page of a running registry in Chromium, at desktop width and at 320 pixels, and checks what a person
// would notice: nothing scrolls sideways, one h1, the verdict's facts are on the first screen, no script and no console error.
//
//   node pages.mjs DEMO.json [FOLDER]     DEMO.json: first line of `mingzheng demo --json`; FOLDER: pictures are put there
import { readFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const demo = JSON.parse(readFileSync(process.argv[2], "utf8").split("\n")[0]);
const folder = process.argv[3];
if (folder) mkdirSync(folder, { recursive: true });
const first = (state) => demo.certificates.find((one) => one.state === state);
const get = async (path) => (await fetch(demo.address + path)).json();
const institution = (await get("/api/v1/catalogue/institutions")).items[0].credit_code;
const program = (await get("/api/v1/catalogue/programs")).items[0].code;
const states = ["valid", "revoked", "expired", "suspended", "superseded", "not_found"];
const pages = [
  "/", "/verify", "/institutions", `/institutions/${institution}`, "/programs", `/programs/${program}`,
  "/log", "/help", "/verify/help", "/privacy", "/accessibility", "/problems", "/developers", "/sign-in", "/sign-in/code", "/password", "/password/forgotten", "/no-such-page",
  ...states.map((state) => `/v/${first(state).id}`),
];
const profile = mkdtempSync(join(tmpdir(), "pages-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const faults = [];
const titles = new Map();
for (const width of [1280, 320]) {
  for (const language of ["", "/en"]) {
    for (const path of pages) {
      const page = await browser.newPage();
      await page.setViewportSize({ width, height: width === 320 ? 568 : 800 });
      const where = `${language}${path} at ${width}`;
      page.on("pageerror", (error) => faults.push(`${where}: ${error}`));
      page.on("request", (request) => {
        if (!request.url().startsWith(demo.address)) faults.push(`${where}: asks ${request.url()}`);
      });
      await page.goto(demo.address + language + path, { waitUntil: "load" });
      const seen = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        h1: document.querySelectorAll("h1").length,
        lang: document.documentElement.lang,
        title: document.title,
        scripts: document.scripts.length,
        inline: document.querySelectorAll("[style],[onclick]").length,
        text: document.body.innerText,
        small: [...document.querySelectorAll("button,input,select,summary,nav:not(.trail) a")]
          .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
          .map((one) => one.outerHTML.slice(0, 80)),
        tiny: [...document.querySelectorAll("main *")]
          .filter((one) => one.children.length === 0 && one.textContent.trim() && parseFloat(getComputedStyle(one).fontSize) < 14)
          .length,
        unnamed: [...document.querySelectorAll("input,select")].filter((one) => !one.labels?.length).length,
        bottom: Math.max(0, ...[...document.querySelectorAll(".verdict dd")].map((one) => one.getBoundingClientRect().bottom)),
      }));
      const fault = (text) => faults.push(`${where}: ${text}`);
      if (seen.wide > 0) fault(`scrolls sideways by ${seen.wide}`);
      if (seen.h1 !== 1) fault(`${seen.h1} h1`);
      if (seen.lang !== (language ? "en" : "zh-CN")) fault(`lang ${seen.lang}`);
      if (seen.scripts || seen.inline) fault("script or inline style");
      if (seen.small.length) fault(`targets under 44 px: ${seen.small[0]}`);
      if (seen.tiny) fault(`${seen.tiny} texts under 14 px`);
      if (seen.unnamed) fault("an input without a label");
      if (path.startsWith("/v/") && /残疾|disab/i.test(seen.text.replace(/不显示.*/g, ""))) fault("tells about disability");
      if (width === 320 && seen.bottom > 568) fault(`facts end at ${seen.bottom}, below the first screen`);
      if (width === 1280) {
        if (titles.has(seen.title) && !path.startsWith("/v/")) fault(`same title as ${titles.get(seen.title)}`);
        titles.set(seen.title, where);
      }
      if (folder && !language) {
        const name = `${path.replaceAll("/", "_")}-${width}.png`;
        await page.screenshot({ path: join(folder, name), fullPage: !path.startsWith("/v/") || width > 320 });
      }
      await page.close();
    }
  }
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
for (const fault of faults) console.error(fault);
console.log(`${pages.length * 4} views, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
