import { nobleCrypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { bodyCodec } from '@devp2p/eth';
import { type Codec, decode, encode, type Tree, tree } from '@devp2p/rlp';
import { fullBodyCodec } from '../fixtures/body.ts';
import { headersCodec } from '../fixtures/headers.ts';
import { cryptoCases } from './crypto-cases.ts';
import { ourDiscv4Cases } from './discv4-devp2p.ts';
import { ourEnrCases } from './enr-devp2p.ts';
import { poolCases } from './pool-devp2p.ts';
import { decoding, encoding, type Form } from './rlp-cases.ts';
import { rlpxCases } from './rlpx-devp2p.ts';
import { type Cases, serve } from './serve.ts';

const [, , folder = '', backend = 'fast'] = process.argv;
const crypto = backend === 'noble' ? nobleCrypto : fastCrypto;

await serve({
  ...rlpxCases(folder, crypto),
  ...ourDiscv4Cases(crypto),
  ...ourEnrCases(folder, crypto),
  ...rlpCases(),
  ...cryptoCases(crypto),
  ...poolCases(folder, crypto),
});

function rlpCases(): Cases {
  const fullBody = form(fullBodyCodec, ({ transactions }) =>
    transactions.reduce((sum, { fields }) => sum + fields.data.length, 0),
  );
  const rawBody = form(bodyCodec, (body) => body.transactions.length);
  const treeBody = form(tree(), (body: Tree) => (body[0] as Tree).length);
  const headers = form(headersCodec, (list) =>
    list.reduce((sum, { logsBloom, mixHash }) => sum + (logsBloom[0] ?? 0) + (mixHash[0] ?? 0), 0),
  );
  return {
    'rlp-body-decode': decoding(folder, 'body.rlp', fullBody),
    'rlp-body-encode': encoding(folder, 'body.rlp', fullBody),
    'rlp-raw-body-decode': decoding(folder, 'body.rlp', rawBody),
    'rlp-tree-decode': decoding(folder, 'body.rlp', treeBody),
    'rlp-tree-encode': encoding(folder, 'body.rlp', treeBody),
    'rlp-headers-decode': decoding(folder, 'headers.rlp', headers),
    'rlp-headers-encode': encoding(folder, 'headers.rlp', headers),
  };
}

function form<T>(codec: Codec<T>, sum: (value: T) => number): Form<T> {
  return {
    decode: (encoded) => decode(codec, encoded),
    encode: (value) => encode(codec, value),
    sum,
  };
}
