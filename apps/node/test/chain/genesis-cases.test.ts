import { readFileSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { forkId } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { ChainError } from '../../src/errors/chain-error.ts';
import { forkSchedule } from '../../src/validation/chain-config.ts';

/** A JSON text, or the texts of an object's members. */
type Texts = string | { [name: string]: Texts };
/** A whole genesis.json, or JSON texts by path that replace those of the base; `null` leaves a field out. */
type Changes = string | Readonly<Record<string, string | null>>;
type Case = readonly [Changes, hash: string, forkId: string] | readonly [Changes, error: string];

/** go-ethereum's result of each case; the fixture names version and functions. */
const { base, cases } = JSON.parse(readFileSync(new URL('fixtures/genesis-cases.json', import.meta.url), 'utf8')) as {
  base: { [name: string]: Texts };
  cases: readonly Case[];
};

function genesisText(changes: Changes): string {
  if (typeof changes === 'string') return changes;
  const tree = structuredClone(base);
  for (const [path, text] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = tree;
    for (const name of names) {
      const inner = at[name];
      const next = typeof inner === 'object' ? inner : {};
      at[name] = next;
      at = next;
    }
    if (text === null) delete at[last];
    else at[last] = text;
  }
  return textOf(tree);
}

function textOf(texts: Texts): string {
  if (typeof texts === 'string') return texts;
  const members = Object.entries(texts).map(([name, text]) => {
    return `${JSON.stringify(name)}:${textOf(text)}`;
  });
  return `{${members.join(',')}}`;
}

/** Block hash and fork id at the genesis block. */
function read(text: string): readonly [hash: string, forkId: string] {
  const { header, config } = parseGenesis(text, nobleCrypto);
  const head = { number: 0, time: header.timestamp };
  const { hash, next } = forkId(header.hash, forkSchedule(config, header.timestamp), head);
  return [toHex(header.hash), `${hash.toString(16).padStart(8, '0')}/${next}`];
}

/** Cases with a different result in this program, by reason. */
const differences = JSON.parse(
  readFileSync(new URL('fixtures/genesis-differences.json', import.meta.url), 'utf8'),
) as Readonly<Record<'refused' | 'taken', Readonly<Record<string, readonly Changes[]>>>>;

function keys(kind: 'refused' | 'taken'): ReadonlySet<string> {
  const all = Object.values(differences[kind]).flat();
  return new Set(all.map((changes) => JSON.stringify(changes)));
}

const refused = keys('refused');
const taken = keys('taken');

describe('every field of a genesis.json, as go-ethereum 1.17.10 reads it', () => {
  test.each(cases.map((one) => [JSON.stringify(one[0]).slice(0, 100), one] as const))(
    'ND-04 %s',
    (_, [changes, result, id]) => {
      const text = genesisText(changes);
      const key = JSON.stringify(changes);
      if (id === undefined ? taken.has(key) : !refused.has(key)) {
        const ours = read(text);
        if (id !== undefined) expect(ours).toEqual([result, id]);
        return;
      }
      let error: unknown;
      try {
        read(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(ChainError);
      expect(error).toMatchObject({ code: 'invalid-genesis' });
      // One printable line that names the field.
      const { message } = error as Error;
      expect(message).toMatch(/^genesis: [\x20-\x7e\ufffd…]{10,300}$/);
      if (typeof changes === 'object') {
        const fields = Object.keys(changes).flatMap((path) => path.split('.'));
        expect(fields.some((field) => message.includes(field))).toBe(true);
      }
    },
  );

  test('ND-04 a listed difference is a difference', () => {
    const known = new Map(cases.map((one) => [JSON.stringify(one[0]), one.length === 3]));
    for (const key of refused) expect(known.get(key), key).toBe(true);
    for (const key of taken) expect(known.get(key), key).toBe(false);
  });
});
