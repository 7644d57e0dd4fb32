// The offline checker's reader of trust bundles against the vectors of `certs`: it opens what our Rust reader opens, says the
// same verdicts, and refuses what is altered, older or another's. Needs Node 20 and no browser.
import { readFileSync } from "node:fs";
import { judge } from "../../api/assets/offline/cose.js";
import { accept, openBundle, rootKeys } from "../../api/assets/offline/bundle.js";

const vector = JSON.parse(readFileSync(new URL("../../certs/tests/vectors/trust_bundle.json", import.meta.url), "utf8"));
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const faults = [];
let checks = 0;
const expect = (good, text) => {
  checks += 1;
  if (!good) faults.push(text);
};
const code = (promise) => promise.then(() => "opened", (error) => error.code ?? `threw ${error}`);

const line = `root+00000000+${Buffer.from([1, ...bytes(vector.root_public_key)]).toString("base64")}`;
const roots = rootKeys(line);
const first = bytes(vector.bundle), second = bytes(vector.later);
const bundle = await openBundle(first, roots);
const later = await openBundle(second, roots);
expect(bundle.sha256 === vector.sha256 && later.sha256 === vector.later_sha256, "SHA-256 of the vectors");

const states = { valid: "valid", indeterminate: "stale" };
for (const { at, state } of vector.verdicts) {
  const said = await judge(vector.qr_text, bundle.keys, Date.parse(at) / 1000, bundle);
  expect(said.state === states[state], `${at}: ${said.state}, not ${states[state]}`);
  expect(said.facts.program_name === "面点制作" && said.facts.issuer_name === "山东省", "names by their codes");
}
// An institution that left, or stopped, after it had issued: the certificate stands, and whoever asks is told.
{
  const at = Date.parse(vector.verdicts[0].at) / 1000;
  for (const [change, reason] of [[1, "institution_authorised"], [2, "institution_since_suspended"], [3, "institution_since_exited"], [4, "institution_since_exited"]]) {
    const after = await openBundle(first, roots);
    for (const one of after.institutions.values()) for (const changes of one.standing.values()) changes.push([Math.floor(after.issued / 1000), change]);
    const said = await judge(vector.qr_text, after.keys, at, after);
    expect(said.state === "valid" && said.checks.some((check) => check.reason === reason && check.outcome === "passed"), `${reason}: ${said.state}, ${said.checks.map((check) => check.reason)}`);
  }
}
// Place 70001 stands in no set of the first; 70000 does.
const now = Date.parse(vector.verdicts[0].at) / 1000;
for (const [place, state] of [[0, "revoked"], [131, "revoked"], [70000, "revoked"], [7, "superseded"], [131071, "superseded"], [70002, "suspended"], [70001, "in-force"], [131072, "not-covered"]]) {
  expect(bundle.status(3, place, 1772935200, now) === state, `place ${place} is ${bundle.status(3, place, 1772935200, now)}`);
}
expect(bundle.status(9, 1, 1772935200, now) === "not-covered", "an unknown list");
expect(bundle.status(3, 5, now, now) === "not-covered", "a newer certificate");
expect(bundle.status(3, 0, 1772935200, now + 1e9) === "revoked", "revoked is for good");

const seen = accept(null, bundle);
expect(accept(seen, bundle).number === 12, "the same again");
const newer = accept(seen, later);
const refusal = (act) => {
  try {
    act();
    return "accepted";
  } catch (error) {
    return error.code;
  }
};
expect(refusal(() => accept(newer, bundle)) === "bundle-older", "an older one");
expect(refusal(() => accept({ ...seen, sha256: "00" }, bundle)) === "bundle-older", "another of the same number");
expect(refusal(() => accept({ ...seen, number: 1, list: 99 }, bundle)) === "bundle-older", "an older trust list");

expect(await code(openBundle(first, rootKeys(line.replace("root+", "other+")))) === "bundle-refused", "another root");
expect(await code(openBundle(first, new Map())) === "bundle-refused", "no root");
expect(await code(openBundle(first.subarray(0, -1), roots)) === "bundle-refused", "cut");
expect(await code(openBundle(Uint8Array.from([...first, 0]), roots)) === "bundle-refused", "a byte after the end");
expect(await code(openBundle(bundle.trustList, roots)) === "bundle-refused", "the trust list alone");
for (let at = 0; at < first.length; at += 3) {
  const altered = Uint8Array.from(first);
  altered[at] ^= 1;
  expect(await code(openBundle(altered, roots)) === "bundle-refused", `altered at ${at}`);
}
// The corpus of bundles played again, with which our Rust reader is tested: older ones, others of the same number, altered
// ones, ones that have ended. What that one does not use, this one does not use, and what it says of the rest, this one says.
const replayed = (name) => readFileSync(new URL(`../../certs/tests/vectors/replayed/${name}`, import.meta.url), "utf8");
const known = JSON.parse(replayed("known.json"));
const knownRoots = rootKeys(known.root);
const alike = {
  not_genuine: ["not-genuine", "damaged", "not-ours"],
  indeterminate: ["no-signed-data", "no-keys", "unknown-key", "key-in-doubt", "clock", "stale", "not-covered", "not-authorised"],
};
for (const text of replayed("bundles.jsonl").split("\n").filter(Boolean)) {
  const one = JSON.parse(text);
  const seen = known.bundles[one.after] ? accept(null, await openBundle(bytes(known.bundles[one.after]), knownRoots)) : null;
  let opened = null;
  try {
    opened = await openBundle(bytes(one.bundle), knownRoots);
    accept(seen, opened);
  } catch (error) {
    if (!error.code) faults.push(`${one.name}: threw ${error}`);
    opened = null;
  }
  expect((opened === null) === (one.state === "not_used"), `${one.name}: ${one.fault} there, ${opened ? "used" : "not used"} here`);
  if (!opened || one.state === "not_used") continue;
  const said = await judge(known.certificates[one.certificate], opened.keys, Date.parse(one.at) / 1000, opened);
  expect((alike[one.state] ?? [one.state]).includes(said.state), `${one.name}: ${one.state} (${one.reason}) there, ${said.state} here`);
  expect(said.checks.some((check) => check.reason === one.reason), `${one.name}: ${one.reason} there, ${said.checks.map((check) => check.reason)} here`);
}
for (const fault of faults) console.error(fault);
console.log(`${checks} checks, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
