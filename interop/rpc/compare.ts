import type { Answer } from '../json-rpc.ts';

/** A request that both nodes get. */
export interface Case {
  /** Short and unique: differences are listed by it. */
  readonly name: string;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A field in which the answers of two nodes differ. */
export interface Difference {
  readonly name: string;
  readonly method: string;
  /** Where it is in the answer; list elements share one path. */
  readonly path: string;
  readonly ours: string;
  readonly theirs: string;
}

/** A difference that is meant. */
export interface ListedDifference {
  readonly case: string;
  /** `*` for all fields of one case. */
  readonly path: string;
  readonly reason: string;
}

/** Compares two answers field by field. Texts of errors differ between programs; their codes and data do not. */
export function compareAnswers({ name, method }: Case, ours: Answer, theirs: Answer): Difference[] {
  const [own, other] = [fields(outline(ours)), fields(outline(theirs))];
  const found = new Map<string, Difference>();
  for (const at of new Set([...own.keys(), ...other.keys()])) {
    const [left, right] = [own.get(at) ?? 'absent', other.get(at) ?? 'absent'];
    if (left === right) continue;
    const path = at.replaceAll(/\[\d+\]/g, '[]');
    if (!found.has(path)) found.set(path, { name, method, path, ours: left, theirs: right });
  }
  return [...found.values()];
}

function outline({ status, result, error }: Answer): unknown {
  if (error === undefined) return { result: result ?? null, ...(status === 200 ? {} : { status }) };
  const { code, data } = error as { code: number; data?: unknown };
  return { error: { code, ...(data === undefined ? {} : { data }) } };
}

/** Values by their paths. */
function fields(value: unknown, path = '', into: Map<string, string> = new Map()): Map<string, string> {
  if (Array.isArray(value)) {
    into.set(`${path}.length`, String(value.length));
    for (const [i, item] of value.entries()) fields(item, `${path}[${i}]`, into);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) fields(item, path === '' ? name : `${path}.${name}`, into);
  } else into.set(path, JSON.stringify(value));
  return into;
}
