/** Questions of one peer that may wait, and their bytes: beyond, nothing more is read from it. */
const maxWaiting = 128;
const maxWaitingBytes = 1024 * 1024;

interface Job {
  readonly size: number;
  run(): Promise<void>;
}

/**
 * Serves one peer's questions one after another. A peer that asks faster than it is served, or that does not read
 * its answers, fills the queue and is then not read from: it can wait, but not pile up work.
 */
export class ServeQueue {
  readonly #jobs: Job[] = [];
  readonly #onError: (error: unknown) => void;
  #bytes = 0;
  #running = false;
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
   * @returns when there is room for another; `undefined` if there is now.
   */
  add(size: number, run: () => Promise<void>): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#jobs.push({ size, run });
    this.#bytes += size;
    if (!this.#running) void this.#work();
    if (!this.#full) return undefined;
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** Drops what waits, and what is added later. The job that runs is not interrupted. */
  close(): void {
    this.#closed = true;
    this.#jobs.length = 0;
    this.#bytes = 0;
    this.#room();
  }

  get #full(): boolean {
    return this.#jobs.length >= maxWaiting || this.#bytes >= maxWaitingBytes;
  }

  #room(): void {
    this.#onRoom?.();
    this.#onRoom = undefined;
  }

  async #work(): Promise<void> {
    this.#running = true;
    try {
      for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
        this.#bytes -= job.size;
        if (!this.#full) this.#room();
        await job.run();
      }
      this.#running = false;
    } catch (error) {
      this.close();
      this.#onError(error);
    }
  }
}
