import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openPeer, type Protocol } from '../src/index.ts';
import { isReserved } from '../src/session/peer.ts';
import { checkProtocols, negotiate, offered } from '../src/wire/capabilities.ts';
import { rawPair, sink } from './raw.ts';

function speaks(name: string, ...versions: [version: number, length: number][]): Protocol {
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
    speaks('snap', [1, 8]),
    speaks('eth', [69, 18], [68, 17]),
    speaks('Zeta', [9, 1]),
    speaks('et', [1, 1]),
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
  ['one in common', [speaks('eth', [68, 17])], [speaks('eth', [68, 17])], ['eth/68@16+17']],
  [
    'the highest of several',
    [speaks('eth', [68, 17], [70, 18], [69, 18])],
    [speaks('eth', [69, 18], [68, 17])],
    ['eth/69@16+18'],
  ],
  [
    'order of the names, not of the lists',
    [speaks('snap', [1, 8]), speaks('eth', [68, 17])],
    [speaks('snap', [1, 8]), speaks('eth', [68, 17])],
    ['eth/68@16+17', 'snap/1@33+8'],
  ],
  [
    'what is not shared takes no room',
    [speaks('a', [1, 100]), speaks('b', [1, 2]), speaks('c', [1, 3])],
    [speaks('b', [1, 2]), speaks('c', [1, 3])],
    ['b/1@16+2', 'c/1@18+3'],
  ],
  [
    'the length of the version that runs',
    [speaks('a', [1, 2], [2, 9]), speaks('b', [1, 1])],
    [speaks('a', [1, 2]), speaks('b', [1, 1])],
    ['a/1@16+2', 'b/1@18+1'],
  ],
  [
    'two protocols of one name',
    [speaks('a', [1, 2]), speaks('a', [2, 3])],
    [speaks('a', [2, 3], [1, 2])],
    ['a/2@16+3'],
  ],
  ['nothing', [speaks('eth', [68, 17])], [speaks('eth', [67, 17]), speaks('ETH', [68, 17])], []],
])('PE-03 %s', (_, ours, theirs, expected) => {
  expect(layout(ours, theirs)).toEqual(expected);
});

test('PE-03 both sides come to the same layout, without gaps or overlaps, in any order of offering', () => {
  // The length of a version is part of the protocol, so both sides agree on it.
  const lengthOf = (name: string, version: number): number =>
    1 + ((name.length * 7 + version) % 20);
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
        speaks(
          name,
          ...versions.map((version): [number, number] => [version, lengthOf(name, version)]),
        ),
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
  ['"" is not', [speaks('', [1, 1])]],
  ['"ninechars" is not', [speaks('ninechars', [1, 1])]],
  ['"é" is not', [speaks('é', [1, 1])]],
  ['"stats" is a property', [speaks('stats', [1, 1])]],
  ['"then" is a property', [speaks('then', [1, 1])]],
  ['"valueOf" is a property', [speaks('valueOf', [1, 1])]],
  ['eth/1 is offered twice', [speaks('eth', [1, 1]), speaks('eth', [1, 2])]],
  ['eth/-1 is no version', [speaks('eth', [-1, 1])]],
  ['eth/1 occupies 0 codes', [speaks('eth', [1, 0])]],
  ['eth/1 occupies 70000 codes', [speaks('eth', [1, 70_000])]],
])('PE-03 refuses to offer: %s …', (message, protocols) => {
  expect(() => checkProtocols(protocols, isReserved)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(message) }),
  );
});

test('PE-03 options that cannot be offered end the stream and are thrown', async () => {
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
