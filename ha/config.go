package ha

import "time"

// Mode is how the servers of a relationship share the work.
type Mode string

// The modes.
const (
	LoadBalancing Mode = "load-balancing" // both serve, each half of the clients
	HotStandby    Mode = "hot-standby"    // the primary serves, the standby takes over
	PassiveBackup Mode = "passive-backup" // the primary serves, nobody takes over
)

// Role is what a server is in a relationship.
type Role string

// The roles.
const (
	Primary   Role = "primary"
	Secondary Role = "secondary" // the second server in load-balancing
	Standby   Role = "standby"   // the second server in hot-standby
	Backup    Role = "backup"    // keeps a copy of the leases
)

// Config is a relationship between servers: one entry of Kea's list
// high-availability.
type Config struct {
	ThisServerName          string          `json:"this-server-name,omitempty"`
	Mode                    Mode            `json:"mode"`
	Peers                   []Peer          `json:"peers"`
	SendLeaseUpdates        *bool           `json:"send-lease-updates,omitempty"`         // true by default
	SyncLeases              *bool           `json:"sync-leases,omitempty"`                // true by default
	SyncTimeout             *uint32         `json:"sync-timeout,omitempty"`               // ms; 60000
	SyncPageLimit           *uint32         `json:"sync-page-limit,omitempty"`            // leases; 10000
	DelayedUpdatesLimit     *uint32         `json:"delayed-updates-limit,omitempty"`      // leases; 100 in load-balancing, else 0
	HeartbeatDelay          *uint32         `json:"heartbeat-delay,omitempty"`            // ms; 10000
	MaxResponseDelay        *uint32         `json:"max-response-delay,omitempty"`         // ms; 60000
	MaxAckDelay             *uint32         `json:"max-ack-delay,omitempty"`              // ms; 10000
	MaxUnackedClients       *uint32         `json:"max-unacked-clients,omitempty"`        // 10
	MaxRejectedLeaseUpdates *uint32         `json:"max-rejected-lease-updates,omitempty"` // 10
	WaitBackupAck           bool            `json:"wait-backup-ack,omitempty"`
	RestrictCommands        *bool           `json:"restrict-commands,omitempty"` // true by default
	TrustAnchor             string          `json:"trust-anchor,omitempty"`
	CertFile                string          `json:"cert-file,omitempty"`
	KeyFile                 string          `json:"key-file,omitempty"`
	RequireClientCerts      *bool           `json:"require-client-certs,omitempty"` // true by default
	MultiThreading          *MultiThreading `json:"multi-threading,omitempty"`
	StateMachine            *StateMachine   `json:"state-machine,omitempty"`
}

// Peer is one server of a relationship.
type Peer struct {
	Name         string `json:"name"`
	URL          string `json:"url"`
	Role         Role   `json:"role"`
	AutoFailover *bool  `json:"auto-failover,omitempty"` // true by default

	BasicAuthUser         string `json:"basic-auth-user,omitempty"`
	BasicAuthUserFile     string `json:"basic-auth-user-file,omitempty"`
	BasicAuthPassword     string `json:"basic-auth-password,omitempty"`
	BasicAuthPasswordFile string `json:"basic-auth-password-file,omitempty"`

	TrustAnchor *string `json:"trust-anchor,omitempty"` // nil: that of the relationship
	CertFile    *string `json:"cert-file,omitempty"`
	KeyFile     *string `json:"key-file,omitempty"`
}

// MultiThreading is how a server is reached and how many connections it makes.
type MultiThreading struct {
	Enable            *bool   `json:"enable-multi-threading,omitempty"`
	DedicatedListener *bool   `json:"http-dedicated-listener,omitempty"`
	ListenerThreads   *uint32 `json:"http-listener-threads,omitempty"`
	ClientThreads     *uint32 `json:"http-client-threads,omitempty"`
}

// StateMachine is in which states a server stops for an administrator.
type StateMachine struct {
	States []StatePause `json:"states"`
}

// StatePause is whether a server stops in a state until ha-continue.
type StatePause struct {
	State string `json:"state"`
	Pause Pause  `json:"pause,omitempty"`
}

// Pause is when a server stops in a state.
type Pause string

// When.
const (
	PauseNever  Pause = "never"
	PauseOnce   Pause = "once" // only the first time
	PauseAlways Pause = "always"
)

// The values in force, with the defaults for what is not set.

func (c *Config) heartbeatDelay() time.Duration   { return ms(c.HeartbeatDelay, 10_000) }
func (c *Config) maxResponseDelay() time.Duration { return ms(c.MaxResponseDelay, 60_000) }
func (c *Config) maxAckDelay() time.Duration      { return ms(c.MaxAckDelay, 10_000) }
func (c *Config) syncTimeout() time.Duration      { return ms(c.SyncTimeout, 60_000) }
func (c *Config) syncPageLimit() int              { return number(c.SyncPageLimit, 10_000) }
func (c *Config) maxUnackedClients() int          { return number(c.MaxUnackedClients, 10) }
func (c *Config) maxRejectedLeaseUpdates() int    { return number(c.MaxRejectedLeaseUpdates, 10) }
func (c *Config) sendLeaseUpdates() bool          { return c.SendLeaseUpdates == nil || *c.SendLeaseUpdates }
func (c *Config) syncLeases() bool                { return c.SyncLeases == nil || *c.SyncLeases }
func (c *Config) restrictCommands() bool          { return c.RestrictCommands == nil || *c.RestrictCommands }
func (c *Config) requireClientCerts() bool {
	return c.RequireClientCerts == nil || *c.RequireClientCerts
}
func (p *Peer) autoFailover() bool { return p.AutoFailover == nil || *p.AutoFailover }

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

func ms(v *uint32, def uint32) time.Duration {
	if v != nil {
		def = *v
	}
	return time.Duration(def) * time.Millisecond
}

func number(v *uint32, def int) int {
	if v != nil {
		return int(*v)
	}
	return def
}
