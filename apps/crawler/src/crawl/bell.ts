/** Something that one may wait for to happen again. */
export class Bell {
  /** How often it has rung. */
  count = 0;
  #waiting: (() => void)[] = [];

  ring(): void {
    this.count++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when it has rung more than `count` times. */
  async after(count: number): Promise<void> {
    if (this.count > count) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
