// @digitalbazaar/vc: the embedded proofs of badge and lists, under did.json. Contexts come from files, nothing is fetched.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import jsigs from 'jsonld-signatures';
import {Client, data} from './common.mjs';

const client = new Client('@digitalbazaar/vc');
const ld = JSON.parse(readFileSync(join(process.argv[2], 'ld_samples.json'), 'utf8'));
const context = name => JSON.parse(readFileSync(join(process.argv[3], name), 'utf8'));

const documents = new Map([
  ['https://www.w3.org/ns/credentials/v2', context('credentials-v2.json')],
  ['https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json', context('open-badges-3.0.3.json')],
  [data.did, data.did_document],
  ...data.did_document.verificationMethod.map(method =>
    [method.id, {'@context': 'https://w3id.org/security/multikey/v1', ...method}]),
  ...Object.entries(ld.lists),
]);
// The library brings the contexts of did.json; whatever neither has is refused.
const documentLoader = jsigs.extendContextLoader(async url => {
  if(!documents.has(url)) {
    throw new Error(`not known: ${url}`);
  }
  return {documentUrl: url, document: documents.get(url)};
});
const suite = new DataIntegrityProof({cryptosuite});

async function verify(credential) {
  const result = await verifyCredential({credential, suite, documentLoader, checkStatus});
  if(!result.verified) {
    throw new Error(JSON.stringify(result.error?.errors?.map(error => error.message) ?? result.error?.message ?? result.statusResult));
  }
  if(result.statusResult.results.some(entry => entry.status)) {
    throw new Error('a bit is set');
  }
}

await client.accepts('the badge with its status', () => verify(ld.badge));
for(const [url, list] of Object.entries(ld.lists)) {
  await client.accepts(url, async () => {
    const result = await verifyCredential({credential: list, suite, documentLoader});
    if(!result.verified) {
      throw new Error(JSON.stringify(result.error?.errors?.map(error => error.message) ?? result.error?.message));
    }
  });
}
await client.refuses('a revoked badge', () => verify(ld.revoked));
await client.refuses('a suspended badge', () => verify(ld.suspended));
await client.refuses('a badge without proof', () => verify(data.badge.without_proof));
for(const [what, badge] of Object.entries(ld.tampered)) {
  await client.refuses(what, () => verify(badge));
}
// Lists that somebody altered: a bit of another one, or another proof, under which the badge is not told to be in force.
for(const [what, change] of [
  ['a list with a bit changed', list => {
    const bits = list.credentialSubject.encodedList, at = bits.length >> 1;
    list.credentialSubject.encodedList = bits.slice(0, at) + (bits[at] === 'A' ? 'B' : 'A') + bits.slice(at + 1);
  }],
  ['a list with another proof', list => {
    const value = list.proof.proofValue, at = value.length - 9;
    list.proof.proofValue = value.slice(0, at) + (value[at] === '2' ? '3' : '2') + value.slice(at + 1);
  }]
]) {
  for(const [url, list] of Object.entries(ld.lists)) {
    const altered = structuredClone(list);
    change(altered);
    documents.set(url, altered);
  }
  await client.refuses(what, () => verify(ld.badge));
}
client.finish();
