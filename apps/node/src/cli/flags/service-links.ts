/** Endings of the variables that Kubernetes and Docker set for each port of a service with any name. */
const endings: readonly RegExp[] = [
  /_SERVICE_HOST$/,
  /_SERVICE_PORT(?:_\w+)?$/,
  /_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR|START|END|PORT_START|PORT_END))?$/,
  // Of Docker's links: the environment of the other container.
  /_ENV_\w+$/,
];

/**
 * Whether a container platform made a variable for a service whose name begins like the prefix of ours: Kubernetes'
 * service links ({@link https://kubernetes.io/docs/tutorials/services/connect-applications-service/}) or Docker's
 * legacy links. For a service `devp2p` they include `DEVP2P_PORT=tcp://10.0.0.1:30303`, the name of a setting.
 *
 * @param isSetting whether a setting has that name, so that only its value decides
 */
export function isServiceLink(name: string, value: string, isSetting: boolean): boolean {
  if (name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value)) return true;
  if (isSetting) return false;
  // `/container/alias`, as Docker's links name the other container.
  if (name.endsWith('_NAME') && value.startsWith('/')) return true;
  return endings.some((ending) => ending.test(name));
}

/**
 * Warning about ignored variables, on one line.
 *
 * @param links names of the variables
 * @param settings flags that some of them would have set
 */
export function serviceLinksWarning(links: readonly string[], settings: readonly string[]): string {
  const shown = links.slice(0, 3).join(', ');
  const more = links.length > 3 ? ` and ${links.length - 3} more` : '';
  const advice = settings.length === 0 ? '' : `; set ${settings.join(', ')} on the command line or in --config`;
  return `environment variables created by a container platform for a service are ignored: ${shown}${more}${advice}`;
}
