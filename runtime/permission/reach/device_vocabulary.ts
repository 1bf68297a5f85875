/**
 * The devices of a domain. Source of names: libvirt formatdomain, formatstorageencryption.
 *
 * @module
 */

/** Parts that several devices have; see `vocabulary.ts`. */
const parts = `
+device
  address +address
  alias name
  acpi index
  boot order loadparm
  rom bar enabled file:path

+address type domain bus device slot function multifunction controller target unit port cssid ssid devno reg iobase irq base uuid
  zpci uid fid

+virtio iommu ats packed page_per_vq

+iothreads
  iothreads
    iothread id
      queue id

+secret type usage:free uuid

+auth username:free type
  secret +secret

+encryption format engine
  cipher name size mode hash
  ivgen name hash
  secret +secret

+label model relabel labelskip !deviceLabel
  label:free

+format type
  metadata_cache
    max_size unit

+source file:path dev:device dir:directory path:socket name:free protocol pool volume mode tls tlsHostname query:free startupPolicy index type managed namespace fdgroup !storage
  host name:free port transport socket:socket
  snapshot name
  config file:path
  auth +auth
  encryption +encryption
  slices
    slice type offset size
  ssl verify
  cookies
    cookie:free name:free
  readahead size
  timeout seconds
  reconnect enabled timeout delay
  identity user group username:free keyfile:path agentsock:socket
  knownHosts path:path
  reservations enabled managed
    source type path:socket mode
  initiator
    iqn name
  address +address
  seclabel +label
  dataStore type
    format +format
    source +source
  privateData

+backingStore type index
  format +format
  source +source
  backingStore +backingStore

+iotune
  group_name
  total_bytes_sec
  read_bytes_sec
  write_bytes_sec
  total_iops_sec
  read_iops_sec
  write_iops_sec
  total_bytes_sec_max
  read_bytes_sec_max
  write_bytes_sec_max
  total_iops_sec_max
  read_iops_sec_max
  write_iops_sec_max
  size_iops_sec
  total_bytes_sec_max_length
  read_bytes_sec_max_length
  write_bytes_sec_max_length
  total_iops_sec_max_length
  read_iops_sec_max_length
  write_iops_sec_max_length

+character type !character
  source path:free host service mode channel tls append type master:device slave:device
    seclabel +label
    reconnect enabled timeout
    clipboard copypaste
    mouse mode
  protocol type
  log file:path append

+port tty:device +character +device
  target type port name address state
    model name

+sound bufferLength bufferCount mixingEngine fixedSettings voices dev name serverName:socket latency streamName clientName connectPorts tryPoll
  settings frequency channels format

+interfaceAddress family address prefix peer

+interfaceRoute family address netmask prefix gateway metric

+bandwidth
  inbound average peak burst floor
  outbound average peak burst

+virtualport type
  parameters managerid typeid typeidversion instanceid profileid interfaceid

+vlan trunk
  tag id nativeMode
`;

/** Every device; see `vocabulary.ts`. */
const devices = `
+devices
  emulator:emulator
  disk type device model rawio sgio snapshot +device !disk
    driver name type cache error_policy rerror_policy io ioeventfd event_idx copy_on_read discard discard_no_unref detect_zeroes iothread queues queue_size +virtio +iothreads
      metadata_cache
        max_size unit
    source +source
    backingStore +backingStore
    backenddomain name
    geometry cyls heads secs trans
    blockio logical_block_size physical_block_size discard_granularity
    mirror file:path format job ready type
      format +format
      source +source
      backingStore +backingStore
    auth +auth
    encryption +encryption
    target dev bus tray removable rotation_rate
    iotune +iotune
    throttlefilters
      throttlefilter group
    readonly
    shareable
    transient shareBacking
    serial:free
    wwn
    vendor:free
    product:free
  controller type index model ports vectors maxGrantFrames maxEventChannels +device
    driver queues cmd_per_lun max_sectors ioeventfd iothread +virtio +iothreads
    master startport
    model name
    target chassisNr chassis port busNr hotplug memReserve index
      node
    pcihole64 unit
  lease
    lockspace
    key:free
    target path:path offset
  filesystem type accessmode model multidevs fmode dmode +device !filesystem
    driver name type format wrpolicy queue +virtio
    binary path:emulator xattr
      cache mode
      sandbox mode
      lock posix flock
      thread_pool size
      openfiles max
    source dir:directory file:path dev:device name:free socket:socket pool volume usage units
    target dir:free
    idmap
      uid start target count
      gid start target count
    readonly
    space_hard_limit unit
    space_soft_limit unit
  interface type managed trustGuestRxFilters +device !interface
    mac address type check currentAddress
    source network portgroup bridge dev:free mode path:socket type address:free port portid connectionid switchid portgroupid name tls
      address +address
      ip +interfaceAddress
      route +interfaceRoute
      local address:free port
      reconnect enabled timeout
    virtualport +virtualport
    vlan +vlan
    model type
    driver name txmode ioeventfd event_idx queues rx_queue_size tx_queue_size rss rss_hash_report +virtio
      host csum gso tso4 tso6 ecn ufo mrg_rxbuf
      guest csum tso4 tso6 ecn ufo
    backend type tap:device vhost:device logFile:path hostname fqdn
    backenddomain name
    guest dev actual
    target dev managed
    filterref filter
      parameter name value
    tune
      sndbuf
    link state
    mtu size
    coalesce
      rx
        frames max
    bandwidth +bandwidth
    ip +interfaceAddress
    route +interfaceRoute
    script path:script
    downscript path:script
    port isolated
    portForward proto address:free dev
      range start end to exclude
    teaming type persistent
  smartcard mode type +device +character !smartcard
    certificate:free
    database:path
  serial +port
  parallel +port
  console +port
  channel +port
  input type bus model +device
    driver +virtio
    source dev:device evdev:device grab grabToggle repeat
  tpm model +device !tpm
    alias name
    backend type version persistent_state debug
      device path:device
      encryption secret
      source type mode path:free
      profile name source removeDisabled
      active_pcr_banks
        sha1
        sha256
        sha384
        sha512
  graphics type port autoport tlsPort websocket listen:free socket:socket passwd:free passwdValidTo connected keymap sharePolicy defaultMode powerControl username:free display xauth:path fullscreen multiUser replaceUser p2p address:socket wait +device !graphics
    listen type address:free network socket:socket
    channel name mode
    image compression
    jpeg compression
    zlib compression
    playback compression
    streaming mode
    mouse mode
    clipboard copypaste
    filetransfer enable
    gl enable rendernode:device
    audio id
  sound model multichannel +device
    codec type
    audio id
    driver +virtio
  audio id type timerPeriod path:path driver serverName:socket runtimeDir:path tryMMap exclusive dspPolicy dev !audio
    input +sound
    output +sound
  video +device
    driver name vgaconf +virtio
    model type ram vram vram64 vgamem heads primary blob
      acceleration accel2d accel3d rendernode:device
      resolution x y
  hostdev mode type managed sgio rawio model display ramfb +device !hostdev
    driver name type model +virtio
    source protocol name:free wwpn startupPolicy guestReset writeFiltering missing autoAddress
      vendor id
      product id
      address +address
      adapter name
      block:free
      char:free
      interface:free
      host name:free port transport socket:socket
      auth +auth
      initiator
        iqn name
    ip +interfaceAddress
    route +interfaceRoute
    teaming type persistent
    readonly
    shareable
  redirdev bus type +character +device
  redirfilter
    usbdev class vendor product version allow
  hub type +device
  watchdog model action +device
  memballoon model autodeflate freePageReporting +device
    stats period
    driver +virtio
  rng model +device
    driver +virtio
    rate bytes period
    backend:free model +character !random
  nvram +device
  panic model +device
  shmem name:free role +device !shmem
    model type
    size unit
    server path:socket
    msi vectors ioeventfd
  memory model access discard +device
    uuid
    source
      path:path
      pagesize unit
      alignsize unit
      nodemask
      pmem
    target dynamicMemslots
      size unit
      node
      block unit
      requested unit
      current unit
      address +address
      label
        size unit
      readonly
  iommu model +device
    driver intremap caching_mode eim iotlb aw_bits dma_translation passthrough xtsup granule
  vsock model +device
    cid auto address
    driver +virtio
  crypto model type +device
    backend model queues
    driver +virtio
  pstore backend +device
    path:path
    size unit
`;

/** See `vocabulary.ts`. */
export const deviceVocabulary = parts + devices;
