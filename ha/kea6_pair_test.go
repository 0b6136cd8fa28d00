package ha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// kea6Pair is a real kea-dhcp6, with clients on its network, and the Service of
// a server of ours that has no network but the channel between the two. Either
// can be the primary, server1.
type kea6Pair struct {
	t       *testing.T
	ctx     context.Context
	kea     *testnet.Kea
	keaHost *testnet.Host
	clients *testnet.Host
	ours    *node
	addrs   map[string]netip.Addr // of the channel, by server
	config  string                // Kea's
	loads   int
	log     heard
}

// newKea6Pair makes a pair in which our server has a name. Neither runs yet.
func newKea6Pair(t *testing.T, mode Mode, name string, change object) *kea6Pair {
	t.Helper()
	testnet.Require(t, "ip", "nft", "kea-dhcp6", "perfdhcp")
	n := testnet.New(t)
	p := &kea6Pair{t: t, addrs: map[string]netip.Addr{
		"server1": netip.MustParseAddr("fd77::1"), "server2": netip.MustParseAddr("fd77::2"),
	}}
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	link, lan := n.LAN(), n.LAN()
	host := n.Host("ours")
	p.keaHost, p.clients = n.Host("kea"), n.Host("clients")
	host.Join(link, "ha0", p.addrs[name].String()+"/64")
	p.keaHost.Join(link, "ha0", p.addrs[p.other(name)].String()+"/64")
	p.keaHost.Join(lan, "eth0", "2001:db8:1::1/64")
	p.clients.Join(lan, "eth0", "2001:db8:1::2/64")

	parameters := func(name string) []byte {
		second := map[Mode]string{HotStandby: "standby", LoadBalancing: "secondary"}[mode]
		r := object{
			"this-server-name": name, "mode": mode, "heartbeat-delay": 200, "max-response-delay": 1000,
			"max-ack-delay": 500, "max-unacked-clients": 0, "sync-page-limit": 40,
			"multi-threading": object{"enable-multi-threading": true, "http-dedicated-listener": true, "http-listener-threads": 2, "http-client-threads": 2},
			"peers": []object{
				{"name": "server1", "role": "primary", "url": "http://[fd77::1]:8000/"},
				{"name": "server2", "role": second, "url": "http://[fd77::2]:8000/"},
			},
		}
		maps.Copy(r, change)
		b, err := json.Marshal(object{"high-availability": []object{r}})
		require.NoError(t, err)
		return b
	}
	cfgs, err := ParseConfigs(parameters(name), nil)
	require.NoError(t, err)
	p.ours = newNode(t, nil, Options{
		Family: ctrl.V6,
		// The sockets of this process are to be the host's.
		Listen: func(network, address string) (l net.Listener, err error) {
			host.Do(func() { l, err = net.Listen(network, address) })
			return l, err
		},
		Dial: func(ctx context.Context, network, address string) (c net.Conn, err error) {
			host.Do(func() { c, err = new(net.Dialer).DialContext(ctx, network, address) })
			return c, err
		},
		Logger: slog.New(slog.NewTextHandler(&p.log, nil)),
	}, cfgs...)
	p.ours.subnets = subnet6{}

	pools := func(class string, i int) (pool, pdPool object) {
		pool = object{"pool": fmt.Sprintf("2001:db8:1::%d:0:0/96", i)}
		pdPool = object{"prefix": fmt.Sprintf("3fff:0:%d::", i), "prefix-len": 48, "delegated-len": 60}
		if mode == LoadBalancing {
			pool["client-class"], pdPool["client-class"] = class, class
		}
		return pool, pdPool
	}
	pool1, pdPool1 := pools("HA_server1", 1)
	pool2, pdPool2 := pools("HA_server2", 2)
	config, err := json.Marshal(object{"Dhcp6": object{
		"interfaces-config": object{"interfaces": []string{"eth0"}},
		"multi-threading":   object{"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
		"server-id":         object{"type": "EN", "enterprise-id": 32473, "identifier": "01", "persist": false},
		"valid-lifetime":    3600, "preferred-lifetime": 1800,
		"subnet6": []object{{
			"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
			"pools": []object{pool1, pool2}, "pd-pools": []object{pdPool1, pdPool2},
		}},
		"hooks-libraries": []object{
			{"library": testnet.KeaHook(t, "libdhcp_lease_cmds.so")},
			{"library": testnet.KeaHook(t, "libdhcp_ha.so"), "parameters": json.RawMessage(parameters(p.other(name)))},
		},
	}})
	require.NoError(t, err)
	p.config = string(config)
	t.Cleanup(func() {
		p.ours.end()
		if t.Failed() {
			t.Log(p.log.String())
		}
	})
	return p
}

func (p *kea6Pair) other(name string) string {
	if name == "server1" {
		return "server2"
	}
	return "server1"
}

// startKea starts Kea, again if it was started before.
func (p *kea6Pair) startKea() {
	p.t.Helper()
	if p.kea == nil {
		p.kea = p.keaHost.StartKea("kea-dhcp6", p.config)
	} else {
		p.kea.Restart()
	}
}

func (p *kea6Pair) start() {
	p.t.Helper()
	p.ours.start()
	p.startKea()
}

// await waits until both are in states: Kea's first.
func (p *kea6Pair) await(kea, ours State) {
	p.t.Helper()
	testnet.Until(p.ctx, p.t, fmt.Sprintf("Kea is %v and we are %v", kea, ours), func() error {
		if kea != 0 {
			var account struct{ State string }
			answer, err := p.kea.Command(p.ctx, "ha-heartbeat", nil)
			if err == nil {
				err = json.Unmarshal(answer.Arguments, &account)
			}
			if err != nil || account.State != kea.String() {
				return fmt.Errorf("Kea is %s: %v", account.State, err)
			}
		}
		if ours != 0 && p.ours.state() != ours {
			return fmt.Errorf("we are %v", p.ours.state())
		}
		return nil
	})
}

// normal waits until both are in their normal state.
func (p *kea6Pair) normal() {
	p.t.Helper()
	s := map[Mode]State{HotStandby: StateHotStandby, LoadBalancing: StateLoadBalancing}[p.ours.cfgs[0].Mode]
	p.await(s, s)
}

// command runs a command on Kea's control socket that has to succeed.
func (p *kea6Pair) command(name string, args any) json.RawMessage {
	p.t.Helper()
	answer, err := p.kea.Command(p.ctx, name, args)
	require.NoError(p.t, err)
	require.Zero(p.t, answer.Result, "%s: %s", name, answer.Text)
	return answer.Arguments
}

// keaLeases returns Kea's leases, with all members, by key.
func (p *kea6Pair) keaLeases() (map[string]string, error) {
	answer, err := p.kea.Command(p.ctx, "lease6-get-all", nil)
	if err != nil {
		return nil, err
	}
	var args struct{ Leases []map[string]any }
	if err := json.Unmarshal(answer.Arguments, &args); err != nil {
		return nil, err
	}
	all := make(map[string]string)
	for _, l := range args.Leases {
		addMembers(all, l)
	}
	return all, nil
}

// ourLeases are ours in the same form.
func (p *kea6Pair) ourLeases() map[string]string {
	all := make(map[string]string)
	for l := range p.ours.store.All() {
		text, err := l.MarshalJSON()
		require.NoError(p.t, err)
		var members map[string]any
		require.NoError(p.t, json.Unmarshal(text, &members))
		addMembers(all, members)
	}
	return all
}

func addMembers(all map[string]string, l map[string]any) {
	if l["duid"] == "00" { // of a declined lease, with Kea 2.2
		l["duid"] = "00:00:00"
	}
	text, _ := json.Marshal(l)
	all[fmt.Sprint(l["type"], " ", l["ip-address"])] = string(text)
}

// awaitEqual waits until both have the same leases, with every member, and
// returns how many.
func (p *kea6Pair) awaitEqual() int {
	p.t.Helper()
	return p.awaitEqualBut(func(map[string]string) {})
}

// awaitEqualBut is awaitEqual, after a change of our leases to what Kea is to
// have instead.
func (p *kea6Pair) awaitEqualBut(change func(ours map[string]string)) int {
	p.t.Helper()
	n := 0
	var differ error
	testnet.Until(p.ctx, p.t, "both have the same leases", func() error {
		kea, err := p.keaLeases()
		if err != nil {
			return errors.Join(differ, err)
		}
		ours := p.ourLeases()
		change(ours)
		n = len(kea)
		for _, key := range slices.Sorted(maps.Keys(ours)) {
			if kea[key] != ours[key] {
				differ = fmt.Errorf("Kea has %d leases, we have %d; of %s Kea has %q, we have %s", n, len(ours), key, kea[key], ours[key])
				return differ
			}
		}
		for key, l := range kea {
			if ours[key] == "" {
				differ = fmt.Errorf("Kea has %d leases, we have %d; only Kea has %s", n, len(ours), l)
				return differ
			}
		}
		return nil
	})
	return n
}

// load has many new clients get an address and a prefix each from Kea, and some
// of them renew theirs and, if they may, release them.
func (p *kea6Pair) load(clients int, release bool) {
	p.t.Helper()
	p.loads++
	args := []string{
		"-6", "-l", "eth0", "-e", "address-and-prefix", "-r", "100", "-n", fmt.Sprint(clients), "-R", fmt.Sprint(clients),
		"-b", fmt.Sprintf("mac=02:%02x:00:00:00:00", p.loads), "-W", "500000", "-f", "20",
	}
	if release {
		args = append(args, "-F", "10")
	}
	got := p.clients.Perfdhcp(p.ctx, args...)
	require.NotZero(p.t, got["REQUEST-REPLY"].Received, "%v", got)
}

// killKea ends Kea as a power cut does, with its leases lost if they are to be
// forgotten.
func (p *kea6Pair) killKea(forget bool) {
	p.t.Helper()
	p.kea.Kill()
	if !forget {
		return
	}
	files, err := filepath.Glob(p.kea.LeaseFile + "*")
	require.NoError(p.t, err)
	require.NotEmpty(p.t, files)
	for _, file := range files {
		require.NoError(p.t, os.Remove(file))
	}
}

// subnet6 is the one that both serve.
type subnet6 struct{}

var theSubnet6 = ctrl.Subnet{ID: 1, Prefix: netip.MustParsePrefix("2001:db8:1::/64"), ValidLft: 3600}

func (subnet6) Subnet(id uint32) (ctrl.Subnet, bool) { return theSubnet6, id == 1 }
func (subnet6) Subnets() iter.Seq[ctrl.Subnet] {
	return func(yield func(ctrl.Subnet) bool) { yield(theSubnet6) }
}

// lease6 is the lease of a client's address or prefix. Each has both.
func lease6(typ lease.Type, client int) lease.Lease {
	l := lease.Lease{
		Type: typ, SubnetID: 1, IAID: uint32(client) << 8, CLTT: time.Now().Unix(), ValidLft: 3600, PreferredLft: 1800,
		ClientID: []byte{0, 3, 0, 1, 2, 0, 0, byte(client >> 16), byte(client >> 8), byte(client)},
	}
	switch typ {
	case lease.NA:
		l.Addr = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, 9: 9, 12: byte(client >> 24), 13: byte(client >> 16), 14: byte(client >> 8), 15: byte(client)})
	case lease.PD:
		l.Addr = netip.AddrFrom16([16]byte{0x3f, 0xff, 5: 9, 6: byte(client >> 4), 7: byte(client << 4)})
		l.PrefixLen = 60
	}
	return l
}

// add has Kea take a lease.
func (p *kea6Pair) add(l string) {
	p.t.Helper()
	var args map[string]any
	require.NoError(p.t, json.Unmarshal([]byte(l), &args))
	delete(args, "cltt")
	p.command("lease6-add", args)
}

// keaServes and oursServes say whose clients are in normal operation.
func (p *kea6Pair) keaServes() bool  { return p.loadBalancing() || !p.primary() }
func (p *kea6Pair) oursServes() bool { return p.loadBalancing() || p.primary() }

func (p *kea6Pair) loadBalancing() bool { return p.ours.cfgs[0].Mode == LoadBalancing }
func (p *kea6Pair) primary() bool       { return p.ours.cfgs[0].ThisServerName == "server1" }

// sever cuts the servers off from each other.
func (p *kea6Pair) sever(how testnet.Cut) (heal func()) {
	p.t.Helper()
	return p.keaHost.Sever(p.addrs[p.ours.cfgs[0].ThisServerName], how)
}
