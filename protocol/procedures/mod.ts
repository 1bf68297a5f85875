/**
 * Every procedure and every event of libvirt's protocol: numbers, arguments, results, and who may call what.
 *
 * Source of names, numbers, fields and limits: libvirt 11.3's protocol, whose numbers are only ever added to.
 *
 * @module
 */
export {
  aclFlag,
  addressesFromAgent,
  allowedReadOnly,
  type Condition,
  type FieldValue,
  permissionsNeeded,
} from "./access.ts";
export { limits } from "./limits.ts";
export {
  type RemoteCheckpoint,
  type RemoteDomain,
  type RemoteInterface,
  type RemoteNetwork,
  type RemoteNetworkPort,
  type RemoteNodeDevice,
  type RemoteNwfilter,
  type RemoteNwfilterBinding,
  type RemoteSecret,
  type RemoteSnapshot,
  type RemoteStoragePool,
  type RemoteStorageVolume,
  type TypedParameter,
  type TypedValue,
} from "./objects.ts";
export {
  type Message,
  type PassedFiles,
  type Procedure,
  type ProgramName,
  programs,
  programVersion,
  type StreamDirection,
  type StreamProcedure,
} from "./row.ts";
export {
  type ArgumentsOf,
  isRowName,
  type MessageName,
  type MessageOf,
  messageRow,
  type NamedRow,
  type ProcedureName,
  procedureRow,
  procedures,
  programOf,
  type ResultOf,
  type RowName,
  rowOf,
  rows,
  type StreamProcedureName,
} from "./table.ts";
