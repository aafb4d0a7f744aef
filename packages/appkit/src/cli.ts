/// <reference types="node" preserve="true" />

export { type BaseFlag, flagLabel, flagText } from './cli/flag.ts';
export { readFlags, type WrittenFlag } from './cli/read-flags.ts';
export { type OnSignalsOptions, onSignals, type Signals } from './cli/signals.ts';
export { didYouMean, UsageError } from './cli/usage-error.ts';
export { filePath, integerBetween, ipAddress, oneOf, quote, splitList, trueOrFalse } from './cli/values.ts';
