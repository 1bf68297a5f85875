/**
 * Storage pools, volumes, secrets, snapshots, checkpoints and backups. Source of names: libvirt formatstorage,
 * formatsecret, formatsnapshot, formatcheckpoint, formatbackup.
 *
 * @module
 */

/** See `vocabulary.ts`. */
export const storageVocabulary = `
pool type !pool
  name
  uuid
  allocation unit
  capacity unit
  available unit
  features
    cow state
  refresh
    volume allocation
  source +poolSource
  target
    path:path
    permissions +permissions
    encryption +encryption

poolSource +poolSource !poolSource

+poolSource
  host name:free port
  device path:free part_separator
    freeExtent start end
  dir path:free
  adapter name:free type parent wwnn wwpn managed fabric_wwn
    parentaddr unique_id
      address +address
  name:free
  initiator
    iqn name
  auth +auth
  vendor name
  product name
  format type
  protocol ver

+permissions
  mode
  owner
  group
  label

volume type
  name
  key:free
  allocation unit
  capacity unit
  physical unit
  source
    device path:device
      extent start end
  target
    path:path
    format type
    permissions +permissions
    timestamps
      atime
      mtime
      ctime
      birth
    encryption +encryption
    compat
    nocow
    clusterSize unit
    features
      lazy_refcounts
      extended_l2
  backingStore !volumeBacking
    path:free
    format type
    permissions +permissions
    timestamps
      atime
      mtime
      ctime
      birth

secret ephemeral private
  uuid
  description:free
  usage type
    volume:free
    name:free
    target:free
`;

/** See `vocabulary.ts`. */
export const checkpointVocabulary = `
domainsnapshot
  name
  description:free
  state
  creationTime
  active
  parent
    name
  memory snapshot file:path
  disks
    disk name:free snapshot type
      driver type name
        metadata_cache
          max_size unit
      source +source
  cookie
    cpu +cpu
  domain +domain
  inactiveDomain +domain

domaincheckpoint
  name
  description:free
  creationTime
  active
  parent
    name
  disks
    disk name:free checkpoint bitmap size
  domain +domain

domainbackup mode
  incremental
  server transport name:free port socket:socket tls fdgroup !backupServer
  disks
    disk name:free backup type state exportname exportbitmap incremental backupmode index
      driver type
      target file:path dev:device
        encryption +encryption
        seclabel +label
      scratch file:path dev:device
        encryption +encryption
        seclabel +label
`;
