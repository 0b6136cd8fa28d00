package ha

import (
	"math"
	"runtime"
	"time"
)

// The values in force, with the defaults for what is not set.

func (c *Config) heartbeatDelay() time.Duration   { return ms(c.HeartbeatDelay, 10_000) }
func (c *Config) maxResponseDelay() time.Duration { return ms(c.MaxResponseDelay, 60_000) }
func (c *Config) maxAckDelay() time.Duration      { return ms(c.MaxAckDelay, 10_000) }
func (c *Config) syncTimeout() time.Duration      { return ms(c.SyncTimeout, 60_000) }
func (c *Config) syncPageLimit() int              { return number(c.SyncPageLimit, 10_000) }
func (c *Config) maxUnackedClients() int          { return number(c.MaxUnackedClients, 10) }
func (c *Config) maxRejectedLeaseUpdates() int    { return number(c.MaxRejectedLeaseUpdates, 10) }
func (c *Config) sendLeaseUpdates() bool          { return on(c.SendLeaseUpdates) }
func (c *Config) syncLeases() bool                { return on(c.SyncLeases) }
func (c *Config) restrictCommands() bool          { return on(c.RestrictCommands) }
func (c *Config) requireClientCerts() bool        { return on(c.RequireClientCerts) }
func (p *Peer) autoFailover() bool                { return on(p.AutoFailover) }

func (c *Config) delayedUpdatesLimit() int {
	if c.Mode == LoadBalancing {
		return number(c.DelayedUpdatesLimit, 100)
	}
	return number(c.DelayedUpdatesLimit, 0)
}

// requestTimeout is how long an answer of a peer is waited for: Kea's 10 s,
// or less if the silence of a peer must be noticed sooner.
func (c *Config) requestTimeout() time.Duration {
	return min(10*time.Second, max(c.maxResponseDelay()/2, 500*time.Millisecond))
}

func (c *Config) multiThreading() bool {
	return c.MultiThreading == nil || on(c.MultiThreading.Enable)
}

// dedicatedListener says whether this server takes commands at its own url.
func (c *Config) dedicatedListener() bool {
	return c.multiThreading() && (c.MultiThreading == nil || on(c.MultiThreading.DedicatedListener))
}

// maxThreads is more connections to a peer than are of use.
const maxThreads = 256

// clientThreads is how many connections there may be to a peer: without
// multi-threading one, so that commands follow each other. By default there
// are as many as processors, as Kea has threads, but not so few that one round
// trip is waited for after the other.
func (c *Config) clientThreads() int {
	if !c.multiThreading() {
		return 1
	}
	if m := c.MultiThreading; m != nil && number(m.ClientThreads, 0) > 0 {
		return min(number(m.ClientThreads, 0), maxThreads)
	}
	return max(4, runtime.GOMAXPROCS(0))
}

// pause says whether this server stops in the state.
func (c *Config) pause(s State) Pause {
	if c.StateMachine != nil {
		for _, p := range c.StateMachine.States {
			if p.State == s.String() && p.Pause != "" {
				return p.Pause
			}
		}
	}
	return PauseNever
}

// peer returns the peer with the name, or nil.
func (c *Config) peer(name string) *Peer {
	for i := range c.Peers {
		if c.Peers[i].Name == name {
			return &c.Peers[i]
		}
	}
	return nil
}

// this returns the entry of this server.
func (c *Config) this() *Peer { return c.peer(c.ThisServerName) }

// primary returns the name of the primary.
func (c *Config) primary() string {
	for i := range c.Peers {
		if c.Peers[i].Role == Primary {
			return c.Peers[i].Name
		}
	}
	return ""
}

// sources returns the names of the other active servers, the primary first: those
// whose revisions the sources of leases are.
func (c *Config) sources() (names []string) {
	for _, role := range []Role{Primary, Secondary, Standby} {
		for _, p := range c.Peers {
			if p.Role == role && p.Name != c.ThisServerName {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// partner returns the other active server: the first peer by name that is no
// backup and not this server; nil if there is none.
func (c *Config) partner() *Peer {
	var found *Peer
	for i := range c.Peers {
		p := &c.Peers[i]
		if p.Role != Backup && p.Name != c.ThisServerName && (found == nil || p.Name < found.Name) {
			found = p
		}
	}
	return found
}

// tlsFiles are the files of TLS credentials; empty: none.
type tlsFiles struct{ trustAnchor, cert, key string }

// tlsFiles returns the TLS credentials for the peer: its own, or else those of
// the relationship.
func (c *Config) tlsFiles(p *Peer) tlsFiles {
	own := func(v *string, def string) string {
		if v != nil {
			return *v
		}
		return def
	}
	return tlsFiles{own(p.TrustAnchor, c.TrustAnchor), own(p.CertFile, c.CertFile), own(p.KeyFile, c.KeyFile)}
}

func on(v *bool) bool { return v == nil || *v }

func ms(v *uint32, def uint32) time.Duration {
	if v != nil {
		def = *v
	}
	return time.Duration(def) * time.Millisecond
}

// number returns a value that may still be added one to, where int has 32 bits,
// too.
func number(v *uint32, def int) int {
	if v != nil {
		return int(min(uint64(*v), math.MaxInt-1))
	}
	return def
}
