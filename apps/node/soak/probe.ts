// Loaded into the process of a node before its main module (`node --import`): counts its resources, and controls its time.
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { types } from 'node:util';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Live resources of a process, garbage excluded. */
export interface Measure {
  /** Handles and requests of the event loop. */
  readonly handles: number;
  readonly sockets: number;
  /** Timers that are set or still referenced. */
  readonly timers: number;
  /** Listeners of event targets, including abort signals. */
  readonly listeners: number;
  readonly signals: number;
  readonly emitters: number;
  readonly promises: number;
  /** Bytes of JavaScript objects. */
  readonly heap: number;
  /** Bytes of buffers. */
  readonly buffers: number;
}

/** Requests to the probe. */
export type ProbeRequest =
  | { readonly type: 'measure' }
  /** Advances the time by `ms`, and fires all timers due until then. */
  | { readonly type: 'pass'; readonly ms: number }
  /** Moves the wall clock by `ms`, forward or back. */
  | { readonly type: 'jump'; readonly ms: number };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Whether time passes only by requests. */
const { PROBE_TIME } = process.env;
const isStill = PROBE_TIME === 'still';
/** Longest delay of a timer, in ms. */
const maxDelay = 2 ** 31 - 1;
/** Offset of monotonic time from that of the machine, in ms. */
let ahead = 0;
/** Offset of the wall clock, in ms. */
let wallAhead = 0;
const machine = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  monotonic: performance.now.bind(performance),
  now: Date.now,
};
const waiting = new Map<NodeJS.Timeout, { readonly due: number; readonly fire: () => void }>();

const started = machine.monotonic();
performance.now = () => (isStill ? started : machine.monotonic()) + ahead;
Date.now = () => machine.now() + wallAhead;
globalThis.setTimeout = Object.assign(
  (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout => {
    const fire = (): void => {
      waiting.delete(timer);
      callback(...args);
    };
    const timer = machine.setTimeout(fire, isStill && ms > 0 ? maxDelay : ms);
    waiting.set(timer, { due: performance.now() + ms, fire });
    return timer;
  },
  machine.setTimeout,
);
globalThis.clearTimeout = ((timer: NodeJS.Timeout | undefined) => {
  if (timer !== undefined) waiting.delete(timer);
  machine.clearTimeout(timer);
}) as typeof clearTimeout;

async function pass(ms: number): Promise<void> {
  ahead += ms;
  const now = performance.now();
  const due = [...waiting].filter(([, timer]) => timer.due <= now);
  for (const [timer, { fire }] of due.sort(([, a], [, b]) => a.due - b.due)) {
    if (!waiting.has(timer)) continue;
    machine.clearTimeout(timer);
    fire();
    await turn();
  }
}

/** The class of an object. */
const classOf = (object: object): (new () => object) => object.constructor as new () => object;
const Timeout = classOf(machine.setTimeout(() => {}, 0));
/** The class of the listeners of event targets, which Node.js does not export. */
const Listener = ((): (new () => object) => {
  const target = new EventTarget();
  target.addEventListener('probe', () => {});
  const events = Object.getOwnPropertySymbols(target)
    .map((symbol): unknown => Reflect.get(target, symbol))
    .find(isMap);
  const first = events?.get('probe')?.next;
  if (first === undefined)
    throw new Error('listeners of event targets have an unknown form in this version of Node.js');
  return classOf(first);
})();

/** Whether a value is one of Node.js's internal maps, which do not inherit from `Map.prototype`. */
function isMap(value: unknown): value is Map<string, { readonly next?: object }> {
  return types.isMap(value) && Map.prototype.has.call(value, 'probe');
}

async function measure(): Promise<Measure> {
  // Finalization of collected objects releases others, which the second round collects.
  for (let round = 0; round < 2; round++) {
    collectGarbage();
    await turn();
  }
  const { heapUsed: heap, arrayBuffers: buffers } = process.memoryUsage();
  const count = (kind: unknown): number => queryObjects(kind as new () => object, { format: 'count' });
  return {
    handles: process.getActiveResourcesInfo().length,
    sockets: count(Socket),
    timers: count(Timeout),
    listeners: count(Listener),
    signals: count(AbortSignal),
    emitters: count(EventEmitter),
    promises: count(Promise),
    heap,
    buffers,
  };
}

async function answer(request: ProbeRequest): Promise<Measure | undefined> {
  switch (request.type) {
    case 'measure':
      return measure();
    case 'pass':
      await pass(request.ms);
      return undefined;
    case 'jump':
      wallAhead += request.ms;
      return undefined;
  }
}

process.on('message', (request: ProbeRequest) => {
  void answer(request).then((result) => process.send?.(result ?? null));
});
// The channel does not keep the node alive; the node ends with the parent process.
process.channel?.unref();
process.on('disconnect', () => process.exit(1));
