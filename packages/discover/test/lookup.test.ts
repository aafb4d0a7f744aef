import { expect, test } from 'vitest';
import { lookup } from '../src/kademlia/lookup.ts';
import { type Node, nodeFromContact } from '../src/node/node.ts';
import { cheapCrypto as crypto } from './cheap-crypto.ts';

function nodeOf(serial: number): Node {
  const privateKey = new Uint8Array(32).fill(serial);
  return nodeFromContact({ id: crypto.secp256k1.publicKey(privateKey), host: `30.0.${serial}.1`, udp: 30303 }, crypto);
}

const [self, ...nodes] = Array.from({ length: 7 }, (_, i) => nodeOf(i + 1)) as [Node, ...Node[]];
const [first, second, third, ...others] = nodes as [Node, Node, Node, ...Node[]];

/** A lookup that starts with three nodes, each of which reports another one when `respond` is called. */
function start() {
  const responses: (() => void)[] = [];
  const found = new Map([first, second, third].map(({ key }, i) => [key, others.slice(i, i + 1)]));
  const steps = lookup({
    target: self.hash,
    start: [first, second, third],
    self,
    concurrency: 3,
    findNode: ({ key }) => {
      const result = found.get(key);
      if (!result) return Promise.resolve([]);
      return new Promise((resolve) => responses.push(() => resolve(result)));
    },
  });
  return { steps, responses };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('D4-13 responses that arrive together are all used', async () => {
  const { steps, responses } = start();
  const seen: Node[] = [];
  const done = (async () => {
    for await (const node of steps) seen.push(node);
  })();
  await settled();
  for (const respond of responses) respond();
  await done;
  expect(new Set(seen)).toEqual(new Set(nodes));
});

test('D4-13 responses that arrive while the caller holds a node are used', async () => {
  const { steps, responses } = start();
  const seen: Node[] = [];
  for (let i = 0; i < 3; i++) seen.push((await steps.next()).value as Node);
  const next = steps.next();
  await settled();
  responses[0]?.();
  seen.push((await next).value as Node);
  for (const respond of responses.slice(1)) respond();
  await settled();
  for await (const node of steps) seen.push(node);
  expect(new Set(seen)).toEqual(new Set(nodes));
});
