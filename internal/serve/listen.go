package serve

import (
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
	sockets   map[key]*Socket
	opened    bool   // something has been opened once
	reported  string // what was missing when it was last logged
}

// update opens what has appeared and closes what has gone. It returns an error
// only if the server can never work.
func (l *listener) update() error {
	s := l.server
	links, err := s.options.Network.Links()
	if err != nil {
		l.report([]error{err}, false) // what is open goes on
		return nil
	}
	l.selectors = s.selected()
	choices, missing := choose(s.options.Family, l.selectors, links)

	wanted := map[key]bool{}
	for _, c := range choices {
		for _, key := range l.keys(c) {
			wanted[key] = true
		}
	}
	for key, sock := range l.sockets {
		if failed := sock.failed.Load(); failed != nil {
			s.options.Logger.Warn("socket lost, will be opened again", "address", key.addr, "error", *failed)
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
		served[c.Index] = ep
	}
	l.publish(served)
	// Of a wildcard one interface is enough.
	l.report(missing, len(missing) == 0 || len(served) > 0 && l.wildcardOnly())
	return nil
}

func permanent(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported)
}

// keys are the sockets that an interface needs: those for UDP and, the last, a
// packet socket.
func (l *listener) keys(c Choice) []key {
	o := l.server.options
	var keys []key
	switch kind := o.Network.Sockets(); {
	case kind == PerHost && !o.Raw:
		keys = append(keys, key{addr: o.Family.unspecified()})
	case kind == PerHost:
		// Another server may have the host's other addresses.
		for _, addr := range c.Served {
			keys = append(keys, key{addr: addr})
		}
	case kind == PerLink:
		keys = append(keys, key{addr: o.Family.unspecified(), ifindex: c.Index})
	default:
		for _, addr := range c.Served {
			keys = append(keys, key{addr: addr, ifindex: c.Index})
		}
	}
	if o.Raw && !c.Loopback {
		keys = append(keys, key{ifindex: c.Index, hwLen: c.HWLen, broadcasts: fmt.Sprint(c.broadcasts())})
	}
	return keys
}

// endpoint opens what is not open yet of what an interface needs: all of it or
// nothing, because who answers broadcasts must also be there for renewals.
func (l *listener) endpoint(c Choice) (*Endpoint, error) {
	ep := &Endpoint{Choice: c, Local: c.Served[0], Everybody: l.server.options.Family.everybody(c.Link)}
	var fresh []*Socket
	for _, key := range l.keys(c) {
		sock := l.sockets[key]
		var err error
		if sock == nil {
			if sock, err = l.open(key, c); err == nil {
				fresh = append(fresh, sock)
			}
		}
		if err == nil {
			err = sock.join(&c.Link)
		}
		if err != nil {
			for _, sock := range fresh {
				l.remove(sock)
			}
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		switch {
		case !key.addr.IsValid():
			ep.Raw = sock
		case ep.UDP == nil:
			ep.UDP = sock
		}
	}
	return ep, nil
}

func (l *listener) open(k key, c Choice) (*Socket, error) {
	s := l.server
	var conn Conn
	var err error
	if k.addr.IsValid() {
		addr := netip.AddrPortFrom(k.addr, s.options.Port)
		var only *Link
		if k.ifindex != 0 {
			only = &c.Link
		}
		if conn, err = s.options.Network.ListenUDP(addr, only); err != nil {
			return nil, fmt.Errorf("listen on UDP %v: %w", addr, withRemedy(err))
		}
	} else if conn, err = s.options.Network.ListenLink(&c.Link, s.options.Port); err != nil {
		return nil, fmt.Errorf("open packet socket: %w", withRemedy(err))
	}
	sock := &Socket{Conn: conn, key: k, outbox: newOutbox()}
	l.sockets[k] = sock
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

func (l *listener) remove(sock *Socket) {
	delete(l.sockets, sock.key)
	l.server.stop(sock)
}

// publish shows the readers what is served now.
func (l *listener) publish(now endpoints) {
	s := l.server
	before := *s.endpoints.Load()
	for index, ep := range now {
		if old := before[index]; old == nil || old.Name != ep.Name || old.Local != ep.Local {
			s.options.Logger.Info("serving", "interface", ep.Name, "address", ep.Local)
		}
	}
	for index, ep := range before {
		if now[index] == nil {
			s.options.Logger.Info("no longer serving", "interface", ep.Name, "address", ep.Local)
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
		s.options.Logger.Warn("not ready", "reason", m)
	}
	if ready {
		s.options.Logger.Info("ready")
	}
}
