// Runs before each test file, in its process. Stops the system clock while the process waits for a processor, so that no
// test depends on the speed of the machine, and closes the resources of a test that exceeds its limit, so that it does
// not disturb later tests.
// biome-ignore-all lint/plugin: this implements the clock of the tests
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

/** Open resources with the functions that close them. */
const open = new Map<object, () => void>();
/** Resources that were open when the current test began. */
let before: ReadonlySet<object> = new Set();
/** The current test; concurrent tests count as one. */
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

/** Diagnostics channels of Node.js for new processes, sockets and servers. */
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
        // It is closed, and has not emitted the event yet.
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

// Drops the pending immediate of a test that has exceeded its limit, which would otherwise continue its loop.
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

/** Milliseconds between two readings of the clock of the machine. */
const interval = 10;
/** Most milliseconds that pass between two readings; time for which the process waits for a processor is left out. */
const longest = 2 * interval;
let passed = 0;
let seen = performance.now();
const sinceSeen = (): number => Math.min(performance.now() - seen, longest);
const ticking = setInterval(() => {
  passed += sinceSeen();
  seen = performance.now();
}, interval).unref();

// The tests of the clock package use the clock of the machine.
if (!expect.getState().testPath?.includes('/packages/clock/')) {
  systemClock.monotonic = () => passed + sinceSeen();
  systemClock.setTimeout = (callback, ms) => {
    if (Number.isNaN(ms)) throw new RangeError('timer delay is not a number');
    const due = systemClock.monotonic() + Math.max(0, ms);
    const arm = (): NodeJS.Timeout => setTimeout(fire, Math.min(Math.ceil(due - systemClock.monotonic()), 2 ** 31 - 1));
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
