// Opens every public page of a running registry in Chromium and checks what a person would notice: at desktop width and at
// 320 pixels, at 200 % text size, with the text spacing of WCAG 1.4.12, in large mode, by keyboard alone, with axe-core, and
// the weight of what is loaded. A verdict's facts must stand on the first screen of a small telephone.
//
//   node pages.mjs DEMO.json [FOLDER [ONLY]]
//     DEMO.json: first line of `mingzheng demo --json`; FOLDER: pictures are put there; ONLY: pages whose address fits this
//     regular expression
import { readFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import * as look from "./look.mjs";

const demo = JSON.parse(readFileSync(process.argv[2], "utf8").split("\n")[0]);
const folder = process.argv[3];
if (folder) mkdirSync(folder, { recursive: true });
const only = process.argv[4] && new RegExp(process.argv[4]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const first = (state) => demo.certificates.find((one) => one.state === state);
const get = async (path) => (await fetch(demo.address + path)).json();
const institutions = (await get("/api/v1/catalogue/institutions")).items;
const institution = institutions.find((one) => one.state !== "suspended").credit_code;
const suspended = institutions.find((one) => one.state === "suspended").credit_code;
const program = (await get("/api/v1/catalogue/programs")).items[0].code;
const exited = institutions.find((one) => one.state === "exited").credit_code;
const federation = demo.accounts.find((one) => one.role === "province_officer").region;
const ranked = (await get(`/api/v1/rankings?federation=${federation}`)).ranked.map((one) => one.credit_code);
const bulletin = (await get("/api/v1/catalogue/bulletins"))[0].number;
// A notice that runs: its form of objections, not the page that says it is over.
const noticed = (await (await fetch(`${demo.address}/notices`)).text()).match(/\/notices\/[^"?]+\/objections\/new\?federation=\d+/)?.[0];
if (!noticed) throw new Error("no notice is open in the demo");
const byId = ["valid", "revoked", "expired", "suspended", "superseded", "not_found"];
const byText = ["not_genuine", "indeterminate"];
const pages = [
  "/", "/verify", "/institutions", "/institutions?q=%E7%94%B2&provision=lift", "/institutions?q=zzz", "/institutions?region=999999",
  `/institutions/${institution}`, `/institutions/${suspended}`, `/institutions/${exited}`,
  `/institutions/${ranked[0]}/score`, `/rankings/compare?federation=${federation}&${ranked.slice(0, 3).map((code) => `code=${code}`).join("&")}`,
  `/bulletins/${bulletin}`, "/programs", "/programs?form=braille", `/programs/${program}`,
  "/certificate-types", "/notices", `/notices/${bulletin}/objections/new`, noticed, "/rankings", "/rankings/provinces", "/bulletins", "/log", "/help", "/verify/help", "/verify/batch", "/verify/offline", "/privacy", "/accessibility", "/problems",
  "/problems/not-found", "/developers", "/developers/certificates", "/sign-in", "/sign-in/code", "/sign-in/code/ask", "/password", "/password/forgotten", "/no-such-page",
  ...byId.map((state) => `/v/${first(state).id}`),
];

const profile = mkdtempSync(join(tmpdir(), "pages-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const faults = [];
let checks = 0;
const titles = new Map();

/** Looks at one page with fresh eyes; `act` leads from the address to the page that is meant. */
async function visit(path, { width = 1280, height = width === 320 ? 568 : 800, act, where: named } = {}, see) {
  if (only && !only.test(path)) return;
  const page = await browser.newPage();
  const where = `${named ?? path} at ${width}`;
  const fault = (text) => faults.push(`${where}: ${text}`);
  let bodies = [];
  page.on("pageerror", (error) => fault(`error ${error}`));
  page.on("console", (line) => {
    // The status of an error page is told as an error too.
    if (line.type() === "error" && !/the server responded with a status of 4/.test(line.text())) fault(`console: ${line.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(demo.address)) fault(`asks ${request.url()}`);
  });
  page.on("response", (answer) => bodies.push(answer.body().catch(() => "")));
  await page.setViewportSize({ width, height });
  await page.goto(demo.address + path, { waitUntil: "load" });
  if (act) {
    bodies = [];
    await act(page);
    await page.waitForLoadState("load");
  }
  const weight = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
  checks += 1;
  await see({ page, fault, weight, path, width });
  await page.close();
}

async function expectPage({ page, fault, weight, path, width }) {
  const language = path.startsWith("/en/") ? "en" : "zh-CN";
  const seen = await page.evaluate(look.page);
  const verdict = /\/v\//.test(path) || seen.state;
  if (seen.wide > 0) fault(`scrolls sideways by ${seen.wide}`);
  if (seen.h1 !== 1) fault(`${seen.h1} h1`);
  if (seen.lang !== language) fault(`lang ${seen.lang}`);
  // The offline checker, the answer to a scan, the pages of security keys and of one's own certificate alone have scripts:
  // offline.mjs and passkey.mjs look at the first three.
  const scripts = verdict || /\/verify\/offline$|\/key$|\/me\/certificates\/[^/]+$/.test(path);
  if ((seen.scripts && !scripts) || seen.inline) fault("script or inline style");
  if (seen.small.length) fault(`targets under 44 px: ${seen.small[0]}`);
  if (seen.tight.length) fault(`links closer than 24 px: ${seen.tight[0]}`);
  if (seen.tiny.length) fault(`text under 14 px: ${seen.tiny[0]}`);
  if (seen.body < 18) fault(`body text of ${seen.body} px`);
  if (seen.unnamed.length) fault(`an input without a label: ${seen.unnamed[0]}`);
  if (seen.dangling.length) fault(`points to nothing: ${seen.dangling[0]}`);
  if (seen.foreign.length) fault(`Chinese text marked as English: ${seen.foreign[0]}`);
  if (verdict && /残疾|disab/i.test(seen.text)) fault("tells about disability");
  const limit = /\/(v|verify)\b/.test(path) ? 60 : 150;
  if (weight > limit * 1024) fault(`weighs ${Math.round(weight / 1024)} KB of ${limit}`);
  for (const low of await page.evaluate(look.contrast)) fault(`contrast ${low}`);
  if (width === 320 && verdict && seen.bottom > 568) fault(`facts end at ${seen.bottom}, below the first screen`);
  if (width === 320 && /^\/(en\/)?$/.test(path) && seen.field > 568) fault(`the verify field ends at ${seen.field}`);
  return seen;
}

async function expectAxe({ page, fault }) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  for (const one of violations) fault(`axe ${one.id}: ${one.nodes[0].html.slice(0, 120)} ${one.nodes[0].failureSummary.slice(0, 160)}`);
}

async function expectKeyboard({ page, fault }) {
  const stops = [];
  for (let press = 0; press < 400; press += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(look.focus);
    if (!stop) break;
    if (stops.length === 0 && !stop.skip) fault(`the first stop is ${stop.html}`);
    if (stop.outline < 3) fault(`no focus ring of 3 px on ${stop.html}`);
    if (stop.hidden) fault(`focus out of sight on ${stop.html}`);
    // A date has several stops inside one field.
    if (stop.at === stops.at(-1)) continue;
    if (stops.includes(stop.at)) break;
    stops.push(stop.at);
  }
  const all = await page.evaluate(look.stops);
  if (stops.length < all) fault(`the keyboard reaches ${stops.length} of ${all} stops`);
  await page.goto(page.url());
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  if ((await page.evaluate(() => document.activeElement.id)) !== "main") fault("the skip link does not lead to main");
}

const picture = (page, name) => folder && page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
const named = (path) => path.replaceAll("/", "_").replaceAll("?", "-").replace(/[^\w.-]/g, "");

/** Both languages at both widths, side by side: each page has a size and a focus of its own. */
const everyWay = (look) => Promise.all(["", "/en"].flatMap((language) => [1280, 320].map((width) => look(language, width))));

for (const path of pages) {
  await everyWay((language, width) => visit(language + path, { width }, async (at) => {
    const seen = await expectPage(at);
    await expectAxe(at);
    if (width === 1280) {
      // Certificates in the same state have the same words; every other page has a title of its own.
      if (titles.has(seen.title) && !path.startsWith("/v/")) at.fault(`same title as ${titles.get(seen.title)}`);
      titles.set(seen.title, language + path);
    }
    await picture(at.page, `${named(language + path)}-${width}`);
  }));
}

// Every stop of the keyboard, in both languages: one width is enough, the order is the same.
for (const path of pages) await visit(path, {}, expectKeyboard);

// 200 % text, and the spacing that people with dyslexia set: nothing scrolls sideways, nothing is cut off.
for (const path of pages) {
  await Promise.all([["200 % text", 640, look.doubleText], ["text spacing", 320, look.spacing]].map(([name, width, change]) =>
    visit(path, { width, where: `${path} with ${name}` }, async ({ page, fault }) => {
      await page.evaluate(change);
      const seen = await page.evaluate(look.page);
      if (seen.wide > 0) fault(`scrolls sideways by ${seen.wide}`);
      for (const cut of await page.evaluate(look.cut)) fault(`cut off: ${cut}`);
    })));
}

// Contrast when more of it is asked for, and the colours of the system.
for (const path of ["/", "/institutions", `/v/${first("valid").id}`, `/v/${first("revoked").id}`]) {
  await visit(path, { where: `${path} with more contrast`, act: (page) => page.emulateMedia({ contrast: "more" }) }, async ({ page, fault }) => {
    for (const low of await page.evaluate(look.contrast)) fault(`contrast ${low}`);
  });
  await visit(path, { where: `${path} with forced colours`, act: (page) => page.emulateMedia({ forcedColors: "active" }) }, async ({ page, fault }) => {
    if (await page.evaluate(look.borderless)) fault("a badge or a verdict without a border");
    await picture(page, `${named(path)}-forced`);
  });
  await visit(path, { where: `${path} on paper`, act: (page) => page.emulateMedia({ media: "print" }) }, async ({ page, fault }) => {
    const paper = await page.evaluate(look.paper);
    if (paper.shown.length) fault(`${paper.shown[0]} is printed`);
    if (!/http/.test(paper.text) || !/打印时间/.test(paper.text)) fault("address and time of printing are missing");
    if (path.startsWith("/v/") && !/查验结果,以网上为准/.test(paper.text)) fault("the stamp of a printed verdict is missing");
    await picture(page, `${named(path)}-print`);
  });
}

// All states look different in black and white: border, sign and words.
const looks = new Map();
for (const state of [...byId, ...byText]) {
  for (const language of ["", "/en"]) {
    for (const width of [1280, 320]) {
      const one = first(state);
      const scan = byId.includes(state);
      const act = scan ? undefined : async (page) => {
        await page.fill("#number", one.qr_text);
        await page.click("main button");
      };
      const where = `${language}/ verdict ${state}`;
      await visit(`${language}${scan ? `/v/${one.id}` : "/verify"}`, { width, act, where }, async (at) => {
        const seen = await expectPage(at);
        if (!scan) await expectAxe(at);
        if (seen.state !== state) at.fault(`shows ${seen.state}`);
        if (!seen.title.startsWith(seen.heading)) at.fault(`the title is ${seen.title}`);
        if (!scan && /李|钱|赵|孙/.test(seen.text)) at.fault("shows a name beside what is not genuine");
        if (width === 1280 && !language) looks.set(state, seen.look);
        await picture(at.page, `verdict-${state}${language.replace("/", "-")}-${width}`);
      });
    }
  }
}
for (const part of ["border", "sign", "heading"]) {
  const all = [...looks.values()].map((one) => one[part]);
  if (new Set(all).size !== all.length) faults.push(`two verdicts have the same ${part}: ${all.join(" | ")}`);
}

// A form with mistakes keeps what was typed, says so first, and ties each message to its field.
for (const [language, word] of [["", "错误:"], ["/en", "Error: "]]) {
  const act = async (page) => {
    await page.fill("#number", "MZ33-<b>\"");
    await page.fill("#name", "");
    await page.click("main button");
  };
  await visit(`${language}/verify`, { width: 320, act, where: `${language}/verify with mistakes` }, async (at) => {
    const seen = await expectPage(at);
    await expectAxe(at);
    if (!seen.title.startsWith(word)) at.fault(`the title is ${seen.title}`);
    const form = await at.page.evaluate(look.form);
    if (form.number !== "MZ33-<b>\"") at.fault(`the number became ${form.number}`);
    if (form.summary !== 2 || form.links !== 2) at.fault(`the summary has ${form.summary} lines, ${form.links} of them lead to a field`);
    if (!form.tied) at.fault("a field without its message");
    await picture(at.page, `mistakes${language.replace("/", "-")}`);
  });
}
const genuine = first("valid");
for (const [typed, sees] of [[genuine.holder, "姓名一致"], ["王不是", "姓名不一致"], ["", "请输入完整姓名"]]) {
  const act = async (page) => {
    await page.fill("#name", typed);
    await page.click("main .panel button");
  };
  await visit(`/v/${genuine.id}`, { width: 320, act, where: `name check “${sees}”` }, async (at) => {
    const seen = await expectPage(at);
    await expectAxe(at);
    if (!seen.text.includes(sees)) at.fault(`does not say ${sees}`);
    if (!typed && !seen.title.startsWith("错误:")) at.fault(`the title is ${seen.title}`);
    await picture(at.page, `name-${typed ? (typed === genuine.holder ? "match" : "other") : "empty"}`);
  });
}
await visit("/verify", {
  where: "number and name", act: async (page) => {
    await page.fill("#number", genuine.number);
    await page.fill("#name", genuine.holder);
    await page.click("main button");
  },
}, async ({ page, fault }) => {
  if (!page.url().endsWith(`/v/${genuine.id}`)) fault(`leads to ${page.url()}`);
});

// Large mode: a cookie and nothing else; targets of 60 px, text of 24 px; the address and the query stay.
await visit("/institutions?q=%E7%94%B2", { width: 320, where: "large mode", act: (page) => page.click("text=长辈版") }, async (at) => {
  const { page, fault } = at;
  if (!page.url().endsWith("/institutions?q=%E7%94%B2")) fault(`leads to ${page.url()}`);
  for (const path of ["/institutions?q=%E7%94%B2", "/", "/verify", `/v/${genuine.id}`, `/institutions/${institution}`]) {
    await page.goto(demo.address + path);
    const seen = await page.evaluate(look.page);
    const small = await page.evaluate(look.smallerThan, 59.5);
    if (seen.body < 24) fault(`${path}: text of ${seen.body} px`);
    if (small.length) fault(`${path}: a target under 60 px: ${small[0]}`);
    if (seen.wide > 0) fault(`${path}: scrolls sideways by ${seen.wide}`);
    await expectAxe(at);
    await picture(page, `large${named(path)}`);
  }
  await page.click("text=标准版");
  if ((await page.evaluate(look.page)).body >= 24) fault("large mode cannot be left");
});

// The language switch keeps page and query.
await visit("/institutions?q=%E7%94%B2&provision=lift", { where: "language switch", act: (page) => page.click("text=English") }, async ({ page, fault }) => {
  if (!page.url().endsWith("/en/institutions?q=%E7%94%B2&provision=lift")) fault(`leads to ${page.url()}`);
});

// Pages of signed-in people, each at both widths and in both languages, and every stop of the keyboard.
const api = async (path, token, body, more = {}) => {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), ...more };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(demo.address + path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const account = (role, region) => demo.accounts.find((one) => one.role === role && (!region || one.region === region));
const tokenOf = async (one) => (await api("/api/v1/sessions", null, { name: one.name, password: one.password })).access_token;
const sendForm = async (path, fields) => {
  const page = await browser.newPage();
  await page.goto(demo.address + path);
  for (const [field, value] of Object.entries(fields)) {
    if (await page.locator(`select#${field}`).count()) await page.selectOption(`#${field}`, value);
    else await page.fill(`#${field}`, value);
  }
  await Promise.all([page.waitForNavigation(), page.click("main form:last-of-type button[type=submit]")]);
  const where = new URL(page.url()).pathname;
  await page.close();
  return where;
};
/** Sends a form with a file, and looks at the answer at both widths. */
async function uploadForm(path, fields, text, see) {
  for (const width of [1280, 320]) {
    const act = async (page) => {
      for (const [field, value] of Object.entries(fields)) {
        if (await page.locator(`select#${field}`).count()) await page.selectOption(`#${field}`, value);
        else await page.fill(`#${field}`, value);
      }
      await page.setInputFiles("#file", { name: "a.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
      await Promise.all([page.waitForNavigation(), page.click("main form[enctype] button[type=submit]")]);
    };
    await visit(path, { width, act, where: `${path} with a file` }, async (at) => {
      await expectPage(at);
      await see(at);
      await picture(at.page, `file${named(path)}-${width}`);
    });
  }
}
async function walk(who, paths) {
  for (const path of paths) {
    await everyWay((language, width) => visit(language + path, { width, where: `${language}${path} as ${who}` }, async (at) => {
      const seen = await expectPage(at);
      if (!at.page.url().endsWith(language + path)) at.fault(`leads to ${at.page.url()}`);
      if (!seen.text.includes(language ? "Sign out" : "退出")) at.fault("shows no way out");
      await expectAxe(at);
      await picture(at.page, `${who}${named(language + path)}-${width}`);
    }));
    await visit(path, { where: `${path} as ${who}` }, expectKeyboard);
  }
}
async function as(who, one, paths) {
  await browser.clearCookies();
  const where = await sendForm("/sign-in", { name: one.name, password: one.password });
  if (where !== "/desk") faults.push(`${who} cannot sign in: ${where}`);
  await walk(who, paths);
}

const national = account("national_officer");
const nationalToken = await tokenOf(national);
const auditor = { name: `auditor-${crypto.randomUUID().slice(0, 8)}`, password: crypto.randomUUID() };
await api("/api/v1/accounts", nationalToken, { ...auditor, person_name: "审计演示", role: "auditor", federation: "000000" });
// A trainee who found work, signed in by a code that their county printed; else anybody.
let trainee;
for (const officer of demo.accounts.filter((one) => one.role === "county_officer")) {
  const token = await tokenOf(officer);
  for (const cohort of (await api("/api/v1/cohorts", token)).items) {
    if (trainee?.works) continue;
    const { items } = await api(`/api/v1/cohorts/${cohort.id}/enrolments?limit=20`, token);
    for (const one of items) {
      const works = (await api(`/api/v1/enrolments/${one.id}/episodes`, token)).length > 0;
      if (trainee && !works) continue;
      trainee = { officer, works, slip: `/api/v1/cohorts/${cohort.id}/enrolments/${one.id}/sign-in-slip` };
      if (works) break;
    }
  }
}
if (trainee) trainee.code = (await api(trainee.slip, await tokenOf(trainee.officer), {})).code;
if (!trainee?.works) faults.push("no trainee of the demo has work");
if (trainee) {
  await browser.clearCookies();
  if ((await sendForm("/sign-in/code", { code: trainee.code })) !== "/me") faults.push("a trainee cannot sign in");
  await walk("trainee", ["/me", "/me/consents", "/me/reads", "/me/copy", "/me/requests", "/me/appeals", "/me/work"]);
  // One of their certificates: without a share link, with one, and with one that was taken back.
  const mine = await browser.newPage();
  await mine.goto(`${demo.address}/me`);
  const own = await mine.locator("main a[href^='/me/certificates/']").first().getAttribute("href", { timeout: 500 }).catch(() => null);
  await mine.close();
  if (own) {
    await walk("own-certificate", [own]);
    for (const [language, words] of [["", /证书编号:M Z( [0-9A-Z])+。签发日期:[0-9]+年/], ["/en", /Number: M Z( [0-9A-Z])+\. Issued: [0-9]{4}-/]]) {
      // The voice is the browser's own, and need not be there: what it is asked to say is what counts.
      const act = async (page) => {
        await page.evaluate(() => { window.said = []; speechSynthesis.speak = (one) => window.said.push([one.text, one.lang]); });
        await page.click("#read");
      };
      await visit(language + own, { act, where: `${language}${own} read aloud` }, async ({ page, fault }) => {
        const said = await page.evaluate(() => window.said);
        const here = language ? "en" : "zh-CN";
        // The program keeps its own language.
        if (said.map(([, lang]) => lang).join() !== [here, "zh-CN", here].join()) fault(`speaks ${JSON.stringify(said)}`);
        if (!/登记状态:有效|On record: valid/.test(said[0]?.[0]) || !words.test(said[2]?.[0])) fault(`says ${JSON.stringify(said)}`);
        if (!/停止朗读|Stop reading/.test(await page.textContent("#read"))) fault("the reading cannot be stopped");
        await page.click("#read");
        if (!/读给我听|Read it to me/.test(await page.textContent("#read"))) fault("the reading was not stopped");
      });
    }
    const sharing = await browser.newPage();
    await sharing.goto(demo.address + own);
    const press = (button) => Promise.all([sharing.waitForNavigation(), sharing.click(button)]);
    await press("section[aria-labelledby=new] button");
    if (!(await sharing.locator("#made + p + p code").count())) faults.push("a holder got no share link");
    await walk("own-certificate-shared", [own]);
    await press("section.card button");
    if (await sharing.locator("section.card button").count()) faults.push("a share link was not taken back");
    await sharing.close();
    await walk("own-certificate-withdrawn", [own]);
  } else faults.push("the trainee has no certificate");
  await sendForm("/me/requests", { kind: "copy", words: "请给我一份" });
  await walk("trainee-waiting", ["/me/requests", "/me/copy"]);
} else faults.push("no trainee in the demo");
// A holder whose certificate was put on hold today appeals; who it is the lists do not tell, so those of the same masked
// name are asked. It is none of those that other tests look at.
let appellant, held;
const ofHeld = demo.accounts.find((one) => one.role === "county_officer");
const heldToken = await tokenOf(ofHeld);
const appealed = !only || only.test("/me/appeals") || only.test("/admin/appeals");
if (appealed) {
  let page = { next: "" };
  while (page.next !== null) {
    page = await api(`/api/v1/certificates?limit=100${page.next && `&cursor=${page.next}`}`, heldToken);
    held = page.items.filter((one) => one.status === "issued" && !demo.certificates.some((known) => known.number === one.certificate_no)).at(-1) ?? held;
  }
  const by = account("province_officer", "330000");
  await api(`/api/v1/certificates/${held.id}/changes`, await tokenOf(by), { act: "suspend", reason_code: "under_review" }, { "If-Match": `"${held.revision}"` });
}
for (const cohort of appealed ? (await api("/api/v1/cohorts?limit=100", heldToken)).items : []) {
  const { items } = await api(`/api/v1/cohorts/${cohort.id}/enrolments?limit=100`, heldToken);
  for (const one of items.filter((row) => row.name[0] === held.holder[0] && row.state === "completed")) {
    if (appellant) continue;
    const { code } = await api(`/api/v1/cohorts/${cohort.id}/enrolments/${one.id}/sign-in-slip`, heldToken, {});
    await browser.clearCookies();
    if ((await sendForm("/sign-in/code", { code })) !== "/me") continue;
    const page = await browser.newPage();
    await page.goto(`${demo.address}/me/appeals`);
    const act = await page.locator("#act option").nth(1).getAttribute("value", { timeout: 500 }).catch(() => null);
    await page.close();
    if (act) appellant = act;
  }
}
if (appellant) {
  // First with mistakes, then lodged; then as its county-level federation's superior sees it.
  await visit("/me/appeals", { width: 320, where: "/me/appeals with mistakes", act: (page) => page.click("main form:last-of-type button[type=submit]") }, async (at) => {
    await expectPage(at);
    await expectAxe(at);
    if (!(await at.page.title()).startsWith("错误:")) at.fault(`the title is ${await at.page.title()}`);
    await picture(at.page, "appeals-mistakes");
  });
  await sendForm("/me/appeals", { act: appellant, points: "核查期间没有听取我的说明,我参加了全部课程。", wish: "恢复证书" });
  await walk("trainee-appealed", ["/me/appeals"]);
  for (const role of ["province_officer", "national_officer"]) {
    await as(role.split("_")[0], account(role, role === "national_officer" ? undefined : "330000"), ["/admin/appeals"]);
  }
} else if (appealed) faults.push("nobody of the demo can appeal");
await as("county", trainee.officer, ["/desk", "/desk/residents", "/desk/telephone-check", "/desk/requests", "/desk/exports", "/desk/second-factors", "/sign-in/enrol", "/sign-in/enrol/key", "/sign-in/second-factor"]);
/** Where a line of a list leads; without its number, the first. */
async function lineOf(list, number = 0) {
  const page = await browser.newPage();
  await page.goto(demo.address + list);
  const link = await page.locator("main tbody a").nth(number).getAttribute("href", { timeout: 2000 }).catch(() => null);
  await page.close();
  if (!link) faults.push(`nothing on ${list}`);
  return link ?? list;
}
await walk("county", [await lineOf("/desk/requests")]);
// A class with somebody whose own number nobody has told yet: the form that takes it is on its page.
const survey = await lineOf("/admin/surveys");
await walk("county", ["/admin/surveys", survey]);
await visit(survey, { where: "a trainee without a number" }, async ({ page, fault }) => {
  if (!(await page.locator("#whose option", { hasNotText: "已登记" }).count())) fault("nobody is without a number");
});
// Work of trainees: one that is verified with its follow-ups, what is due, what wants a look, a register that was looked at.
const day = (after) => new Date(Date.now() + after * 86400000).toISOString().slice(0, 10);
const claimed = `/admin/follow-ups?until=${day(400)}`;
await walk("county", ["/admin/episodes", "/admin/episodes?state=all", await lineOf("/admin/episodes?state=all"), claimed,
  "/admin/conflicts", "/admin/conflicts?state=all&kind=", "/admin/registers"]);
await uploadForm("/admin/registers", { source: "quota_audit", as_of: day(0) }, "公民身份号码,统一社会信用代码,起始日期\n1,2,3\n", async (at) => {
  await expectAxe(at);
  if (!(await at.page.title()).startsWith("错误:")) at.fault(`the title is ${await at.page.title()}`);
  if ((await at.page.locator("main tbody tr").count()) < 3) at.fault("the faults are not told");
});
await sendForm("/desk/exports", { list: "certificates", reason: "年度统计核对" });
await walk("county-waiting", ["/desk/exports", "/desk"]);
// A case as its province, and as its institution; a decision with its form.
const officers = demo.accounts.filter((one) => one.role === "province_officer");
for (const officer of officers) {
  const { items } = await api("/api/v1/cases", await tokenOf(officer));
  if (!items.length) continue;
  await as("province", officer, ["/desk", "/admin/cases", "/admin/queue", "/admin/bulletins", "/admin/gradings", "/admin/assessments", "/admin/surveys",
    ...(await api("/api/v1/grading-runs", await tokenOf(officer))).slice(0, 1).map((run) => `/admin/gradings/${run.id}`), ...items.map((one) => `/admin/cases/${one.number}`), `/admin/decisions/${items[0].admission}`, `/admin/survey-audits/${items[0].admission}`]);
  break;
}
for (const operator of demo.accounts.filter((one) => one.role === "institution_operator")) {
  const { items } = await api("/api/v1/cases", await tokenOf(operator));
  if (!items.length) continue;
  await as("institution", operator, ["/desk", "/org/rating", "/org/cases", "/org/assessments", `/org/cases/${items[0].number}`]);
  await walk("institution", ["/org/episodes/new", "/org/appeals"]);
  const classes = await browser.newPage();
  await classes.goto(`${demo.address}/org/episodes/new`);
  const chosen = await classes.locator("#class option").nth(1).getAttribute("value", { timeout: 2000 }).catch(() => null);
  await classes.close();
  if (chosen) {
    await walk("institution", [`/org/episodes/new?class=${chosen}`]);
    await visit(`/org/episodes/new?class=${chosen}`, { width: 320, where: "a claim with mistakes", act: (page) => page.click("main form[enctype] button[type=submit]") }, async (at) => {
      await expectPage(at);
      await expectAxe(at);
      if (!(await at.page.title()).startsWith("错误:")) at.fault(`the title is ${await at.page.title()}`);
      await picture(at.page, "claim-mistakes");
    });
  } else faults.push("the institution has no class whose work could be claimed");
  await walk("institution", ["/org/episodes?state=all", await lineOf("/org/episodes?state=all"), `/org/follow-ups?until=${day(400)}`, "/org/conflicts?state=all&kind="]);
  break;
}
// An assessor drawn by lot, with the sample on a sheet to take along; then the same sheet as the workbook that it gives.
if (!only || only.test("/assess/")) {
  const assessor = { name: `assessor-${crypto.randomUUID().slice(0, 8)}`, password: crypto.randomUUID(), region: "330000" };
  const made = await api("/api/v1/accounts", nationalToken, { name: assessor.name, password: assessor.password, person_name: "评估演示", role: "assessor" });
  const by = await tokenOf(account("province_officer", "330000"));
  await api("/api/v1/assessors", by, {
    account: made.account, organisation: "虚构职业评价院", credit_code: "52510703XX00000517", valid_from: day(0), valid_until: day(300),
    document: { number: "浙残联〔2026〕8号", issuer: "演示省残疾人联合会", made_on: day(0) },
  });
  let at;
  for (const { id } of (await api("/api/v1/institutions?limit=20", by)).items) {
    if (at) break;
    const begun = await api(`/api/v1/institutions/${id}/assessments`, by, { period_from: day(-300), period_until: day(-1) }).catch(() => null);
    if (begun) at = `/api/v1/assessments/${begun.id}`;
  }
  const act = async (token, what, body) => {
    const { revision } = await api(at, by);
    return api(`${at}/${what}`, token, body, { "If-Match": `"${revision}"` });
  };
  const grow = (federation) => api("/api/v1/keys", nationalToken, { federation, year: 2026 });
  await grow("340000");
  await act(by, "draw", {});
  const own = await tokenOf(assessor);
  await act(own, "declaration", { relations: [] });
  await grow("350000");
  await act(own, "fieldwork", {});
  const id = at.split("/").pop();
  await as("assessor", assessor, ["/desk", `/assess/${id}`, `/assess/${id}/sheet`]);
}
// A policy that is tried on a run before it takes effect.
const drafter = account("province_officer");
const drafterToken = await tokenOf(drafter);
const policy = { base: "CN-BASE@2026.1", policy_id: `PAGES-${crypto.randomUUID().slice(0, 4).toUpperCase()}`, version: "1", changes: { indicators: { EMP: { weight: 340 }, SAT: { weight: 210 } } } };
const { id: drafted } = await api("/api/v1/grading-policies", drafterToken, { text: JSON.stringify(policy), effective_on: day(30) });
const [tried] = await api("/api/v1/grading-runs", drafterToken);
await as("province", drafter, ["/admin/policies", `/admin/policies/${drafted}`, `/admin/policies/${drafted}?run=${tried.id}`]);
await as("national", national, ["/desk", "/desk/post", "/admin/accounts", "/admin/accounts/invite", "/admin/keys", "/admin/keys/root"]);
// One's own account, and another's with what can be done about it.
await walk("national", [await lineOf("/admin/accounts"), await lineOf("/admin/accounts", 1)]);
await as("auditor", auditor, ["/admin/audit"]);

await browser.close();
rmSync(profile, { recursive: true, force: true });
for (const fault of faults) console.error(fault);
console.log(`${checks} views, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
