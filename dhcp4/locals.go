package dhcp4

import (
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
)

// locals are this server's own addresses, as far as queries came in on them:
// a client may name one of them on another interface. Every query looks into
// them and hardly any adds one, so that it is a new map which has one more.
type locals struct {
	adding sync.Mutex
	addrs  atomic.Pointer[map[netip.Addr]struct{}]
}

// maxLocals bounds them, should a handler in front make addresses up.
const maxLocals = 4096

func (l *locals) add(addr netip.Addr) {
	if !addr.IsValid() || l.has(addr) {
		return
	}
	l.adding.Lock()
	defer l.adding.Unlock()
	more := map[netip.Addr]struct{}{addr: {}}
	if before := l.addrs.Load(); before != nil {
		if len(*before) >= maxLocals {
			return
		}
		maps.Copy(more, *before)
	}
	l.addrs.Store(&more)
}

func (l *locals) has(addr netip.Addr) bool {
	addrs := l.addrs.Load()
	if addrs == nil {
		return false
	}
	_, ok := (*addrs)[addr]
	return ok
}
