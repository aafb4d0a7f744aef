import { conclude, leave } from './exit.ts';
import { calling, type halted, type reverted, type succeeded, waiting } from './frame/signal.ts';
import { run } from './interpreter/interpreter.ts';
import type { Machine } from './machine.ts';

/**
 * Executes the frames of a machine until all have ended. It is asynchronous only as far as precompiled contracts are.
 *
 * Frames are in a list, not on the stack of JavaScript, which 1,025 of them could exceed.
 */
export function execute(machine: Machine): void | Promise<void> {
  for (let frame = machine.frames.at(-1); frame !== undefined; frame = machine.frames.at(-1)) {
    const signal = run(frame, machine);
    if (signal === calling) continue;
    if (signal === waiting) return (machine.pending as Promise<void>).then(() => execute(machine));
    machine.frames.pop();
    leave(machine, frame, signal as typeof succeeded | typeof reverted | typeof halted);
    const caller = machine.frames.at(-1);
    if (caller !== undefined) conclude(machine, caller, frame);
  }
}
