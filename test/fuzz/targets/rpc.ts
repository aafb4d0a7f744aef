import { createHmac } from 'node:crypto';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { formatEnode } from '@devp2p/enr';
import { decodeBody, decodeHeader } from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';
import { executionPayload } from '../../../apps/node/src/engine/params.ts';
import { blockOf } from '../../../apps/node/src/engine/payload.ts';
import { silentLogs } from '../../../apps/node/src/logging/log.ts';
import { parameter } from '../../../apps/node/src/rpc/codec/hex.ts';
import { adminNamespace } from '../../../apps/node/src/rpc/namespaces/admin.ts';
import { netNamespace } from '../../../apps/node/src/rpc/namespaces/net.ts';
import { web3Namespace } from '../../../apps/node/src/rpc/namespaces/web3.ts';
import { selectApi } from '../../../apps/node/src/rpc/transport/api.ts';
import { createJsonRpc, rpcLimits } from '../../../apps/node/src/rpc/transport/json-rpc.ts';
import { createTokenCheck } from '../../../apps/node/src/rpc/transport/jwt.ts';
import { payloadJson } from '../../../apps/node/test/engine/payload-json.ts';
import { fakeControl } from '../../../apps/node/test/rpc/servers.ts';
import { type Target, target } from '../target.ts';
import { bodies, headers } from './eth.ts';

const clock = createVirtualClock({ now: 1_700_000_000_000 });
const { control } = fakeControl();
const admin = adminNamespace(control, crypto);
const namespaces = { admin, net: netNamespace(control), web3: web3Namespace(control, crypto) };
const api = selectApi(namespaces, Object.keys(namespaces));
const rpc = createJsonRpc({ api, limits: rpcLimits, clock, log: silentLogs('rpc') });

const peer = formatEnode({ id: new Uint8Array(64).fill(1), host: '192.0.2.1', tcp: 1, udp: 1 });
const call = (method: string, ...params: unknown[]) => ({ jsonrpc: '2.0', id: 1, method, params });
const calls = [
  call('admin_addPeer', peer),
  call('admin_peers'),
  call('web3_sha3', '0x68656c6c6f'),
  [call('net_version'), { ...call('net_listening'), id: 'a' }, { jsonrpc: '2.0', method: 'x' }],
];

const payload = payloadJson({
  header: decodeHeader(headers[1] ?? new Uint8Array(), crypto),
  body: decodeBody(bodies[1] ?? new Uint8Array()),
});
const readPayload = parameter(executionPayload);

/** Errors of {@link readPayload} are texts for the caller, as all errors of parameters. */
class ParameterError extends Error {}

const secret = new Uint8Array(32).fill(7);
const checkToken = await createTokenCheck({ secret, clock });
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** A token as a header carries it: `{"alg": …}` and `{"iat": …}` in one array. */
function sealToken(content: string): string {
  let parts: unknown[];
  try {
    parts = [JSON.parse(content)].flat();
  } catch {
    parts = [content];
  }
  const [head, ...rest] = parts.map((part) => base64url(JSON.stringify(part) ?? ''));
  const signed = `${head}.${rest.join('.')}`;
  return `Bearer ${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export const rpcTargets: readonly Target[] = [
  target({
    name: 'JSON-RPC body',
    structure: 'json',
    words: ['jsonrpc', '2.0', 'method', 'params', 'id', 'admin_addPeer', peer, '__proto__', '[', '{'],
    corpus: calls.map((one) => JSON.stringify(one)),
    errors: [],
    decode: (input: string) => rpc(input),
    check({ text, isJson }, input) {
      if (text !== undefined) JSON.parse(text);
      if (!isJson && typeof input === 'string' && text === undefined) {
        throw new Error('an error without a response');
      }
    },
  }),
  target({
    name: 'Engine API payload',
    structure: 'json',
    words: ['0x', '0x0', '0x00', '0xffffffffffffffff', 'withdrawals', 'slotNumber', '0x02c0'],
    corpus: [JSON.stringify(payload)],
    errors: [RlpError, RangeError, ParameterError, SyntaxError],
    decode(input: string) {
      const json: unknown = JSON.parse(input);
      let read: ReturnType<typeof readPayload>;
      try {
        read = readPayload(json);
      } catch (cause) {
        if ((cause as Error).constructor !== Error) throw cause;
        throw new ParameterError((cause as Error).message, { cause });
      }
      return blockOf(read, {}, crypto);
    },
  }),
  target({
    name: 'JWT',
    structure: 'json',
    words: ['alg', 'HS256', 'none', 'iat', 'exp', 'typ', 'crit', 'b64', '__proto__', '1700000000'],
    corpus: [{ iat: 1_700_000_000 }, { iat: 1_699_999_970, exp: 1_700_000_100, id: 'x' }].map((claims) =>
      JSON.stringify([{ alg: 'HS256', typ: 'JWT' }, claims]),
    ),
    seal: sealToken,
    errors: [],
    decode: (input: string) => checkToken(input),
    check(fault, input) {
      // Only signed tokens are accepted.
      if (fault === undefined && !/^bearer /i.test(String(input))) throw new Error('unsigned token accepted');
    },
  }),
];
