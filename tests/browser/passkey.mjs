// Enrols security keys in Chromium, proves with one, names one and takes one away, by the virtual authenticator of the
// DevTools protocol. The account must have no second factor yet.
//
//   node passkey.mjs ADDRESS NAME PASSWORD [FOLDER]     ADDRESS: public address of the registry, as http://localhost:8080
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, name, password, folder] = process.argv.slice(2);
// A server that was just started may need a moment.
for (let left = 100; left && !(await fetch(`${address}/livez`).catch(() => null)); left--) await new Promise((done) => setTimeout(done, 100));
if (folder) mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const faults = [];
const must = (fact, words) => fact || faults.push(words);
const key = { protocol: "ctap2", transport: "usb", hasResidentKey: false, hasUserVerification: false, automaticPresenceSimulation: true };

async function signedIn(context) {
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(`error ${error}`));
  page.on("console", (line) => line.type() === "error" && faults.push(`console: ${line.text()}`));
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await page.goto(`${address}/sign-in`);
  await page.fill("#name", name);
  await page.fill("#password", password);
  await page.click("main button");
  return { page, devtools };
}

const picture = async (page, what) => {
  if (!folder) return;
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 700 });
    await page.screenshot({ path: join(folder, `${what}-${width}.png`), fullPage: true });
  }
};

const first = await signedIn(await browser.newContext());
const { authenticatorId } = await first.devtools.send("WebAuthn.addVirtualAuthenticator", { options: key });
await first.page.goto(`${address}/sign-in/enrol/key`);
await first.page.click("main button");
await picture(first.page, "enrol");
must(await first.page.locator("#passkey-none").isHidden(), "the page says that this browser has no keys");
await first.page.click("#passkey button");
await first.page.waitForSelector("main ol li");
must((await first.page.locator("main ol li").count()) === 10, "no recovery codes");
const { credentials } = await first.devtools.send("WebAuthn.getCredentials", { authenticatorId });
must(credentials.length === 1, `${credentials.length} keys on the authenticator`);

// A second key beside it, while the proof is fresh; the first one is not asked again.
await first.devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
const spare = await first.devtools.send("WebAuthn.addVirtualAuthenticator", { options: key });
await first.page.goto(`${address}/desk/second-factors`);
must((await first.page.locator("main section.card").count()) === 1, "the key is not listed");
await first.page.click("main a[href='/sign-in/enrol/key']");
await first.page.click("main button");
await first.page.click("#passkey button");
await first.page.waitForSelector("main a[href='/desk/second-factors']");
must((await first.page.locator("main ol li").count()) === 0, "recovery codes were made anew");
await first.page.click("main a[href='/desk/second-factors']");
must((await first.page.locator("main section.card").count()) === 2, "the second key is not listed");
const cards = first.page.locator("main section.card");
await cards.nth(1).locator("input[name='name']").fill("备用");
await cards.nth(1).locator("button").first().click();
await first.page.waitForSelector("main section.card h2 bdi");
await picture(first.page, "factors");
await cards.nth(1).locator("input[name='sure']").check();
await cards.nth(1).locator("button").last().click();
await first.page.waitForFunction(() => document.querySelectorAll("main section.card").length === 1);
await first.devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: spare.authenticatorId });
await cards.first().locator("input[name='sure']").check();
await cards.first().locator("button").last().click();
await first.page.waitForSelector("main .error-summary");
must((await cards.count()) === 1, "the last factor went");
// The refusal is a 409, which the console tells as an error.
for (const said of faults.filter((one) => one.includes("409"))) faults.splice(faults.indexOf(said), 1);

// Another browser with the same key.
const second = await signedIn(await browser.newContext());
const added = await second.devtools.send("WebAuthn.addVirtualAuthenticator", { options: key });
await second.devtools.send("WebAuthn.addCredential", { authenticatorId: added.authenticatorId, credential: credentials[0] });
await second.page.goto(`${address}/desk`);
must(new URL(second.page.url()).pathname === "/sign-in/second-factor", `leads to ${second.page.url()}`);
await second.page.click("a[href^='/sign-in/second-factor/key']");
await second.page.click("main button");
await picture(second.page, "prove");
await second.page.click("#passkey button");
await second.page.waitForURL(`${address}/desk`);

// A browser without scripts says so and keeps the other ways.
const plain = await signedIn(await browser.newContext({ javaScriptEnabled: false }));
await plain.page.goto(`${address}/sign-in/second-factor/key`);
await plain.page.click("main button");
must(await plain.page.locator("#passkey-none").isVisible(), "nothing is said without scripts");
must(await plain.page.locator("#passkey button").isHidden(), "a button that does nothing");
await picture(plain.page, "plain");

await browser.close();
for (const fault of faults) console.error(fault);
console.log(`${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
