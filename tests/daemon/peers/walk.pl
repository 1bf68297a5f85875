# Walks through Sys::Virt's API on a connection, and prints what came of each step: a line of JSON each, as walk.py does.
#
# Argument: the URI of a host of libvirt's test driver, or of one like it, that nobody else uses.
use strict;
use warnings;

use JSON::PP;
use Sys::Virt;
use Sys::Virt::Error;

my $json = JSON::PP->new->canonical->allow_nonref;
$| = 1;

# A value as JSON has it, with objects by their names.
sub plain {
    my ($value) = @_;
    my $kind = ref $value;
    return $value if $kind eq "";
    return [map { plain($_) } @$value] if $kind eq "ARRAY";
    return { map { $_ => plain($value->{$_}) } keys %$value } if $kind eq "HASH";
    return [$kind, $value->get_name] if $value->can("get_name");
    return [$kind, $value->get_usage_id] if $value->can("get_usage_id");
    return $kind;
}

# Does something and says what came of it; hands it over where it went well.
sub step {
    my ($name, $action) = @_;
    my @value = eval { $action->() };
    if (my $error = $@) {
        my $known = ref $error && $error->isa("Sys::Virt::Error");
        print $json->encode([$name, $known ? "error" : "raised", $known ? $error->code + 0 : "$error"]), "\n";
        return;
    }
    my @shown = map { plain($_) } @value;
    @shown = sort { $json->encode($a) cmp $json->encode($b) } @shown if $name =~ /list/;
    print $json->encode([$name, "value", \@shown]), "\n";
    return wantarray ? @value : $value[0];
}

# What can be asked without arguments, but for how many names there may be.
sub arguments {
    my ($name) = @_;
    return $name =~ /_(?:names|ids)$/ ? (100) : ();
}

sub ask {
    my ($object, $when, @names) = @_;
    for my $name (@names) {
        step("$when: $name", sub { my @value = $object->$name(arguments($name)); @value });
    }
}

my $definition = <<'XML';
<domain type='test'><name>walk</name><uuid>11111111-2222-3333-4444-000000000001</uuid><memory>524288</memory>
<currentMemory>262144</currentMemory><vcpu current='1'>4</vcpu><os><type>hvm</type><boot dev='hd'/></os>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
<devices><disk type='file' device='disk'><source file='/guest/walk.img'/><target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><target dev='nic01'/></interface>
</devices></domain>
XML

my $hv = Sys::Virt->new(uri => $ARGV[0]);

ask($hv, "host", qw(
    get_type get_version get_node_info is_alive is_secure is_encrypted
    num_of_domains list_domain_ids list_domains num_of_defined_domains list_defined_domain_names
    list_defined_domains list_all_domains
    num_of_networks list_network_names list_networks num_of_defined_networks list_defined_network_names
    list_defined_networks list_all_networks
    num_of_storage_pools list_storage_pool_names list_storage_pools num_of_defined_storage_pools
    list_defined_storage_pool_names list_defined_storage_pools list_all_storage_pools
    num_of_interfaces list_interface_names list_interfaces num_of_defined_interfaces
    list_defined_interface_names list_defined_interfaces list_all_interfaces
    list_all_node_devices get_node_security_model
));
step("host: get_max_vcpus", sub { $hv->get_max_vcpus("test") });
step("host: num_of_node_devices", sub { $hv->num_of_node_devices(undef) });
step("host: list_node_devices", sub { $hv->list_node_devices(undef) });
step("host: list_node_devices of a kind", sub { $hv->list_node_devices("scsi_host") });
step("host: get_capabilities", sub { $hv->get_capabilities =~ /<arch>i686<\/arch>/ ? 1 : 0 });
step("host: get_node_cpu_stats", sub { sort keys %{ $hv->get_node_cpu_stats(-1) } });
step("host: get_uri", sub { $hv->get_uri =~ /^test/ ? 1 : 0 });
step("host: get_hostname", sub { $hv->get_hostname ne "" ? 1 : 0 });
step("host: get_cpu_model_names", sub { my @names = $hv->get_cpu_model_names("x86_64"); @names > 10 ? 1 : 0 });
step("host: get_domain_by_id of none", sub { $hv->get_domain_by_id(77) });
step("host: get_domain_by_name of none", sub { $hv->get_domain_by_name("nobody") });
step("host: get_domain_by_uuid", sub { $hv->get_domain_by_uuid("6695eb01-f6a4-8304-79aa-97f2502e193f") });
step("host: get_domain_by_uuid of none", sub { $hv->get_domain_by_uuid("6695eb01-f6a4-8304-79aa-000000000000") });

my $domain = step("define_domain", sub { $hv->define_domain($definition) });
my @readings = qw(
    get_name get_uuid_string get_id is_active is_persistent is_updated get_autostart get_info get_state
    get_max_memory has_managed_save_image has_current_snapshot num_of_snapshots list_snapshot_names
    list_all_snapshots list_all_checkpoints get_control_info get_scheduler_type get_memory_parameters
    get_numa_parameters get_fs_info get_perf_events
);

# Processor time goes on by itself.
sub readings {
    my ($when) = @_;
    for my $name (@readings) {
        step("$when: $name", sub {
            my @value = $domain->$name(arguments($name));
            delete $_->{cpuTime} for grep { ref $_ eq "HASH" } @value;
            @value;
        });
    }
    step("$when: get_block_info", sub { $domain->get_block_info("vda") });
    step("$when: block_stats", sub { sort keys %{ $domain->block_stats("vda") } });
    step("$when: interface_stats", sub { sort keys %{ $domain->interface_stats("nic01") } });
    step("$when: get_interface_parameters", sub { $domain->get_interface_parameters("nic01") });
    step("$when: get_metadata", sub { $domain->get_metadata(Sys::Virt::Domain::METADATA_TITLE) });
    step("$when: vcpus", sub { $domain->get_vcpus(Sys::Virt::Domain::VCPU_CONFIG) });
    step("$when: get_xml_description", sub { length $domain->get_xml_description > 400 ? 1 : 0 });
}

if (defined $domain) {
    readings("inactive");
    step("create", sub { $domain->create });
    readings("running");
    ask($domain, "life", qw(suspend get_state resume get_state shutdown get_state));
    step("create again", sub { $domain->create });
    step("reboot", sub { $domain->reboot });
    step("set_memory", sub { $domain->set_memory(131072) });
    step("set_memory above the maximum", sub { $domain->set_memory(1 << 30) });
    step("set_vcpus", sub { $domain->set_vcpus(2) });
    step("get_vcpus", sub { $domain->get_vcpus(Sys::Virt::Domain::VCPU_LIVE) });
    step("pin_vcpu", sub { $domain->pin_vcpu(0, pack("C", 3)) });
    step("set_autostart", sub { $domain->set_autostart(1) });
    step("get_autostart", sub { $domain->get_autostart });
    step("set_autostart off", sub { $domain->set_autostart(0) });
    step("set_interface_parameters", sub {
        $domain->set_interface_parameters("nic01", { Sys::Virt::Domain::BANDWIDTH_IN_AVERAGE => 1000 });
    });
    step("interface parameters that were set", sub { $domain->get_interface_parameters("nic01") });
    step("set_metadata", sub {
        $domain->set_metadata(Sys::Virt::Domain::METADATA_TITLE, "A title", undef, undef);
    });
    step("metadata that was set", sub { $domain->get_metadata(Sys::Virt::Domain::METADATA_TITLE) });
    step("set_memory_parameters", sub {
        $domain->set_memory_parameters({ Sys::Virt::Domain::MEMORY_HARD_LIMIT => 900000 });
    });
    step("memory parameters that were set", sub { $domain->get_memory_parameters });
    for my $name (qw(one two)) {
        step("create_snapshot $name", sub {
            $domain->create_snapshot("<domainsnapshot><name>$name</name></domainsnapshot>");
        });
    }
    step("list_snapshots", sub { $domain->list_snapshots });
    my $snapshot = step("get_snapshot_by_name", sub { $domain->get_snapshot_by_name("one") });
    step("get_snapshot_by_name of none", sub { $domain->get_snapshot_by_name("nine") });
    if (defined $snapshot) {
        ask($snapshot, "snapshot", qw(get_name is_current has_metadata num_of_child_snapshots
            list_child_snapshot_names list_all_children get_parent));
        step("revert_to", sub { $snapshot->revert_to });
        step("delete", sub { $snapshot->delete(Sys::Virt::DomainSnapshot::DELETE_CHILDREN) });
    }
    step("num_of_snapshots at the end", sub { $domain->num_of_snapshots });
    step("managed_save", sub { $domain->managed_save });
    step("has_managed_save_image", sub { $domain->has_managed_save_image });
    step("managed_save_remove", sub { $domain->managed_save_remove });
    step("undefine", sub { $domain->undefine });
    step("get_info when it is gone", sub { $domain->get_info });
}

my $network = step("get_network_by_name", sub { $hv->get_network_by_name("default") });
ask($network, "network", qw(get_name get_uuid_string is_active is_persistent get_autostart get_bridge_name))
    if defined $network;
step("get_network_by_name of none", sub { $hv->get_network_by_name("nothing") });
my $made = step("define_network", sub {
    $hv->define_network("<network><name>walk</name><uuid>22222222-2222-3333-4444-000000000001</uuid>"
        . "<bridge name='virbr7'/><ip address='10.9.8.1' netmask='255.255.255.0'/></network>");
});
ask($made, "new network", qw(is_active create is_active get_bridge_name destroy is_active undefine)) if defined $made;

my $pool = step("get_storage_pool_by_name", sub { $hv->get_storage_pool_by_name("default-pool") });
if (defined $pool) {
    ask($pool, "pool", qw(get_name get_uuid_string is_active is_persistent get_autostart get_info num_of_storage_volumes
        list_storage_vol_names list_volumes refresh));
    my $volume = step("create_volume", sub {
        $pool->create_volume("<volume><name>walk.img</name><capacity>1048576</capacity></volume>");
    });
    ask($volume, "volume", qw(get_name get_key get_path get_info)) if defined $volume;
    step("clone_volume", sub {
        $pool->clone_volume("<volume><name>copy.img</name><capacity>1048576</capacity></volume>", $volume);
    });
    step("list_all_volumes", sub { $pool->list_all_volumes });
    step("get_storage_volume_by_path", sub { $hv->get_storage_volume_by_path("/default-pool/walk.img") });
    step("get_volume_by_name of none", sub { $pool->get_volume_by_name("nothing") });
    step("delete volume", sub { $volume->delete }) if defined $volume;
}
step("get_storage_pool_by_name of none", sub { $hv->get_storage_pool_by_name("nothing") });

my $interface = step("get_interface_by_name", sub { $hv->get_interface_by_name("eth1") });
ask($interface, "interface", qw(get_name get_mac is_active)) if defined $interface;
ask($hv, "change", qw(interface_change_commit interface_change_begin interface_change_begin interface_change_commit));

my $device = step("get_node_device_by_name", sub { $hv->get_node_device_by_name("scsi_host2") });
ask($device, "device", qw(get_name get_parent)) if defined $device;
step("get_node_device_by_name of none", sub { $hv->get_node_device_by_name("nothing") });
