// @digitalbazaar/vc: the embedded proofs of badge and lists, under did.json. Contexts come from files, nothing is fetched.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import jsigs from 'jsonld-signatures';
import {alteredLists, Client, data} from './common.mjs';

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
// Lists that somebody altered: under none of them the badge is told to be in force.
for(const [what, lists] of alteredLists(ld.lists)) {
  lists.forEach(([url, list]) => documents.set(url, list));
  await client.refuses(what, () => verify(ld.badge));
}
client.finish();
