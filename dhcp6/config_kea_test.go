package dhcp6_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// keaTest lets the real kea-dhcp6 test a configuration.
func keaTest(t *testing.T, config string) (string, bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	return testnet.KeaTest(t, "kea-dhcp6", file)
}

func TestKeaAcceptsTheTestConfigs(t *testing.T) {
	for _, kind := range []string{"valid", "unsupported"} {
		for _, file := range configs(t, kind) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				output, ok := testnet.KeaTest(t, "kea-dhcp6", file)
				require.True(t, ok, output)
			})
		}
	}
}

func global(members string) string { return `{"Dhcp6": {` + members + `}}` }

// inSubnet makes a configuration of members of one subnet.
func inSubnet(members string) string {
	return global(`"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", ` + members + `}]`)
}

// network makes a configuration of one shared network and what its two
// subnets have.
func network(members, first, second string) string {
	return global(`"shared-networks": [{"name": "n", ` + members + `"subnet6": [
		{"subnet": "2001:db8:1::/64"` + first + `}, {"subnet": "2001:db8:2::/64"` + second + `}]}]`)
}

// prefixes makes a configuration of one pool of prefixes.
func prefixes(members string) string {
	return inSubnet(`"pd-pools": [{` + members + `}]`)
}

func reservation(members string) string {
	return inSubnet(`"reservations": [{"duid": "00:03:00:01:02", "ip-addresses": ["2001:db8:1::3"], "prefixes": ["2001:db8:8::/48"]}, {` + members + `}]`)
}

// refused are configurations with one mistake each, and our problem.
var refused = map[string]struct{ config, problem string }{
	"empty":             {`{}`, `there is no "Dhcp6" object`},
	"other server":      {`{"Dhcp6": {"valid-lifetime": 1}, "Dhcp4": {}}`, `Dhcp4: unknown key; beside "Dhcp6" nothing may stand in the file`},
	"key twice":         {global(`"subnet6": [], "subnet6": []`), `subnet6: the key is there twice, first at 1:12`},
	"unknown":           {global(`"valid-lifetme": 1`), `valid-lifetme: unknown key`},
	"of DHCPv4":         {global(`"authoritative": true`), `authoritative: unknown key`},
	"wrong type":        {global(`"preferred-lifetime": "1"`), `preferred-lifetime: must be an integer, not a string`},
	"out of range":      {global(`"expired-leases-processing": {"reclaim-timer-wait-time": 70000}`), `70000 is out of range, 0 to 65535`},
	"no such check":     {global(`"sanity-checks": {"lease-checks": "what"}`), `sanity-checks.lease-checks: must be none, warn,`},
	"identifier twice":  {global(`"host-reservation-identifiers": ["duid", "duid"]`), `host-reservation-identifiers[1]: "duid" is there twice`},
	"no identifier":     {global(`"host-reservation-identifiers": ["client-id"]`), `host-reservation-identifiers[0]: must be hw-address, duid or flex-id`},
	"wildcard twice":    {global(`"interfaces-config": {"interfaces": ["*", "*"]}`), `interfaces-config.interfaces[1]: "*" is there twice`},
	"interface":         {global(`"interfaces-config": {"interfaces": ["lo/127.0.0.1"]}`), `interfaces-config.interfaces[0]: "lo/127.0.0.1": behind "/" belongs an IPv6 address`},
	"multicast":         {global(`"interfaces-config": {"interfaces": ["lo/ff02::1:2"]}`), `behind "/" belongs an IPv6 address`},
	"socket type":       {global(`"interfaces-config": {"dhcp-socket-type": "udp"}`), `interfaces-config.dhcp-socket-type: unknown key`},
	"no hook":           {global(`"hooks-libraries": [{"parameters": {}}]`), `hooks-libraries[0].library: is missing`},
	"global rapid":      {global(`"rapid-commit": true`), `rapid-commit: cannot be given globally`},
	"hw source":         {global(`"mac-sources": ["duid", "guess"]`), `mac-sources[1]: must be any, raw,`},
	"hw source twice":   {global(`"mac-sources": ["client-link-addr-option", "rfc6939"]`), `mac-sources[1]: "rfc6939" is there twice`},
	"relay's option":    {global(`"relay-supplied-options": ["65", "nope"]`), `relay-supplied-options[1]: "nope" is neither a code nor the name`},
	"relay's code":      {global(`"relay-supplied-options": ["70000"]`), `relay-supplied-options[0]: "70000" is neither`},
	"any source twice":  {global(`"mac-sources": ["any", "any"]`), `mac-sources[1]: "any" is there twice`},
	"DUID of no type":   {global(`"server-id": {}`), `server-id.type: is missing; it is LLT, LL, EN or UUID`},
	"DUID of what type": {global(`"server-id": {"type": "XX"}`), `server-id.type: must be LLT, LL, EN or UUID, not "XX"`},
	"DUID of what":      {global(`"server-id": {"type": "LL", "identifier": "zz"}`), `server-id.identifier: "zz" are not hexadecimal digits`},

	"min over default":        {global(`"valid-lifetime": 100, "min-valid-lifetime": 200`), `min-valid-lifetime: 200 is greater than valid-lifetime, which is 100`},
	"min over max":            {global(`"min-valid-lifetime": 200, "max-valid-lifetime": 100`), `min-valid-lifetime: 200 is greater than max-valid-lifetime, which is 100`},
	"max under default":       {inSubnet(`"max-valid-lifetime": 7199`), `subnet6[0].max-valid-lifetime: 7199 is less than valid-lifetime, which is 7200`},
	"min preferred":           {global(`"preferred-lifetime": 100, "min-preferred-lifetime": 200`), `min-preferred-lifetime: 200 is greater than preferred-lifetime, which is 100`},
	"max preferred":           {inSubnet(`"preferred-lifetime": 100, "max-preferred-lifetime": 50`), `subnet6[0].max-preferred-lifetime: 50 is less than preferred-lifetime, which is 100`},
	"preferred not said":      {inSubnet(`"min-preferred-lifetime": 50, "max-preferred-lifetime": 100`), `subnet6[0].min-preferred-lifetime: cannot be given together with max-preferred-lifetime without preferred-lifetime`},
	"T1 over T2":              {inSubnet(`"renew-timer": 200, "rebind-timer": 100`), `subnet6[0].renew-timer: 200 is greater than rebind-timer`},
	"T1 share over T2's":      {inSubnet(`"calculate-tee-times": true, "t1-percent": 0.9, "t2-percent": 0.8`), `subnet6[0].t1-percent: 0.9 must be less than t2-percent`},
	"T1 share 0":              {inSubnet(`"t1-percent": 0.0`), `subnet6[0].t1-percent: 0 must be greater than 0`},
	"cache threshold":         {inSubnet(`"cache-threshold": 1.0`), `subnet6[0].cache-threshold: 1 must be`},
	"reservation mode":        {global(`"reservation-mode": "ALL"`), `reservation-mode: must be disabled,`},
	"both modes":              {global(`"reservation-mode": "all", "reservations-global": true`), `reservation-mode: cannot be given together`},
	"character set":           {inSubnet(`"hostname-char-set": "["`), `subnet6[0].hostname-char-set: is not a regular expression`},
	"replace name":            {inSubnet(`"ddns-replace-client-name": "sometimes"`), `subnet6[0].ddns-replace-client-name: must be never,`},
	"lifetime in a pool":      {inSubnet(`"pools": [{"pool": "2001:db8:1::/80", "valid-lifetime": 1}]`), `subnet6[0].pools[0].valid-lifetime: cannot be given here`},
	"timer in a class":        {global(`"client-classes": [{"name": "a", "renew-timer": 1}]`), `client-classes[0].renew-timer: cannot be given here`},
	"lifetime for a host":     {reservation(`"duid": "01:02:03", "ip-addresses": ["2001:db8:1::9"], "valid-lifetime": 1`), `reservations[1].valid-lifetime: unknown key`},
	"lifetimes of a class":    {global(`"client-classes": [{"name": "a", "valid-lifetime": 1, "min-valid-lifetime": 2}]`), `client-classes[0].min-valid-lifetime: 2 is greater`},
	"bounds of a class":       {global(`"client-classes": [{"name": "a", "max-valid-lifetime": 5, "min-valid-lifetime": 2}]`), `client-classes[0].min-valid-lifetime: cannot be given together with max-valid-lifetime without valid-lifetime`},
	"definition in a class":   {global(`"client-classes": [{"name": "a", "option-def": []}]`), `client-classes[0].option-def: unknown key`},
	"rapid commit of a class": {global(`"client-classes": [{"name": "a", "rapid-commit": true}]`), `client-classes[0].rapid-commit: cannot be given here`},

	"id twice":         {global(`"subnet6": [{"id": 2, "subnet": "2001:db8:1::/64"}, {"id": 2, "subnet": "2001:db8:2::/64"}]`), `subnet6[1].id: 2 is already the id of subnet6[0]`},
	"id taken":         {global(`"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64"}, {"subnet": "2001:db8:2::/64"}]`), `subnet6[1].id: 1 is already the id of subnet6[0]`},
	"id too large":     {global(`"subnet6": [{"id": 4294967295, "subnet": "2001:db8:1::/64"}]`), `subnet6[0].id: 4294967295 is out of range`},
	"no subnet":        {global(`"subnet6": [{"id": 1}]`), `subnet6[0].subnet: is missing`},
	"no prefix":        {global(`"subnet6": [{"id": 1, "subnet": "2001:db8::"}]`), `subnet6[0].subnet: "2001:db8::" is not a prefix`},
	"IPv4":             {global(`"subnet6": [{"id": 1, "subnet": "192.0.2.0/24"}]`), `subnet6[0].subnet: 192.0.2.0/24 is not an IPv6 prefix`},
	"subnet twice":     {global(`"subnet6": [{"subnet": "2001:db8:1::/64"}, {"subnet": "2001:db8:1::/64"}]`), `subnet6[1].subnet: 2001:db8:1::/64 is already the prefix of subnet6[0]`},
	"pool outside":     {inSubnet(`"pools": [{"pool": "2001:db8:2::1-2001:db8:2::9"}]`), `pools[0].pool: 2001:db8:2::1-2001:db8:2::9 is not within the subnet 2001:db8:1::/64`},
	"pool half inside": {inSubnet(`"pools": [{"pool": "2001:db8:1::1-2001:db8:2::"}]`), `is not within the subnet`},
	"pool backwards":   {inSubnet(`"pools": [{"pool": "2001:db8:1::9-2001:db8:1::1"}]`), `ends before it begins`},
	"pool of nothing":  {inSubnet(`"pools": [{"pool": "2001:db8:1::9"}]`), `is neither a range`},
	"pool of IPv4":     {inSubnet(`"pools": [{"pool": "192.0.2.1-192.0.2.9"}]`), `is not a range of IPv6 addresses`},
	"no pool":          {inSubnet(`"pools": [{}]`), `subnet6[0].pools[0].pool: is missing`},
	"pools overlap":    {inSubnet(`"pools": [{"pool": "2001:db8:1::9-2001:db8:1::10"}, {"pool": "2001:db8:1::10-2001:db8:1::12"}]`), `subnet6[0].pools[1].pool: 2001:db8:1::10-2001:db8:1::12 overlaps 2001:db8:1::9-2001:db8:1::10`},
	"relay":            {inSubnet(`"relay": {"ip-addresses": ["192.0.2.1"]}`), `subnet6[0].relay: 192.0.2.1 is not an IPv6 address`},
	"relay twice":      {inSubnet(`"relay": {"ip-addresses": ["fe80::1", "fe80::1"]}`), `subnet6[0].relay: fe80::1 is there twice`},
	"both links":       {inSubnet(`"interface": "lo", "interface-id": "vlan7"`), `subnet6[0].interface-id: cannot be given together with interface`},

	"no prefix to delegate": {prefixes(`"prefix-len": 48, "delegated-len": 56`), `pd-pools[0].prefix: is missing`},
	"IPv4 to delegate":      {prefixes(`"prefix": "10.0.0.0", "prefix-len": 8, "delegated-len": 56`), `pd-pools[0].prefix: 10.0.0.0 is not an IPv6 address`},
	"prefix length missing": {prefixes(`"prefix": "2001:db8:8::", "delegated-len": 56`), `pd-pools[0].prefix-len: is missing`},
	"prefix length":         {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 129, "delegated-len": 129`), `pd-pools[0].prefix-len: 129 is out of range`},
	"delegated missing":     {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48`), `pd-pools[0].delegated-len: is missing`},
	"delegated shorter":     {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 47`), `pd-pools[0].delegated-len: 47 is less than prefix-len`},
	"prefixes overlap":      {inSubnet(`"pd-pools": [{"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56}, {"prefix": "2001:db8:8:100::", "prefix-len": 56, "delegated-len": 64}]`), `subnet6[0].pd-pools[1].prefix: 2001:db8:8:100::/56 overlaps 2001:db8:8::/48, which is subnet6[0].pd-pools[0].prefix`},
	"prefix around addresses": {inSubnet(`"pools": [{"pool": "2001:db8:1::1-2001:db8:1::9"}], "pd-pools": [{"prefix": "2001:db8::", "prefix-len": 32, "delegated-len": 48}]`),
		`subnet6[0].pools[0].pool: 2001:db8:1::1-2001:db8:1::9 overlaps 2001:db8::/32, which is subnet6[0].pd-pools[0].prefix`},
	"prefix in addresses": {inSubnet(`"pools": [{"pool": "2001:db8:1::/64"}], "pd-pools": [{"prefix": "2001:db8:1::", "prefix-len": 80, "delegated-len": 96}]`),
		`overlaps`},
	"excluded without length": {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "2001:db8:8::"`), `pd-pools[0].excluded-prefix-len: is missing`},
	"excluded is what":        {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix-len": 64`), `pd-pools[0].excluded-prefix: is missing`},
	"excluded shorter":        {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "2001:db8:8::", "excluded-prefix-len": 56`), `pd-pools[0].excluded-prefix: 2001:db8:8::/56 is not a part of the delegated prefix 2001:db8:8::/56`},
	"excluded too long":       {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "2001:db8:8::", "excluded-prefix-len": 130`), `pd-pools[0].excluded-prefix-len: 130 is out of range`},
	"excluded elsewhere":      {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "2001:db8:8:100::", "excluded-prefix-len": 64`), `2001:db8:8:100::/64 is not a part of the delegated prefix 2001:db8:8::/56`},
	"lifetime of prefixes":    {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "valid-lifetime": 1`), `pd-pools[0].valid-lifetime: unknown key`},

	"unnamed network":   {global(`"shared-networks": [{"name": "", "subnet6": [{"subnet": "2001:db8:1::/64"}]}]`), `shared-networks[0].name: is missing`},
	"network twice":     {global(`"shared-networks": [{"name": "a", "subnet6": [{"subnet": "2001:db8:1::/64"}]}, {"name": "a", "subnet6": [{"subnet": "2001:db8:2::/64"}]}]`), `shared-networks[1].name: "a" is already the name of shared-networks[0]`},
	"two links":         {network(``, `, "interface": "lo"`, `, "interface": "eth0"`), `shared-networks[0].subnet6[1].interface: "eth0" differs from "lo"`},
	"partly rapid":      {network(``, ``, `, "rapid-commit": true`), `shared-networks[0].subnet6[1].rapid-commit: is true, but that of the subnets before is false`},
	"rapid network":     {network(`"rapid-commit": true, `, ``, `, "rapid-commit": false`), `shared-networks[0].subnet6[1].rapid-commit: is false`},
	"network's timers":  {network(`"renew-timer": 200, "rebind-timer": 100, `, ``, ``), `shared-networks[0].renew-timer: 200 is greater than rebind-timer`},
	"pool in a network": {network(``, `, "pools": [{"pool": "2001:db8:7::/80"}]`, ``), `shared-networks[0].subnet6[0].pools[0].pool: 2001:db8:7::-2001:db8:7::ffff:ffff:ffff is not within the subnet`},
	"network's links":   {network(`"interface": "lo", "interface-id": "x", `, ``, ``), `shared-networks[0].interface-id: cannot be given together with interface`},

	"nobody":           {reservation(`"ip-addresses": ["2001:db8:1::9"]`), `reservations[1]: has 0 identifiers; it must have one, of hw-address, duid and flex-id`},
	"two identifiers":  {reservation(`"hw-address": "01:02", "duid": "01:02:03", "ip-addresses": ["2001:db8:1::9"]`), `reservations[1]: has 2 identifiers`},
	"client-id":        {reservation(`"client-id": "01:02", "duid": "01:02:03"`), `reservations[1].client-id: unknown key`},
	"one address":      {reservation(`"ip-address": "2001:db8:1::9", "duid": "01:02:03"`), `reservations[1].ip-address: unknown key`},
	"reserves nothing": {reservation(`"duid": "01:02:03"`), `reservations[1]: reserves nothing`},
	"host outside":     {reservation(`"duid": "01:02:03", "ip-addresses": ["2001:db8:1::9", "2001:db8:2::1"]`), `reservations[1].ip-addresses[1]: 2001:db8:2::1 is not within the subnet`},
	"host twice":       {reservation(`"duid": "00:03:00:01:02", "ip-addresses": ["2001:db8:1::9"]`), `reservations[1].duid: 00:03:00:01:02 is already the identifier of subnet6[0].reservations[0]`},
	"address twice":    {reservation(`"duid": "01:02:03", "ip-addresses": ["2001:db8:1::3"]`), `reservations[1].ip-addresses[0]: 2001:db8:1::3 is already reserved by subnet6[0].reservations[0].ip-addresses[0]`},
	"address again":    {reservation(`"duid": "01:02:03", "ip-addresses": ["2001:db8:1::4", "2001:db8:1::4"]`), `reservations[1].ip-addresses[1]: 2001:db8:1::4 is already reserved by subnet6[0].reservations[1].ip-addresses[0]`},
	"prefix twice":     {reservation(`"duid": "01:02:03", "prefixes": ["2001:db8:8::/48"]`), `reservations[1].prefixes[0]: 2001:db8:8::/48 is already reserved by subnet6[0].reservations[0].prefixes[0]`},
	"prefix twice too": {reservation(`"duid": "01:02:03", "prefixes": ["2001:db8:8::/56"]`), `reservations[1].prefixes[0]: 2001:db8:8::/56 is already reserved`},
	"IPv4 address":     {global(`"reservations": [{"duid": "01:02:03", "ip-addresses": ["192.0.2.1"]}]`), `reservations[0].ip-addresses[0]: 192.0.2.1 cannot be given to an IPv6 client`},
	"multicast host":   {global(`"reservations": [{"duid": "01:02:03", "ip-addresses": ["ff02::1"]}]`), `reservations[0].ip-addresses[0]: ff02::1 cannot be given`},
	"no reserved":      {global(`"reservations": [{"duid": "01:02:03", "prefixes": ["2001:db8::"]}]`), `reservations[0].prefixes[0]: "2001:db8::" is not a prefix`},
	"no hex":           {reservation(`"duid": "1g:2", "ip-addresses": ["2001:db8:1::9"]`), `reservations[1].duid: "1g:2" is neither hexadecimal`},
	"empty identifier": {reservation(`"flex-id": "", "ip-addresses": ["2001:db8:1::9"]`), `reservations[1].flex-id: the identifier is empty`},
	"long hw-address":  {reservation(`"hw-address": "01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15", "hostname": "x"`), `reservations[1].hw-address: has 21 bytes; it may have 20`},

	"class twice":      {global(`"client-classes": [{"name": "a"}, {"name": "a"}]`), `client-classes[1].name: "a" is already the name of client-classes[0]`},
	"class unnamed":    {global(`"client-classes": [{"test": "member('ALL')"}]`), `client-classes[0].name: is missing`},
	"built-in class":   {global(`"client-classes": [{"name": "KNOWN", "test": "pkt6.msgtype == 1"}]`), `client-classes[0].test: KNOWN is a built-in class`},
	"class of DHCPv4":  {global(`"client-classes": [{"name": "a", "test": "pkt4.msgtype == 1"}]`), `client-classes[0].test: `},
	"later member":     {global(`"client-classes": [{"name": "a", "test": "member('b')"}, {"name": "b"}]`), `client-classes[0].test: the class "b" is not defined before`},
	"option twice":     {global(`"option-def": [{"name": "x", "code": 5222, "type": "uint8"}, {"name": "y", "code": 5222, "type": "uint8"}]`), `option-def[1]: `},
	"option value":     {global(`"option-data": [{"name": "dns-servers", "data": "2001:db8::g"}]`), `option-data[0]: option dns-servers`},
	"option of DHCPv4": {global(`"option-data": [{"name": "routers", "data": "192.0.2.1"}]`), `option-data[0]: option routers: `},
	"option name":      {inSubnet(`"option-data": [{"name": "nope", "data": "1"}]`), `subnet6[0].option-data[0]: option nope: `},
	"option of a pool": {inSubnet(`"pools": [{"pool": "2001:db8:1::/80", "option-data": [{"name": "dns-servers", "data": "x"}]}]`), `subnet6[0].pools[0].option-data[0]: option dns-servers`},
	"option of prefix": {prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "option-data": [{"name": "dns-servers", "data": "x"}]`), `subnet6[0].pd-pools[0].option-data[0]: option dns-servers`},
	"option of a host": {reservation(`"hw-address": "01:02", "option-data": [{"name": "dns-servers", "data": "x"}]`), `subnet6[0].reservations[1].option-data[0]: option dns-servers`},
	"option of a net":  {network(`"option-data": [{"name": "dns-servers", "data": "x"}], `, ``, ``), `shared-networks[0].option-data[0]: option dns-servers`},
	"option of class":  {global(`"client-classes": [{"name": "a", "option-data": [{"name": "dns-servers", "data": "x"}]}]`), `client-classes[0].option-data[0]: option dns-servers`},
}

func TestRefusedAsByKea(t *testing.T) {
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dhcp6.ParseConfig(strings.NewReader(c.config), nil)
			lines := problemLines(t, err)
			require.Len(t, lines, 1, "%q", lines)
			require.Contains(t, lines[0], c.problem)

			output, ok := keaTest(t, c.config)
			require.False(t, ok, output)
		})
	}
}

// These are accepted by Kea, some with a shrug.
func TestAcceptedAsByKea(t *testing.T) {
	for name, config := range map[string]string{
		"subnets overlap":         global(`"subnet6": [{"subnet": "2001:db8:1::/64"}, {"subnet": "2001:db8:1::/80"}]`),
		"no class":                inSubnet(`"client-class": "nope", "require-client-classes": ["nope"]`),
		"host of no class":        reservation(`"hw-address": "01:02", "client-classes": ["nope"]`),
		"host of a name":          reservation(`"hw-address": "01:02", "hostname": "x"`),
		"host with several":       reservation(`"hw-address": "01:02", "ip-addresses": ["2001:db8:1::4", "2001:db8:1::5"], "prefixes": ["2001:db8:9::/48", "2001:db8:a::/56"]`),
		"host by flex-id":         reservation(`"flex-id": "'port 7'", "ip-addresses": ["2001:db8:1::4"]`),
		"host at network address": reservation(`"hw-address": "01:02", "ip-addresses": ["2001:db8:1::"]`),
		"global host anywhere":    global(`"reservations": [{"duid": "01:02:03", "ip-addresses": ["2001:db8:77::1"]}]`),
		"prefix in the subnet":    reservation(`"hw-address": "01:02", "prefixes": ["2001:db8:1:0:8000::/80"]`),
		"address twice":           global(`"ip-reservations-unique": false, "reservations": [{"hw-address": "01:02", "ip-addresses": ["2001:db8::1"]}, {"hw-address": "01:03", "ip-addresses": ["2001:db8::1"]}]`),
		"same host elsewhere":     global(`"subnet6": [{"subnet": "2001:db8:1::/64", "reservations": [{"duid": "01:02:03", "hostname": "a"}]}, {"subnet": "2001:db8:2::/64", "reservations": [{"duid": "01:02:03", "hostname": "a"}]}]`),
		"preferred over valid":    global(`"preferred-lifetime": 2000, "valid-lifetime": 1000`),
		"only min preferred":      inSubnet(`"min-preferred-lifetime": 50`),
		"unused shares":           inSubnet(`"calculate-tee-times": false, "t1-percent": 0.9, "t2-percent": 0.1`),
		"T1 equals T2":            inSubnet(`"renew-timer": 100, "rebind-timer": 100`),
		"everything":              global(`"subnet6": [{"subnet": "::/0"}]`),
		"one address":             global(`"subnet6": [{"subnet": "2001:db8::1/128", "pools": [{"pool": "2001:db8::1/128"}]}]`),
		"no pools":                inSubnet(`"pools": [], "pd-pools": []`),
		"network without subnets": global(`"shared-networks": [{"name": "a"}]`),
		"prefixes elsewhere":      prefixes(`"prefix": "3000::", "prefix-len": 16, "delegated-len": 64`),
		"one prefix":              prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 48`),
		"prefixes are addresses":  prefixes(`"prefix": "2001:db8:8::", "prefix-len": 112, "delegated-len": 128`),
		"excluded prefix":         prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "2001:db8:8:ff::", "excluded-prefix-len": 64`),
		"nothing excluded":        prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "::", "excluded-prefix-len": 0`),
		"prefix of relay":         network(`"interface-id": "vlan7", "relay": {"ip-addresses": ["2001:db8:99::1"]}, `, ``, `, "interface-id": "vlan8"`),
		"text of interface":       inSubnet(`"interface-id": "ge-0/0/1.7 'x'"`),
		"no interface":            inSubnet(`"interface": "", "interface-id": ""`),
		"rapid network":           network(`"rapid-commit": true, `, ``, `, "rapid-commit": true`),
		"severity":                global(`"loggers": [{"name": "kea-dhcp6", "severity": "debug"}]`),
		"infinite":                global(`"valid-lifetime": 4294967295, "preferred-lifetime": 4294967295`),
		"no lifetime":             global(`"valid-lifetime": 0`),
		"built-in members":        global(`"client-classes": [{"name": "a", "test": "member('KNOWN') or member('HA_server1') or member('VENDOR_CLASS_x')"}, {"name": "b", "test": "member('a')"}]`),
		"relays in a class":       global(`"client-classes": [{"name": "a", "test": "relay6[0].option[18].hex == 'x' and not (pkt6.transid == 1)"}]`),
		"option by name":          global(`"option-def": [{"name": "mine", "code": 5222, "type": "string"}], "client-classes": [{"name": "a", "test": "option[mine].text == 'x'"}]`),
		"built-in, no test":       global(`"client-classes": [{"name": "KNOWN", "preferred-lifetime": 7}]`),
		"option given twice":      global(`"option-data": [{"name": "dns-servers", "data": "2001:db8::1"}, {"name": "dns-servers", "data": "2001:db8::2"}]`),
		"relay's options":         global(`"relay-supplied-options": ["110", "dns-servers", "65"]`),
		"any besides others":      global(`"mac-sources": ["duid", "ipv6-link-local", "rfc6939", "rfc4649", "rfc4580", "docsis-cmts", "docsis-modem", "any"]`),
		"hw sources":              global(`"mac-sources": ["raw", "duid", "ipv6-link-local", "client-link-addr-option", "rfc4649", "rfc4580", "docsis-cmts", "docsis-modem"]`),
		"DUID":                    global(`"server-id": {"type": "EN", "enterprise-id": 2495, "identifier": "87ABEF7A5BB545", "persist": false}`),
		"DUID as Kea writes it":   global(`"server-id": {"type": "LLT", "enterprise-id": 0, "htype": 8, "time": 0, "identifier": ""}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dhcp6.ParseConfig(strings.NewReader(config), nil)
			require.NoError(t, err)
			output, ok := keaTest(t, config)
			require.True(t, ok, output)
		})
	}
}

// What Kea 2.2 accepts is refused where it would give one address, or one
// prefix, to two clients, or nobody what is meant.
func TestRefusedUnlikeByKea(t *testing.T) {
	for name, c := range map[string]struct{ config, problem string }{
		"bits of a prefix":          {prefixes(`"prefix": "2001:db8:8::1", "prefix-len": 48, "delegated-len": 56`), `pd-pools[0].prefix: 2001:db8:8::1 has bits beyond prefix-len set; 2001:db8:8:: is meant`},
		"bits of a reserved prefix": {reservation(`"duid": "01:02:03", "prefixes": ["2001:db8:9::1/48"]`), `reservations[1].prefixes[0]: 2001:db8:9::1/48 has bits beyond its length set; 2001:db8:9::/48 is meant`},
		"no address":                {global(`"reservations": [{"duid": "01:02:03", "ip-addresses": ["::"]}]`), `reservations[0].ip-addresses[0]: :: cannot be given`},
		"prefix of no length":       {global(`"reservations": [{"duid": "01:02:03", "prefixes": ["::/0"]}]`), `reservations[0].prefixes[0]: ::/0 cannot be delegated`},
		"prefixes of two subnets": {global(`"subnet6": [{"subnet": "2001:db8:1::/64", "pd-pools": [{"prefix": "3000::", "prefix-len": 32, "delegated-len": 48}]},
			{"subnet": "2001:db8:2::/64", "pd-pools": [{"prefix": "3000:0:8::", "prefix-len": 48, "delegated-len": 56}]}]`),
			`subnet6[1].pd-pools[0].prefix: 3000:0:8::/48 overlaps 3000::/32, which is subnet6[0].pd-pools[0].prefix`},
		"pools of two subnets": {global(`"subnet6": [{"subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::/80"}]},
			{"subnet": "2001:db8:1::/72", "pools": [{"pool": "2001:db8:1::/96"}]}]`), `subnet6[1].pools[0].pool: 2001:db8:1::-2001:db8:1::ffff:ffff overlaps`},
		"mapped IPv4 addresses": {global(`"subnet6": [{"subnet": "::ffff:192.0.2.0/120"}]`), `subnet6[0].subnet: ::ffff:192.0.2.0/120 is not an IPv6 prefix`},
		"long DUID":             {global(`"server-id": {"type": "LL", "identifier": "` + strings.Repeat("01", 127) + `"}`), `server-id.identifier: has 127 bytes; it may have 126`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dhcp6.ParseConfig(strings.NewReader(c.config), nil)
			lines := problemLines(t, err)
			require.Len(t, lines, 1, "%q", lines)
			require.Contains(t, lines[0], c.problem)
			output, ok := keaTest(t, c.config)
			require.True(t, ok, output)
		})
	}
}
