/**
 * Disks on servers. Facts: libvirt formatdomain, "Hard drives, floppy disks, CDROMs", `<source protocol='…'>`.
 *
 * @module
 */
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";

const hostShape = shape({
  transport: attribute(enumeration("tcp", "unix", "rdma")).optional(),
  name: attribute(text()).optional(),
  port: attribute(integer({ max: 2 ** 32 - 1 })).optional(),
  socket: attribute(text()).optional(),
}).check((host, { refuse }) => {
  const unix = host.transport === "unix";
  if (unix && host.socket === undefined) {
    refuse("", "The socket of the server is missing", { expected: 'the attribute "socket"' });
  }
  if (!unix && host.socket !== undefined) {
    refuse("socket", 'Only a server with the transport "unix" has a socket');
  }
  if (!unix && host.name === undefined) {
    refuse("", "The name of the server is missing", { expected: 'the attribute "name"' });
  }
}).normalise(({ transport, ...rest }) =>
  transport === undefined || transport === "tcp" ? rest : { ...rest, transport }
);

/** A server. */
export interface DiskHost extends ValueOf<typeof hostShape> {}

/** `<host>` of a disk's source. */
export const diskHost: Shape<DiskHost> = hostShape;

/** `!#$%&'*+-.^_`|~`, digits and letters: the characters of a token. Source: RFC 6265 and RFC 2616, 2.2. */
const cookieName = /^[!#$%&'*+\-.0-9A-Z^_`a-z|~]+$/;
const cookieValue = /^"?[!#$%&'()*+\-./0-9:>=<?@A-Z^_`[\]a-z|~]+"?$/;

const cookieShape = shape({
  name: attribute(text({ pattern: cookieName, expected: "the name of a cookie" })),
  value: content(text({ pattern: cookieValue, expected: "the value of a cookie" })),
});

const identityShape = shape({
  user: attribute(text()).optional(),
  group: attribute(text()).optional(),
  username: attribute(text()).optional(),
  keyfile: attribute(text()).optional(),
  agentsock: attribute(text()).optional(),
});

const networkReconnect = shape({
  delay: attribute(integer({ max: 2 ** 32 - 1 })).optional(),
  enabled: attribute(yesNo()).optional(),
  timeout: attribute(integer({ max: 2 ** 32 - 1 })).optional(),
});

/** What is said of a disk on a server. */
export const diskNetworkFields = {
  protocol: attribute(enumeration(
    ...["nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps", "tftp"] as const,
    ...["ssh", "vxhs", "nfs"] as const,
  )),
  name: attribute(text()).optional(),
  query: attribute(text()).optional(),
  tls: attribute(yesNo()).optional(),
  tlsHostname: attribute(text()).optional(),
  hosts: elements("host", diskHost),
  snapshot: element({ name: attribute(text()) }).optional(),
  config: element({ file: attribute(text()) }).optional(),
  ssl: element({ verify: attribute(yesNo()) }).optional(),
  cookies: element({ cookies: elements("cookie", cookieShape) }).omittingEmpty(),
  readahead: element({ size: attribute(integer({ min: 1 })) }).optional(),
  timeout: element({ seconds: attribute(integer({ min: 1 })) }).optional(),
  reconnect: element(networkReconnect).optional(),
  knownHosts: element({ path: attribute(text()) }).optional(),
  identity: element(identityShape).optional(),
};

/** Protocols that several servers, or none in particular, can answer. */
const anyHosts = ["rbd", "gluster"];

/** Refuses a source whose protocol needs exactly one server and that has none or several. */
export function checkHosts(source: DiskNetworkSource, { refuse }: Reading): void {
  const { protocol, hosts } = source;
  if (source.name === undefined && protocol !== "nbd" && protocol !== "rbd") {
    refuse("", "The name of the disk on its server is missing", { expected: 'the attribute "name"' });
  }
  if ((protocol === "rbd" || protocol === "gluster") && source.name?.includes("/") === false) {
    refuse("name", `The name "${source.name}" does not say pool and image`, {
      expected: 'a name such as "pool/image"',
    });
  }
  if (protocol === "gluster" && hosts.length === 0) {
    refuse("", "The servers are missing", { expected: "<host> in <source>" });
  }
  if (anyHosts.includes(protocol) || hosts.length === 1) return;
  refuse("", `A disk over "${protocol}" has one server, this one ${hosts.length}`, {
    expected: "one <host>",
  });
}

const ports: Readonly<Record<string, number>> = {
  nbd: 10809,
  sheepdog: 7000,
  gluster: 24007,
  iscsi: 3260,
  http: 80,
  https: 443,
  ftp: 21,
  ftps: 990,
  tftp: 69,
  ssh: 22,
  vxhs: 9999,
};

/** The port of the protocol for servers that give none. */
export function withDefaultPorts<S extends DiskNetworkSource>(source: S): S {
  const port = ports[source.protocol];
  if (port === undefined) return source;
  return {
    ...source,
    hosts: source.hosts.map((host) =>
      host.port === undefined && host.transport === undefined ? { ...host, port } : host
    ),
  };
}

const networkShape = shape(diskNetworkFields);

/** What is said of a disk on a server. */
export interface DiskNetworkSource extends ValueOf<typeof networkShape> {}
