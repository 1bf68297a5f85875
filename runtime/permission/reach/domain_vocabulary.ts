/**
 * The elements and attributes of a domain outside its devices. Source of names: libvirt formatdomain.
 *
 * @module
 */

/** See `vocabulary.ts`. */
export const domainVocabulary = `
domain +domain

+domain type id !domain
  name
  uuid
  hwuuid
  genid
  title:free
  description:free
  metadata:free
  bootloader:emulator
  bootloader_args:emulator
  memory unit dumpCore
  maxMemory unit slots
  currentMemory unit
  vcpu placement cpuset current
  vcpus
    vcpu id enabled hotpluggable order
  iothreads
  iothreadids
    iothread id thread_pool_min thread_pool_max
      poll max grow shrink
  defaultiothread thread_pool_min thread_pool_max
  on_poweroff
  on_reboot
  on_crash
  on_lockfailure
  memoryBacking
    hugepages
      page size unit nodeset
    nosharepages
    locked
    source type !memorySource
    access mode
    allocation mode threads
    discard
  blkiotune
    weight
    device
      path:device
      weight
      read_bytes_sec
      write_bytes_sec
      read_iops_sec
      write_iops_sec
  memtune
    hard_limit unit
    soft_limit unit
    min_guarantee unit
    swap_hard_limit unit
  cputune
    shares
    period
    quota
    global_period
    global_quota
    emulator_period
    emulator_quota
    iothread_period
    iothread_quota
    vcpupin vcpu cpuset
    emulatorpin cpuset
    iothreadpin iothread cpuset
    vcpusched vcpus scheduler priority
    iothreadsched iothreads scheduler priority
    emulatorsched scheduler priority
    cachetune vcpus id
      cache id level type size unit
      monitor level vcpus
    memorytune vcpus
      node id bandwidth
  numatune
    memory mode nodeset placement
    memnode cellid mode nodeset
  resource
    partition:free !partition
    fibrechannel appid
  sysinfo type
    bios
      entry:free name
    system
      entry:free name
    baseBoard
      entry:free name
    chassis
      entry:free name
    processor
      entry:free name
    memory_device
      entry:free name
    oemStrings
      entry:free
    entry:free name:free file:path
  os firmware
    type arch machine
    firmware
      feature name enabled
    loader:loader readonly secure stateless type format
    nvram:loader template:loader templateFormat type format
      source +source
    kernel:kernel
    initrd:kernel
    shim:kernel
    cmdline:free
    dtb:kernel
    acpi
      table:kernel type
    init:free
    initarg:free
    initenv:free name:free
    initdir:free
    inituser
    initgroup
    boot dev
    bootmenu enable timeout
    bios useserial rebootTimeout
    smbios mode
  idmap
    uid start target count
    gid start target count
  features !features
    acpi
    apic eoi
    pae
    hap state
    viridian
    privnet
    async-teardown enabled
    aia
    capabilities policy
      audit_control state
      audit_write state
      block_suspend state
      chown state
      dac_override state
      dac_read_search state
      fowner state
      fsetid state
      ipc_lock state
      ipc_owner state
      kill state
      lease state
      linux_immutable state
      mac_admin state
      mac_override state
      mknod state
      net_admin state
      net_bind_service state
      net_broadcast state
      net_raw state
      setfcap state
      setgid state
      setpcap state
      setuid state
      sys_admin state
      sys_boot state
      sys_chroot state
      sys_module state
      sys_nice state
      sys_pacct state
      sys_ptrace state
      sys_rawio state
      sys_resource state
      sys_time state
      sys_tty_config state
      syslog state
      wake_alarm state
    hyperv mode
      avic state
      emsr_bitmap state
      evmcs state
      frequencies state
      ipi state
      reenlightenment state
      relaxed state
      reset state
      runtime state
      spinlocks state retries
      stimer state
        direct state
      synic state
      tlbflush state
        direct state
        extended state
      vapic state
      vendor_id state value
      vpindex state
      xmm_input state
    kvm
      hidden state
      hint-dedicated state
      poll-control state
      pv-ipi state
      dirty-ring state size
    xen
      e820_host state
      passthrough state mode
    pvspinlock state
    pmu state
    ps2 state
    vmport state
    gic version
    smm state
      tseg unit
    ioapic driver
    hpt resizing
      maxpagesize unit
    htm state
    nested-hv state
    msrs unknown
    ccf-assist state
    cfpc value
    sbbc value
    ibs value
    tcg
      tb-cache unit
    ras state
    vmcoreinfo state
  cpu +cpu
  clock offset adjustment basis timezone start
    timer name track tickpolicy present frequency mode
      catchup threshold slew limit
  pm
    suspend-to-disk enabled
    suspend-to-mem enabled
  perf
    event name enabled
  keywrap
    cipher name state
  launchSecurity type kernelHashes authorKey vcek !launchSecurity
    cbitpos
    reducedPhysBits
    policy
    dhCert:free
    session:free
    guestVisibleWorkarounds:free
    idBlock:free
    idAuth:free
    hostData:free
    mrConfigId:free
    mrOwner:free
    mrOwnerConfig:free
    quoteGenerationService path:socket
  throttlegroups
    throttlegroup +iotune
  seclabel type model relabel !seclabel
    label:free
    baselabel:free
    imagelabel:free
  devices +devices

+cpu mode match check migratable deprecated_features
  model fallback vendor_id
  vendor
  arch
  topology sockets dies clusters cores threads
  cache level mode
  maxphysaddr mode bits limit
  feature name policy
  numa
    cell id cpus memory unit memAccess discard
      distances
        sibling id value
      cache level associativity policy
        size value unit
        line value unit
    interconnects
      latency initiator target cache type value unit
      bandwidth initiator target cache type value unit
`;
