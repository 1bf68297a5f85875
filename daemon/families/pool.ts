/**
 * Storage pools.
 *
 * @module
 */
import { identify } from "../../drivers/definition.ts";
import { VirtError } from "../../model/error.ts";
import type { InputOf, OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { placeOf } from "../../protocol/words/place.ts";
import { poolStates } from "../../protocol/words/storage.ts";
import { validate, validateFlag } from "../dispatch/document.ts";
import { allBits, oneOf, wordsOf } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { refTo, remotePool } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";
import {
  activePool,
  anyPool,
  checkPoolDocument,
  inactivePool,
  lookUpPool,
  poolNamed,
  poolOf,
  takenPoolWords,
} from "./storage_words.ts";

/** Source: libvirt, virConnectListAllStoragePoolsFlags. */
const listFlag = {
  inactive: 1 << 0,
  active: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  autostart: 1 << 4,
  noAutostart: 1 << 5,
} as const;

/** Source: libvirt, virConnectListAllStoragePoolsFlags. */
const typeFlag = {
  dir: 1 << 6,
  fs: 1 << 7,
  netfs: 1 << 8,
  logical: 1 << 9,
  disk: 1 << 10,
  iscsi: 1 << 11,
  scsi: 1 << 12,
  mpath: 1 << 13,
  rbd: 1 << 14,
  sheepdog: 1 << 15,
  gluster: 1 << 16,
  zfs: 1 << 17,
  vstorage: 1 << 18,
  "iscsi-direct": 1 << 19,
} as const;

/** Source: libvirt, virStoragePoolCreateFlags. */
const createFlag = { build: 1, overwrite: 2, noOverwrite: 4 } as const;

/** Source: libvirt, virStoragePoolBuildFlags. */
const buildFlag = { repair: 1, resize: 2, noOverwrite: 4, overwrite: 8 } as const;

/** Of a definition: that which the next start uses. Source: libvirt, virStorageXMLFlags. */
const inactiveXml = 1;

/** The arguments that hold a definition. */
interface Definition {
  readonly xml: string;
}

type Entry = OutputOf<Operations["pool.list"]>[number];

/** The pools that some bits ask for; those of several types one type after the other. */
async function listed(session: HostSession, flags: number): Promise<readonly Entry[]> {
  const active = oneOf(flags, listFlag.active, listFlag.inactive);
  const persistent = oneOf(flags, listFlag.persistent, listFlag.transient);
  const autostart = oneOf(flags, listFlag.autostart, listFlag.noAutostart);
  const filter = {
    ...(active === undefined ? {} : { active }),
    ...(persistent === undefined ? {} : { persistent }),
    ...(autostart === undefined ? {} : { autostart }),
  };
  const types = wordsOf(flags, typeFlag);
  if (types === undefined) return await session.run("pool.list", { input: filter });
  const found: Entry[] = [];
  for (const type of types) found.push(...await session.run("pool.list", { input: { ...filter, type } }));
  return found;
}

async function names(
  session: HostSession,
  active: boolean,
): Promise<readonly string[]> {
  return (await session.run("pool.list", { input: { active } })).map(({ pool }) => pool.name);
}

/**
 * Whether something is written over or must not be.
 *
 * @throws {VirtError} `invalid-argument` where both are asked for.
 */
function overwriting(
  flags: number,
  { overwrite, noOverwrite, kind }: {
    readonly overwrite: number;
    readonly noOverwrite: number;
    readonly kind: "CREATE_WITH_BUILD" | "BUILD";
  },
): { readonly overwrite?: boolean } {
  const wanted = flags & (overwrite | noOverwrite);
  if (wanted === (overwrite | noOverwrite)) {
    throw new VirtError(
      "invalid-argument",
      `flags 'VIR_STORAGE_POOL_${kind}_OVERWRITE' and 'VIR_STORAGE_POOL_${kind}_NO_OVERWRITE' are mutually exclusive`,
      { remoteCode: "VIR_ERR_INVALID_ARG" },
    );
  }
  return wanted === 0 ? {} : { overwrite: wanted === overwrite };
}

const ofCreate = { ...createFlag, kind: "CREATE_WITH_BUILD" } as const;
const ofBuild = { ...buildFlag, kind: "BUILD" } as const;

function buildInput(flags: number): InputOf<Operations["pool.build"]> {
  if ((flags & (buildFlag.repair | buildFlag.resize)) !== 0) {
    throw new VirtError("unsupported", "storage pool cannot be repaired or resized by a build", {
      remoteCode: "VIR_ERR_OPERATION_UNSUPPORTED",
    });
  }
  return { ...overwriting(flags, ofBuild) };
}

/** Errors of what makes a pool out of a document. */
const defining = {
  "already-exists": (args: Definition, _error: VirtError, session: HostSession): string | undefined =>
    takenPoolWords(args, session),
};

/** Errors of what starts one; where it runs, or another one has its UUID. */
const creating = {
  ...defining,
  "wrong-state": (args: Definition, _error: VirtError, session: HostSession): Words => {
    const other = takenPoolWords(args, session);
    if (other !== undefined) return { text: other, code: "VIR_ERR_OPERATION_FAILED" };
    return { text: `pool is already active as '${identify(args.xml).name}'` };
  },
};

/** Errors of looking for what pools could be made of. */
const finding = {
  "invalid-argument": ({ type }: { readonly type: string }): string | undefined =>
    type === "netfs" ? "hostname must be specified for netfs sources" : undefined,
  unsupported: ({ type }: { readonly type: string }): Words => ({
    text: `pool type '${type}' does not support source discovery`,
    code: "VIR_ERR_NO_SUPPORT",
  }),
};

/** The rows. */
export const pool = {
  connectListAllStoragePools: answers(async ({ needResults, flags }, session) => {
    const entries = await listed(session, flags);
    return {
      pools: needResults === 0 ? [] : entries.map(({ pool }) => remotePool(pool)),
      ret: entries.length,
    };
  }, { flags: allBits(listFlag) | allBits(typeFlag) }),
  connectNumOfStoragePools: answers(async (_args, session) => ({
    num: (await names(session, true)).length,
  })),
  connectListStoragePools: answers(async ({ maxnames: room }, session) => ({
    names: fitting(await names(session, true), { procedure: "connectListStoragePools", room }),
  })),
  connectNumOfDefinedStoragePools: answers(async (_args, session) => ({
    num: (await names(session, false)).length,
  })),
  connectListDefinedStoragePools: answers(async ({ maxnames: room }, session) => ({
    names: fitting(await names(session, false), { procedure: "connectListDefinedStoragePools", room }),
  })),
  connectFindStoragePoolSources: worded(
    calls("pool.findSources", {
      input: ({ type, srcSpec }) => ({ type, ...(srcSpec === undefined ? {} : { xml: srcSpec }) }),
      result: (xml) => ({ xml }),
    }),
    finding,
  ),
  connectGetStoragePoolCapabilities: calls("connection.poolCapabilities", {
    result: (capabilities) => ({ capabilities }),
  }),
  storagePoolLookupByName: answers(async ({ name }, session) => ({
    pool: remotePool(await lookUpPool(session, { by: "name", value: name })),
  })),
  storagePoolLookupByUuid: answers(async ({ uuid }, session) => ({
    pool: remotePool(await lookUpPool(session, { by: "uuid", value: uuid })),
  })),
  storagePoolLookupByTargetPath: answers(async ({ path }, session) => ({
    pool: remotePool(await lookUpPool(session, { by: "target path", value: path })),
  })),
  storagePoolLookupByVolume: answers(async ({ vol }, session) => {
    const { id, name } = await poolNamed(session, vol.pool);
    return { pool: { name, uuid: id } };
  }),
  storagePoolDefineXml: worded(
    answers(async ({ xml, flags }, session) => {
      checkPoolDocument(xml);
      if ((flags & validateFlag) !== 0) await validate(xml, "pool");
      return { pool: remotePool(await session.run("pool.define", { input: { xml } })) };
    }, { flags: validateFlag }),
    defining,
  ),
  storagePoolCreateXml: worded(
    answers(async ({ xml, flags }, session) => {
      checkPoolDocument(xml);
      const build = (flags & createFlag.build) !== 0;
      return { pool: remotePool(await session.run("pool.create", { input: { xml, build } })) };
    }, { flags: createFlag.build }),
    creating,
  ),
  storagePoolCreate: answers(async ({ pool, flags }, session) => {
    const target = inactivePool({ pool }, session);
    const how = overwriting(flags, ofCreate);
    if (how.overwrite !== undefined) await session.run("pool.build", { target, input: how });
    const build = how.overwrite === undefined && (flags & createFlag.build) !== 0;
    await session.run("pool.start", { target, input: { build } });
    return undefined;
  }, { flags: allBits(createFlag) }),
  storagePoolBuild: calls("pool.build", {
    flags: allBits(buildFlag),
    target: inactivePool,
    input: ({ flags }) => buildInput(flags),
  }),
  storagePoolDestroy: calls("pool.destroy", { target: activePool }),
  storagePoolDelete: calls("pool.delete", { target: inactivePool }),
  storagePoolUndefine: calls("pool.undefine", { target: inactivePool }),
  storagePoolRefresh: calls("pool.refresh", { target: activePool }),
  storagePoolGetInfo: calls("pool.info", {
    target: anyPool,
    result: ({ state, capacityBytes, allocationBytes, availableBytes }) => ({
      state: placeOf(poolStates, state),
      capacity: BigInt(capacityBytes),
      allocation: BigInt(allocationBytes),
      available: BigInt(availableBytes),
    }),
  }),
  storagePoolGetXmlDesc: calls("pool.xml", {
    flags: inactiveXml,
    target: anyPool,
    input: ({ flags }) => ({ inactive: (flags & inactiveXml) !== 0 }),
    result: (xml) => ({ xml }),
  }),
  storagePoolGetAutostart: calls("pool.info", {
    target: anyPool,
    result: ({ autostart }) => ({ autostart: autostart ? 1 : 0 }),
  }),
  storagePoolSetAutostart: answers(async ({ pool, autostart }, session) => {
    if (!poolOf(session, pool).persistent) {
      // libvirt's storage driver, and its Technology Compatibility Kit with it, call this internal.
      throw new VirtError("invalid-argument", "pool has no config file", {
        remoteCode: "VIR_ERR_INTERNAL_ERROR",
      });
    }
    await session.run("pool.setAutostart", {
      target: refTo("pool", pool),
      input: { autostart: autostart !== 0 },
    });
    return undefined;
  }),
  storagePoolIsActive: calls("pool.info", {
    target: anyPool,
    result: ({ state }) => ({ active: state === "inactive" || state === "building" ? 0 : 1 }),
  }),
  storagePoolIsPersistent: calls("pool.info", {
    target: anyPool,
    result: ({ persistent }) => ({ persistent: persistent ? 1 : 0 }),
  }),
} satisfies Family;
