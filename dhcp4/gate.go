package dhcp4

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Gate decides which queries this server answers. A nil Gate admits all.
type Gate interface {
	// Admit says whether this server answers a query of the client, and the
	// classes that it adds to the query (such as HA_server1). waited is how
	// long the client says it has been trying. A query that is not admitted
	// is left to another server; admitting costs no more than memory.
	Admit(client lease.Client, waited time.Duration) (classes []string, serve bool)
}
