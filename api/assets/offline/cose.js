// The strict reader of a certificate (docs/formats.md 2) and the check of its signature: nothing here asks the network.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LONGEST = 4096;

/** Why a certificate is refused; `code` is a key of the page's sentences. */
export class Fault extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Canonical base32 without padding, or a fault. */
function base32(text) {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0, value = 0, at = 0;
  for (const letter of text) {
    const five = ALPHABET.indexOf(letter);
    if (five < 0) throw new Fault("not-ours");
    value = ((value << 5) | five) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (value >> bits) & 0xff;
    }
  }
  // Left-over bits are zero, and there are fewer than five of them: one certificate has one text.
  if (bits >= 5 || value & ((1 << bits) - 1)) throw new Fault("damaged");
  return bytes;
}

/** Host and signed bytes of a QR text. */
export function readText(text) {
  // Blanks of copying only: a byte order mark is not one of them.
  const bare = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  const match = /^HTTPS:\/\/([A-Z0-9.-]{1,253})(?::(\d{1,5}))?\/V\/([A-Z2-7]{26})#([A-Z2-7]+)$/i.exec(bare);
  if (!match || Number(match[2] ?? 0) > 65535) {
    if (/^HTTPS:\/\/[A-Z0-9.:-]+\/V\/[A-Z2-7]{26}#?$/i.test(bare)) throw new Fault("no-signed-data");
    throw new Fault("not-ours");
  }
  const cose = base32(match[4].toUpperCase());
  if (cose.length > LONGEST) throw new Fault("damaged");
  const host = match[2] === undefined ? match[1] : `${match[1]}:${match[2]}`;
  return { host: host.toLowerCase(), id: match[3].toUpperCase(), cose };
}

/** Deterministic CBOR only: shortest heads, definite lengths, map keys in bytewise order. */
export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  head() {
    const first = this.bytes[this.at++];
    if (first === undefined) throw new Fault("damaged");
    const major = first >> 5, low = first & 31;
    if (low < 24) return { major, value: low };
    if (low > 27) throw new Fault("damaged");
    const size = 1 << (low - 24);
    if (this.at + size > this.bytes.length) throw new Fault("damaged");
    let value = 0;
    for (let one = 0; one < size; one += 1) value = value * 256 + this.bytes[this.at++];
    const least = [24, 256, 65536, 4294967296][low - 24];
    if (value < least || !Number.isSafeInteger(value)) throw new Fault("damaged");
    return { major, value };
  }

  want(major) {
    const head = this.head();
    if (head.major !== major) throw new Fault("damaged");
    return head.value;
  }

  take(length) {
    if (this.at + length > this.bytes.length) throw new Fault("damaged");
    return this.bytes.subarray(this.at, (this.at += length));
  }

  data() {
    return this.take(this.want(2));
  }

  text() {
    const bytes = this.take(this.want(3));
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Fault("damaged");
    }
  }

  integer() {
    const { major, value } = this.head();
    if (major > 1) throw new Fault("damaged");
    return major === 0 ? value : -1 - value;
  }

  /** Reads a map whose keys `key` reads and whose values `value` reads, given the key. */
  each(key, value) {
    let before = null;
    for (let left = this.want(5); left > 0; left -= 1) {
      const start = this.at;
      const name = key(this);
      const bytes = this.bytes.subarray(start, this.at);
      if (before && compare(before, bytes) >= 0) throw new Fault("damaged");
      before = bytes;
      value(this, name);
    }
  }

  /** Reads an array of what `item` reads. */
  list(item) {
    const found = [];
    for (let left = this.want(4); left > 0; left -= 1) found.push(item(this));
    return found;
  }

  /** Reads a map of exactly these integer keys; `optional` marks one that may be missing. */
  map(fields) {
    const found = {};
    this.each((one) => one.integer(), (one, key) => {
      const field = fields.find((known) => known.key === key);
      if (!field) throw new Fault("damaged");
      found[field.name] = field.read(one);
    });
    for (const field of fields) {
      if (!field.optional && !(field.name in found)) throw new Fault("damaged");
    }
    return found;
  }

  end() {
    if (this.at !== this.bytes.length) throw new Fault("damaged");
  }
}

function compare(one, other) {
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}

export const field = (key, name, read, optional = false) => ({ key, name, read, optional });
export const uint = (reader) => reader.want(0);
export const text = (reader) => reader.text();

/** The signed parts of a tagged COSE_Sign1; `type` is the content type that its header must have, none for a certificate. */
export function envelope(cose, type) {
  const reader = new Reader(cose);
  if (reader.want(6) !== 18 || reader.want(4) !== 4) throw new Fault("damaged");
  const protectedBytes = reader.data();
  if (reader.want(5) !== 0) throw new Fault("damaged");
  const payload = reader.data();
  const signature = reader.data();
  reader.end();
  if (signature.length !== 64) throw new Fault("damaged");
  const header = new Reader(protectedBytes);
  const { alg, kid, content } = header.map([
    field(1, "alg", (one) => one.integer()),
    ...(type ? [field(3, "content", text)] : []),
    field(4, "kid", (one) => String.fromCharCode(...one.data())),
  ]);
  header.end();
  if (alg !== -8 || content !== type || !/^[A-Za-z0-9._-]{1,32}$/.test(kid)) throw new Fault("damaged");
  return { protectedBytes, payload, signature, kid };
}

/** Signed parts and claims of a certificate. */
export function decode(cose) {
  const { protectedBytes, payload, signature, kid } = envelope(cose);
  const body = new Reader(payload);
  const claims = body.map([
    field(4, "expires", uint, true),
    field(6, "issued", uint),
    field(-65537, "own", (one) => one.map([
      field(1, "holder", text), field(2, "number", text), field(3, "program", text), field(4, "institution", text),
      field(5, "level", uint), field(6, "list", uint), field(7, "index", uint), field(8, "id", (inner) => inner.data()),
    ])),
  ]);
  body.end();
  const { holder, number, program, institution, list, index } = claims.own;
  const named = [holder, number, program, institution].every((one) => one !== "" && one === one.normalize("NFC").trim());
  if (claims.own.id.length !== 16 || claims.own.level > 8 || !named || Math.max(list, index) > 4294967295) throw new Fault("damaged");
  if (claims.expires !== undefined && claims.expires <= claims.issued) throw new Fault("damaged");
  return { protectedBytes, payload, signature, kid, claims };
}

function head(major, value) {
  const first = major << 5;
  if (value < 24) return [first | value];
  if (value < 256) return [first | 24, value];
  if (value < 65536) return [first | 25, value >> 8, value & 255];
  return [first | 26, value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** `Sig_structure` of RFC 9052 section 4.4: context `Signature1`, no external data. */
function signed({ protectedBytes, payload }) {
  const context = new TextEncoder().encode("Signature1");
  const before = [
    ...head(4, 4), ...head(3, context.length), ...context,
    ...head(2, protectedBytes.length), ...protectedBytes, ...head(2, 0), ...head(2, payload.length),
  ];
  const all = new Uint8Array(before.length + payload.length);
  all.set(before);
  all.set(payload, before.length);
  return all;
}

const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** Whether the key signed it. */
export const verify = (certificate, publicKeyHex) => verifyBytes(signed(certificate), certificate.signature, publicKeyHex);

/** Whether the key signed these bytes; by WebCrypto, or by a library where the browser has no Ed25519. */
export async function verifyBytes(message, signature, publicKeyHex) {
  const key = fromHex(publicKeyHex);
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    const library = await import("./ed25519.js");
    return library.verifyAsync(signature, message, key, { zip215: false });
  }
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

/** Checks in the order of the registry's own verdict, each with outcome and reason. */
const CHECKS = ["format", "signature", "key", "log_inclusion", "status", "expiry", "institution"];

/** All of them, not reached yet. */
class Checks {
  constructor() {
    this.all = CHECKS.map((name) => ({ name, outcome: "not_run", reason: "not_reached" }));
  }

  set(name, outcome, reason) {
    Object.assign(this.all.find((one) => one.name === name), { outcome, reason });
    return outcome;
  }
}

/**
 * What can be said without asking anybody, by the rules of the registry's own verdict. Without a bundle never that a
 * certificate is valid, since nobody was asked whether it was revoked. Nothing of a certificate is told before its signature
 * holds. `keys` is the list of `/api/v1/keys`, or that of the bundle; `now` in seconds.
 */
export async function judge(text, keys, now, bundle = null) {
  const checks = new Checks();
  const say = (state, facts = null) => ({ state, facts, checks: checks.all });
  let read, certificate;
  try {
    read = readText(text);
    certificate = decode(read.cose);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "no-signed-data") checks.set("format", "not_run", "not_presented");
    else checks.set("format", "failed", error.code === "not-ours" ? "text" : "form");
    return say(error.code);
  }
  const { claims, kid } = certificate;
  // A true signature under another id: the paper was put together from two.
  if (encode32(claims.own.id) !== read.id) {
    checks.set("format", "failed", "id_mismatch");
    return say("not-genuine");
  }
  checks.set("format", "passed", "well_formed");
  const key = keys?.find((one) => one.kid === kid);
  if (!key) {
    checks.set("key", "not_run", "key_unknown");
    return say(keys ? "unknown-key" : "no-keys");
  }
  if (!(await verify(certificate, key.public_key))) {
    checks.set("signature", "failed", "signature_mismatch");
    return say("not-genuine");
  }
  checks.set("signature", "passed", "signature_holds");
  const facts = { host: read.host, kid, ...claims.own, issued: claims.issued, expires: claims.expires };
  checks.set("log_inclusion", "not_run", "log_not_checked");
  checks.set("status", "not_run", "status_not_checked");
  checks.set("institution", "not_run", "institution_not_checked");
  // Five minutes for a clock that goes wrong a little.
  const early = claims.issued > now + 300;
  if (early) checks.set("expiry", "not_run", "issued_later");
  else if (claims.expires === undefined) checks.set("expiry", "passed", "no_expiry");
  else if (now < claims.expires) checks.set("expiry", "passed", "not_expired");
  const ended = !early && claims.expires !== undefined && now >= claims.expires && checks.set("expiry", "failed", "expired");
  const held = claims.issued >= Date.parse(key.not_before) / 1000 && claims.issued < Date.parse(key.not_after) / 1000;
  if (!held) {
    checks.set("key", "failed", "key_outside_period");
    return say("not-genuine");
  }
  const standing = {
    active: ["passed", "key_active"], retired: ["passed", "key_retired"], pending: ["not_run", "key_pending"],
  }[key.state] ?? ["not_run", "key_compromised_no_proof"];
  if (checks.set("key", ...standing) !== "passed") return say("key-in-doubt", facts);
  if (!bundle) return say(early ? "clock" : ended ? "expired" : "genuine", facts);
  Object.assign(facts, bundle.names(claims.own, key, claims.issued));
  // Suspended (2) or left (3): a replacement or a class taught to its end, which only the registry can tell from others.
  if (facts.standing !== undefined) {
    checks.set("institution", ...({
      // What became of it since does not touch the certificate, and is told.
      1: ["passed", { 1: "institution_authorised", 2: "institution_since_suspended" }[facts.standing_today] ?? "institution_since_exited"],
      4: ["failed", "institution_not_authorised"],
    }[facts.standing] ?? ["not_run", "institution_unclear"]));
  }
  const status = bundle.status(claims.own.list, claims.own.index, claims.issued, now);
  const told = {
    "in-force": ["passed", "in_force"], stale: ["not_run", "status_stale"], "not-covered": ["not_run", "status_not_covered"],
  }[status] ?? ["failed", status];
  // In the order of the verdict of the registry: what is for good, what is not known, what is for a while, dates, valid.
  if (checks.set("status", ...told) !== "passed") return say(status, facts);
  if (early) return say("clock", facts);
  if (facts.standing === 4) return say("not-authorised", facts);
  return say(ended ? "expired" : "valid", facts);
}

function encode32(bytes) {
  let out = "", bits = 0, value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits ? out + ALPHABET[(value << (5 - bits)) & 31] : out;
}
