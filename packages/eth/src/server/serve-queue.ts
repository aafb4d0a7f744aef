/** Requests of one peer that may wait, and their bytes. Above either, the peer is not read from. */
const maxWaiting = 128;
const maxWaitingBytes = 1024 * 1024;

/** Second step of a job. */
export type SecondStep = () => Promise<void>;

interface Job<Work> {
  /** Length of the request in bytes. */
  readonly size: number;
  readonly run: Work;
}

/**
 * Serves one peer's requests, each in one or two steps. First steps run in order, and so do second steps, but no first
 * step waits for a second one: short responses are not delayed by long ones. A peer that sends requests faster than
 * they are served, or does not read the responses, fills the queue; it is then not read from until there is room.
 */
export class ServeQueue {
  readonly #first = new JobQueue<() => Promise<SecondStep | undefined>>();
  readonly #second = new JobQueue<SecondStep>();
  readonly #onError: (error: unknown) => void;
  #closed = false;
  #onRoom: (() => void) | undefined;

  /** @param onError called when a job fails; no further job is started then */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /**
   * Adds a job.
   *
   * @param size length of the request in bytes
   * @param begin the first step; resolves with the second, if there is one
   * @returns resolves when there is room for another job; `undefined` if there is room now.
   */
  add(size: number, begin: () => Promise<SecondStep | undefined>): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#first.jobs.push({ size, run: begin });
    void this.#work(this.#first, async (job) => {
      const run = await job.run();
      if (run === undefined || this.#closed) return;
      this.#second.jobs.push({ size: job.size, run });
      void this.#work(this.#second, (second) => second.run());
    });
    if (!this.#full) return undefined;
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** Drops waiting and later jobs. Steps that run are not interrupted. */
  close(): void {
    this.#closed = true;
    this.#first.jobs.length = 0;
    this.#second.jobs.length = 0;
    this.#notifyRoom();
  }

  get #full(): boolean {
    const waiting = this.#first.jobs.length + this.#second.jobs.length;
    const bytes = this.#first.bytes + this.#second.bytes;
    return waiting >= maxWaiting || bytes >= maxWaitingBytes;
  }

  #notifyRoom(): void {
    this.#onRoom?.();
    this.#onRoom = undefined;
  }

  async #work<Work>(queue: JobQueue<Work>, run: (job: Job<Work>) => Promise<void>): Promise<void> {
    if (queue.isRunning) return;
    queue.isRunning = true;
    try {
      for (let job = queue.jobs.shift(); job !== undefined; job = queue.jobs.shift()) {
        if (!this.#full) this.#notifyRoom();
        await run(job);
      }
      queue.isRunning = false;
    } catch (error) {
      this.close();
      this.#onError(error);
    }
  }
}

/** Jobs that run in order. */
class JobQueue<Work> {
  readonly jobs: Job<Work>[] = [];
  isRunning = false;

  get bytes(): number {
    return this.jobs.reduce((sum, { size }) => sum + size, 0);
  }
}
