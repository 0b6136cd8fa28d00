package dhcp6

import (
	"bytes"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// After the same queries Kea 2.2 and an engine have counted the same and answer
// commands alike, and each takes the configuration that the other shows.
func TestCommandsAnswerAsKea(t *testing.T) {
	testnet.Require(t, "kea-dhcp6")
	n := testnet.New(t)
	lan, server, relayAgent := n.LAN(), n.Host("server"), n.Host("agent")
	server.Join(lan, "eth0", "2001:db8:9::1/64")
	relayAgent.Join(lan, "eth0", "2001:db8:9::2/64")
	const cfg = `
		"preferred-lifetime": 3000, "valid-lifetime": 4000,
		"server-id": {"type": "EN", "enterprise-id": 62448, "identifier": "01"},
		"subnet6": [
			{"id": 1, "subnet": "2001:db8:1::/64", "cache-max-age": 1000, "ddns-qualifying-suffix": "lan", "pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}], "pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 55, "delegated-len": 56}],
			 "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:09", "hostname": "mine.example"}]},
			{"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::10-2001:db8:2::10"}]},
			{"id": 3, "subnet": "2001:db8:3::/64"}]`
	kea := server.StartKea("kea-dhcp6", `{"Dhcp6": {"interfaces-config": {"interfaces": ["eth0/2001:db8:9::1"]}, "multi-threading": {"enable-multi-threading": false},
		"hooks-libraries": [{"library": "`+testnet.KeaHook(t, "libdhcp_lease_cmds.so")+`"}, {"library": "`+testnet.KeaHook(t, "libdhcp_stat_cmds.so")+`"}],`+cfg+`}}`)
	var conn net.PacketConn
	relayAgent.Do(func() {
		var err error
		conn, err = net.ListenPacket("udp6", "[2001:db8:9::2]:547")
		require.NoError(t, err)
	})
	defer conn.Close()
	r, b := &keaRelay{t, conn}, newBench(t, cfg, nil)
	mux := ctrl.NewMux()
	b.e.Register(mux, nil)
	b.e.RegisterLeases(mux)
	onLink := func(subnet string) mod { return relayed(agent("2001:db8:"+subnet+"::1", "fe80::99")) }
	ask := func(typ dhcpv6.MessageType, client byte, mods ...mod) (want, got *dhcpv6.Message) {
		mods = append([]mod{onLink("1")}, mods...)
		want = r.ask(queryOf(typ, client, mods...))
		got = b.ask(typ, client, mods...)
		b.ask(information, 0xee, onLink("1")) // as the relay agent sends
		return want, got
	}
	both := func(typ dhcpv6.MessageType, client byte, mods ...mod) {
		t.Helper()
		want, got := ask(typ, client, mods...)
		require.Equal(t, summary(t, want), summary(t, got), "%v of client %x", typ, client)
	}

	both(solicit, 1, na(1, "2001:db8:1::10"), pd(1))
	both(request, 1, na(1, "2001:db8:1::10"), pd(1, "2001:db8:f00::/56"), fqdn(1, "\x05Alpha"), oro(39))
	both(renew, 1, na(1, "2001:db8:1::10"), pd(1, "2001:db8:f00::/56"), fqdn(0, "\x05Alpha\x04home\x00")) // not asked for
	ask(renew, 1, na(1, "2001:db8:1::10"), pd(1, "2001:db8:f00::/56"), fqdn(0, "\x05Alpha\x04home\x00"))  // not written again: what remains depends on the clock
	both(request, 2, na(1, "2001:db8:1::11"), fqdn(4, "\x04be_a"))
	both(request, 3, na(1, "2001:db8:1::12"), fqdn(0, ""))
	both(request, 9, na(1, "2001:db8:1::13"), fqdn(0, "\x05other"))
	both(release, 9, without(dhcpv6.OptionServerID), na(1, "2001:db8:1::13"))
	both(request, 4, na(1, "2001:db8:2::10"), onLink("2"))
	both(request, 5, na(1), onLink("2"))
	both(request, 5, na(1), pd(1), onLink("3"))
	both(confirm, 1, na(1, "2001:db8:1::10"))
	both(rebind, 1, na(1, "2001:db8:1::10"))
	both(information, 1, oro(39), fqdn(0, "\x05Alpha"))
	both(request, 1, na(1), toServer("00020000f3f002"))

	command := func(name, args string) (testnet.Answer, ctrl.Response) {
		t.Helper()
		var a any
		if args != "" {
			a = json.RawMessage(args)
		}
		theirs, err := kea.Command(t.Context(), name, a)
		require.NoError(t, err)
		return theirs, mux.Run(t.Context(), &ctrl.Request{Command: name, Arguments: json.RawMessage(args)})
	}
	theirs, ours := command("statistic-get-all", "")
	want, got := values(t, theirs.Arguments), values(t, asJSON(t, ours.Arguments))
	for name, n := range want {
		require.Contains(t, got, name)
		require.Equal(t, n, got[name], name)
	}

	for _, args := range []string{``, `{"subnet-id": 1}`, `{"subnet-id": 7}`, `{"subnet-range": {"first-subnet-id": 2, "last-subnet-id": 9}}`, `{"subnet-range": {"first-subnet-id": 2, "last-subnet-id": 1}}`, `{"subnet-id": -1}`} {
		theirs, ours := command("stat-lease6-get", args)
		require.Equal(t, theirs.Result, ours.Result, args)
		require.Equal(t, theirs.Text, ours.Text, args)
		require.Equal(t, table(t, theirs.Arguments), table(t, asJSON(t, ours.Arguments)), args)
	}

	theirs, ours = command("list-commands", "")
	var keas, all []string
	require.NoError(t, json.Unmarshal(theirs.Arguments, &keas))
	require.NoError(t, json.Unmarshal(asJSON(t, ours.Arguments), &all))
	for _, name := range keas {
		if strings.HasPrefix(name, "lease6-") || strings.HasPrefix(name, "statistic-") {
			require.Contains(t, all, name)
		}
	}

	theirs, ours = command("config-get", "")
	taken, err := ParseConfig(bytes.NewReader(theirs.Arguments), nil)
	require.NoError(t, err)
	require.Len(t, taken.Subnets, 3)
	members := ours.Arguments.(map[string]any)
	delete(members, "hash") // Kea 2.2 has none, and nothing else may stand beside the configuration
	answer, err := kea.Command(t.Context(), "config-test", members)
	require.NoError(t, err)
	require.Zero(t, answer.Result, answer.Text)
}

func asJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// values are the values of statistics.
func values(t testing.TB, raw json.RawMessage) map[string]float64 {
	t.Helper()
	var samples map[string][][]any
	require.NoError(t, json.Unmarshal(raw, &samples))
	all := map[string]float64{}
	for name, list := range samples {
		all[name] = list[0][0].(float64)
	}
	return all
}

// table is what stat-lease6-get shows, but for the time.
func table(t testing.TB, raw json.RawMessage) [][]string {
	t.Helper()
	var answer struct {
		ResultSet struct {
			Columns []string          `json:"columns"`
			Rows    []json.RawMessage `json:"rows"`
		} `json:"result-set"`
	}
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &answer))
	}
	rows := [][]string{answer.ResultSet.Columns}
	for _, row := range answer.ResultSet.Rows {
		rows = append(rows, slices.Collect(strings.SplitSeq(strings.ReplaceAll(string(row), " ", ""), ",")))
	}
	return rows
}
