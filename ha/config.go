package ha

import "encoding/json"

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

// Config is a relationship between servers. Its JSON is one entry of the list
// high-availability in the parameters of Kea's hook library libdhcp_ha, see
// [ParseConfigs]. Members have Kea's names, units and meaning (Kea
// Administrator Reference Manual, "libdhcp_ha.so: High Availability Outage
// Resilience for Kea Servers"). A zero member means that the file does not
// have it, and the default applies: that of Kea 3.
type Config struct {
	// ThisServerName is which of the peers this server is.
	ThisServerName string `json:"this-server-name,omitempty"`
	Mode           Mode   `json:"mode"`
	Peers          []Peer `json:"peers"`

	// SendLeaseUpdates tells the peers of every lease; true by default.
	SendLeaseUpdates *bool `json:"send-lease-updates,omitempty"`
	// SyncLeases fetches the partner's leases before service begins; true by
	// default. SyncTimeout is how long a page of them may take, in ms, 60000
	// by default, and SyncPageLimit how many there are in a page, 10000 by
	// default.
	SyncLeases    *bool   `json:"sync-leases,omitempty"`
	SyncTimeout   *uint32 `json:"sync-timeout,omitempty"`
	SyncPageLimit *uint32 `json:"sync-page-limit,omitempty"`
	// DelayedUpdatesLimit is how many lease updates are kept for a partner
	// that does not answer; with more it synchronizes when it is back. 0: none
	// are kept. 100 by default in load-balancing, in other modes always 0.
	DelayedUpdatesLimit *uint32 `json:"delayed-updates-limit,omitempty"`

	// HeartbeatDelay is the time between heartbeats, in ms, 10000 by default;
	// 0: no heartbeats.
	HeartbeatDelay *uint32 `json:"heartbeat-delay,omitempty"`
	// MaxResponseDelay is how long the partner must have been silent before
	// it is held for unreachable, in ms, 60000 by default.
	MaxResponseDelay *uint32 `json:"max-response-delay,omitempty"`
	// MaxAckDelay is how long a client must have been trying, in ms, before
	// it counts as not answered by an unreachable partner; 10000 by default.
	MaxAckDelay *uint32 `json:"max-ack-delay,omitempty"`
	// MaxUnackedClients is how many such clients there may be before the
	// partner is held for down; 10 by default. 0: as soon as it is
	// unreachable.
	MaxUnackedClients *uint32 `json:"max-unacked-clients,omitempty"`
	// MaxRejectedLeaseUpdates is for how many clients the partner may refuse
	// updates before this server gives up cooperation; 10 by default. 0: it
	// never does.
	MaxRejectedLeaseUpdates *uint32 `json:"max-rejected-lease-updates,omitempty"`
	// WaitBackupAck answers clients only after the backups have
	// acknowledged, too. It is for passive-backup.
	WaitBackupAck bool `json:"wait-backup-ack,omitempty"`

	// TrustAnchor (a file or folder of authorities), CertFile and KeyFile are
	// the TLS credentials, in PEM form, where a peer has none of its own: all
	// three or none.
	TrustAnchor string `json:"trust-anchor,omitempty"`
	CertFile    string `json:"cert-file,omitempty"`
	KeyFile     string `json:"key-file,omitempty"`
	// RequireClientCerts makes the dedicated listener ask peers for a
	// certificate if it is one for https; true by default.
	RequireClientCerts *bool `json:"require-client-certs,omitempty"`
	// RestrictCommands makes the dedicated listener refuse commands that
	// peers do not need; true by default, as since Kea 3.0.
	RestrictCommands *bool `json:"restrict-commands,omitempty"`

	// MultiThreading says where commands of peers are taken, and how many are
	// sent at a time; nil: as the zero MultiThreading. StateMachine names states
	// to pause in; nil: none.
	MultiThreading *MultiThreading `json:"multi-threading,omitempty"`
	StateMachine   *StateMachine   `json:"state-machine,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Peer is one server of a relationship.
type Peer struct {
	// Name is unique in all relationships of a configuration.
	Name string `json:"name"`
	// URL is where the server takes commands: http or https, address and
	// port. Unlike Kea's it may have a host name, which is resolved whenever a
	// connection is made.
	URL  string `json:"url"`
	Role Role   `json:"role"`
	// AutoFailover, in the entry of this server, lets it serve the partner's
	// clients when that is down; true by default.
	AutoFailover *bool `json:"auto-failover,omitempty"`

	// The basic HTTP authentication that the server demands: in another
	// server's entry what is sent to it, in this server's what its dedicated
	// listener asks for, as Kea's does after 3.3.0. Each is given here or in a
	// file, whose last line break does not count. Without user: none.
	BasicAuthUser         string `json:"basic-auth-user,omitempty"`
	BasicAuthUserFile     string `json:"basic-auth-user-file,omitempty"`
	BasicAuthPassword     string `json:"basic-auth-password,omitempty"`
	BasicAuthPasswordFile string `json:"basic-auth-password-file,omitempty"`

	// TLS credentials: in another server's entry those of this server as its
	// client, in this server's those of its dedicated listener. Nil: that of
	// the relationship. Empty: unset.
	TrustAnchor *string `json:"trust-anchor,omitempty"`
	CertFile    *string `json:"cert-file,omitempty"`
	KeyFile     *string `json:"key-file,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// MultiThreading is how this server is reached and how many connections it
// makes. Queries and commands are always served concurrently.
type MultiThreading struct {
	// Enable is true by default, as since Kea 2.3.7. False: one connection to
	// each peer, and no dedicated listener.
	Enable *bool `json:"enable-multi-threading,omitempty"`
	// DedicatedListener takes the commands of peers at the url of this
	// server; true by default. Otherwise they must reach a control socket of
	// the program there.
	DedicatedListener *bool `json:"http-dedicated-listener,omitempty"`
	// ListenerThreads has no effect: as many commands are in work at a time as
	// come in.
	ListenerThreads *uint32 `json:"http-listener-threads,omitempty"`
	// ClientThreads is how many connections there are to each peer. 0 or nil:
	// as many as suit the machine.
	ClientThreads *uint32 `json:"http-client-threads,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// StateMachine is in which states a server stops for an administrator.
type StateMachine struct {
	States []StatePause `json:"states,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// StatePause is whether a server stops in a state until the command
// ha-continue.
type StatePause struct {
	State string `json:"state"`
	Pause Pause  `json:"pause,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Pause is when a server stops in a state.
type Pause string

// When.
const (
	PauseNever  Pause = "never" // the default
	PauseOnce   Pause = "once"  // only the first time
	PauseAlways Pause = "always"
)
