// @sd-jwt/sd-jwt-vc: disclosures, type metadata, and the token status list.
import {createHash, createPublicKey, verify as check} from 'node:crypto';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import {Client, data} from './common.mjs';

const client = new Client('@sd-jwt/sd-jwt-vc');
const {sd_jwt: credential, status, expected} = data;
const keys = new Map(data.jwks.keys.map(key => [key.kid, createPublicKey({key, format: 'jwk'})]));

// The library leaves the choice of the key and the check of the header to the caller.
const verifierOf = typ => (signed, signature) => {
  const header = JSON.parse(Buffer.from(signed.split('.')[0], 'base64url'));
  if(header.typ !== typ || header.alg !== 'EdDSA' || header.crit || !keys.has(header.kid)) {
    return false;
  }
  return check(null, Buffer.from(signed), keys.get(header.kid), Buffer.from(signature, 'base64url'));
};

const instance = list => new SDJwtVcInstance({
  hasher: (text, algorithm) => createHash(algorithm.replace('sha-', 'sha')).update(text).digest(),
  hashAlg: 'sha-256',
  verifier: verifierOf('dc+sd-jwt'),
  statusVerifier: verifierOf('statuslist+jwt'),
  statusListFetcher: async uri => {
    if(uri !== status.token_url) {
      throw new Error(`another list: ${uri}`);
    }
    return list;
  },
  loadTypeMetadataFormat: true,
  vctFetcher: async () => credential.metadata,
});
const verify = (text, list = status.token) => instance(list).verify(text);

const whole = await client.accepts('the whole credential', () => verify(credential.whole));
client.says('the name', whole?.payload.name, expected.holder);
client.says('the level', whole?.payload.level.name, expected.level);
const shown = await client.accepts('name and level', () => verify(credential.shown));
client.says('what is kept back', shown?.payload.hours ?? null, null);
await client.accepts('nothing shown', () => verify(credential.nothing_shown));
// A wallet makes its own presentation.
const presented = await client.accepts('a presentation of its own', async () => {
  const text = await instance(status.token).present(credential.whole, {level: true});
  return verify(text);
});
client.says('what it presents', [presented?.payload.level.code, presented?.payload.name ?? null], [expected.level_code ?? 4, null]);
await client.refuses('a suspended credential', () => verify(credential.suspended));
await client.refuses('a badge as an SD-JWT', () => verify(`${data.badge.genuine}~`));
if(status.old_token) {
  await client.refuses('an old status list', () => verify(credential.whole, status.old_token));
}
await client.refuses('a list signed for something else', () => verify(credential.whole, Object.values(status.jwt)[0]));
for(const [what, text] of Object.entries(credential.tampered)) {
  await client.refuses(what, () => verify(text));
}
// RFC 9901 section 7.1 wants the whole refused; this library drops the unsigned disclosure. Ours refuses.
const unsigned = await client.accepts('an unsigned disclosure, dropped', () => verify(credential.unsigned_disclosure));
client.says('the unsigned disclosure', unsigned?.payload.rank ?? null, null);
client.finish();
