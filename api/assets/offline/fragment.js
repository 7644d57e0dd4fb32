// The answer to a scan (`/v/{id}`): what stands behind `#` in the address is the signed certificate, which no server sees.
// It is checked here. A paper whose signed part is not genuine is told as such, whatever stands under its id.
import { judge } from "./cose.js";

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

async function check() {
  const note = at("signed");
  note.hidden = true;
  const id = location.pathname.split("/").pop();
  const { facts, checks } = await judge(`HTTPS://${location.host}/V/${id}${location.hash}`, await keys(), Date.now() / 1000);
  const outcome = (name) => checks.find((one) => one.name === name).outcome;
  const forged = outcome("format") === "failed" || outcome("signature") === "failed" || outcome("key") === "failed";
  if (forged) {
    // In place of the answer about the id: it is another certificate's.
    document.querySelector("section.verdict").className = "verdict tight v-not_genuine";
    document.querySelector("section.verdict dl").hidden = true;
    at("verdict").textContent = `✖ ${say("forged")}`;
    at("verdict-sentence").textContent = say("forged-sentence");
    at("verdict-rest").hidden = true;
    document.title = `${say("forged")} - ${document.title.split(" - ").pop()}`;
    document.documentElement.dataset.signed = "forged";
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
