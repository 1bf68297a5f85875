/**
 * What the test driver can do: every operation with its function.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { guarded } from "../storage/guard.ts";
import { checkpoints } from "./checkpoint.ts";
import { domainConsole } from "./domain_console.ts";
import { domainDefinition } from "./domain_definition.ts";
import { domainDescription } from "./domain_description.ts";
import { domainDevice } from "./domain_device.ts";
import { domainGuest } from "./domain_guest.ts";
import { domainIothreads } from "./domain_iothread.ts";
import { domainDiagnosis } from "./domain_diagnosis.ts";
import { domainLifeCycle } from "./domain_life_cycle.ts";
import { domainResource } from "./domain_resource.ts";
import { domainSave } from "./domain_save.ts";
import { domainSecurity } from "./domain_security.ts";
import { domainStatistics } from "./domain_stats.ts";
import { domainTuning } from "./domain_tuning.ts";
import { hostFacts } from "./host.ts";
import { interfaces } from "./interface.ts";
import { migration } from "./migration.ts";
import { migrationSettings } from "./migration_settings.ts";
import { networks } from "./network.ts";
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
  ...domainResource,
  ...domainIothreads,
  ...domainTuning,
  ...domainDevice,
  ...domainSave,
  ...domainGuest,
  ...domainConsole,
  ...domainSecurity,
  ...domainDiagnosis,
  ...domainStatistics,
  ...migration,
  ...migrationSettings,
  ...snapshots,
  ...checkpoints,
  ...networks,
  ...pools,
  ...volumes,
  ...volumeTransfers,
  ...interfaces,
  ...nodeDevices,
  ...secrets,
}, readStorage);
