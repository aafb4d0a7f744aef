// Measures how many outbound slots an attacker gets who floods the address manager (HX-25), by the number of networks
// (/16) and of addresses: npm run capture -w packages/addrman (runs the built package).
//
// The victim first runs for a day among 6,000 honest nodes, of which 70 % respond, then it is flooded for a day: every
// hour the attacker reports all of its addresses from each of its networks. A feeler runs every two minutes. After
// that, the victim fills its eight outbound slots anew, one from each /16, repeatedly until the share is known.
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createAddrMan } from '@devp2p/addrman';

export const attackers = [
  [1, 256],
  [4, 256],
  [4, 1024],
  [16, 1024],
  [16, 4096],
  [64, 4096],
  [128, 8192],
];

const hourInMs = 3_600_000;
const feelerInterval = 120_000;
const slotCount = 8;
/** Honest nodes reported to the victim per hour, as in the responses to some lookups. */
const reportsPerHour = 1000;

/** Deterministic generator of 32-bit numbers. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export function capture({ groups, ids, honest = 6000, before = 24, hours = 24, restarts = 400, seed = 1 }) {
  const next = generator(seed);
  const below = (limit) => Math.floor((next() / 2 ** 32) * limit);
  let now = 1_700_000_000_000;
  const clock = { now: () => now, monotonic: () => now, setTimeout: () => ({ cancel() {} }) };
  const random = (length) => Uint8Array.from({ length }, () => next() >>> 24);
  const book = createAddrMan({ clock, random });

  const makeNode = (n, ip) => {
    const id = new Uint8Array(64);
    new DataView(id.buffer).setUint32(0, n);
    return { id, address: { ip, tcp: 30_303, udp: 30_303 } };
  };
  const numberOf = ({ id }) => new DataView(id.buffer, id.byteOffset).getUint32(0);
  const isAttacker = (entry) => numberOf(entry) >= honest;
  const honestNodes = Array.from({ length: honest }, (_, n) =>
    makeNode(n, Uint8Array.of(11 + below(80), below(256), below(256), 1 + below(250))),
  );
  const attackerNodes = Array.from({ length: ids }, (_, n) => {
    const inGroup = Math.floor(n / groups);
    const host = Uint8Array.of(130, n % groups, inGroup % 256, 1 + Math.floor(inGroup / 256));
    return makeNode(honest + n, host);
  });
  const answers = (entry) => isAttacker(entry) || numberOf(entry) % 10 < 7;

  const dial = (entry) => {
    book.attempt(entry.id, { countFailure: true });
    if (!answers(entry)) return false;
    book.good(entry.id);
    return true;
  };
  const reportHonest = () => {
    for (let i = 0; i < reportsPerHour; i += 16) {
      const source = honestNodes[below(honest)].address.ip;
      const nodes = Array.from({ length: 16 }, () => honestNodes[below(honest)]);
      book.add(nodes, { kind: 'peer', ip: source });
    }
  };
  /** Reports all attacker addresses from each of its networks, by sources within their rate limit. */
  const flood = (hour) => {
    for (let group = 0; group < groups; group++) {
      for (let first = 0; first < ids; first += 1000) {
        const source = Uint8Array.of(130, group, hour, Math.floor(first / 1000));
        book.add(attackerNodes.slice(first, first + 1000), { kind: 'peer', ip: source });
      }
    }
  };
  const runFeelers = (until) => {
    while (now < until) {
      now += feelerInterval;
      const entry = book.selectCollision() ?? book.select({ newOnly: true });
      if (entry) dial(entry);
    }
  };

  for (let hour = 0; hour < before; hour++) {
    reportHonest();
    runFeelers(now + hourInMs);
  }
  const honestSlots = { new: book.stats.newSlots, tried: book.stats.tried };
  for (let hour = 0; hour < hours; hour++) {
    flood(hour);
    reportHonest();
    runFeelers(now + hourInMs);
  }

  let slots = 0;
  let eclipsed = 0;
  for (let restart = 0; restart < restarts; restart++) {
    now += hourInMs;
    const taken = new Set();
    let captured = 0;
    for (let tries = 0; taken.size < slotCount && tries < 500; tries++) {
      const entry = book.select({ filter: ({ address: { ip } }) => !taken.has(book.group(ip)) });
      if (!entry) break;
      if (!answers(entry)) continue;
      taken.add(book.group(entry.address.ip));
      if (isAttacker(entry)) captured++;
    }
    slots += captured / slotCount;
    if (captured === slotCount) eclipsed++;
  }
  const tables = [...book.entries()];
  const share = (tried) => {
    const entries = tables.filter((entry) => entry.tried === tried);
    return entries.filter(isAttacker).length / Math.max(1, entries.length);
  };
  return {
    inNew: share(false),
    inTried: share(true),
    slots: slots / restarts,
    eclipsed: eclipsed / restarts,
    bound: bound({ groups, ids, ...honestSlots }),
    fair: ids / (ids + 0.7 * honest),
  };
}

/** Expected number of occupied places when each of `visitors` takes a random one of `places`. */
function occupied(places, visitors) {
  return places * (1 - (1 - 1 / places) ** visitors);
}

/**
 * Bound given by the buckets: M groups of sources reach 64 new buckets each, M groups of addresses 8 tried ones, and an
 * address has at most eight slots in the new table. With all of these occupied, either table provides half of the
 * selected addresses; seven tenths of the honest ones respond. Beyond M slots there is no further network to occupy
 * one.
 */
export function bound({ groups, ids, new: honestNew, tried: honestTried }) {
  const newSlots = occupied(64 * occupied(1024, 64 * groups), ids * Math.min(8, groups));
  const triedSlots = occupied(64 * occupied(256, 8 * groups), ids);
  const share = (attacker, honest) => attacker / (attacker + 0.7 * honest);
  const either = (share(newSlots, honestNew) + share(triedSlots, honestTried)) / 2;
  return Math.min(either, groups / slotCount);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`.padStart(9);
  const titles = ['in new', 'in tried', 'slots', 'bound', 'fair', 'all eight'];
  console.log(`groups /  ids  ${titles.map((title) => title.padStart(9)).join(' ')}`);
  for (const [groups, ids] of attackers) {
    const { inNew, inTried, slots, bound: maxShare, fair, eclipsed } = capture({ groups, ids });
    const shares = [inNew, inTried, slots, maxShare, fair, eclipsed].map(percent).join(' ');
    console.log(`${String(groups).padStart(6)} / ${String(ids).padStart(4)}  ${shares}`);
  }
}
