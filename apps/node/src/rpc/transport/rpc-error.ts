/**
 * Codes of JSON-RPC 2.0; from -32000 to -32099 those that go-ethereum adds (`rpc/errors.go`), from -38000 on those of
 * the Engine API, and two of the `eth` methods (execution-apis).
 */
const numbers = {
  'parse-error': -32700,
  'invalid-request': -32600,
  'method-not-found': -32601,
  'invalid-params': -32602,
  internal: -32603,
  failed: -32000,
  'not-found': -32001,
  timeout: -32002,
  'too-large': -32003,
  'unknown-payload': -38001,
  'invalid-forkchoice': -38002,
  'invalid-attributes': -38003,
  'too-large-request': -38004,
  'unsupported-fork': -38005,
  'too-deep-reorg': -38006,
  'unknown-block': -39001,
  'too-many-slots': -38026,
  'pruned-history': 4444,
  reverted: 3,
  'sync-timeout': 4,
} as const;

/** Code of an error. */
type RpcErrorCode = keyof typeof numbers;

/** A failure whose message is sent to the client. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: RpcErrorCode;

  /** More about the error, which is sent as well. */
  readonly data: unknown;

  constructor(code: RpcErrorCode, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** The error code in responses. */
  get number(): number {
    return numbers[this.code];
  }
}
