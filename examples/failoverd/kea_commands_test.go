package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// After the same queries, which both answer alike, the servers have the same
// leases and have counted the same.
func TestLeasesAndStatisticsAreKeas(t *testing.T) {
	t.Parallel()
	p := keaPair(t)
	all := prl(1, 3, 6, 12, 15)
	p.same("a lease", mac(1), discover(mac(1), addrOpt(50, "192.0.2.120"), all))
	p.same("a lease, SELECTING", mac(1), selecting(mac(1), text(12, "Alpha"), all))
	p.same("renewed", mac(1), unicast(mac(1), request, "192.0.2.120", text(12, "Alpha"), u32(51, 4000)))
	p.same("with client-id", mac(2), discover(mac(2), addrOpt(50, "192.0.2.121"), opt(61, 0, 1, 2, 3)))
	p.same("with client-id, SELECTING", mac(2), selecting(mac(2), opt(61, 0, 1, 2, 3), text(81, "\x05\x00\x00\x05gamma\x07example\x03com\x00")))
	p.same("reserved", mac(0x101), discover(mac(0x101), all))
	p.same("reserved, SELECTING", mac(0x101), selecting(mac(0x101), all))
	p.same("relayed", mac(3), relayed(discover(mac(3), addrOpt(50, "198.51.100.120"), opt(61, 9, 9)), "198.51.100.1", "\x01\x06port 9"))
	p.same("relayed, SELECTING", mac(3), relayed(selecting(mac(3), opt(61, 9, 9)), "198.51.100.1", "\x01\x06port 9"))
	p.same("by circuit", mac(4), relayed(discover(mac(4)), "198.51.100.1", "\x01\x06port 7"))
	p.same("by circuit, SELECTING", mac(4), relayed(selecting(mac(4)), "198.51.100.1", "\x01\x06port 7\x02\x03abc"))
	p.same("shared network", mac(5), relayed(discover(mac(5), addrOpt(50, "203.0.113.155"), text(12, "be_ta")), "203.0.113.129", ""))
	p.same("shared network, SELECTING", mac(5), relayed(selecting(mac(5), text(12, "be_ta")), "203.0.113.129", ""))
	p.same("to be declined", mac(6), discover(mac(6), addrOpt(50, "192.0.2.125")))
	p.same("to be declined, SELECTING", mac(6), selecting(mac(6)))
	p.same("DECLINE", mac(6), func(s *side) query {
		return s.from(mac(6), kind(decline), addrOpt(50, "192.0.2.125"), addrOpt(54, "192.0.2.1"))
	})
	p.same("to be released", mac(7), discover(mac(7), addrOpt(50, "192.0.2.126")))
	p.same("to be released, SELECTING", mac(7), selecting(mac(7)))
	p.same("RELEASE", mac(7), unicast(mac(7), release, "192.0.2.126", addrOpt(54, "192.0.2.1")))
	p.same("RELEASE again", mac(7), unicast(mac(7), release, "192.0.2.126", addrOpt(54, "192.0.2.1")))
	p.same("moving", mac(8), discover(mac(8), addrOpt(50, "192.0.2.127")))
	p.same("moving, SELECTING", mac(8), selecting(mac(8)))
	p.same("moving, away", mac(8), relayed(discover(mac(8), addrOpt(50, "198.51.100.127")), "198.51.100.1", ""))
	p.same("moving, away, SELECTING", mac(8), relayed(selecting(mac(8)), "198.51.100.1", ""))
	p.same("INFORM", mac(9), unicast(mac(9), inform, "192.0.2.200", all))
	p.same("NAK", mac(10), relayed(rebooting(mac(10), "192.0.2.1"), "198.51.100.1", ""))
	p.same("no subnet", mac(10), relayed(discover(mac(10)), "10.77.0.1", ""))
	p.same("dropped", mac(0xdd), discover(mac(0xdd)))
	p.same("unknown type", mac(10), func(s *side) query { return s.from(mac(10), kind(dhcpv4.MessageType(200))) })
	p.same("an OFFER", mac(10), func(s *side) query { return s.from(mac(10), kind(dhcpv4.MessageTypeOffer)) })
	p.same("no address left", mac(11), relayed(discover(mac(11)), "10.9.9.9", ""))
	p.same("no address left, SELECTING", mac(11), relayed(selecting(mac(11)), "10.9.9.9", ""))
	p.same("no address left, for another", mac(12), relayed(discover(mac(12)), "10.9.9.9", ""))

	for _, c := range []struct {
		command string
		args    string
	}{
		{"lease4-get-all", `{}`},
		{"lease4-get-all", `{"subnets": [2, 4]}`},
		{"lease4-get-all", `{"subnets": [77]}`},
		{"lease4-get-page", `{"from": "start", "limit": 3}`},
		{"lease4-get-page", `{"from": "192.0.2.121", "limit": 100}`},
		{"lease4-get", `{"ip-address": "192.0.2.125"}`},
		{"lease4-get", `{"ip-address": "192.0.2.126"}`},
		{"lease4-get", `{"ip-address": "198.51.100.7"}`},
		{"lease4-get", `{"identifier-type": "hw-address", "identifier": "02:00:00:00:00:01", "subnet-id": 1}`},
		{"lease4-get", `{"identifier-type": "client-id", "identifier": "00:01:02:03", "subnet-id": 1}`},
		{"lease4-get-by-hw-address", `{"hw-address": "02:00:00:00:00:08"}`},
		{"lease4-get-by-client-id", `{"client-id": "00:01:02:03"}`},
		{"lease4-get-by-client-id", `{"client-id": "09:09"}`},
		{"lease4-get-by-hostname", `{"hostname": "alpha"}`},
		{"dhcp-disable", `{}`},
		{"dhcp-enable", `{}`},
		{"config-test", `{"Dhcp4": {"subnet4": []}}`},
		{"config-test", `{"Dhcp4": {"subnet5": []}}`},
		{"config-test", `{}`},
		{"no-such-command", `{}`},
		{"statistic-get", `{"name": "pkt4-nothing"}`},
	} {
		sameAnswer(p.ctx, t, p.kea.socket, p.ours.socket, c.command, c.args)
	}
	compareStatistics(t, p)
	compareStatus(t, p)
	compareConfig(t, p)
	compareCommands(p.ctx, t, 4, p.kea.socket, p.ours.socket)
}

// sameAnswer runs a command at Kea and at failoverd.
func sameAnswer(ctx context.Context, t testing.TB, atKea, atOurs, command, arguments string) {
	t.Helper()
	var args any
	require.NoError(t, json.Unmarshal([]byte(arguments), &args))
	kea, err := call(ctx, atKea, command, args)
	require.NoError(t, err)
	ours, err := call(ctx, atOurs, command, args)
	require.NoError(t, err)
	result := ours.Result
	if result == 4 {
		result = 1 // as before Kea 2.3.1
	}
	require.Equal(t, kea.Result, result, "%s %s: %s, %s", command, arguments, kea.Text, ours.Text)
	if command != "config-test" || kea.Result == 0 {
		// Kea says where in the message a mistake is.
		text := regexp.MustCompile(`( in)? ?\(<\w+>:\d+:\d+\)`).ReplaceAllString(kea.Text, "")
		require.Equal(t, text, ours.Text, "%s %s", command, arguments)
	}
	// The order of lease4-get-all is nobody's promise.
	sorted := strings.HasSuffix(command, "-get-all")
	require.Equal(t, indented(t, sorted, kea.Arguments), indented(t, sorted, ours.Arguments), "%s %s", command, arguments)
}

// indented is JSON in a form that differs only where the content does. When
// leases were made or changed depends on the clock.
func indented(t testing.TB, sorted bool, raw json.RawMessage) string {
	t.Helper()
	if raw == nil {
		return ""
	}
	var v map[string]any
	require.NoError(t, json.Unmarshal(raw, &v))
	if leases, ok := v["leases"].([]any); ok && sorted {
		slices.SortFunc(leases, func(a, b any) int {
			return strings.Compare(a.(map[string]any)["ip-address"].(string), b.(map[string]any)["ip-address"].(string))
		})
	}
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return regexp.MustCompile(`("cltt"): \d+`).ReplaceAllString(string(b), "$1: 0")
}

func statistics(p *pair, s *side) map[string]int {
	p.t.Helper()
	r, err := call(p.ctx, s.socket, "statistic-get-all", nil)
	require.NoError(p.t, err)
	var samples map[string][][]any
	require.NoError(p.t, json.Unmarshal(r.Arguments, &samples))
	values := map[string]int{}
	for name, list := range samples {
		value, ok := list[0][0].(float64)
		require.True(p.t, ok, name)
		values[name] = int(value)
	}
	return values
}

func compareStatistics(t *testing.T, p *pair) {
	t.Helper()
	kea, ours := statistics(p, p.kea), statistics(p, p.ours)
	for _, name := range slices.Sorted(maps.Keys(kea)) {
		if strings.HasPrefix(name, "pkt4-") { // what came before both were there
			kea[name] -= p.kea.counted[name]
			ours[name] -= p.ours.counted[name]
		}
		if _, there := ours[name]; !there {
			t.Errorf("statistic %s is missing", name)
		} else if ours[name] != kea[name] {
			t.Errorf("statistic %s is %d, with Kea %d", name, ours[name], kea[name])
		}
	}
}

func compareStatus(t *testing.T, p *pair) {
	t.Helper()
	a, b := p.both("status-get", nil)
	var kea, ours map[string]any
	require.NoError(t, json.Unmarshal(a, &kea))
	require.NoError(t, json.Unmarshal(b, &ours))
	for name, value := range kea {
		require.IsType(t, value, ours[name], name)
	}
	require.Equal(t, kea["sockets"], ours["sockets"])
}

// What config-get answers means the same, although Kea adds all defaults.
func compareConfig(t *testing.T, p *pair) {
	t.Helper()
	a, b := p.both("config-get", nil)
	included(t, "Dhcp4", normal(t, b), normal(t, a))
}

// normal is a configuration as config-get answers it, with the reservations in
// the order of their text.
func normal(t testing.TB, raw json.RawMessage) any {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &members))
	cfg, err := dhcp4.ParseConfig(strings.NewReader(`{"Dhcp4": `+string(members["Dhcp4"])+`}`), nil)
	require.NoError(t, err)
	for _, s := range cfg.Subnets {
		slices.SortFunc(s.Reservations, func(a, b dhcp4.Reservation) int { return strings.Compare(identifier(t, a), identifier(t, b)) })
	}
	b, err := json.Marshal(cfg)
	require.NoError(t, err)
	var v any
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

func identifier(t testing.TB, r dhcp4.Reservation) string {
	t.Helper()
	b, err := json.Marshal(r)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(b, &v))
	return fmt.Sprint(v["hw-address"], v["client-id"], v["duid"], v["circuit-id"])
}

// included requires that whatever is in ours is in Kea's too. The files of the
// two servers have their own names.
func included(t *testing.T, path string, ours, kea any) {
	t.Helper()
	switch ours := ours.(type) {
	case map[string]any:
		there, ok := kea.(map[string]any)
		if !ok {
			t.Errorf("%s: %v, with Kea %v", path, ours, kea)
			return
		}
		for name, value := range ours {
			if name == "socket-name" || name == "name" && path == "Dhcp4.lease-database" {
				continue
			}
			included(t, path+"."+name, value, there[name])
		}
	case []any:
		there, ok := kea.([]any)
		if !ok || len(there) != len(ours) {
			t.Errorf("%s: %v, with Kea %v", path, ours, kea)
			return
		}
		for i := range ours {
			included(t, path+"[]", ours[i], there[i])
		}
	default:
		if kea != ours {
			t.Errorf("%s: %v, with Kea %v", path, ours, kea)
		}
	}
}

// compareCommands requires that failoverd has all commands of Kea that make
// sense with it.
func compareCommands(ctx context.Context, t *testing.T, family int, atKea, atOurs string) {
	t.Helper()
	list := func(socket string) (names []string) {
		r, err := call(ctx, socket, "list-commands", nil)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(r.Arguments, &names))
		return names
	}
	kea, ours := list(atKea), list(atOurs)
	without := []string{
		"config-set", "config-write", // the file is the operator's
		"config-backend-pull", "server-tag-get", // there is no configuration database
		"libreload",      // nothing is loaded
		"leases-reclaim", // it happens by itself
	}
	other := fmt.Sprintf("lease%d-", 10-family)
	for _, command := range kea {
		if !slices.Contains(ours, command) && !slices.Contains(without, command) && !strings.HasPrefix(command, other) {
			t.Errorf("command %s is missing", command)
		}
	}
}
