import type { Namespace } from './api.ts';

/** `engine_*`: what a consensus client asks and tells (execution-apis, `src/engine`). */
export function engineNamespace(): Namespace {
  return { methods: { exchangeCapabilities: () => [] } };
}
