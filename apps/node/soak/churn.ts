import { once } from 'node:events';
import { generatePrivateKey } from '@devp2p/crypto';
import { randomBytes } from '@devp2p/random';
import type { Daemon } from './daemon.ts';
import { dial, knock, loopback, receive, visit } from './guest.ts';
import type { Measure } from './probe.ts';

/** What somebody makes of a connection, from its beginning to its end. */
type Course = (enode: string, from: string) => Promise<void>;

/** Half of the connections come to something, the others end at every step before. */
const courses: Readonly<Record<string, Course>> = {
  async 'says goodbye'(enode, from) {
    const { peer, ask } = await visit(enode, from);
    await ask();
    await peer.disconnect('requested');
  },
  async 'breaks off'(enode, from) {
    const { stream, ask } = await visit(enode, from);
    await ask();
    stream.destroy();
  },
  async 'asks and does not wait'(enode, from) {
    const { stream, ask } = await visit(enode, from);
    for (let count = 0; count < 10; count++) ask().catch(() => {});
    stream.destroy();
  },
  async 'says Hello twice'(enode, from) {
    const { peer, stream } = await visit(enode, from);
    void stream.write(0, Uint8Array.of(0xc0)).catch(() => {});
    await peer.closed;
  },
  async 'comes twice'(enode, from) {
    const options = { privateKey: generatePrivateKey() };
    const first = await visit(enode, from, options);
    await visit(enode, from, options).then(
      () => {
        throw new Error('let in twice');
      },
      () => {},
    );
    await first.peer.disconnect('requested');
  },
  async 'breaks a frame'(enode, from) {
    const socket = await knock(enode, from);
    const { stream } = await visit(enode, from, {}, socket);
    socket.write(randomBytes(100));
    await stream.closed;
  },
  async 'says no Hello'(enode, from) {
    const stream = await dial(enode, from);
    stream.destroy();
  },
  async 'sends garbage'(enode, from) {
    const socket = await knock(enode, from);
    socket.on('error', () => {});
    socket.resume().write(randomBytes(600));
    if (!socket.destroyed) await once(socket, 'close');
  },
  async 'sends half an auth'(enode, from) {
    const socket = await knock(enode, from);
    socket.end(Uint8Array.of(1, 0x90, ...randomBytes(200)));
    await once(socket.resume(), 'close');
  },
  async 'says nothing'(enode, from) {
    const socket = await knock(enode, from);
    socket.destroy();
  },
};

/** @see churn */
export interface ChurnOptions {
  readonly connections: number;
  /** Connections at once. @default 20 */
  readonly width?: number;
  /** Over how many ms they are spread. @default as fast as it goes */
  readonly duration?: number;
}

/** Makes connections with a node and loses them, in as many ways as there are. */
export async function churn(
  { enode }: { readonly enode: string },
  { connections, width = 20, duration = 0 }: ChurnOptions,
): Promise<void> {
  const all = Object.values(courses);
  const started = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < connections) {
      const number = next++;
      const wait = started + (number * duration) / connections - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      await all[number % all.length]?.(enode, loopback(number));
    }
  };
  await Promise.all(Array.from({ length: width }, work));
}

/** Has a node that serves `admin` dial somebody who is lost again, so many times. */
export async function dialOut(daemon: Daemon, connections: number): Promise<void> {
  for (let number = 0; number < connections; number++) {
    const host = await receive(loopback(number));
    await daemon.call('admin_addPeer', host.enode);
    const { peer } = await host.arrival();
    await daemon.call('admin_removePeer', host.enode);
    await peer.closed;
    host.close();
  }
}

/** What a node held before something was done to it and what it holds afterwards; what is `left` has a name. */
export interface Balance {
  readonly before: Measure;
  readonly after: Measure;
  readonly left: readonly string[];
}

/**
 * What may come to stay, however many connections there were: code that was compiled, counters, a buffer that is being
 * filled. Of the rest, nothing.
 */
const allowances: Partial<Record<keyof Measure, number>> = {
  heap: 2_000_000,
  buffers: 1_000_000,
  promises: 100,
};

/** A remote that does not close is given 2 s, a protocol that does not end as many again. In ms. */
const patience = 5_000;

/** Does something to a node, and counts what is left of it when all is quiet again. */
export async function balance(daemon: Daemon, work: () => Promise<void>): Promise<Balance> {
  await daemon.pass(patience);
  const before = await daemon.measure();
  await work();
  await daemon.pass(patience);
  for (let round = 0; ; round++) {
    const after = await daemon.measure();
    const left = remains(before, after);
    if (left.length === 0 || round === 10) return { before, after, left };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function remains(before: Measure, after: Measure): string[] {
  return (Object.keys(before) as (keyof Measure)[]).filter(
    (name) => after[name] > before[name] + (allowances[name] ?? 0),
  );
}
