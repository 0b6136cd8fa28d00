package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// node is one server of the pair: a DHCPv4 service, its leases, and what keeps
// them equal to the other's.
type node struct {
	name   string
	addr   netip.AddrPort // of the DHCP service
	store  *lease.Store
	ha     *ha.Service
	engine *dhcp4.Engine
	dhcp   *dhcp4.Server
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// plan is what both servers know of each other.
type plan struct {
	mode  ha.Mode
	dir   string
	addrs [2]netip.AddrPort // of the DHCP services
	peers [2]netip.AddrPort // where the servers talk to each other
}

var names = [2]string{"server1", "server2"}

func newPlan(mode ha.Mode, dir string) (*plan, error) {
	p := &plan{mode: mode, dir: dir}
	for i := range names {
		var err error
		if p.addrs[i], err = freePort("udp4"); err != nil {
			return nil, err
		}
		if p.peers[i], err = freePort("tcp4"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// file is where a server keeps its leases.
func (p *plan) file(i int) string { return filepath.Join(p.dir, names[i]+".db") }

// relationship is what a server is to the other. Delays are short, so that
// there is something to see, but not so short that a busy machine makes a server
// take its partner for dead.
func (p *plan) relationship(i int) *ha.Config {
	second := ha.Standby
	if p.mode == ha.LoadBalancing {
		second = ha.Secondary
	}
	return &ha.Config{
		ThisServerName:    names[i],
		Mode:              p.mode,
		HeartbeatDelay:    new(uint32(500)),
		MaxResponseDelay:  new(uint32(2000)),
		MaxUnackedClients: new(uint32(0)),
		Peers: []ha.Peer{
			{Name: names[0], URL: fmt.Sprintf("http://%v/", p.peers[0]), Role: ha.Primary},
			{Name: names[1], URL: fmt.Sprintf("http://%v/", p.peers[1]), Role: second},
		},
	}
}

// config is Kea's configuration of a server. The relay entry is what leads queries that a relay agent on
// loopback sends to the subnet; the server identifier tells the two apart,
// which have one address.
func (p *plan) config(i int) string {
	pools := `{ "pool": "10.0.0.1 - 10.255.255.254" }`
	if p.mode == ha.LoadBalancing {
		pools = `{ "pool": "10.0.0.1 - 10.127.255.254", "client-class": "HA_server1" },
		         { "pool": "10.128.0.1 - 10.255.255.254", "client-class": "HA_server2" }`
	}
	return fmt.Sprintf(`{ "Dhcp4": {
		"valid-lifetime": 3600,
		"option-data": [ { "name": "dhcp-server-identifier", "data": "10.255.255.25%d" } ],
		"subnet4": [ {
			"id": 1,
			"subnet": "10.0.0.0/8",
			"pools": [ %s ],
			"relay": { "ip-addresses": [ "127.0.0.1" ] }
		} ]
	} }`, i, pools)
}

// start opens a server's leases and serves until ctx ends or it is killed.
func (p *plan) start(ctx context.Context, i int, changed func(ha.StateChange)) (_ *node, err error) {
	loopback, err := loopback()
	if err != nil {
		return nil, err
	}
	cfg, err := dhcp4.ParseConfig(strings.NewReader(p.config(i)), nil)
	if err != nil {
		return nil, err
	}
	n := &node{name: names[i], addr: p.addrs[i]}
	if n.store, err = lease.Open(p.file(i), nil); err != nil {
		return nil, err
	}
	service := new(ctrl.Service)
	if n.ha, err = ha.New([]*ha.Config{p.relationship(i)}, n.store, &ha.Options{
		Family:  ctrl.V4,
		Switch:  service,
		OnState: changed,
	}); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if n.engine, err = dhcp4.NewEngine(cfg, n.store, &dhcp4.EngineOptions{
		Gate:       n.ha,
		Committer:  n.ha,
		Background: n.ha.Background(),
		Reclaims:   n.ha.Reclaims,
		Service:    service,
	}); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	n.dhcp = &dhcp4.Server{
		Handler:    n.engine,
		Interfaces: []string{loopback + "/127.0.0.1"},
		SocketType: dhcp4.SocketUDP, // raw sockets would need privileges
		Port:       n.addr.Port(),
	}
	mux := ctrl.NewMux()
	n.ha.Register(mux)

	ctx, n.cancel = context.WithCancel(ctx)
	var serving, pairing error
	n.tasks.Go(func() { serving = n.dhcp.Serve(ctx); n.cancel() })
	n.tasks.Go(func() { pairing = n.ha.Run(ctx, mux, n.engine.Subnets()); n.cancel() })
	n.tasks.Go(func() { _ = n.engine.Run(ctx) })
	select {
	case <-n.dhcp.Ready():
		return n, nil
	case <-ctx.Done():
		return nil, errors.Join(n.stop(), serving, pairing)
	}
}

// stop ends the server at once: what is in flight gets no answer, and the
// partner no farewell.
func (n *node) stop() error {
	err := n.dhcp.Close()
	n.cancel()
	n.tasks.Wait()
	n.engine.Close()
	return errors.Join(err, n.store.Close())
}

// loopback returns the name that this system gives its loopback interface.
func loopback() (string, error) {
	all, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name, nil
		}
	}
	return "", errors.New("there is no loopback interface")
}

// freePort returns an address of loopback that nobody uses.
func freePort(network string) (netip.AddrPort, error) {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if network == "tcp4" {
		l, err := net.ListenTCP(network, net.TCPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
		if err != nil {
			return netip.AddrPort{}, err
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).AddrPort(), nil
	}
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort(), nil
}
