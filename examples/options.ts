// Checks the options of a function before it uses them.
import { bytes, createChecker, integer, type Rules, required, secret } from '@devp2p/options';

class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: 'invalid-option' | 'listen-failed';

  constructor(code: ServerError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface ServerOptions {
  readonly privateKey: Uint8Array;
  readonly port?: number | undefined;
}

const check = createChecker(ServerError, 'invalid-option');
const rules: Rules<ServerOptions> = {
  privateKey: required(secret(bytes(32))),
  port: integer(0, 65_535),
};

function serve(options: ServerOptions): void {
  check.options('serve', options, rules);
}

const privateKey = new Uint8Array(32).fill(1);
for (const options of [
  { privateKey, prot: 1 },
  { privateKey, port: 70_000 },
  { privateKey: 'c0' },
]) {
  try {
    serve(options as ServerOptions);
  } catch (error) {
    console.log(String(error));
  }
}
// ServerError: serve has no option "prot" (did you mean "port"?), known options: privateKey, port
// ServerError: port is 70000, expected an integer from 0 to 65535
// ServerError: privateKey is a string of 2 characters, expected a Uint8Array of 32 bytes
