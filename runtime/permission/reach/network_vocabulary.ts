/**
 * Networks, host interfaces, network filters and node devices. Source of names: libvirt formatnetwork,
 * formatnwfilter, formatnode, and the examples of its interface driver.
 *
 * @module
 */

/** Virtual networks, whole and in the parts that an update takes; see `vocabulary.ts`. */
export const networkVocabulary = `
network ipv6 trustGuestRxFilters connections !network
  name
  uuid
  title:free
  description:free
  metadata:free
  bridge:free name:free stp delay zone macTableManager
  mac address
  mtu size
  domain name localOnly register
  forward mode dev:network managed
    driver name model
    nat ipv6
      address start end
      port start end
    pf dev:network
    interface dev:network connections
    address +address
  ip address netmask prefix family localPtr
    tftp root:directory
    dhcp
      range +dhcpRange
      host +dhcpHost
      bootp file server:free
  route:network family address netmask prefix gateway metric !networkRoute
  dns enable forwardPlainNames
    forwarder addr:free domain
    txt name value:free
    host ip
      hostname
    srv service protocol domain target port priority weight
  virtualport +virtualport
  vlan +vlan
  port isolated
  bandwidth +bandwidth
  portgroup +portgroup

+dhcpRange start end
  lease expiry unit

+dhcpHost id mac name ip
  hostname
  lease expiry unit

+portgroup name default trustGuestRxFilters !trustedFilters
  virtualport +virtualport
  vlan +vlan
  bandwidth +bandwidth
  port isolated
`;

/** What an update of a network takes instead of a whole one, as top elements. */
export const networkSectionVocabulary = `
range +dhcpRange
host +dhcpHost
interface dev:network connections
portgroup +portgroup
txt name value:free
srv service protocol domain target port priority weight
`;

/** Interfaces of the host itself: each reaches the host's network. */
export const interfaceVocabulary = `
interface type name:network dev +hostInterface

+hostInterface
  start mode
  mac address
  mtu size
  link speed state
  protocol family +hostProtocol
  bond mode
    miimon freq downdelay updelay carrier
    arpmon interval target validate
    interface type name:network +hostInterface
  bridge stp delay
    interface type name:network +hostInterface
  vlan tag
    interface name:network type

+hostProtocol
  dhcp peerdns
  autoconf
  ip address prefix
  route address prefix gateway
`;

/** Filters for the traffic of guests; they may use only what libvirt's own rules know. */
export const filterVocabulary = `
filter name chain priority
  uuid
  filterref filter
    parameter name value
  rule action direction priority statematch
    mac +match
    vlan +match
    stp +match
    arp +match
    rarp +match
    ip +match
    ipv6 +match
    tcp +match
    udp +match
    udplite +match
    esp +match
    ah +match
    sctp +match
    icmp +match
    igmp +match
    all +match
    tcp-ipv6 +match
    udp-ipv6 +match
    udplite-ipv6 +match
    esp-ipv6 +match
    ah-ipv6 +match
    sctp-ipv6 +match
    icmpv6 +match
    all-ipv6 +match

+match match srcmacaddr srcmacmask dstmacaddr dstmacmask protocolid comment:free vlanid encap-protocol type flags root-priority root-priority-hi root-address root-address-mask root-cost root-cost-hi sender-priority sender-priority-hi sender-address sender-address-mask port port-hi age age-hi max-age max-age-hi hello-time hello-time-hi forward-delay forward-delay-hi hwtype protocoltype opcode arpsrcmacaddr arpdstmacaddr arpsrcipaddr arpsrcipmask arpdstipaddr arpdstipmask gratuitous srcipaddr srcipmask dstipaddr dstipmask protocol srcportstart srcportend dstportstart dstportend code codeend typeend dscp state srcipfrom srcipto dstipfrom dstipto connlimit-above ipset ipsetflags
`;

/** A filter at work on an interface: its rules were checked when it was defined. */
export const filterBindingVocabulary = `
filterbinding
  owner
    name
    uuid
  portdev name:network
  linkdev name:network
  mac address
  filterref filter
    parameter name value
`;

/** What a network gives to an interface of a domain. */
export const networkPortVocabulary = `
networkport
  uuid
  owner
    name
    uuid
  group
  mac address
  virtualport +virtualport
  bandwidth +bandwidth
  vlan +vlan
  port isolated
  rxfilters trustGuest !portTrust
  plug type bridge:network dev:network mode managed macTableManager !portPlug
    driver name model
    address +address
`;

/** Devices of the host that a definition makes: mediated devices and virtual adapters, under their parents. */
export const nodeDeviceVocabulary = `
device !nodeDevice
  name
  uuid
  parent:free wwnn wwpn fabric_wwn
  path:free
  devnode:free type
  driver
    name
  capability type
    type id
    uuid
    parent_addr
    attr name value
    iommuGroup number
    host
    unique_id
    capability type
      wwnn
      wwpn
      fabric_wwn
`;
