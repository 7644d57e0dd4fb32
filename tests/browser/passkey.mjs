// Enrols a security key in Chromium and proves with it, by the virtual authenticator of the DevTools protocol.
//
//   node passkey.mjs ADDRESS NAME PASSWORD [FOLDER]     ADDRESS: public address of the registry, as http://localhost:8080
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, name, password, folder] = process.argv.slice(2);
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
