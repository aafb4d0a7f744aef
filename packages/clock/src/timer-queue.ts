/** Timer in a {@link TimerQueue}. */
export interface QueuedTimer {
  /** Monotonic time at which it is due, in ms. */
  readonly due: number;
  /** Order of creation, by which timers of the same time fire. */
  readonly sequence: number;
  readonly callback: () => void;
  /** Position in the heap, -1 if it is not in the heap. */
  index: number;
}

/**
 * Binary heap of timers, earliest first. Cancelled timers are removed at once: protocols cancel nearly every timeout that
 * they set, and a simulation would otherwise keep all of them until they are due.
 */
export class TimerQueue {
  readonly #heap: QueuedTimer[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  peek(): QueuedTimer | undefined {
    return this.#heap[0];
  }

  add(due: number, callback: () => void): QueuedTimer {
    const timer: QueuedTimer = { due, sequence: this.#sequence++, callback, index: -1 };
    this.#heap.push(timer);
    this.#siftUp(timer, this.#heap.length - 1);
    return timer;
  }

  /** Removes a timer. Has no effect if it is not in the queue. */
  remove(timer: QueuedTimer): void {
    const { index } = timer;
    if (index < 0) return;
    timer.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#siftDown(last, index);
    this.#siftUp(last, last.index);
  }

  #siftUp(timer: QueuedTimer, start: number): void {
    let index = start;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !before(timer, parent)) break;
      this.#place(parent, index);
      index = above;
    }
    this.#place(timer, index);
  }

  #siftDown(timer: QueuedTimer, start: number): void {
    let index = start;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      if (left === undefined) break;
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, timer)) break;
      const below = child.index;
      this.#place(child, index);
      index = below;
    }
    this.#place(timer, index);
  }

  #place(timer: QueuedTimer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }
}

function before(a: QueuedTimer, b: QueuedTimer): boolean {
  return a.due < b.due || (a.due === b.due && a.sequence < b.sequence);
}
