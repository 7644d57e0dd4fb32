// The trust bundle (docs/formats.md 18) and the trust list in it (17): what a browser needs of both to judge without a network.
import { Fault, Reader, envelope, field, text, uint, verify, verifyBytes } from "./cose.js";

const BUNDLE = "application/vnd.mingzheng.trust-bundle+cbor";
const LIST = "application/vnd.mingzheng.trust-list+cbor";
const LONGEST = 32 * 1024 * 1024;

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

/** Root keys by their names, from lines as `mingzheng` prints them: `name+hash+base64(01 || key)`. */
export function rootKeys(lines) {
  const roots = new Map();
  for (const line of lines.split(/\s+/).filter(Boolean)) {
    const [name, , key] = line.split(/\+([0-9a-f]{8})\+/);
    const bytes = Uint8Array.from(atob(key ?? ""), (one) => one.charCodeAt(0));
    if (bytes.length === 33 && bytes[0] === 1) roots.set(name, hex(bytes.subarray(1)));
  }
  return roots;
}

/** A trust list that one of the roots signed, itself an active root of the list. */
async function openList(bytes, roots) {
  const signed = envelope(bytes, LIST);
  const root = roots.get(signed.kid);
  if (!root || !(await verify(signed, root))) throw new Fault("bundle-refused");
  const reader = new Reader(signed.payload);
  const list = reader.map([
    field(0, "form", uint), field(1, "version", uint), field(2, "issued", uint), field(3, "until", uint),
    field(4, "keys", (one) => one.list((inner) => inner.map([
      field(0, "kid", text), field(1, "purpose", text), field(2, "algorithm", text), field(3, "public_key", (key) => hex(key.data())),
      field(4, "state", text), field(5, "from", uint), field(6, "to", uint), field(7, "federation", text, true),
      field(8, "compromised", uint, true), field(9, "origin", text, true),
    ]))),
    field(5, "witnesses", (one) => one.list(text)), field(6, "quorum", uint),
    // Witnesses of earlier times: for proofs of the log, which this page does not read.
    field(7, "earlier", (one) => one.list((inner) => inner.map([
      field(0, "witnesses", (lines) => lines.list(text)), field(1, "quorum", uint), field(2, "until", uint), field(3, "size", uint),
    ])), true),
  ]);
  reader.end();
  const own = list.keys.some((key) => key.kid === signed.kid && key.purpose === "root" && key.state === "active" && key.public_key === root);
  if (list.form !== (list.earlier?.length ? 2 : 1) || !own) throw new Fault("bundle-refused");
  return list;
}

/** Whether a checkpoint is signed by a log of the list: a C2SP signed note, whose line names the log and its key. */
async function ofALog(note, list) {
  const [head, lines] = [note.slice(0, note.lastIndexOf("\n\n") + 1), note.slice(note.lastIndexOf("\n\n") + 2).split("\n")];
  const origin = head.split("\n")[0];
  for (const key of list.keys) {
    if (key.purpose !== "log" || key.origin !== origin || !["active", "retired"].includes(key.state)) continue;
    const line = lines.find((one) => one.startsWith(`\u2014 ${origin} `));
    if (!line) continue;
    const bytes = Uint8Array.from(atob(line.slice(origin.length + 3)), (one) => one.charCodeAt(0));
    if (bytes.length === 68 && (await verifyBytes(new TextEncoder().encode(head), bytes.subarray(4), key.public_key))) return true;
  }
  return false;
}

/** Places from gaps (section 18): LEB128 of the fewest bytes. */
function places(bytes, size) {
  const found = new Set();
  let next = 0, gap = 0, factor = 1;
  for (const byte of bytes) {
    gap += (byte & 127) * factor;
    if (byte & 128) {
      factor *= 128;
      if (factor > 2097152) throw new Fault("bundle-refused");
      continue;
    }
    if ((factor > 1 && byte === 0) || next + gap >= size) throw new Fault("bundle-refused");
    found.add(next + gap);
    next += gap + 1;
    gap = 0;
    factor = 1;
  }
  if (factor !== 1) throw new Fault("bundle-refused");
  return found;
}

/** A map with text keys. */
function named(reader, value) {
  const found = new Map();
  reader.each(text, (one, key) => found.set(key, value(one)));
  return found;
}

/** Standing that was best within the second of issue; 4 (not admitted) before the first change. */
function standingAt(changes, second) {
  let before = 4;
  let best = null;
  for (const [since, standing] of changes) {
    if (since < second) before = standing;
    else if (since === second) best = Math.min(best ?? 4, standing);
  }
  return Math.min(before, best ?? 4);
}

class Bundle {
  constructor(body, list, sha256, listSha256) {
    Object.assign(this, body);
    this.list = list;
    this.sha256 = sha256;
    this.listSha256 = listSha256;
    const iso = (millis) => new Date(millis).toISOString();
    this.keys = list.keys.filter((key) => key.purpose === "issuer")
      .map((key) => ({ ...key, not_before: iso(key.from), not_after: iso(key.to) }));
  }

  fresh(now) {
    const millis = now * 1000, soon = millis + 300000;
    return millis < this.until && this.issued <= soon && millis < this.list.until && this.list.issued <= soon;
  }

  status(number, place, issued, now) {
    const list = this.lists.get(number);
    if (!list || place >= list.size) return "not-covered";
    if (list.revoked.has(place)) return "revoked";
    if (list.superseded.has(place)) return "superseded";
    if (issued * 1000 > this.issued) return "not-covered";
    if (!this.fresh(now)) return "stale";
    return list.suspended.has(place) ? "suspended" : "in-force";
  }

  /** Names by their codes: of the bundle, never of the code that was scanned. */
  names(own, key, issued) {
    const institution = this.institutions.get(own.institution);
    const known = institution && issued * 1000 <= this.issued;
    const changes = institution?.standing.get(key.federation) ?? [];
    return {
      program_name: this.programs.get(own.program),
      institution_name: institution?.name,
      issuer_name: this.federations.get(key.federation),
      standing: known ? standingAt(changes, issued) : undefined,
      standing_today: known ? changes.at(-1)?.[1] ?? 4 : undefined,
    };
  }
}

/** Reads a bundle and checks trust list and signature, in this order; `roots` as from `rootKeys`. */
export async function openBundle(bytes, roots) {
  if (bytes.length > LONGEST) throw new Fault("bundle-refused");
  try {
    const signed = envelope(bytes, BUNDLE);
    const reader = new Reader(signed.payload);
    const body = reader.map([
      field(0, "form", uint), field(1, "number", uint), field(2, "issued", uint), field(3, "until", uint),
      field(4, "trustList", (one) => one.data()), field(5, "checkpoint", text),
      field(6, "lists", (one) => {
        const lists = new Map();
        one.each(uint, (inner, number) => {
          if (inner.want(4) !== 4) throw new Fault("bundle-refused");
          const size = uint(inner);
          if (size < 1 || size > 8388608) throw new Fault("bundle-refused");
          const [revoked, superseded, suspended] = [0, 0, 0].map(() => places(inner.data(), size));
          lists.set(number, { size, revoked, superseded, suspended });
        });
        return lists;
      }),
      field(7, "federations", (one) => named(one, text)), field(8, "programs", (one) => named(one, text)),
      field(9, "institutions", (one) => named(one, (inner) => {
        if (inner.want(4) !== 2) throw new Fault("bundle-refused");
        const name = text(inner);
        const standing = named(inner, (changes) => changes.list((pair) => {
          if (pair.want(4) !== 2) throw new Fault("bundle-refused");
          return [uint(pair), uint(pair)];
        }));
        return { name, standing };
      })),
    ]);
    reader.end();
    const list = await openList(body.trustList, roots);
    const key = list.keys.find((one) => one.kid === signed.kid && one.purpose === "status");
    const may = key && key.state === "active" && key.from <= body.issued && body.issued < key.to;
    if (body.form !== 1 || body.number < 1 || body.until <= body.issued || !may) throw new Fault("bundle-refused");
    if (!(await verify(signed, key.public_key))) throw new Fault("bundle-refused");
    if (body.checkpoint !== "" && !(await ofALog(body.checkpoint, list))) throw new Fault("bundle-refused");
    return new Bundle(body, list, await digest(bytes), await digest(body.trustList));
  } catch (error) {
    // Whatever is wrong with it: it is not used.
    throw error instanceof Fault ? new Fault("bundle-refused") : error;
  }
}

/** What to remember after a bundle was accepted; a fault for an older one, or another of the same number. */
export function accept(seen, bundle) {
  const mine = { number: bundle.number, sha256: bundle.sha256, list: bundle.list.version, listSha256: bundle.listSha256 };
  if (!seen) return mine;
  const back = (number, sha256, seenNumber, seenSha256) => number < seenNumber || (number === seenNumber && sha256 !== seenSha256);
  if (back(mine.number, mine.sha256, seen.number, seen.sha256) || back(mine.list, mine.listSha256, seen.list, seen.listSha256)) {
    throw new Fault("bundle-older");
  }
  return mine;
}
