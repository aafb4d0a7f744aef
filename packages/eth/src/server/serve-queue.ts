/** Questions of one peer that may wait, and their bytes: beyond, nothing more is read from it. */
const maxWaiting = 128;
const maxWaitingBytes = 1024 * 1024;

/** What is left of a job after its first step. */
export type Rest = () => Promise<void>;

interface Job<Work> {
  /** Bytes of the question. */
  readonly size: number;
  readonly run: Work;
}

/**
 * Serves one peer's questions, each in one or two steps. First steps run one after another, and so do the rests, but no
 * first step waits for a rest: what is answered at once is not held up by what takes long. A peer that asks faster than
 * it is served, or that does not read its answers, fills the queue and is then not read from: it can wait, but not pile
 * up work.
 */
export class ServeQueue {
  readonly #first = new Lane<() => Promise<Rest | undefined>>();
  readonly #rest = new Lane<Rest>();
  readonly #onError: (error: unknown) => void;
  #closed = false;
  #onRoom: (() => void) | undefined;

  /** @param onError a job failed; no further one is started */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /**
   * Appends a job.
   *
   * @param size bytes of the question
   * @param begin the first step; resolves with the second, if there is one
   * @returns when there is room for another; `undefined` if there is now.
   */
  add(size: number, begin: () => Promise<Rest | undefined>): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#first.jobs.push({ size, run: begin });
    void this.#work(this.#first, async (job) => {
      const run = await job.run();
      if (run === undefined || this.#closed) return;
      this.#rest.jobs.push({ size: job.size, run });
      void this.#work(this.#rest, (rest) => rest.run());
    });
    if (!this.#full) return undefined;
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** Drops what waits, and what is added later. The steps that run are not interrupted. */
  close(): void {
    this.#closed = true;
    this.#first.jobs.length = 0;
    this.#rest.jobs.length = 0;
    this.#room();
  }

  get #full(): boolean {
    const [first, rest] = [this.#first, this.#rest];
    const waiting = first.jobs.length + rest.jobs.length;
    return waiting >= maxWaiting || first.bytes + rest.bytes >= maxWaitingBytes;
  }

  #room(): void {
    this.#onRoom?.();
    this.#onRoom = undefined;
  }

  async #work<Work>(lane: Lane<Work>, run: (job: Job<Work>) => Promise<void>): Promise<void> {
    if (lane.isRunning) return;
    lane.isRunning = true;
    try {
      for (let job = lane.jobs.shift(); job !== undefined; job = lane.jobs.shift()) {
        if (!this.#full) this.#room();
        await run(job);
      }
      lane.isRunning = false;
    } catch (error) {
      this.close();
      this.#onError(error);
    }
  }
}

/** Jobs that run one after another. */
class Lane<Work> {
  readonly jobs: Job<Work>[] = [];
  isRunning = false;

  get bytes(): number {
    return this.jobs.reduce((sum, { size }) => sum + size, 0);
  }
}
