import type { CallRunner } from '../calls/call-runner.ts';
import type { CallResult, CallTask } from '../calls/call-task.ts';
import { CallWatch } from '../calls/call-watch.ts';
import type { Channel } from './channel.ts';
import { RequestConnection } from './requests.ts';

/** Requests to a thread that executes calls. */
export type CallRequests = {
  /** @param limit time in ms */
  run: { params: { readonly task: CallTask; readonly limit: number }; result: CallResult };
};

/** Executes calls on request, one after another. @param onFault called with an error that is not expected */
export function serveCalls(channel: Channel, runner: CallRunner, onFault: (error: unknown) => void): void {
  let last: Promise<unknown> = Promise.resolve();
  new RequestConnection<Record<string, never>, CallRequests>(
    channel,
    {
      run: ({ task, limit }) => {
        const result = last.then(async () => {
          const watch = new CallWatch(() => performance.now(), limit);
          return { result: await runner.run(task, watch) };
        });
        last = result.catch(() => {});
        return result;
      },
    },
    onFault,
  );
}
