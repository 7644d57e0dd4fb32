// The answer to a scan (`/v/{id}`): what stands behind `#` in the address is the signed certificate, which no server sees.
// It is checked here. A paper whose signed part is not, byte for byte, what the registry issued under this id is told as
// such: a true signature is not enough, since a key can be stolen and the thief can put another name under a good id.
import { judge, readText } from "./cose.js";

const at = (id) => document.getElementById(id);
const say = (code) => at(`say-${code}`).content.textContent.trim();

async function keys() {
  try {
    const answer = await fetch("/api/v1/keys", { cache: "no-cache" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function digest(bytes) {
  const all = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(all, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function check() {
  const note = at("signed");
  note.hidden = true;
  const id = location.pathname.split("/").pop();
  const text = `HTTPS://${location.host}/V/${id}${location.hash}`;
  const { facts, checks } = await judge(text, await keys(), Date.now() / 1000);
  const outcome = (name) => checks.find((one) => one.name === name).outcome;
  const { registered } = note.dataset;
  const other = outcome("format") === "passed" && registered && (await digest(readText(text).cose)) !== registered;
  const forged = other || ["format", "signature", "key"].some((name) => outcome(name) === "failed");
  if (forged) {
    // In place of the answer about the id: it is another certificate's.
    document.querySelector("section.verdict").className = "verdict tight v-not_genuine";
    document.querySelector("section.verdict dl").hidden = true;
    at("verdict").textContent = `✖ ${say("forged")}`;
    at("verdict-sentence").textContent = say("forged-sentence");
    at("verdict-rest").hidden = true;
    document.title = `${say("forged")} - ${document.title.split(" - ").pop()}`;
    // A screen reader has read the answer of before: the new one is read when it has the focus.
    at("verdict").focus();
    document.documentElement.dataset.signed = "forged";
    return;
  }
  if (!registered) {
    // The answer says that this id is not known; a signature alone changes nothing about that.
    document.documentElement.dataset.signed = "unregistered";
    return;
  }
  const signed = outcome("signature") === "passed";
  at("signed-word").textContent = signed ? `✔ ${say("signed-name")}` : `! ${say("unknown")}`;
  at("signed-name").textContent = signed ? facts.holder : "";
  at("signed-next").textContent = signed ? say("signed-next") : "";
  note.hidden = false;
  document.documentElement.dataset.signed = signed ? "genuine" : "unknown";
}

if (location.hash.length > 1 && at("signed")) check();
