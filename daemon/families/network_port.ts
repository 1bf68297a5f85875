/**
 * Ports of virtual networks.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import { bandwidthParameters } from "../../model/operations/network_port.ts";
import type { RemoteNetwork, RemoteNetworkPort, TypedParameter } from "../../protocol/procedures/mod.ts";
import { documentWords, validate } from "../dispatch/document.ts";
import { hostName, refTo, remoteNetwork } from "../dispatch/objects.ts";
import { givenParameters, textFlag, toldParameters } from "../dispatch/parameters.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";

/** Bits of making one. Source: libvirt, virNetworkPortCreateFlags. */
const createFlag = { reclaim: 1, validate: 2 } as const;

/** A port of a network, by the names that clients have for both. */
function target({ port: { net, uuid } }: { readonly port: RemoteNetworkPort }): ObjectRef {
  return { $ref: "networkPort", connection: hostName, id: uuid, name: uuid, parent: net.uuid };
}

function holder({ network }: { readonly network: RemoteNetwork }): ObjectRef {
  return refTo("network", network);
}

/** A port as it is named on the wire, with the network that a client has named. */
function remotePort(
  { id, parent }: ObjectRef,
  { network, session }: { readonly network: RemoteNetwork; readonly session: HostSession },
): RemoteNetworkPort {
  const found = session.connection.find({ $ref: "network", id: parent ?? network.uuid });
  return { net: found === undefined ? network : remoteNetwork(found.ref(hostName)), uuid: id };
}

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ port: { uuid } }: { readonly port: RemoteNetworkPort }): string =>
    `Network port with UUID ${uuid} does not exist`,
};

type Limits = { -readonly [N in typeof bandwidthParameters[number]]?: number };

/**
 * Limits that a client sets.
 *
 * @throws {VirtError} `invalid-argument` for what is no limit, and for one that is no number.
 */
function limitsIn(params: readonly TypedParameter[]): Limits {
  const limits: Limits = {};
  for (const [name, value] of Object.entries(givenParameters(params))) {
    const known = bandwidthParameters.find((each) => each === name);
    if (known === undefined) {
      throw new VirtError("invalid-argument", `parameter '${name}' not supported`, {
        remoteCode: "VIR_ERR_ARGUMENT_UNSUPPORTED",
      });
    }
    if (typeof value !== "number") {
      throw new VirtError("invalid-argument", `parameter '${name}' must be an unsigned number`, {
        remoteCode: "VIR_ERR_INVALID_ARG",
      });
    }
    limits[known] = value;
  }
  return limits;
}

/** The rows. */
export const networkPort = {
  networkListAllPorts: calls("networkPort.list", {
    target: holder,
    result: (entries, { args: { network, needResults }, session }) => ({
      ports: needResults === 0 ? [] : entries.map(({ port }) => remotePort(port, { network, session })),
      ret: entries.length,
    }),
  }),
  networkPortLookupByUuid: worded(
    calls("networkPort.lookup", {
      target: holder,
      input: ({ uuid }) => ({ name: uuid }),
      result: (ref, { args: { network }, session }) => ({ port: remotePort(ref, { network, session }) }),
    }),
    { "not-found": ({ uuid }) => `Network port with UUID ${uuid} does not exist` },
  ),
  networkPortCreateXml: worded(
    answers(async ({ network, xml, flags }, session) => {
      if ((flags & createFlag.validate) !== 0) await validate(xml, "networkport");
      const ref = await session.run("networkPort.create", {
        target: refTo("network", network),
        input: { xml, reclaim: (flags & createFlag.reclaim) !== 0 },
      });
      return { port: remotePort(ref, { network, session }) };
    }, { flags: createFlag.reclaim | createFlag.validate }),
    { "invalid-document": ({ xml }) => documentWords(xml, "networkport") },
  ),
  networkPortGetParameters: worded(
    calls("networkPort.parameters", {
      target,
      flags: textFlag,
      // All of them are unsigned. Source: libvirt, virNetworkPortGetParameters.
      result: (parameters, { args: { nparams, flags } }) =>
        toldParameters(parameters, { nparams, flags, kindOf: () => "uint" }),
    }),
    missing,
  ),
  networkPortSetParameters: worded(
    calls("networkPort.setParameters", {
      target,
      flags: textFlag,
      input: ({ params }) => ({ parameters: limitsIn(params) }),
    }),
    missing,
  ),
  networkPortGetXmlDesc: worded(calls("networkPort.xml", { target, result: (xml) => ({ xml }) }), missing),
  networkPortDelete: worded(calls("networkPort.delete", { target }), missing),
} satisfies Family;
