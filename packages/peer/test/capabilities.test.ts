import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openPeer, type Protocol } from '../src/index.ts';
import { isReserved } from '../src/session/peer.ts';
import { checkProtocols, negotiate, offered } from '../src/wire/capabilities.ts';
import { rawPair, sink } from './raw.ts';

function versionsOf(name: string, ...versions: [version: number, length: number][]): Protocol {
  return {
    name,
    versions: versions.map(([version, length]) => ({ version, length })),
    attach: () => ({ api: undefined, run: () => Promise.resolve() }),
  };
}

function layout(protocols: readonly Protocol[], remote: readonly Protocol[]): string[] {
  return negotiate(protocols, offered(remote)).map(
    ({ name, version, offset, length }) => `${name}/${version}@${offset}+${length}`,
  );
}

test('PE-03 Hello lists names in byte order, then versions in order', () => {
  const protocols = [
    versionsOf('snap', [1, 8]),
    versionsOf('eth', [69, 18], [68, 17]),
    versionsOf('Zeta', [9, 1]),
    versionsOf('et', [1, 1]),
  ];
  expect(offered(protocols).map(({ name, version }) => `${name}/${version}`)).toEqual([
    'Zeta/9',
    'et/1',
    'eth/68',
    'eth/69',
    'snap/1',
  ]);
});

test.each<[string, Protocol[], Protocol[], string[]]>([
  ['one in common', [versionsOf('eth', [68, 17])], [versionsOf('eth', [68, 17])], ['eth/68@16+17']],
  [
    'the highest of several',
    [versionsOf('eth', [68, 17], [70, 18], [69, 18])],
    [versionsOf('eth', [69, 18], [68, 17])],
    ['eth/69@16+18'],
  ],
  [
    'order of the names, not of the lists',
    [versionsOf('snap', [1, 8]), versionsOf('eth', [68, 17])],
    [versionsOf('snap', [1, 8]), versionsOf('eth', [68, 17])],
    ['eth/68@16+17', 'snap/1@33+8'],
  ],
  [
    'capabilities that are not shared take no codes',
    [versionsOf('a', [1, 100]), versionsOf('b', [1, 2]), versionsOf('c', [1, 3])],
    [versionsOf('b', [1, 2]), versionsOf('c', [1, 3])],
    ['b/1@16+2', 'c/1@18+3'],
  ],
  [
    'the length of the selected version',
    [versionsOf('a', [1, 2], [2, 9]), versionsOf('b', [1, 1])],
    [versionsOf('a', [1, 2]), versionsOf('b', [1, 1])],
    ['a/1@16+2', 'b/1@18+1'],
  ],
  [
    'two protocols of one name',
    [versionsOf('a', [1, 2]), versionsOf('a', [2, 3])],
    [versionsOf('a', [2, 3], [1, 2])],
    ['a/2@16+3'],
  ],
  ['none in common', [versionsOf('eth', [68, 17])], [versionsOf('eth', [67, 17]), versionsOf('ETH', [68, 17])], []],
])('PE-03 %s', (_, ours, theirs, expected) => {
  expect(layout(ours, theirs)).toEqual(expected);
});

test('PE-03 both sides get the same codes, without gaps or overlaps, for any order of the protocols', () => {
  // The length of a version is part of the protocol, so both sides agree on it.
  const lengthOf = (name: string, version: number): number => 1 + ((name.length * 7 + version) % 20);
  const side = fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'aa', 'b', 'B', 'eth', 'snap', 'les'),
        versions: fc.uniqueArray(fc.nat({ max: 4 }), { minLength: 1 }),
      }),
      { selector: ({ name }) => name },
    )
    .map((list) =>
      list.map(({ name, versions }) =>
        versionsOf(name, ...versions.map((version): [number, number] => [version, lengthOf(name, version)])),
      ),
    );
  fc.assert(
    fc.property(side, side, (a, b) => {
      const ours = layout(a, b);
      expect(ours).toEqual(layout([...b].reverse(), [...a].reverse()));
      let next = 16;
      for (const { offset, length } of negotiate(a, offered(b))) {
        expect(offset).toBe(next);
        next += length;
      }
    }),
    { numRuns: 300 },
  );
});

test.each<[string, Protocol[]]>([
  ['"" is not', [versionsOf('', [1, 1])]],
  ['"ninechars" is not', [versionsOf('ninechars', [1, 1])]],
  ['"é" is not', [versionsOf('é', [1, 1])]],
  ['"stats" is a property', [versionsOf('stats', [1, 1])]],
  ['"then" is a property', [versionsOf('then', [1, 1])]],
  ['"valueOf" is a property', [versionsOf('valueOf', [1, 1])]],
  ['eth/1 is offered twice', [versionsOf('eth', [1, 1]), versionsOf('eth', [1, 2])]],
  ['eth/-1 is not a valid version', [versionsOf('eth', [-1, 1])]],
  ['eth/1 has 0 codes, expected 1 to 65535', [versionsOf('eth', [1, 0])]],
  ['eth/1 has 70000 codes, expected 1 to 65535', [versionsOf('eth', [1, 70_000])]],
])('PE-03 refuses to offer: %s …', (message, protocols) => {
  expect(() => checkProtocols(protocols, isReserved)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(message) }),
  );
});

test('PE-03 protocols that cannot be offered are refused and the stream is destroyed', async () => {
  const { stream, raw, clock } = rawPair();
  await expect(openPeer(stream, { protocols: [sink, sink], clock })).rejects.toMatchObject({
    code: 'invalid-option',
  });
  await expect(
    openPeer(rawPair().stream, { protocols: [sink], clientId: 'x'.repeat(2048), clock }),
  ).rejects.toMatchObject({ code: 'invalid-option' });
  await clock.advance(0);
  expect(raw.seen).toEqual([]);
  expect(raw.end).toBe('clean');
  expect(clock.pending).toBe(0);
});
