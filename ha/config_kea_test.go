package ha_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// object is a JSON object. A member that is absent is removed by with.
type object map[string]any

type removed struct{}

// with returns the object with members added, replaced or removed.
func (o object) with(members object) object {
	all := object{}
	for _, from := range []object{o, members} {
		for k, v := range from {
			if all[k] = v; v == (removed{}) {
				delete(all, k)
			}
		}
	}
	return all
}

// relationship is one between peers a, b, c of the roles; this server is a.
func relationshipOf(mode string, roles ...string) object {
	peers := []object{}
	for i, role := range roles {
		peers = append(peers, object{
			"name": string(rune('a' + i)), "url": fmt.Sprintf("http://192.0.2.%d:8000/", i+1), "role": role})
	}
	return object{"this-server-name": "a", "mode": mode, "peers": peers}
}

func loadBalancing(members object) object {
	return relationshipOf("load-balancing", "primary", "secondary").with(members)
}

func hotStandby(members object) object {
	return relationshipOf("hot-standby", "primary", "standby").with(members)
}

func passiveBackup(members object) object {
	return relationshipOf("passive-backup", "primary", "backup").with(members)
}

// secondPeer is a relationship whose peer b has the members.
func secondPeer(members object) object {
	r := loadBalancing(nil)
	peers := r["peers"].([]object)
	peers[1] = peers[1].with(members)
	return r
}

// keaCases are relationships by what distinguishes them.
func keaCases(t *testing.T) map[string]object {
	cases := map[string]object{
		"load-balancing":              loadBalancing(nil),
		"hot-standby":                 hotStandby(nil),
		"passive-backup":              passiveBackup(nil),
		"backups":                     relationshipOf("hot-standby", "primary", "standby", "backup", "backup"),
		"alone":                       relationshipOf("passive-backup", "primary"),
		"two primaries":               relationshipOf("load-balancing", "primary", "secondary", "primary"),
		"two secondaries":             relationshipOf("load-balancing", "primary", "secondary", "secondary"),
		"two standbys":                relationshipOf("hot-standby", "primary", "standby", "standby"),
		"standby in load-balancing":   relationshipOf("load-balancing", "primary", "secondary", "standby"),
		"no secondary":                relationshipOf("load-balancing", "primary"),
		"secondary in hot-standby":    relationshipOf("hot-standby", "primary", "standby", "secondary"),
		"no standby":                  relationshipOf("hot-standby", "primary", "backup"),
		"no primary":                  relationshipOf("hot-standby", "standby"),
		"secondary in passive-backup": relationshipOf("passive-backup", "primary", "secondary"),
		"standby in passive-backup":   relationshipOf("passive-backup", "primary", "standby"),
		"only backup":                 relationshipOf("passive-backup", "backup"),

		"blank this-server-name":   loadBalancing(object{"this-server-name": " "}),
		"blanks around this name":  loadBalancing(object{"this-server-name": " a\t"}),
		"another this-server-name": loadBalancing(object{"this-server-name": "x"}),
		"no mode":                  loadBalancing(object{"mode": removed{}}),
		"wrong mode":               loadBalancing(object{"mode": "both"}),
		"no peers":                 loadBalancing(object{"peers": removed{}}),
		"empty peers":              loadBalancing(object{"peers": []any{}}),
		"peers no list":            loadBalancing(object{"peers": object{}}),
		"unknown member":           loadBalancing(object{"foo": 1}),

		"no name":             secondPeer(object{"name": removed{}}),
		"blank name":          secondPeer(object{"name": " "}),
		"name twice":          secondPeer(object{"name": "a"}),
		"no url":              secondPeer(object{"url": removed{}}),
		"no role":             secondPeer(object{"role": removed{}}),
		"wrong role":          secondPeer(object{"role": "boss"}),
		"auto-failover":       secondPeer(object{"auto-failover": false}),
		"auto-failover 0":     secondPeer(object{"auto-failover": 0}),
		"unknown peer member": secondPeer(object{"foo": 1}),

		"user":              secondPeer(object{"basic-auth-user": "u", "basic-auth-password": "p"}),
		"user only":         secondPeer(object{"basic-auth-user": "u"}),
		"password only":     secondPeer(object{"basic-auth-password": "p"}),
		"no user":           secondPeer(object{"basic-auth-user": ""}),
		"colon":             secondPeer(object{"basic-auth-user": "u:x"}),
		"user 1":            secondPeer(object{"basic-auth-user": 1}),
		"password twice":    secondPeer(object{"basic-auth-user": "u", "basic-auth-password": "p", "basic-auth-password-file": file(t, "p")}),
		"password in file":  secondPeer(object{"basic-auth-user": "u", "basic-auth-password-file": file(t, "p\n")}),
		"file not there":    secondPeer(object{"basic-auth-user": "u", "basic-auth-password-file": "/nonexistent"}),
		"file without user": secondPeer(object{"basic-auth-password-file": "/nonexistent"}),
		"file is a folder":  secondPeer(object{"basic-auth-user": "u", "basic-auth-password-file": "/tmp"}),

		"some TLS":           loadBalancing(object{"trust-anchor": "/x", "key-file": "/x"}),
		"some TLS of a peer": secondPeer(object{"cert-file": "/x"}),
		"TLS not there":      loadBalancing(object{"trust-anchor": "/nonexistent", "cert-file": "/nonexistent", "key-file": "/nonexistent"}),
		"empty TLS":          loadBalancing(object{"trust-anchor": "", "cert-file": "", "key-file": ""}),
		"TLS of other type":  loadBalancing(object{"trust-anchor": 1}),

		"delayed updates in hot-standby":       hotStandby(object{"delayed-updates-limit": 1}),
		"no delayed updates in hot-standby":    hotStandby(object{"delayed-updates-limit": 0}),
		"delayed updates in passive-backup":    passiveBackup(object{"delayed-updates-limit": 1}),
		"no delayed updates in passive-backup": passiveBackup(object{"delayed-updates-limit": 0}),
		"wait-backup-ack in hot-standby":       hotStandby(object{"wait-backup-ack": true}),
		"wait-backup-ack in passive-backup":    passiveBackup(object{"wait-backup-ack": true}),
	}
	for _, url := range []string{
		"http://192.0.2.9:8000", "https://192.0.2.9:8000/", "ftp://192.0.2.9:8000/", "192.0.2.9:8000", "http://[2001:db8::1]:8000/",
		"http://2001:db8::1:8000/", "http://192.0.2.9:x/", "http://", "http://:8000/", "http://192.0.2.9:8000/path?x=1",
		" http://192.0.2.9:8000/", "http://192.0.2.9:8000/ ", "", "http://a:b@192.0.2.9:8000/", "http://0.0.0.0:8000/", "http://192.0.2.9",
		"http://[fe80::1%25eth0]:8000/", "http://192.0.2.9:/", "http://1.2.3:80/", "http://[192.0.2.9]:8000/", "http://256.0.0.1:80/",
		"http://server2:8000/", "HTTP://192.0.2.9:8000/", "http://192.0.2.9:0/", "http://192.0.2.9:70000/", "http://192.0.2.1:8000/",
		"http://192.0.2.9:+80/", "http://[fe80::1%eth0]:8000/",
	} {
		cases["url "+url] = secondPeer(object{"url": url})
	}
	for key, most := range map[string]int64{
		"sync-timeout": 1<<32 - 1, "sync-page-limit": 1<<32 - 1, "delayed-updates-limit": 1<<32 - 1, "max-unacked-clients": 1<<32 - 1,
		"max-rejected-lease-updates": 1<<32 - 1,
		"heartbeat-delay":            1<<16 - 1, "max-response-delay": 1<<16 - 1, "max-ack-delay": 1<<16 - 1,
	} {
		for _, v := range []any{0, most, most + 1, -1, 1.5, "1", nil, true} {
			cases[fmt.Sprintf("%s %#v", key, v)] = loadBalancing(object{key: v})
		}
	}
	for _, key := range []string{"send-lease-updates", "sync-leases", "wait-backup-ack", "require-client-certs", "restrict-commands"} {
		for _, v := range []any{true, false, "true", 1, nil} {
			cases[fmt.Sprintf("%s %#v", key, v)] = loadBalancing(object{key: v})
		}
	}
	for _, states := range []string{
		`{}`, `{"states": []}`, `{"states": [{}]}`, `{"states": [{"state": "waiting"}]}`, `{"states": [{"state": "asleep"}]}`,
		`{"states": [{"state": "unavailable"}]}`, `{"states": [{"state": "waiting", "pause": "twice"}]}`, `{"states": {}}`, `[]`,
		`{"states": [{"state": "waiting", "pause": "once"}, {"state": "waiting"}]}`, `{"x": 1}`, `{"states": [{"state": "syncing", "pause": ""}]}`,
		`{"states": [{"state": "hot-standby", "pause": "always"}, {"state": "partner-down", "pause": "never"}]}`,
	} {
		cases["state-machine "+states] = loadBalancing(object{"state-machine": json.RawMessage(states)})
	}
	for _, threads := range []string{
		`{}`, `{"enable-multi-threading": true}`, `{"enable-multi-threading": 1}`, `{"http-dedicated-listener": false}`, `{"x": 1}`, `[]`,
		`{"http-client-threads": -1}`, `{"http-client-threads": 4294967296}`, `{"http-client-threads": 4294967295, "http-listener-threads": 0}`,
	} {
		cases["multi-threading "+threads] = loadBalancing(object{"multi-threading": json.RawMessage(threads)})
	}
	return cases
}

// differences are the cases in which this server deliberately goes its own
// way, with the reason.
var differences = map[string]string{
	"url http://server2:8000/":                                      "names of hosts are resolved",
	"url HTTP://192.0.2.9:8000/":                                    "schemes have no case (RFC 3986, section 3.1)",
	"url http://192.0.2.9:0/":                                       "nobody can be reached at port 0",
	"url http://192.0.2.9:70000/":                                   "there is no such port; Kea takes 4464",
	"url http://192.0.2.1:8000/":                                    "two servers at one place: this one would be its own partner",
	"url http://[192.0.2.9]:8000/":                                  "brackets are for IPv6 (RFC 3986, section 3.2.2)",
	"url http://192.0.2.9:+80/":                                     "a port has digits only (RFC 3986, section 3.2.3)",
	"url http://[fe80::1%eth0]:8000/":                               "zones are written as RFC 6874 says, with %25",
	"sync-page-limit 0":                                             "every request for a page would be refused",
	"heartbeat-delay 65536":                                         "Kea takes it since 3.3.0",
	"max-response-delay 65536":                                      "Kea takes it since 3.3.0",
	"max-ack-delay 65536":                                           "Kea takes it since 3.3.0",
	`state-machine {"states": [{"state": "syncing", "pause": ""}]}`: "an empty string is unset",
}

// A real Kea accepts and refuses the same relationships. Its hook library reads
// them when the configuration is set.
func TestRelationshipsAsByKea(t *testing.T) {
	commands, hook := testnet.KeaHook(t, "libdhcp_lease_cmds.so"), testnet.KeaHook(t, "libdhcp_ha.so")
	kea := testnet.New(t).Host("kea").StartKea("kea-dhcp4", `{"Dhcp4": {}}`)
	accepts := func(parameters object) bool {
		answer, err := kea.Command(context.Background(), "config-set", object{"Dhcp4": object{
			"control-socket":  object{"socket-type": "unix", "socket-name": kea.Socket},
			"lease-database":  object{"type": "memfile", "persist": false},
			"hooks-libraries": []object{{"library": commands}, {"library": hook, "parameters": parameters}},
		}})
		require.NoError(t, err)
		return answer.Result == 0
	}
	compare := func(name string, parameters object) {
		text, err := json.Marshal(parameters)
		require.NoError(t, err)
		_, err = ha.ParseConfigs(text, &ha.ParseOptions{IsLocal: func(string) (bool, error) { return false, nil }})
		_, differs := differences[name]
		if !differs && strings.HasPrefix(name, "max-rejected-lease-updates") {
			return // which Kea 2.2 does not know
		}
		if ok := accepts(parameters); ok != ((err == nil) != differs) {
			t.Errorf("%s: Kea accepts it: %t, this server says: %v", name, ok, err)
		}
	}
	cases := keaCases(t)
	for name, r := range cases {
		compare(name, object{"high-availability": []object{r}})
	}
	for name := range differences {
		require.Contains(t, cases, name)
	}
	compare("nothing", object{})
	compare("null", object{"high-availability": nil})
	compare("empty list", object{"high-availability": []object{}})
	compare("no list", object{"high-availability": object{}})
	compare("no object in it", object{"high-availability": []any{1}})
	compare("more beside it", object{"high-availability": []object{loadBalancing(nil)}, "foo": 1})
	compare("two modes", object{"high-availability": []object{loadBalancing(nil), hotStandby(nil)}})
}
