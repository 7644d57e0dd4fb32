// @digitalcredentials/verifier-core, the verifier of the Digital Credentials Consortium: the badge with its embedded proof.
// It has no option for a loader of documents of one's own, so what it would fetch is answered here, as the hosts would:
// did.json, the lists, the one context that it does not bring. Nothing else can be had; no network is used.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {alteredLists, Client, data} from './common.mjs';

const ld = JSON.parse(readFileSync(join(process.argv[2], 'ld_samples.json'), 'utf8'));
const context = name => JSON.parse(readFileSync(join(process.argv[3], name), 'utf8'));
const host = decodeURIComponent(data.did.slice('did:web:'.length));
const documents = new Map([
  [`https://${host}/.well-known/did.json`, data.did_document],
  ['https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json', context('open-badges-3.0.3.json')],
  ...Object.entries(ld.lists),
]);
const missed = new Set();
globalThis.fetch = async input => {
  const url = typeof input === 'string' ? input : input.url ?? String(input);
  const found = documents.get(url);
  if(!found) {
    missed.add(url);
  }
  return new Response(JSON.stringify(found ?? {}), {
    status: found ? 200 : 404, headers: {'content-type': 'application/json'},
  });
};
// It writes of schemas that it cannot have.
console.error = () => {};
const write = console.log;
console.log = () => {};
const {verifyCredential} = await import('@digitalcredentials/verifier-core');
console.log = (...words) => String(words[0]).startsWith('error checking schema') || write(...words);

const client = new Client('@digitalcredentials/verifier-core');

async function verify(credential) {
  const result = await verifyCredential({credential: structuredClone(credential), knownDIDRegistries: []});
  if(result.errors) {
    throw new Error(result.errors.map(error => `${error.name}: ${error.message}`).join('; '));
  }
  const step = id => result.log.find(entry => entry.id === id);
  for(const id of ['valid_signature', 'expiration', 'revocation_status', 'suspension_status']) {
    if(step(id)?.valid !== true) {
      throw new Error(`${id}: ${JSON.stringify(step(id) ?? null)}`);
    }
  }
  return result;
}

const told = await client.accepts('the badge with its status', () => verify(ld.badge));
// Our issuer is in none of its registries: that is reported, and is not fatal.
client.says('the issuer', told?.log.find(entry => entry.id === 'registered_issuer')?.valid, false);
await client.refuses('a revoked badge', () => verify(ld.revoked));
await client.refuses('a suspended badge', () => verify(ld.suspended));
await client.refuses('a badge without proof', () => verify(data.badge.without_proof));
for(const [what, badge] of Object.entries(ld.tampered)) {
  await client.refuses(what, () => verify(badge));
}
// The proof stands over other claims: the only change is the name of the holder.
const other = structuredClone(ld.badge);
other.credentialSubject.identifier[0].identityHash = '李四';
await client.refuses('another name', () => verify(other));
// Lists that somebody altered: under none of them the badge is told to be in force.
for(const [what, lists] of alteredLists(ld.lists)) {
  lists.forEach(([url, list]) => documents.set(url, list));
  await client.refuses(what, () => verify(ld.badge));
}
const unexpected = [...missed].filter(url => !url.includes('/schema/'));
client.says('what else it wanted to fetch', unexpected, []);
client.finish();
