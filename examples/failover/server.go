package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/lease"
)

// config is a Kea configuration file. The relay entry is what leads queries
// that a relay agent on loopback sends to the subnet.
const config = `{
  "Dhcp4": {
    "valid-lifetime": 3600,
    "subnet4": [ {
      "id": 1,
      "subnet": "10.0.0.0/8",
      "pools": [ { "pool": "10.0.0.1 - 10.255.255.254" } ],
      "option-data": [ { "name": "routers", "data": "10.255.255.255" } ],
      "relay": { "ip-addresses": [ "127.0.0.1" ] }
    } ]
  }
}`

// server is a DHCPv4 service with its leases.
type server struct {
	addr   netip.AddrPort
	store  *lease.Store
	engine *dhcp4.Engine
	dhcp   *dhcp4.Server
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	failed error // of Serve, once tasks are done
	close  func() error
}

// start opens the leases and serves until ctx ends or Close. Port 0 is any.
func start(ctx context.Context, file string, port uint16) (*server, error) {
	loopback, err := loopback()
	if err != nil {
		return nil, err
	}
	if port == 0 {
		if port, err = freePort(); err != nil {
			return nil, err
		}
	}
	cfg, err := dhcp4.ParseConfig(strings.NewReader(config), nil)
	if err != nil {
		return nil, err
	}
	store, err := lease.Open(file, nil)
	if err != nil {
		return nil, err
	}
	engine, err := dhcp4.NewEngine(cfg, store, nil)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &server{
		addr:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port),
		store:  store,
		engine: engine,
		cancel: cancel,
		dhcp: &dhcp4.Server{
			Handler:    engine,
			Interfaces: []string{loopback + "/127.0.0.1"},
			SocketType: dhcp4.SocketUDP, // raw sockets would need privileges
			Port:       port,
		},
	}
	s.close = sync.OnceValue(s.stop)
	s.tasks.Go(func() { s.failed = s.dhcp.Serve(ctx); cancel() })
	s.tasks.Go(func() { _ = engine.Run(ctx) })
	select {
	case <-s.dhcp.Ready():
		return s, nil
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("the server is not ready: %w", s.dhcp.NotReady()), s.Close())
	}
}

// Close stops the server at once, without answering what is in flight. Closing
// again returns what the first time did.
func (s *server) Close() error { return s.close() }

func (s *server) stop() error {
	err := s.dhcp.Close()
	s.cancel()
	s.tasks.Wait()
	s.engine.Close()
	return errors.Join(err, s.failed, s.store.Close())
}

func (s *server) leases() int { return s.store.Count(0, lease.Assigned, lease.V4) }

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

func freePort() (uint16, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(), nil
}
