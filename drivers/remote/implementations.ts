/**
 * What the driver can do: every operation with its function.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { guarded } from "../storage/guard.ts";
import { backups } from "./backup.ts";
import { checkpoints } from "./checkpoint.ts";
import { domainAddresses } from "./domain_address.ts";
import { domainBlockJobs } from "./domain_block_job.ts";
import { domainConsole } from "./domain_console.ts";
import { domainDefinition } from "./domain_definition.ts";
import { domainDescription } from "./domain_description.ts";
import { domainDevices } from "./domain_device.ts";
import { domainDiagnosis } from "./domain_diagnosis.ts";
import { domainGuest } from "./domain_guest.ts";
import { domainIothreads } from "./domain_iothread.ts";
import { domainJobs } from "./domain_job.ts";
import { domainLifeCycle } from "./domain_life_cycle.ts";
import { domainMetadata } from "./domain_metadata.ts";
import { domainResource } from "./domain_resource.ts";
import { domainSave } from "./domain_save.ts";
import { domainScreen } from "./domain_screen.ts";
import { domainStatistics } from "./domain_stats.ts";
import { domainTuning } from "./domain_tuning.ts";
import { filterBindings } from "./filter_binding.ts";
import { hostFacts } from "./host.ts";
import { interfaces } from "./interface.ts";
import { migration } from "./migration.ts";
import { networks } from "./network.ts";
import { filters } from "./network_filter.ts";
import { networkMetadata } from "./network_metadata.ts";
import { networkPorts } from "./network_port.ts";
import { nodeDevices } from "./node_device.ts";
import { pools } from "./pool.ts";
import { secrets } from "./secret.ts";
import { snapshots } from "./snapshot.ts";
import { readStorage } from "./storage_view.ts";
import { volumes } from "./volume.ts";
import { volumeTransfers } from "./volume_transfer.ts";

/** The driver's map. */
export const implementations: DriverMap = guarded({
  ...hostFacts,
  ...domainDefinition,
  ...domainDescription,
  ...domainLifeCycle,
  ...domainAddresses,
  ...domainConsole,
  ...domainBlockJobs,
  ...domainDevices,
  ...domainDiagnosis,
  ...domainGuest,
  ...domainIothreads,
  ...domainJobs,
  ...domainMetadata,
  ...domainResource,
  ...domainSave,
  ...domainScreen,
  ...domainStatistics,
  ...domainTuning,
  ...migration,
  ...snapshots,
  ...checkpoints,
  ...backups,
  ...networks,
  ...networkMetadata,
  ...networkPorts,
  ...pools,
  ...volumes,
  ...volumeTransfers,
  ...interfaces,
  ...nodeDevices,
  ...secrets,
  ...filters,
  ...filterBindings,
}, readStorage);
