/** How the interpreter leaves a frame, or an operation the interpreter. */
export type Signal =
  | typeof running
  | typeof succeeded
  | typeof reverted
  | typeof halted
  | typeof calling
  | typeof waiting;

/** The operation is done, and the next one follows. */
export const running = 0;
export const succeeded = 1;
export const reverted = 2;
/** Failed, and all gas is lost. */
export const halted = 3;
/** Another frame has been entered. */
export const calling = 4;
/** A precompiled contract returned a promise. */
export const waiting = 5;
