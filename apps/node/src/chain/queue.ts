/** Runs an action after all earlier ones have ended, and returns its result. */
export type Queue = <T>(action: () => Promise<T>) => Promise<T>;

/** Creates a queue, in which a failed action does not affect those after it. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const result = last.then(action);
    last = result.catch(() => {});
    return result;
  };
}
