import { createVirtualClock } from '@devp2p/clock/virtual';
import { type Node, nodeFromContact } from '@devp2p/discover';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../discover/test/cheap-crypto.ts';
import { type EndpointProof, EndpointProofs } from '../src/responder/endpoint-proofs.ts';

let serial = 0;

function node(host: string): Node {
  const privateKey = new Uint8Array(32);
  new DataView(privateKey.buffer).setUint32(0, ++serial);
  return nodeFromContact({ id: crypto.secp256k1.publicKey(privateKey), host, udp: 30303 }, crypto);
}

function bonds(limits: { maxProofs?: number; maxProofsPerSource?: number } = {}) {
  const clock = createVirtualClock();
  const dropped: EndpointProof[] = [];
  const all = new EndpointProofs({
    clock,
    lifetime: 1_000,
    maxProofs: 100,
    maxProofsPerSource: 10,
    ...limits,
    onDrop: (bond) => dropped.push(bond),
  });
  const prove = (one: Node): void => {
    all.prove(one);
  };
  const isProven = ({ key, host, ip }: Node): boolean => all.isProven(all.get(key, host, ip));
  return { all, clock, dropped, prove, isProven };
}

describe('D4-20 endpoint proofs are bounded', () => {
  test('many ids at one address do not evict others', () => {
    const { all, dropped, prove, isProven } = bonds();
    const honest = Array.from({ length: 50 }, (_, i) => node(`40.${i}.1.1`));
    honest.forEach(prove);
    for (let i = 0; i < 1_000; i++) prove(node('66.6.6.6'));
    expect(honest.every(isProven)).toBe(true);
    expect(all.size).toBe(60);
    expect(dropped).toHaveLength(990);
    // The same for many addresses of one IPv6 network.
    for (let i = 1; i <= 1_000; i++) prove(node(`2600:6::${i.toString(16)}`));
    expect(honest.every(isProven)).toBe(true);
    expect(all.size).toBe(70);
  });

  test('above the total limit, the least recently proved one is dropped', () => {
    const { all, prove, isProven } = bonds();
    const nodes = Array.from({ length: 101 }, (_, i) => node(`40.${i}.1.1`)) as [Node, Node];
    nodes.slice(0, 100).forEach(prove);
    prove(nodes[0]);
    prove(nodes.at(-1) ?? nodes[0]);
    expect([isProven(nodes[0]), isProven(nodes[1])]).toEqual([true, false]);
    expect(all.size).toBe(100);
    expect(all.hasSource(nodes[1].host, nodes[1].ip)).toBe(false);
  });
});

test('D4-04 a proof is of an id at an address, and expires', () => {
  const { all, clock, prove, isProven } = bonds();
  const one = node('40.1.1.1');
  const elsewhere = nodeFromContact({ id: one.id, host: '40.1.1.2', udp: 30303 }, crypto);
  const other = node('40.1.1.1');
  prove(one);
  expect([one, elsewhere, other].map(isProven)).toEqual([true, false, false]);
  clock.jump(1_000_000);
  expect(isProven(one)).toBe(true);
  return clock.advance(1_000).then(() => {
    expect(isProven(one)).toBe(false);
    expect(all.size).toBe(1);
    all.expire();
    expect(all.size).toBe(0);
  });
});
