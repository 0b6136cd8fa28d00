package dhcp4

import (
	"encoding/json"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/option"
)

// OptionData is an entry of option-data: an option to send and its value.
//
//	Name          string   // Kea's name of the option; this or Code must be given
//	Code          uint16   // its number
//	Space         string   // its option space, by default "dhcp4"
//	CSVFormat     *bool    // false: Data are bytes in hexadecimal; by default fields separated by commas
//	Data          string   // "192.0.2.1, 192.0.2.2", say
//	AlwaysSend    bool     // also to clients that did not ask for it
//	NeverSend     bool     // whatever other levels of the configuration say
//	ClientClasses []string // only to clients in one of these; none: to all
type OptionData = option.Data

// OptionDef is an entry of option-def: the fields of an option that is not a
// standard one. A program makes one from its JSON:
//
//	var def dhcp4.OptionDef
//	err := json.Unmarshal([]byte(`{"name": "color", "code": 224, "type": "uint32"}`), &def)
type OptionDef = option.Def

// Config is the configuration of a DHCPv4 server. Its JSON is the Dhcp4 object
// of a Kea configuration file, so that [ParseConfig] reads such a file and
// [encoding/json.Marshal] writes what Kea's config-get would answer. Members
// have Kea's names, units and meaning; what is said here is what Go programs
// need beyond the Kea Administrator Reference Manual, section "The DHCPv4
// Server".
//
// A zero member means that the file does not have it, and Kea's default
// applies; see [DefaultParams] for those that are inherited. Lifetimes and
// timers are in seconds.
type Config struct {
	// Params apply wherever a shared network, a subnet, a pool, a class or a
	// reservation does not say otherwise.
	Params

	// InterfacesConfig is for the program that assembles the server, as are
	// ControlSocket, ControlSockets (see Config.Sockets), HooksLibraries,
	// LeaseDatabase (see Config.LeaseFile) and Loggers (see Config.LogLevel).
	InterfacesConfig InterfacesConfig    `json:"interfaces-config,omitzero"`
	LeaseDatabase    *LeaseDatabase      `json:"lease-database,omitempty"`
	ControlSocket    *ctrl.SocketConfig  `json:"control-socket,omitempty"`  // Kea up to 2.7.1
	ControlSockets   []ctrl.SocketConfig `json:"control-sockets,omitempty"` // Kea 2.7.2 and later
	HooksLibraries   []HookLibrary       `json:"hooks-libraries,omitempty"`
	Loggers          []Logger            `json:"loggers,omitempty"`

	// ServerTag names this server among those that share a configuration
	// database. It is only shown.
	ServerTag string `json:"server-tag,omitempty"`

	// OptionDefs are options beyond the standard ones, OptionData what clients
	// are sent unless a narrower place says otherwise, ClientClasses the groups
	// of clients, in the order in which they are tested.
	OptionDefs    []OptionDef   `json:"option-def,omitempty"`
	OptionData    []OptionData  `json:"option-data,omitempty"`
	ClientClasses []ClientClass `json:"client-classes,omitempty"`

	// SharedNetworks have subnets that are on one link; Subnets are the others.
	SharedNetworks []SharedNetwork `json:"shared-networks,omitempty"`
	Subnets        []Subnet        `json:"subnet4,omitempty"`
	// Reservations are the global ones, used where reservations-global is
	// set.
	Reservations []Reservation `json:"reservations,omitempty"`

	// HostReservationIdentifiers are the kinds of identifier by which
	// reservations are searched, in this order: hw-address, duid, circuit-id,
	// client-id, flex-id. Empty means Kea's default, which is that order
	// without flex-id.
	HostReservationIdentifiers []string `json:"host-reservation-identifiers,omitempty"`
	// IPReservationsUnique, unless set to false, makes two reservations of one
	// address in one subnet a mistake.
	IPReservationsUnique *bool `json:"ip-reservations-unique,omitempty"`
	// EarlyGlobalReservationsLookup looks for a global reservation before the
	// subnet is selected, so that its classes take part in the selection.
	EarlyGlobalReservationsLookup bool `json:"early-global-reservations-lookup,omitempty"`

	// EchoClientID, unless set to false, sends the client identifier back
	// (RFC 6842).
	EchoClientID *bool `json:"echo-client-id,omitempty"`
	// DeclineProbationPeriod is how long, in seconds, an address that a client
	// found in use is kept from others; 86400 by default.
	DeclineProbationPeriod *uint32 `json:"decline-probation-period,omitempty"`

	// ExpiredLeasesProcessing says how expired leases are reclaimed; nil: as
	// its type says. SanityChecks and Compatibility are read, and must not ask
	// for what their types say is not supported.
	ExpiredLeasesProcessing *ExpiredLeasesProcessing `json:"expired-leases-processing,omitempty"`
	SanityChecks            *SanityChecks            `json:"sanity-checks,omitempty"`
	Compatibility           *Compatibility           `json:"compatibility,omitempty"`

	// StatisticDefaultSampleCount is how many samples statistics keep, 20 by
	// default. If it is 0 they keep those of the last
	// StatisticDefaultSampleAge seconds. See ctrl.Stats.SetSamples.
	StatisticDefaultSampleCount *uint32 `json:"statistic-default-sample-count,omitempty"`
	StatisticDefaultSampleAge   uint32  `json:"statistic-default-sample-age,omitempty"`

	// What follows, up to Comment, is read, and written again, without effect:
	// this server needs no such setting.
	DHCPDDNS                *DHCPDDNS         `json:"dhcp-ddns,omitempty"`
	MultiThreading          *MultiThreading   `json:"multi-threading,omitempty"`
	DHCPQueueControl        *DHCPQueueControl `json:"dhcp-queue-control,omitempty"`
	ParkedPacketLimit       *uint32           `json:"parked-packet-limit,omitempty"`
	ReservationsLookupFirst *bool             `json:"reservations-lookup-first,omitempty"`

	Comment string `json:"comment,omitempty"`
	// UserContext is the user's own, but for the limits of clients behind relay
	// agents; see the package's section Limits. Those of shared networks and
	// subnets can have them, too.
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Compatibility is compatibility: departures from the standards, for the sake
// of clients and relay agents that need them.
type Compatibility struct {
	LenientOptionParsing       bool `json:"lenient-option-parsing,omitempty"`        // is not supported and may not be true
	IgnoreDHCPServerIdentifier bool `json:"ignore-dhcp-server-identifier,omitempty"` // answer although the client names another server
	IgnoreRAILinkSelection     bool `json:"ignore-rai-link-selection,omitempty"`     // do not select the subnet by RFC 3527's sub-option
	ExcludeFirstLast24         bool `json:"exclude-first-last-24,omitempty"`         // never offer .0 and .255 of a /24 in pools that are larger
}

// Sockets returns the entries of both control-socket and control-sockets.
func (c *Config) Sockets() []ctrl.SocketConfig {
	return conf.Sockets(c.ControlSocket, c.ControlSockets)
}
