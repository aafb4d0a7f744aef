import { createVirtualClock } from '@devp2p/clock/virtual';
import { parseIp } from '@devp2p/ip';
import { expect, test } from 'vitest';
import { type Address, createUdpEndpoint, type PacketSource } from '../src/index.ts';
import { SimulatedNetwork } from './simulated-network.ts';

const address: Address = { host: '20.0.0.1', port: 30303 };
const remote: Address = { host: '20.0.0.2', port: 4000 };

function open(host = address.host) {
  const clock = createVirtualClock();
  const network = new SimulatedNetwork({ clock });
  const endpoint = createUdpEndpoint(network.bind(host));
  const send = async (byte: number, from: Address = remote): Promise<void> => {
    network.send({ bytes: Uint8Array.of(byte), from, to: { host, port: 30303 } });
    await clock.advance(100);
  };
  return { clock, network, endpoint, send };
}

test('D4-21 readers get a packet in order, up to the first that accepts it; the rest is counted and dropped', async () => {
  const { endpoint, send } = open();
  const got: [string, number][] = [];
  const removeFirst = endpoint.addReader(([byte = 0]) => {
    got.push(['first', byte]);
    return byte === 1;
  });
  endpoint.addReader(([byte = 0]) => {
    got.push(['second', byte]);
    return byte === 2;
  });
  for (const byte of [1, 2, 3]) await send(byte);
  expect(got).toEqual([
    ['first', 1],
    ['first', 2],
    ['second', 2],
    ['first', 3],
    ['second', 3],
  ]);
  expect(endpoint.stats).toEqual({ received: 3, sent: 0, unread: 1 });
  removeFirst();
  removeFirst();
  got.length = 0;
  await send(1);
  expect(got).toEqual([['second', 1]]);
  expect(endpoint.stats.unread).toBe(2);
});

test('D4-21 the source of a packet is canonical, and port 0 is dropped', async () => {
  const { endpoint, send } = open();
  const sources: PacketSource[] = [];
  endpoint.addReader((_, from) => sources.push(from) > 0);
  await send(1, { host: '::ffff:7.7.7.7', port: 5 });
  await send(1, { host: '2600:0:0::1', port: 5 });
  await send(1, { host: '7.7.7.7', port: 0 });
  await send(1, { host: 'fe80::1%eth0', port: 5 });
  expect(sources).toEqual([
    { host: '7.7.7.7', port: 5, ip: Uint8Array.of(7, 7, 7, 7) },
    { host: '2600::1', port: 5, ip: parseIp('2600::1') },
  ]);
  expect(endpoint.stats.received).toBe(2);
});

test('D4-21 an endpoint sends to its own IP family, or to both if it is bound to ::', () => {
  const families = (host: string): boolean[] => {
    const { endpoint } = open(host);
    return ['60.1.1.1', '2600:1::1'].map((ip) => endpoint.canSendTo(parseIp(ip) as Uint8Array));
  };
  expect(families('20.0.0.1')).toEqual([true, false]);
  expect(families('0.0.0.0')).toEqual([true, false]);
  expect(families('2600::1')).toEqual([false, true]);
  expect(families('::')).toEqual([true, true]);
});

test('D4-21 sent packets are counted, and the socket is closed', async () => {
  const { endpoint, network, clock } = open();
  endpoint.send(Uint8Array.of(1), remote);
  expect(network.sent).toBe(1);
  expect(endpoint.stats.sent).toBe(1);
  await endpoint.close();
  await endpoint.close();
  network.send({ bytes: Uint8Array.of(1), from: remote, to: address });
  await clock.advance(100);
  expect(endpoint.stats.received).toBe(0);
});
