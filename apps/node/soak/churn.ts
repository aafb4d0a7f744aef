import { once } from 'node:events';
import { generatePrivateKey } from '@devp2p/crypto';
import { randomBytes } from '@devp2p/random';
import type { Daemon } from './daemon.ts';
import { connectPeer, dial, loopback, openHost, openSocket } from './guest.ts';
import type { Measure } from './probe.ts';

/** The course of one connection, from the TCP connection to its end. */
type Course = (enode: string, from: string) => Promise<void>;

/** Half of the connections reach eth; the others end at each of the steps before. */
const courses: Readonly<Record<string, Course>> = {
  async disconnects(enode, from) {
    const { peer, ask } = await connectPeer(enode, from);
    await ask();
    await peer.disconnect('requested');
  },
  async 'closes the socket'(enode, from) {
    const { stream, ask } = await connectPeer(enode, from);
    await ask();
    stream.destroy();
  },
  async 'closes the socket before the responses'(enode, from) {
    const { stream, ask } = await connectPeer(enode, from);
    for (let count = 0; count < 10; count++) ask().catch(() => {});
    stream.destroy();
  },
  async 'sends Hello twice'(enode, from) {
    const { peer, stream } = await connectPeer(enode, from);
    void stream.write(0, Uint8Array.of(0xc0)).catch(() => {});
    await peer.closed;
  },
  async 'connects twice'(enode, from) {
    const options = { privateKey: generatePrivateKey() };
    const first = await connectPeer(enode, from, options);
    await connectPeer(enode, from, options).then(
      () => {
        throw new Error('second connection of one node accepted');
      },
      () => {},
    );
    await first.peer.disconnect('requested');
  },
  async 'sends an invalid frame'(enode, from) {
    const socket = await openSocket(enode, from);
    const { stream } = await connectPeer(enode, from, {}, socket);
    socket.write(randomBytes(100));
    await stream.closed;
  },
  async 'sends no Hello'(enode, from) {
    const stream = await dial(enode, from);
    stream.destroy();
  },
  async 'sends garbage'(enode, from) {
    const socket = await openSocket(enode, from);
    socket.on('error', () => {});
    socket.resume().write(randomBytes(600));
    if (!socket.destroyed) await once(socket, 'close');
  },
  async 'sends half an auth'(enode, from) {
    const socket = await openSocket(enode, from);
    socket.end(Uint8Array.of(1, 0x90, ...randomBytes(200)));
    await once(socket.resume(), 'close');
  },
  async 'sends no data'(enode, from) {
    const socket = await openSocket(enode, from);
    socket.destroy();
  },
};

/** Options of {@link churn}. */
export interface ChurnOptions {
  readonly connections: number;
  /** Number of concurrent connections. @default 20 */
  readonly width?: number;
  /** Time over which the connections are spread, in ms. @default 0, as fast as possible */
  readonly duration?: number;
}

/** Opens connections to a node and ends them, in all ways in turn. */
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

/** Makes a node dial peers that are removed again, one after another. The node has to serve `admin`. */
export async function dialOut(daemon: Daemon, connections: number): Promise<void> {
  for (let number = 0; number < connections; number++) {
    const host = await openHost(loopback(number));
    await daemon.call('admin_addPeer', host.enode);
    const { peer } = await host.nextGuest();
    await daemon.call('admin_removePeer', host.enode);
    await peer.closed;
    host.close();
  }
}

/** Resources of a node before and after a test; `left` has the names of those that grew. */
export interface Balance {
  readonly before: Measure;
  readonly after: Measure;
  readonly left: readonly string[];
}

/**
 * Allowed growth, regardless of the number of connections: compiled code, counters, a buffer that is filled. Resources not
 * listed here must not grow.
 */
const allowances: Partial<Record<keyof Measure, number>> = {
  heap: 2_000_000,
  buffers: 1_000_000,
  promises: 100,
};

/** Time to pass before a measurement, in ms: 2 s for a remote to close, and 2 s for a protocol to end. */
const settleTime = 5_000;

/** Measures a node before and after `work`, and waits up to 5 s for resources to be released. */
export async function balance(daemon: Daemon, work: () => Promise<void>): Promise<Balance> {
  await daemon.pass(settleTime);
  const before = await daemon.measure();
  await work();
  await daemon.pass(settleTime);
  for (let round = 0; ; round++) {
    const after = await daemon.measure();
    const left = grown(before, after);
    if (left.length === 0 || round === 10) return { before, after, left };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function grown(before: Measure, after: Measure): string[] {
  return (Object.keys(before) as (keyof Measure)[]).filter(
    (name) => after[name] > before[name] + (allowances[name] ?? 0),
  );
}
