package dhcp6

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// dhcp4 has one that looks alike. They stay apart: an interface belongs to who
// calls it, and one value can be both.

// Gate decides which queries this server answers. A nil Gate admits all. It is
// not asked about an Information-request, which every server answers.
type Gate interface {
	// Admit says whether this server answers a query of the client, and the
	// classes that it adds to the query (such as HA_server1). waited is how
	// long the client says it has been trying. A query that is not admitted
	// is left to another server; admitting costs no more than memory.
	//
	// server returns the name of the server that the client's subnet is
	// assigned to: ha-server-name in the user-context of the subnet, or else
	// of its shared network; empty: none, or no subnet. It selects the subnet
	// first, so only a gate that tells servers apart by it should call it,
	// and not after Admit has returned.
	Admit(client lease.Client, waited time.Duration, server func() string) (classes []string, serve bool)
}
