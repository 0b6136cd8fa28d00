package dhcp4

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
)

// listener keeps the sockets as the interfaces of the host demand. Its methods
// are called by the goroutine of Serve only.
type listener struct {
	server    *Server
	selectors []selector // of this look
	sockets   map[socketKey]*socket
	opened    bool   // something has been opened once
	reported  string // what was missing when it was last logged
}

// update opens what has appeared and closes what has gone. It returns an error
// only if the server can never work.
func (l *listener) update() error {
	s := l.server
	links, err := s.network.links()
	if err != nil {
		l.report([]error{err}, false) // what is open goes on
		return nil
	}
	l.selectors = s.selected()
	choices, missing := choose(l.selectors, links)

	wanted := map[socketKey]bool{}
	for _, c := range choices {
		for _, key := range l.keys(c) {
			wanted[key] = true
		}
	}
	for key, sock := range l.sockets {
		if failed := sock.failed.Load(); failed != nil {
			s.logger.Warn("socket lost", "address", key.addr, "error", *failed)
			l.remove(sock)
		} else if !wanted[key] {
			l.remove(sock)
		}
	}

	served := endpoints{}
	for _, c := range choices {
		ep, err := l.endpoint(c)
		if err != nil {
			if permanent(err) && !l.opened {
				return err
			}
			missing = append(missing, err)
			continue
		}
		served[c.index] = ep
	}
	l.publish(served)
	// Of a wildcard one interface is enough.
	l.report(missing, len(missing) == 0 || len(served) > 0 && l.wildcardOnly())
	return nil
}

func permanent(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported)
}

// keys are the sockets that an interface needs: one for each address, or one
// for all addresses of all interfaces, and a packet socket, the last.
func (l *listener) keys(c choice) []socketKey {
	raw := l.server.socketRaw
	var keys []socketKey
	switch n := l.server.network; {
	case !raw && n.anyAddress():
		keys = append(keys, socketKey{addr: netip.IPv4Unspecified()})
	case n.anyAddress():
		for _, addr := range c.served {
			keys = append(keys, socketKey{addr: addr})
		}
	default:
		for _, addr := range c.served {
			keys = append(keys, socketKey{addr: addr, ifindex: c.index})
		}
	}
	if raw && !c.loopback {
		keys = append(keys, socketKey{ifindex: c.index, hwLen: c.hwLen, broadcasts: fmt.Sprint(c.broadcasts())})
	}
	return keys
}

// endpoint opens what is not open yet of what an interface needs: all of it or
// nothing, because who answers broadcasts must also be there for renewals.
func (l *listener) endpoint(c choice) (*endpoint, error) {
	ep := &endpoint{choice: c, local: c.served[0], everybody: c.broadcasts()}
	var fresh []*socket
	for _, key := range l.keys(c) {
		sock := l.sockets[key]
		if sock == nil {
			var err error
			if sock, err = l.open(key, c); err != nil {
				for _, sock := range fresh {
					l.remove(sock)
				}
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			fresh = append(fresh, sock)
		}
		switch {
		case !key.addr.IsValid():
			ep.raw = sock
		case ep.udp == nil:
			ep.udp = sock
		}
	}
	return ep, nil
}

func (l *listener) open(key socketKey, c choice) (*socket, error) {
	s := l.server
	var conn conn
	var err error
	if key.addr.IsValid() {
		addr := netip.AddrPortFrom(key.addr, cmp.Or(s.Port, serverPort))
		var only *link
		if key.ifindex != 0 {
			only = &c.link
		}
		if conn, err = s.network.listenUDP(addr, only); err != nil {
			return nil, fmt.Errorf("listen on UDP %v: %w", addr, withRemedy(err))
		}
	} else if conn, err = s.network.listenLink(&c.link, cmp.Or(s.Port, serverPort)); err != nil {
		return nil, fmt.Errorf("open packet socket: %w", withRemedy(err))
	}
	sock := &socket{conn: conn, key: key, outbox: newOutbox()}
	l.sockets[key] = sock
	if !s.start(sock) {
		return nil, os.ErrClosed
	}
	l.opened = true
	return sock, nil
}

// withRemedy adds what to do about an error to its text.
func withRemedy(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w (it takes root, or CAP_NET_BIND_SERVICE and for raw sockets CAP_NET_RAW)", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w (another DHCP server is running)", err)
	}
	return err
}

func (l *listener) remove(sock *socket) {
	delete(l.sockets, sock.key)
	l.server.stop(sock)
}

// publish shows the readers what is served now.
func (l *listener) publish(now endpoints) {
	s := l.server
	before := *s.endpoints.Load()
	for index, ep := range now {
		if old := before[index]; old == nil || old.name != ep.name || old.local != ep.local {
			s.logger.Info("serving", "interface", ep.name, "address", ep.local)
		}
	}
	for index, ep := range before {
		if now[index] == nil {
			s.logger.Info("no longer serving", "interface", ep.name, "address", ep.local)
		}
	}
	s.endpoints.Store(&now)
}

// wildcardOnly says that no interface was asked for by name.
func (l *listener) wildcardOnly() bool {
	for _, sel := range l.selectors {
		if sel.name != "*" {
			return false
		}
	}
	return true
}

// report tells what is missing, and logs it when it changes.
func (l *listener) report(missing []error, ready bool) {
	s := l.server
	err := errors.Join(missing...)
	if ready {
		s.setMissing(nil)
	} else {
		s.setMissing(err)
	}
	text := "ready"
	if err != nil {
		text = err.Error()
	}
	if text == l.reported {
		return
	}
	l.reported = text
	for _, m := range missing {
		s.logger.Warn("not ready", "reason", m)
	}
	if ready {
		s.logger.Info("ready")
	}
}
