// Runs in a node's process before the node does (`node --import`): counts what is open in it, and lets its time pass.
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { types } from 'node:util';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is open or alive in a process, garbage left out. */
export interface Measure {
  /** Handles and requests of the event loop. */
  readonly handles: number;
  readonly sockets: number;
  /** Timers that are set, and others that something still refers to. */
  readonly timers: number;
  /** Of event targets, abort signals among them. */
  readonly listeners: number;
  readonly signals: number;
  readonly emitters: number;
  readonly promises: number;
  /** Bytes of JavaScript objects. */
  readonly heap: number;
  /** Bytes of buffers. */
  readonly buffers: number;
}

/** What the probe is asked to do. */
export type ProbeRequest =
  | { readonly type: 'measure' }
  /** Lets so many ms pass: every timer that is due by then fires. */
  | { readonly type: 'pass'; readonly ms: number }
  /** Sets the wall clock forward, or back, by so many ms. */
  | { readonly type: 'jump'; readonly ms: number };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Whether time passes by requests alone. */
const { PROBE_TIME } = process.env;
const isStill = PROBE_TIME === 'still';
/** Longest delay of a timer. */
const never = 2 ** 31 - 1;
/** How far monotonic time and the wall clock are ahead of the machine's. */
let ahead = 0;
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
    const timer = machine.setTimeout(fire, isStill && ms > 0 ? never : ms);
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

/** The class of an object that others make. */
const classOf = (object: object): (new () => object) => object.constructor as new () => object;
const Timeout = classOf(machine.setTimeout(() => {}, 0));
/** Node.js has a class for the listeners of event targets, and keeps it to itself. */
const Listener = ((): (new () => object) => {
  const target = new EventTarget();
  target.addEventListener('probe', () => {});
  const events = Object.getOwnPropertySymbols(target)
    .map((symbol): unknown => Reflect.get(target, symbol))
    .find(isMap);
  const first = events?.get('probe')?.next;
  if (first === undefined) throw new Error('this Node.js keeps listeners in another way');
  return classOf(first);
})();

/** Of the kind that Node.js uses inside, which has no prototype in common with others. */
function isMap(value: unknown): value is Map<string, { readonly next?: object }> {
  return types.isMap(value) && Map.prototype.has.call(value, 'probe');
}

async function measure(): Promise<Measure> {
  // What is collected lets go of more, whose turn comes later.
  for (let round = 0; round < 2; round++) {
    collectGarbage();
    await turn();
  }
  const { heapUsed: heap, arrayBuffers: buffers } = process.memoryUsage();
  const count = (kind: unknown): number =>
    queryObjects(kind as new () => object, { format: 'count' });
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
// It must not keep the node from ending, nor may the node outlive whoever watches it.
process.channel?.unref();
process.on('disconnect', () => process.exit(1));
