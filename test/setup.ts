// Runs before each test file, in its process. Makes the system clock patient, so that no test depends on how fast the
// machine is, and ends what a test began when it has run into its limit, so that it does not disturb those after it.
// biome-ignore-all lint/plugin: this is the machine's side of the clock that tests use
import type { ChildProcess } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import type { Server, Socket } from 'node:net';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { systemClock } from '@devp2p/clock';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';

/** What is open, and how it is ended. */
const open = new Map<object, () => void>();
/** What was open when the current test began. */
let before: ReadonlySet<object> = new Set();
/** The current test; several that run at once count as one. */
let current = { isOver: false };

beforeEach(({ task }) => {
  if (task.concurrent) return;
  before = new Set(open.keys());
  current = { isOver: false };
});
afterEach(({ task, signal }) => {
  if (task.concurrent || !signal.aborted) return;
  current.isOver = true;
  endAll(before);
});

function endAll(except: ReadonlySet<object> = new Set()): void {
  for (const [one, end] of open) {
    if (except.has(one)) continue;
    open.delete(one);
    end();
  }
}

function track(one: EventEmitter, ended: 'close' | 'exit', end: () => void): void {
  open.set(one, end);
  one.once(ended, () => open.delete(one));
}

/** Channels of Node.js on which new processes, sockets and servers are announced. */
const channels: Record<string, (message: unknown) => void> = {
  child_process(message) {
    const { process: child } = message as { process: ChildProcess };
    track(child, 'exit', () => child.kill('SIGKILL'));
  },
  'net.client.socket': trackSocket,
  'net.server.socket': trackSocket,
  'udp.socket'(message) {
    const { socket } = message as { socket: UdpSocket };
    track(socket, 'close', () => {
      try {
        socket.close();
      } catch {
        // It is closed, and has not emitted that yet.
      }
    });
  },
  'tracing:net.server.listen:asyncStart'(message) {
    const { server } = message as { server: Server };
    track(server, 'close', () => server.close());
  },
};
for (const [name, listener] of Object.entries(channels)) subscribe(name, listener);

function trackSocket(message: unknown): void {
  const { socket } = message as { socket: Socket };
  track(socket, 'close', () => socket.destroy());
}

// A loop that waits turn by turn has one turn pending when its test runs into its limit: that turn never comes.
const machine = {
  setImmediate: timers.setImmediate,
  turn: timersPromises.setImmediate,
  clock: { ...systemClock },
};
timers.setImmediate = ((callback: (...args: unknown[]) => void, ...args: unknown[]) => {
  const test = current;
  return machine.setImmediate(() => {
    if (!test.isOver) callback(...args);
  });
}) as typeof setImmediate;
timersPromises.setImmediate = async (value, options) => {
  const test = current;
  const result = await machine.turn(value, options);
  return test.isOver ? new Promise(() => {}) : result;
};
globalThis.setImmediate = timers.setImmediate;
syncBuiltinESMExports();

/** Milliseconds between two looks at the machine's clock. */
const interval = 10;
/** What passes between two looks at most: the time for which the process waits for a processor, or blocks, is left out. */
const longest = 2 * interval;
let passed = 0;
let seen = performance.now();
const sinceSeen = (): number => Math.min(performance.now() - seen, longest);
const ticking = setInterval(() => {
  passed += sinceSeen();
  seen = performance.now();
}, interval).unref();

// The tests of the clock itself are about the machine's.
if (!expect.getState().testPath?.includes('/packages/clock/')) {
  systemClock.monotonic = () => passed + sinceSeen();
  systemClock.setTimeout = (callback, ms) => {
    if (Number.isNaN(ms)) throw new RangeError('timer delay is not a number');
    const due = systemClock.monotonic() + Math.max(0, ms);
    const arm = (): NodeJS.Timeout =>
      setTimeout(fire, Math.min(Math.ceil(due - systemClock.monotonic()), 2 ** 31 - 1));
    const fire = (): void => {
      if (systemClock.monotonic() < due) {
        timeout = arm();
        return;
      }
      open.delete(timer);
      callback();
    };
    let timeout = arm();
    const timer = {
      cancel(): void {
        open.delete(timer);
        clearTimeout(timeout);
      },
    };
    open.set(timer, timer.cancel);
    return timer;
  };
}

afterAll(() => {
  endAll();
  for (const [name, listener] of Object.entries(channels)) unsubscribe(name, listener);
  clearInterval(ticking);
  Object.assign(systemClock, machine.clock);
  timers.setImmediate = machine.setImmediate;
  globalThis.setImmediate = machine.setImmediate;
  timersPromises.setImmediate = machine.turn;
  syncBuiltinESMExports();
});
