// Package servetest is a host's network in memory, for tests of servers.
package servetest

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// Network is a host's network. Its sockets wait on conditions, so that it works
// in a synctest bubble.
type Network struct {
	NoRaw bool
	Kind  serve.SocketKind // PerHost unless it is set
	Err   error            // of every listen

	mu    sync.Mutex
	hosts []serve.Link
	held  map[netip.AddrPort]bool // by another process, or by the server
	conns map[string]*Conn        // by address, or name of the link
}

// New returns a network with these links.
func New(links ...serve.Link) *Network {
	return &Network{Kind: serve.PerHost, hosts: links, held: map[netip.AddrPort]bool{}, conns: map[string]*Conn{}}
}

// Ethernet is a link that is up.
func Ethernet(index int, name string, addrs ...string) serve.Link {
	l := serve.Link{Index: index, Name: name, Up: true, MTU: 1500, HWLen: 6}
	for _, a := range addrs {
		l.Addrs = append(l.Addrs, netip.MustParsePrefix(a))
	}
	return l
}

// Set changes the links.
func (n *Network) Set(links ...serve.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts = links
}

// Hold makes another process have an address, or give it up.
func (n *Network) Hold(addr string, held bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held[netip.MustParseAddrPort(addr)] = held
}

// Links implements serve.Network.
func (n *Network) Links() ([]serve.Link, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.hosts), nil
}

// Raw implements serve.Network.
func (n *Network) Raw() error {
	if n.NoRaw {
		return errors.ErrUnsupported
	}
	return nil
}

// Sockets implements serve.Network.
func (n *Network) Sockets() serve.SocketKind { return n.Kind }

// ListenUDP implements serve.Network.
func (n *Network) ListenUDP(addr netip.AddrPort, l *serve.Link) (serve.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held[addr] {
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	name := addr.String()
	if n.Kind == serve.PerLink {
		name = l.Name
	}
	return n.listen(name, func() { n.Hold(addr.String(), false) })
}

// ListenLink implements serve.Network.
func (n *Network) ListenLink(l *serve.Link, _ uint16) (serve.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listen(l.Name, func() {})
}

func (n *Network) listen(name string, onClose func()) (serve.Conn, error) {
	if n.Err != nil {
		return nil, n.Err
	}
	c := &Conn{onClose: onClose}
	c.changed.L = &c.mu
	n.conns[name] = c
	return c, nil
}

// Conn is the socket that was last opened for an address, or for the name of a
// link.
func (n *Network) Conn(name string) *Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conns[name]
}
