/** What is measured, in which unit, by whom, and what we want of it. */

export type Implementation = 'fast' | 'noble' | 'ethereumjs' | 'rlp' | 'go' | 'node' | 'geth';

interface Unit {
  readonly name: string;
  /** Counts of the workers in one of these. */
  readonly counts: number;
}

/** How many times as fast as another implementation we are. */
export interface Goal {
  readonly than: Implementation;
  /** `undefined` when the ratio is shown for information. */
  readonly atLeast?: number;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly goals: readonly Goal[];
  /** Before the first round, in ms. @default 1000, which is enough for what runs a thousand times a second */
  readonly warmUp?: number;
}

export interface Group {
  readonly title: string;
  /** The first is ours, which the goals speak of. */
  readonly columns: Readonly<Partial<Record<Implementation, string>>>;
  readonly cases: readonly Case[];
  /** Whether workers go on to the next case, because they take seconds to start. @default each case has fresh ones */
  readonly keepWorkers?: boolean;
}

const perSecond: Unit = { name: '/s', counts: 1 };
const megabytes: Unit = { name: 'MB/s', counts: 1e6 };

const rlpx: Group = {
  title: 'RLPx over loopback TCP, both ends in one process',
  columns: {
    fast: '@devp2p/rlpx (fast)',
    noble: '@devp2p/rlpx (noble)',
    ethereumjs: '@ethereumjs/devp2p',
    go: 'go-ethereum',
  },
  cases: [
    {
      name: 'rlpx-handshake',
      title: 'handshake with Hello',
      unit: perSecond,
      // V8 compiles what runs once per handshake only after some two thousand of them.
      warmUp: 6000,
      goals: [
        { than: 'ethereumjs', atLeast: 18 },
        { than: 'go', atLeast: 0.5 },
      ],
    },
    {
      name: 'rlpx-peer',
      title: 'handshake until the protocols run',
      unit: perSecond,
      warmUp: 6000,
      goals: [{ than: 'ethereumjs', atLeast: 18 }],
    },
    {
      name: 'rlpx-bulk',
      title: '100 KiB messages, Snappy',
      unit: megabytes,
      goals: [
        { than: 'ethereumjs', atLeast: 18 },
        { than: 'go', atLeast: 0.5 },
      ],
    },
    {
      name: 'rlpx-blocks',
      title: '100 KiB messages that Snappy shortens by a third',
      unit: megabytes,
      goals: [{ than: 'ethereumjs' }, { than: 'go', atLeast: 0.5 }],
    },
    {
      name: 'rlpx-small',
      title: '100-byte messages, Snappy',
      unit: perSecond,
      goals: [{ than: 'ethereumjs', atLeast: 8 }, { than: 'go' }],
    },
  ],
};

/** Our nodes look around five seconds after they were alone. */
const firstRefresh = 6000;

const discv4: Group = {
  title: 'Discovery v4 over loopback UDP, both ends in one process',
  columns: {
    fast: '@devp2p/discv4',
    ethereumjs: '@ethereumjs/devp2p',
    go: 'go-ethereum',
  },
  cases: [
    {
      name: 'discv4-ping',
      title: 'Ping, Pong',
      unit: perSecond,
      warmUp: firstRefresh,
      goals: [
        { than: 'ethereumjs', atLeast: 16 },
        { than: 'go', atLeast: 0.6 },
      ],
    },
    {
      name: 'discv4-find-node',
      title: 'FindNode, 16 neighbors',
      unit: perSecond,
      warmUp: firstRefresh,
      goals: [{ than: 'ethereumjs' }, { than: 'go', atLeast: 1 }],
    },
  ],
};

const enr: Group = {
  title: 'Node records',
  columns: {
    fast: '@devp2p/enr (fast)',
    noble: '@devp2p/enr (noble)',
    ethereumjs: '@ethereumjs/devp2p',
    go: 'go-ethereum',
  },
  cases: [
    {
      name: 'enr-sign',
      title: 'make and sign',
      unit: perSecond,
      goals: [{ than: 'go', atLeast: 1 }],
    },
    {
      name: 'enr-verify',
      title: 'read from text and verify',
      unit: perSecond,
      goals: [{ than: 'ethereumjs' }, { than: 'go', atLeast: 0.5 }],
    },
  ],
};

const rlp: Group = {
  title: 'RLP',
  columns: {
    fast: '@devp2p/rlp',
    rlp: 'rlp',
    ethereumjs: '@ethereumjs/rlp',
    go: 'go-ethereum',
  },
  cases: [
    rlpCase('rlp-body-decode', 'decode a block body, every field', 1),
    rlpCase(
      'rlp-raw-body-decode',
      'decode a block body as it came from a peer, transactions encoded',
      1,
    ),
    rlpCase('rlp-headers-decode', 'decode 1,000 headers', 1),
    rlpCase('rlp-body-encode', 'encode a block body', 0.5),
    rlpCase('rlp-headers-encode', 'encode 1,000 headers', 0.5),
    rlpCase('rlp-tree-decode', 'decode a block body as a tree'),
    rlpCase('rlp-tree-encode', 'encode a block body as a tree'),
  ],
};

function rlpCase(name: string, title: string, timesGo?: number): Case {
  const go = timesGo === undefined ? [] : [{ than: 'go', atLeast: timesGo } as const];
  return { name, title, unit: megabytes, goals: [{ than: 'rlp' }, { than: 'ethereumjs' }, ...go] };
}

const crypto: Group = {
  title: 'Cryptography',
  columns: {
    fast: '@devp2p/crypto/fast',
    noble: '@devp2p/crypto (noble)',
    go: 'go-ethereum',
  },
  cases: [
    cryptoCase('crypto-public-key', 'public key'),
    cryptoCase('crypto-sign', 'sign'),
    cryptoCase('crypto-recover', 'recover'),
    cryptoCase('crypto-ecdh', 'ECDH'),
    cryptoCase('crypto-keccak-bulk', 'keccak-256 of 64 KiB', megabytes),
    cryptoCase('crypto-keccak-200', 'keccak-256 of 200 bytes'),
    cryptoCase('crypto-keccak-peeks', 'keccak-256, absorb 16 bytes and look'),
  ],
};

function cryptoCase(name: string, title: string, unit = perSecond): Case {
  return { name, title, unit, goals: [{ than: 'noble' }, { than: 'go', atLeast: 0.5 }] };
}

const download: Group = {
  title: 'Download by the same client, per CPU-second of the server',
  columns: { node: 'devp2p-node', geth: 'geth' },
  keepWorkers: true,
  cases: [
    downloadCase('download-headers', 'headers, 192 at a time'),
    downloadCase('download-bodies', 'bodies of 50 transfers, 128 at a time'),
    downloadCase('download-receipts', "blocks' receipts, 256 at a time"),
  ],
};

function downloadCase(name: string, title: string): Case {
  // The client has to warm up as well, and the caches of the servers' databases.
  return { name, title, unit: perSecond, goals: [{ than: 'geth', atLeast: 0.5 }], warmUp: 3000 };
}

export const catalogue: readonly Group[] = [rlpx, discv4, enr, rlp, crypto, download];
