package dhcp4_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// keaTest lets the real kea-dhcp4 test a configuration.
func keaTest(t *testing.T, config string) (string, bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	return testnet.KeaTest(t, "kea-dhcp4", file)
}

func TestKeaAcceptsTheTestConfigs(t *testing.T) {
	for _, kind := range []string{"valid", "unsupported"} {
		for _, file := range configs(t, kind) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				output, ok := testnet.KeaTest(t, "kea-dhcp4", file)
				require.True(t, ok, output)
			})
		}
	}
}

// The real server reads what we write.
func TestKeaReadsConfigsAsWritten(t *testing.T) {
	for _, file := range configs(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := dhcp4.LoadConfig(file, nil)
			require.NoError(t, err)
			written, err := json.Marshal(map[string]any{"Dhcp4": cfg})
			require.NoError(t, err)
			output, ok := keaTest(t, string(written))
			require.True(t, ok, output)
		})
	}
}

// inSubnet and inNetwork make a configuration of members of one subnet.
func inSubnet(members string) string {
	return `{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", ` + members + `}]}}`
}

func global(members string) string { return `{"Dhcp4": {` + members + `}}` }

// network makes a configuration of one shared network and what its two
// subnets have.
func network(members, first, second string) string {
	return global(`"shared-networks": [{"name": "n", ` + members + `"subnet4": [
		{"subnet": "192.0.2.0/24"` + first + `}, {"subnet": "192.0.3.0/24"` + second + `}]}]`)
}

func reservation(members string) string {
	return inSubnet(`"reservations": [{"hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.3"}, {` + members + `}]`)
}

// refused are configurations with one mistake each, and our problem.
var refused = map[string]struct{ config, problem string }{
	"empty":            {`{}`, `there is no "Dhcp4" object`},
	"other server":     {`{"Dhcp4": {"valid-lifetime": 1}, "Dhcp6": {}}`, `Dhcp6: unknown key; beside "Dhcp4" nothing may stand in the file`},
	"key twice":        {global(`"subnet4": [], "subnet4": []`), `subnet4: the key is there twice, first at 1:12`},
	"capital":          {global(`"authoritative": True`), `True is neither`},
	"null":             {global(`"authoritative": null`), `authoritative: must be a boolean, not null`},
	"unknown":          {global(`"valid-lifetme": 1`), `valid-lifetme: unknown key`},
	"wrong type":       {global(`"valid-lifetime": "1"`), `valid-lifetime: must be an integer, not a string`},
	"no object":        {global(`"user-context": [1]`), `user-context: must be an object, not a list`},
	"out of range":     {global(`"expired-leases-processing": {"reclaim-timer-wait-time": 70000}`), `70000 is out of range, 0 to 65535`},
	"negative":         {global(`"expired-leases-processing": {"hold-reclaimed-time": -1}`), `-1 is out of range`},
	"no such check":    {global(`"sanity-checks": {"lease-checks": "what"}`), `sanity-checks.lease-checks: must be none, warn,`},
	"identifier twice": {global(`"host-reservation-identifiers": ["duid", "duid"]`), `host-reservation-identifiers[1]: "duid" is there twice`},
	"no identifier":    {global(`"host-reservation-identifiers": ["mac"]`), `host-reservation-identifiers[0]: must be hw-address,`},
	"wildcard twice":   {global(`"interfaces-config": {"interfaces": ["*", "*"]}`), `interfaces-config.interfaces[1]: "*" is there twice`},
	"interface":        {global(`"interfaces-config": {"interfaces": ["lo/"]}`), `interfaces-config.interfaces[0]: "lo/": behind "/"`},
	"no hook":          {global(`"hooks-libraries": [{"parameters": {}}]`), `hooks-libraries[0].library: is missing`},

	"min over default":     {global(`"valid-lifetime": 100, "min-valid-lifetime": 200`), `min-valid-lifetime: 200 is greater than valid-lifetime, which is 100`},
	"min over max":         {global(`"min-valid-lifetime": 200, "max-valid-lifetime": 100`), `min-valid-lifetime: 200 is greater than max-valid-lifetime, which is 100`},
	"max under default":    {inSubnet(`"max-valid-lifetime": 7199`), `subnet4[0].max-valid-lifetime: 7199 is less than valid-lifetime, which is 7200`},
	"T1 over T2":           {inSubnet(`"renew-timer": 200, "rebind-timer": 100`), `subnet4[0].renew-timer: 200 is greater than rebind-timer`},
	"T1 share over T2's":   {inSubnet(`"calculate-tee-times": true, "t1-percent": 0.9, "t2-percent": 0.8`), `subnet4[0].t1-percent: 0.9 must be less than t2-percent`},
	"T1 share 0":           {inSubnet(`"calculate-tee-times": true, "t1-percent": 0.0`), `subnet4[0].t1-percent: 0 must be greater than 0`},
	"cache threshold":      {inSubnet(`"cache-threshold": 1.0`), `subnet4[0].cache-threshold: 1 must be`},
	"reservation mode":     {global(`"reservation-mode": "ALL"`), `reservation-mode: must be disabled,`},
	"both modes":           {global(`"reservation-mode": "all", "reservations-global": true`), `reservation-mode: cannot be given together`},
	"character set":        {inSubnet(`"hostname-char-set": "["`), `subnet4[0].hostname-char-set: is not a regular expression`},
	"replace name":         {inSubnet(`"ddns-replace-client-name": "sometimes"`), `subnet4[0].ddns-replace-client-name: must be never,`},
	"lifetime in a pool":   {inSubnet(`"pools": [{"pool": "192.0.2.0/25", "valid-lifetime": 1}]`), `subnet4[0].pools[0].valid-lifetime: cannot be given here`},
	"timer in a class":     {global(`"client-classes": [{"name": "a", "renew-timer": 1}]`), `client-classes[0].renew-timer: cannot be given here`},
	"lifetime for a host":  {reservation(`"hw-address": "1:2", "ip-address": "192.0.2.9", "valid-lifetime": 1`), `reservations[1].valid-lifetime: cannot be given here`},
	"lifetimes of a class": {global(`"client-classes": [{"name": "a", "valid-lifetime": 1, "min-valid-lifetime": 2}]`), `client-classes[0].min-valid-lifetime: 2 is greater`},

	"id twice":         {global(`"subnet4": [{"id": 2, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "192.0.3.0/24"}]`), `subnet4[1].id: 2 is already the id of subnet4[0]`},
	"id taken":         {global(`"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}, {"subnet": "192.0.3.0/24"}]`), `subnet4[1].id: 1 is already the id of subnet4[0]`},
	"id too large":     {global(`"subnet4": [{"id": 4294967295, "subnet": "192.0.2.0/24"}]`), `subnet4[0].id: 4294967295 is out of range`},
	"no subnet":        {global(`"subnet4": [{"id": 1}]`), `subnet4[0].subnet: is missing`},
	"no prefix":        {global(`"subnet4": [{"id": 1, "subnet": "192.0.2.0"}]`), `subnet4[0].subnet: "192.0.2.0" is not a prefix`},
	"IPv6":             {global(`"subnet4": [{"id": 1, "subnet": "2001:db8::/64"}]`), `subnet4[0].subnet: 2001:db8::/64 is not an IPv4 prefix`},
	"subnet twice":     {global(`"subnet4": [{"subnet": "192.0.2.0/24"}, {"subnet": "192.0.2.0/24"}]`), `subnet4[1].subnet: 192.0.2.0/24 is already the prefix of subnet4[0]`},
	"pool outside":     {inSubnet(`"pools": [{"pool": "192.0.3.1-192.0.3.9"}]`), `pools[0].pool: 192.0.3.1-192.0.3.9 is not within the subnet 192.0.2.0/24`},
	"pool half inside": {inSubnet(`"pools": [{"pool": "192.0.2.1-192.0.3.9"}]`), `is not within the subnet`},
	"pool from before": {inSubnet(`"pools": [{"pool": "192.0.1.9-192.0.2.9"}]`), `is not within the subnet`},
	"pool backwards":   {inSubnet(`"pools": [{"pool": "192.0.2.9-192.0.2.1"}]`), `ends before it begins`},
	"pool of nothing":  {inSubnet(`"pools": [{"pool": "192.0.2.9"}]`), `is neither a range`},
	"no pool":          {inSubnet(`"pools": [{}]`), `subnet4[0].pools[0].pool: is missing`},
	"pools overlap":    {inSubnet(`"pools": [{"pool": "192.0.2.9-192.0.2.10"}, {"pool": "192.0.2.10-192.0.2.12"}]`), `subnet4[0].pools[1].pool: 192.0.2.10-192.0.2.12 overlaps 192.0.2.9-192.0.2.10`},
	"pool in pool":     {inSubnet(`"pools": [{"pool": "192.0.2.1-192.0.2.90"}, {"pool": "192.0.2.3-192.0.2.5"}]`), `subnet4[0].pools[1].pool: 192.0.2.3-192.0.2.5 overlaps 192.0.2.1-192.0.2.90`},
	"relay":            {inSubnet(`"relay": {"ip-addresses": ["fe80::1"]}`), `subnet4[0].relay: fe80::1 is not an IPv4 address`},
	"relay twice":      {inSubnet(`"relay": {"ip-addresses": ["10.0.0.1", "10.0.0.1"]}`), `subnet4[0].relay: 10.0.0.1 is there twice`},

	"unnamed network":       {global(`"shared-networks": [{"name": "", "subnet4": [{"subnet": "192.0.2.0/24"}]}]`), `shared-networks[0].name: is missing`},
	"network twice":         {global(`"shared-networks": [{"name": "a", "subnet4": [{"subnet": "192.0.2.0/24"}]}, {"name": "a", "subnet4": [{"subnet": "192.0.3.0/24"}]}]`), `shared-networks[1].name: "a" is already the name of shared-networks[0]`},
	"two links":             {network(``, `, "interface": "lo"`, `, "interface": "eth0"`), `shared-networks[0].subnet4[1].interface: "eth0" differs from "lo"`},
	"partly authoritative":  {network(``, ``, `, "authoritative": true`), `shared-networks[0].subnet4[1].authoritative: is true, but that of the shared network is false`},
	"authoritative network": {network(`"authoritative": true, `, ``, `, "authoritative": false`), `shared-networks[0].subnet4[1].authoritative: is false`},

	"nobody":            {reservation(`"ip-address": "192.0.2.9"`), `reservations[1]: has 0 identifiers`},
	"two identifiers":   {reservation(`"hw-address": "1:2", "duid": "01:02", "ip-address": "192.0.2.9"`), `reservations[1]: has 2 identifiers`},
	"nothing reserved":  {reservation(`"hw-address": "1:2"`), `reservations[1]: reserves nothing`},
	"empty boot fields": {reservation(`"hw-address": "1:2", "next-server": "0.0.0.0"`), `reservations[1]: reserves nothing`},
	"host outside":      {reservation(`"hw-address": "1:2", "ip-address": "192.0.3.1"`), `reservations[1].ip-address: 192.0.3.1 is not within the subnet`},
	"host twice":        {reservation(`"hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.9"`), `reservations[1].hw-address: 01:02:03:04:05:06 is already the identifier of subnet4[0].reservations[0]`},
	"address twice":     {reservation(`"hw-address": "1:2", "ip-address": "192.0.2.3"`), `reservations[1].ip-address: 192.0.2.3 is already reserved by subnet4[0].reservations[0]`},
	"broadcast":         {global(`"reservations": [{"hw-address": "1:2", "ip-address": "255.255.255.255"}]`), `reservations[0].ip-address: 255.255.255.255 cannot be given`},
	"no hex":            {reservation(`"hw-address": "1g:2", "ip-address": "192.0.2.9"`), `reservations[1].hw-address: "1g:2" is neither hexadecimal`},
	"empty octet":       {reservation(`"hw-address": "1::2", "ip-address": "192.0.2.9"`), `reservations[1].hw-address: "1::2" is neither hexadecimal`},
	"empty identifier":  {reservation(`"client-id": "", "ip-address": "192.0.2.9"`), `reservations[1].client-id: the identifier is empty`},

	"class twice":      {global(`"client-classes": [{"name": "a"}, {"name": "a"}]`), `client-classes[1].name: "a" is already the name of client-classes[0]`},
	"class unnamed":    {global(`"client-classes": [{"next-server": "192.0.2.1"}]`), `client-classes[0].name: is missing`},
	"built-in class":   {global(`"client-classes": [{"name": "KNOWN", "test": "pkt4.msgtype == 1"}]`), `client-classes[0].test: KNOWN is a built-in class`},
	"class expression": {global(`"client-classes": [{"name": "a", "test": "option[60].hex = 'x'"}]`), `client-classes[0].test: `},
	"unknown member":   {global(`"client-classes": [{"name": "a", "test": "member('b')"}]`), `client-classes[0].test: the class "b" is not defined before`},
	"later member":     {global(`"client-classes": [{"name": "a", "test": "member('b')"}, {"name": "b"}]`), `client-classes[0].test: the class "b" is not defined before`},
	"its own member":   {global(`"client-classes": [{"name": "a", "test": "member('a')"}]`), `client-classes[0].test: the class "a" is not defined before`},
	"option twice":     {global(`"option-def": [{"name": "x", "code": 222, "type": "uint8"}, {"name": "y", "code": 222, "type": "uint8"}]`), `option-def[1]: `},
	"option value":     {global(`"option-data": [{"name": "routers", "data": "192.0.2.256"}]`), `option-data[0]: option routers: data: `},
	"option name":      {inSubnet(`"option-data": [{"name": "nope", "data": "1"}]`), `subnet4[0].option-data[0]: option nope: `},
	"option of a pool": {inSubnet(`"pools": [{"pool": "192.0.2.0/25", "option-data": [{"name": "routers", "data": "x"}]}]`), `subnet4[0].pools[0].option-data[0]: option routers`},
	"option of a host": {reservation(`"hw-address": "1:2", "option-data": [{"name": "routers", "data": "x"}]`), `subnet4[0].reservations[1].option-data[0]: option routers`},
	"option of a net":  {network(`"option-data": [{"name": "routers", "data": "x"}], `, ``, ``), `shared-networks[0].option-data[0]: option routers`},
	"option of class":  {global(`"client-classes": [{"name": "a", "option-data": [{"name": "routers", "data": "x"}]}]`), `client-classes[0].option-data[0]: option routers`},
	"definition of class": {global(`"client-classes": [{"name": "a", "option-def": [{"name": "x", "code": 100, "type": "string"}]}]`),
		`client-classes[0].option-def[0]: option 100 cannot be defined by a class`},
}

func TestRefusedAsByKea(t *testing.T) {
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dhcp4.ParseConfig(strings.NewReader(c.config), nil)
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
		"subnets overlap":         global(`"subnet4": [{"subnet": "192.0.2.0/24"}, {"subnet": "192.0.2.0/25"}]`),
		"no class":                inSubnet(`"client-class": "nope", "require-client-classes": ["nope"]`),
		"vendor class":            inSubnet(`"client-class": "VENDOR_CLASS_docsis3.0"`),
		"host of no class":        reservation(`"hw-address": "1:2", "client-classes": ["nope"]`),
		"host at network address": reservation(`"hw-address": "1:2", "ip-address": "192.0.2.0"`),
		"octets with spaces":      reservation(`"client-id": "01 02 3", "hostname": "x"`),
		"address twice":           global(`"ip-reservations-unique": false, "reservations": [{"hw-address": "1:2", "ip-address": "192.0.2.3"}, {"hw-address": "1:3", "ip-address": "192.0.2.3"}]`),
		"same host elsewhere":     `{"Dhcp4": {"subnet4": [{"subnet": "192.0.2.0/24", "reservations": [{"hw-address": "1:2", "hostname": "a"}]}, {"subnet": "192.0.3.0/24", "reservations": [{"hw-address": "1:2", "hostname": "a"}]}]}}`,
		"unused shares":           inSubnet(`"t1-percent": 0.9, "t2-percent": 0.1`),
		"T1 equals T2":            inSubnet(`"renew-timer": 100, "rebind-timer": 100`),
		"T2 past the end":         inSubnet(`"rebind-timer": 100000`),
		"everything":              global(`"subnet4": [{"subnet": "0.0.0.0/0"}]`),
		"one address":             global(`"subnet4": [{"subnet": "192.0.2.1/32", "pools": [{"pool": "192.0.2.1/32"}]}]`),
		"no pools":                inSubnet(`"pools": []`),
		"network without subnets": global(`"shared-networks": [{"name": "a"}]`),
		"mixed client-id":         network(``, ``, `, "match-client-id": false`),
		"severity":                global(`"loggers": [{"name": "kea-dhcp4", "severity": "debug"}]`),
		"infinite":                global(`"valid-lifetime": 4294967295`),
		"no lifetime":             global(`"valid-lifetime": 0`),
		"built-in members":        global(`"client-classes": [{"name": "a", "test": "member('KNOWN') or member('HA_server1') or member('VENDOR_CLASS_x')"}, {"name": "b", "test": "member('a')"}]`),
		"option by name":          global(`"option-def": [{"name": "mine", "code": 222, "type": "string"}], "client-classes": [{"name": "a", "test": "option[mine].text == 'x'"}]`),
		"built-in, no test":       global(`"client-classes": [{"name": "KNOWN", "next-server": "192.0.2.1"}]`),
		"option given twice":      global(`"option-data": [{"name": "routers", "data": "1.2.3.4"}, {"name": "routers", "data": "1.2.3.5"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dhcp4.ParseConfig(strings.NewReader(config), nil)
			require.NoError(t, err)

			output, ok := keaTest(t, config)
			require.True(t, ok, output)
		})
	}
}
