/** Wakes up waiting tasks at each notification. */
export class Notifier {
  /** Number of notifications so far. */
  count = 0;
  #waiting: (() => void)[] = [];

  notify(): void {
    this.count++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when there were more than `count` notifications. */
  async waitAfter(count: number): Promise<void> {
    if (this.count > count) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
