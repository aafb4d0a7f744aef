import { inspect, isDeepStrictEqual } from 'node:util';
import { toHex } from '@devp2p/bytes';
import { EnrError, formatEnode, formatEnr, parseEnr } from '@devp2p/enr';
import { afterEach, expect, test } from 'vitest';
import { Discv4Error, decodePacket, encodePacket } from '../src/index.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

test('discovery, a record and a found node print as a few lines, without secrets', async () => {
  const privateKey = world.random(32);
  const [node, other] = [await world.node({ ...quiet, privateKey }), await world.node(quiet)];
  const found = node.resolve(enodeOf(other));
  await world.clock.advance(2_000);
  const known = await found;
  expect(JSON.parse(JSON.stringify(known))).toEqual({
    enode: formatEnode(enodeOf(other)),
    enr: formatEnr(other.localEnr),
  });
  expect(JSON.parse(JSON.stringify(node))).toMatchObject({
    id: toHex(node.id),
    enr: formatEnr(node.localEnr),
    nodes: 1,
  });
  expect(JSON.parse(JSON.stringify(other.localEnr))).toMatchObject({
    enr: formatEnr(other.localEnr),
    seq: String(other.localEnr.seq),
    udp: 30303,
    other: [],
  });
  for (const [value, name] of [
    [node, 'Discv4'],
    [known, 'Node'],
    [node.localEnr, 'Enr'],
  ] as const) {
    const text = inspect(value);
    expect(text.startsWith(`${name} {`)).toBe(true);
    expect(text.split('\n').length).toBeLessThan(30);
    expect(text + JSON.stringify(value)).not.toContain(toHex(privateKey));
    expect(text).not.toContain('Uint8Array');
  }
});

test('an error keeps its message in JSON', () => {
  const error = new Discv4Error('timeout', 'no answer');
  const json = { name: 'Discv4Error', code: 'timeout', message: 'no answer' };
  expect(JSON.parse(JSON.stringify(error))).toEqual(json);
  let refused: unknown;
  try {
    parseEnr('enr:x');
  } catch (thrown) {
    refused = thrown;
  }
  expect(refused).toBeInstanceOf(EnrError);
  expect(JSON.parse(JSON.stringify(refused))).toMatchObject({ code: 'invalid-text' });
});

test('the result of a ping and a packet print as text, and have no further enumerable properties', async () => {
  const [node, other] = [await world.node(quiet), await world.node(quiet)];
  const pinging = node.ping(enodeOf(other));
  await world.clock.advance(1_000);
  const pong = await pinging;
  const { host, port } = node.localAddress;
  const json = JSON.parse(JSON.stringify(pong));
  expect(json).toMatchObject({ to: { ip: host, udp: port }, enrSeq: String(other.localEnr.seq) });
  expect(inspect(pong)).toContain(`ip: '${host}'`);
  expect(isDeepStrictEqual(pong, { ...pong })).toBe(true);
  const key = world.random(32);
  const ip = Uint8Array.of(192, 0, 2, 1);
  const end = { ip, udp: 1, tcp: 2 };
  const ping = {
    type: 'ping',
    version: 4n,
    from: end,
    to: end,
    expiration: 5,
    enrSeq: 6n,
  } as const;
  const decoded = decodePacket(encodePacket(ping, key).bytes);
  const shown = { ...end, ip: '192.0.2.1' };
  expect(JSON.parse(JSON.stringify(decoded))).toEqual({
    packet: { ...ping, version: '4', from: shown, to: shown, enrSeq: '6' },
    hash: toHex(decoded.hash),
    id: toHex(decoded.id),
  });
  expect(inspect(decoded)).not.toContain('Uint8Array');
});
