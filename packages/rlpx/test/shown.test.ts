import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { RlpxError } from '../src/index.ts';
import { connected, idA, idB, keyA, keyB } from './transports.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('a stream shows its remote and state, without its keys', async () => {
  const remoteAddress = { host: '192.0.2.1', port: 30303 };
  const { a, b } = await connected({ remoteAddress } as object);
  b.enableCompression();
  expect(JSON.parse(JSON.stringify(a))).toEqual({
    remoteId: hex(idB),
    address: '192.0.2.1:30303',
    inbound: false,
    compression: false,
    state: 'open',
  });
  expect(JSON.parse(JSON.stringify(b))).toEqual({
    remoteId: hex(idA),
    inbound: true,
    compression: true,
    state: 'open',
  });
  for (const stream of [a, b]) {
    const text = inspect(stream);
    expect(text).toMatch(/^RlpxStream \{.*state: 'open'.*\}$/s);
    expect(text.split('\n').length).toBeLessThan(10);
    for (const key of [keyA, keyB]) expect(text).not.toContain(hex(key));
    expect(text).not.toContain('Uint8Array');
  }
  await Promise.all([a.close(), b.close()]);
  expect(JSON.parse(JSON.stringify(a))).toMatchObject({ state: 'closed' });
});

test('an error keeps its message in JSON', () => {
  const error = new RlpxError('closed', 'the stream was closed');
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({
    name: 'RlpxError',
    code: 'closed',
    message: 'the stream was closed',
  });
});
