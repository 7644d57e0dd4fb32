// What every client does: accept the genuine, refuse the rest, and say so in one line.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

export const data = JSON.parse(readFileSync(join(process.argv[2], 'samples.json'), 'utf8'));

export class Client {
  constructor(name) {
    const version = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
    Object.assign(this, {name: `${name} ${version}`, accepted: 0, refused: 0, faults: []});
  }

  async accepts(what, check) {
    try {
      const result = await check();
      this.accepted += 1;
      return result;
    } catch(error) { // whatever a library throws, it did not accept
      this.faults.push(`refuses ${what}: ${error.message} ${error.cause?.message ?? ''}`);
      return null;
    }
  }

  async refuses(what, check) {
    try {
      await check();
    } catch{
      this.refused += 1;
      return;
    }
    this.faults.push(`accepts ${what}`);
  }

  says(what, found, expected) {
    if(JSON.stringify(found) !== JSON.stringify(expected)) {
      this.faults.push(`reads ${what} as ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
  }

  finish() {
    console.log(`${this.faults.length ? 'FAILED' : 'ok'}  ${this.name}: accepted ${this.accepted}, refused ${this.refused}`);
    this.faults.forEach(fault => console.log(`      ${fault}`));
    process.exit(this.faults.length ? 1 : 0);
  }
}

/** The text with one character in the place of another. */
const changed = (text, at, one, other) => text.slice(0, at) + (text[at] === one ? other : one) + text.slice(at + 1);

/** Status lists as somebody would alter them, by what was done: a bit, or the proof; each with its address. */
export function alteredLists(lists) {
  const altered = change => Object.entries(lists).map(([url, list]) => {
    const other = structuredClone(list);
    change(other);
    return [url, other];
  });
  return [
    ['a list with a bit changed', altered(({credentialSubject: subject}) => {
      subject.encodedList = changed(subject.encodedList, subject.encodedList.length >> 1, 'A', 'B');
    })],
    ['a list with another proof', altered(({proof}) => {
      proof.proofValue = changed(proof.proofValue, proof.proofValue.length - 9, '2', '3');
    })]
  ];
}
