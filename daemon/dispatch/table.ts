/**
 * Every procedure that is answered.
 *
 * @module
 */
import type { ProcedureName } from "../../protocol/procedures/mod.ts";
import { authentication } from "../families/authentication.ts";
import { connect } from "../families/connect.ts";
import { domain } from "../families/domain.ts";
import { domainEvent } from "../families/domain_event.ts";
import { domainLifeCycle } from "../families/domain_life_cycle.ts";
import { domainConsole } from "../families/domain_console.ts";
import { domainDescription } from "../families/domain_description.ts";
import { domainDevice } from "../families/domain_device.ts";
import { domainGuest } from "../families/domain_guest.ts";
import { domainResource } from "../families/domain_resource.ts";
import { domainSave } from "../families/domain_save.ts";
import { domainSecurity } from "../families/domain_security.ts";
import { domainStatistics } from "../families/domain_statistics.ts";
import { domainTuning } from "../families/domain_tuning.ts";
import { host } from "../families/host.ts";
import { network } from "../families/network.ts";
import { backup } from "../families/backup.ts";
import { domainBlockJob } from "../families/domain_block_job.ts";
import { domainDiagnosis } from "../families/domain_diagnosis.ts";
import { domainMigration } from "../families/domain_migration.ts";
import { checkpoint } from "../families/checkpoint.ts";
import { pool } from "../families/pool.ts";
import { poolEvent } from "../families/pool_event.ts";
import { snapshot } from "../families/snapshot.ts";
import { volume } from "../families/volume.ts";
import { volumeTransfer } from "../families/volume_transfer.ts";
import { hostInterface } from "../families/interface.ts";
import { nodeDevice } from "../families/node_device.ts";
import { secret } from "../families/secret.ts";
import { networkPort } from "../families/network_port.ts";
import { networkFilter } from "../families/network_filter.ts";
import { filterBinding } from "../families/filter_binding.ts";
import { networkMetadata } from "../families/network_metadata.ts";
import type { DispatchTable } from "../session.ts";
import type { Family, Row } from "./row.ts";

const families: readonly Family[] = [
  authentication,
  connect,
  domain,
  domainLifeCycle,
  domainEvent,
  domainConsole,
  domainDescription,
  domainDevice,
  domainGuest,
  domainResource,
  domainSave,
  domainSecurity,
  domainStatistics,
  domainTuning,
  host,
  network,
  pool,
  poolEvent,
  snapshot,
  checkpoint,
  backup,
  domainBlockJob,
  domainDiagnosis,
  domainMigration,
  volume,
  volumeTransfer,
  hostInterface,
  nodeDevice,
  secret,
  networkPort,
  networkFilter,
  filterBinding,
  networkMetadata,
];

/** Every row by its procedure; two rows for one procedure are a mistake. */
function joined(): DispatchTable {
  const table = new Map<ProcedureName, Row<never>>();
  for (const family of families) {
    for (const [procedure, row] of Object.entries(family) as [ProcedureName, Row<never>][]) {
      if (table.has(procedure)) throw new TypeError(`Procedure "${procedure}" is answered twice`);
      table.set(procedure, row);
    }
  }
  return table;
}

/** Every procedure that is answered, with its row. */
export const dispatchTable: DispatchTable = joined();
