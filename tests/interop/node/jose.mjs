// jose: every token by the JWKS, with its type.
import {createLocalJWKSet, jwtVerify} from 'jose';
import {Client, data} from './common.mjs';

const client = new Client('jose');
const keys = createLocalJWKSet(data.jwks);
const verify = (token, typ = 'vc+jwt') => jwtVerify(token, keys, {typ, issuer: typ === 'statuslist+jwt' ? undefined : data.did});

const badge = await client.accepts('the badge', () => verify(data.badge.genuine));
client.says('the name', badge?.payload.credentialSubject.identifier[0].identityHash, data.expected.holder);
client.says('the key', data.did_document.assertionMethod.includes(badge?.protectedHeader.kid), true);
await client.accepts('a badge under the second key', () => verify(data.badge.other_key));
for(const [url, token] of Object.entries(data.status.jwt)) {
  await client.accepts(url, () => verify(token));
  const at = token.length - 20;
  await client.refuses(`${url} with another signature`, () =>
    verify(token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)));
}
await client.accepts('a token status list', () => verify(data.status.token, 'statuslist+jwt'));
await client.accepts('the signed part of an SD-JWT', () => verify(data.sd_jwt.whole.split('~')[0], 'dc+sd-jwt'));
await client.refuses('an SD-JWT as a badge', () => verify(data.sd_jwt.whole.split('~')[0]));
await client.refuses('an expired badge', () => verify(data.badge.expired));
if(data.status.old_token) {
  await client.refuses('an old token status list', () => verify(data.status.old_token, 'statuslist+jwt'));
}
for(const token of Object.values(data.status.old_jwt ?? {})) {
  await client.refuses('an old list', () => verify(token));
}
for(const [what, token] of Object.entries(data.badge.tampered)) {
  await client.refuses(what, () => verify(token));
}
client.finish();
