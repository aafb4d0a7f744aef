import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { EthError } from '../src/index.ts';
import { hex, MemoryChain } from './memory-chain.ts';
import { connect } from './peers.ts';

test.each([70, 68])('a peer on eth/%i is shown by its version and blocks', async (version) => {
  const chain = new MemoryChain(3);
  const { clock, left } = await connect(
    { chain, versions: [version] },
    { chain, versions: [version] },
  );
  await clock.advance(0);
  const shown = JSON.parse(JSON.stringify(left.eth));
  expect(shown).toMatchObject({ version, handshakeDone: true });
  expect(shown.id).toMatch(/^[0-9a-f]{128}$/);
  const { earliest, latest, latestHash } = chain.range();
  const range = { earliest, latest, latestHash: `0x${hex(latestHash).replace(/^0x/, '')}` };
  expect(shown.range).toEqual(version === 68 ? undefined : range);
  const text = inspect(left.eth);
  expect(text).toMatch(/^EthPeer \{/);
  expect(text.split('\n').length).toBeLessThan(12);
  expect(text).not.toContain('Uint8Array');
});

test('an error keeps message and reason in JSON, and no bigint breaks it', () => {
  const error = new EthError('network-mismatch', 'network id is 2, ours is 1', {
    mismatch: { of: 'network', ours: 1n, theirs: 2n },
  });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    ...{ name: 'EthError', code: 'network-mismatch', message: 'network id is 2, ours is 1' },
    reason: 'useless-peer',
  });
});
