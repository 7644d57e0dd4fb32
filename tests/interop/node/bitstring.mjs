// @digitalbazaar/vc-bitstring-status-list: the bits of the lists, through the entries of a badge.
import {checkStatus, decodeList, statusTypeMatches} from '@digitalbazaar/vc-bitstring-status-list';
import {Client, data} from './common.mjs';

const client = new Client('@digitalbazaar/vc-bitstring-status-list');
const {status} = data;
const credentialOf = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

// The signatures of these forms are checked by other clients: here the content of the same tokens.
async function inForce(token, lists = status.jwt) {
  const result = await checkStatus({
    credential: credentialOf(token),
    documentLoader: async url => {
      if(!lists[url]) {
        throw new Error(`no such list: ${url}`);
      }
      return {documentUrl: url, document: credentialOf(lists[url])};
    },
    verifyBitstringStatusListCredential: false,
  });
  if(!result.verified) {
    throw result.error ?? new Error('not verified');
  }
  if(result.results.some(entry => entry.status)) {
    throw new Error('a bit is set');
  }
}

client.says('the entries', statusTypeMatches({credential: data.badge.without_proof}), true);
await client.accepts('a badge in force', () => inForce(data.badge.genuine));
await client.refuses('a revoked badge', () => inForce(data.badge.revoked));
await client.refuses('a suspended badge', () => inForce(data.badge.suspended));
const of = purpose => Object.entries(status.jwt).find(([url]) => url.includes(purpose));
const [first, second] = [of('revocation'), of('suspension')];
await client.refuses('lists exchanged', () => inForce(data.badge.genuine, {[first[0]]: second[1], [second[0]]: first[1]}));
const list = await client.accepts('the bits', () => decodeList({encodedList: status.without_proof[first[0]].credentialSubject.encodedList}));
client.says('the length', list?.length, 131072);
if(!data.from_server) {
  client.says('bit 0', list?.getStatus(0), true);
  client.says('bit 1', list?.getStatus(1), false);
}
client.says('the revoked bit', list?.getStatus(status.indices.revoked), true);
await client.refuses('a list without its prefix', () => decodeList({encodedList: 'H4sIAAAAAAAA'}));
client.finish();
