// Loaded into each thread that a test starts (see vitest.config.ts): its TypeScript modules are run as they are.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) register('./source-hooks.mjs', import.meta.url);
