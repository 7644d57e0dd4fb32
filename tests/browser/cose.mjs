// The offline checker's reader against the hostile corpus of `certs`, which our Rust reader is tested with: what that one
// refuses for its form or its signature, this one refuses too. Needs Node 20 and no browser.
import { readFileSync, readdirSync } from "node:fs";
import { judge, verify, decode, readText } from "../../api/assets/offline/cose.js";

const vectors = new URL("../../certs/tests/vectors/", import.meta.url);
const text = (name) => readFileSync(new URL(name, vectors), "utf8");
const files = JSON.parse(text("hostile/keys.json"));
const faults = [];
let checks = 0, refused = 0;

async function said(input, keys, now) {
  try {
    return await judge(input, keys, now);
  } catch (error) {
    faults.push(`threw ${error} at ${input.slice(0, 40)}`);
    return { state: "threw", facts: null, checks: [] };
  }
}

// Reasons that only the registry or the log can know: the signature itself is genuine.
const NOT_OURS_TO_KNOW = /^(not_logged|not_registered|content_differs|revoked|suspended|superseded|status_|log_|institution_|recorded_only|differs_from_registered|valid|key_compromised$)/;
const REFUSED = ["not-genuine", "damaged", "not-ours"], UNKNOWN = ["no-signed-data", "no-keys", "unknown-key", "key-in-doubt", "clock"];
for (const name of readdirSync(new URL("hostile/", vectors)).filter((one) => one.endsWith(".jsonl"))) {
  for (const line of text(`hostile/${name}`).split("\n").filter(Boolean)) {
    const one = JSON.parse(line);
    const { state, facts, checks: all } = await said(one.input, files[one.keys]?.keys ?? [], Date.parse(one.at) / 1000);
    const outcome = (check) => all.find((row) => row.name === check)?.outcome;
    checks += 1;
    if (state !== "genuine") refused += 1;
    else if (!NOT_OURS_TO_KNOW.test(one.reason)) faults.push(`${name}: ${one.name} (${one.reason}) is called genuine`);
    // What does not rest on the registry's own knowledge is said alike, by state and by reason.
    if (!NOT_OURS_TO_KNOW.test(one.reason)) {
      const same = one.state === "not_genuine" ? REFUSED : one.state === "indeterminate" ? UNKNOWN : [one.state];
      if (!same.includes(state)) faults.push(`${name}: ${one.name} is ${one.state} (${one.reason}) there, and ${state} here`);
      // What codes and numbers look like inside is checked there before the signature, and an id by its letters.
      const other = { claim_invalid: "signature_mismatch", non_canonical: "signature_mismatch", qr_public_id: "id_mismatch" }[one.reason];
      const told = all.some((row) => [one.reason, other].includes(row.reason)) || ["form", "text"].includes(all[0].reason);
      if (!told) faults.push(`${name}: ${one.name} has ${one.reason} there, and here ${all.map((row) => row.reason)}`);
    }
    // Nothing of a certificate is told before its signature holds.
    if (facts && outcome("signature") !== "passed") faults.push(`${name}: ${one.name} is told though its signature was not checked`);
    if (all.length !== 7) faults.push(`${name}: ${one.name} has ${all.length} checks`);
  }
}
for (const one of JSON.parse(text("certificate.json"))) {
  const keys = [{ kid: one.kid, public_key: one.public_key, state: "active", not_before: "2026-01-01T00:00:00Z", not_after: "2027-01-01T00:00:00Z" }];
  checks += 1;
  if ((await said(one.qr_text, keys, 1772935201)).state !== "genuine") faults.push(`a vector is refused: ${one.qr_text}`);
  // The library for browsers without Ed25519 says the same.
  const certificate = decode(readText(one.qr_text).cose);
  const own = crypto.subtle.importKey;
  crypto.subtle.importKey = () => Promise.reject(new Error("no Ed25519"));
  if (!(await verify(certificate, one.public_key))) faults.push("the library refuses a vector");
  certificate.signature = Uint8Array.from(certificate.signature, (byte, at) => (at === 3 ? byte ^ 1 : byte));
  if (await verify(certificate, one.public_key)) faults.push("the library takes an altered signature");
  crypto.subtle.importKey = own;
  checks += 2;
}
for (const fault of faults) console.error(fault);
console.log(`${checks} checks, ${refused} of the hostile texts refused, ${faults.length} faults`);
process.exit(faults.length || refused < 200 ? 1 : 0);
