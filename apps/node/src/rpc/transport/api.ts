import { RpcError } from './rpc-error.ts';

/** Reads one parameter. Throws an `Error` with the expected form. */
export interface Param<T = unknown> {
  (value: unknown): T;
  readonly isOptional?: boolean;
}

/** An optional parameter, which may also be `null`. */
export function optional<T>(parse: (value: unknown) => T): Param<T | undefined> {
  return Object.assign((value: unknown) => parse(value), { isOptional: true });
}

type Values<Params extends readonly Param[]> = {
  -readonly [I in keyof Params]: Params[I] extends Param<infer T> ? T : never;
};

/** A method: takes the parameters of a call, and returns a JSON value or a promise of one. */
export type Method = (params: readonly unknown[]) => unknown;

/** Calls back until the returned function is called. */
export type Source = (listener: (result: unknown) => void) => () => void;

/** A subscription: takes the parameters that follow its name. */
export type Subscription = (params: readonly unknown[]) => Source;

/** Methods and subscriptions with one prefix, such as `admin_`. */
export interface Namespace {
  readonly methods: Readonly<Record<string, Method>>;
  readonly subscriptions?: Readonly<Record<string, Subscription>>;
}

/** Everything that one server offers, by full name. */
export interface Api {
  readonly methods: ReadonlyMap<string, Method>;
  /** By `namespace_name`. */
  readonly sources: ReadonlyMap<string, Subscription>;
}

/** A method of parameters by position. */
export function method<const Params extends readonly Param[]>(
  params: Params,
  run: (...args: NoInfer<Values<Params>>) => unknown,
): Method {
  return (given) => run(...valuesOf(params, given, 0));
}

/** A subscription with parameters by position. */
export function subscription<const Params extends readonly Param[]>(
  params: Params,
  run: (...args: NoInfer<Values<Params>>) => Source,
): Subscription {
  // The name of the subscription is the argument before them.
  return (given) => run(...valuesOf(params, given, 1));
}

/** @throws RpcError `invalid-params` */
function valuesOf<const Params extends readonly Param[]>(
  params: Params,
  given: readonly unknown[],
  first: number,
): Values<Params> {
  if (given.length > params.length) {
    throw new RpcError('invalid-params', `too many arguments, want at most ${first + params.length}`);
  }
  const values = params.map((parse, i) => {
    if (given[i] === undefined || given[i] === null) {
      if (parse.isOptional) return undefined;
      throw new RpcError('invalid-params', `missing value for required argument ${first + i}`);
    }
    try {
      return parse(given[i]);
    } catch (error) {
      if (error instanceof RpcError) throw error;
      throw new RpcError('invalid-params', `invalid argument ${first + i}: ${(error as Error).message}`);
    }
  });
  // One value for each parameter, in order, which the compiler cannot follow through `map`.
  return values as unknown as Values<Params>;
}

/** Selects namespaces by name, and adds `rpc_modules`, which lists them. */
export function selectApi(namespaces: Readonly<Record<string, Namespace>>, names: readonly string[]): Api {
  const methods = new Map<string, Method>();
  const sources = new Map<string, Subscription>();
  const modules: Record<string, string> = { rpc: '1.0' };
  for (const [prefix, namespace] of Object.entries(namespaces)) {
    if (!names.includes(prefix)) continue;
    modules[prefix] = '1.0';
    for (const [name, run] of Object.entries(namespace.methods)) methods.set(`${prefix}_${name}`, run);
    for (const [name, begin] of Object.entries(namespace.subscriptions ?? {})) {
      sources.set(`${prefix}_${name}`, begin);
    }
  }
  methods.set(
    'rpc_modules',
    method([], () => modules),
  );
  return { methods, sources };
}
