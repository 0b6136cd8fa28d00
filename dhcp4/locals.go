package dhcp4

import (
	"net/netip"
	"sync"
)

// locals are this server's own addresses, as far as queries came in on them:
// a client may name one of them on another interface.
type locals struct {
	mu    sync.RWMutex
	addrs map[netip.Addr]struct{}
}

// maxLocals bounds them, should a handler in front make addresses up.
const maxLocals = 4096

func (l *locals) add(addr netip.Addr) {
	if !addr.IsValid() || l.has(addr) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.addrs == nil {
		l.addrs = map[netip.Addr]struct{}{}
	}
	if len(l.addrs) < maxLocals {
		l.addrs[addr] = struct{}{}
	}
}

func (l *locals) has(addr netip.Addr) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	_, ok := l.addrs[addr]
	return ok
}
