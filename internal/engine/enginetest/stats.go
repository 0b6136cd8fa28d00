package enginetest

import (
	"fmt"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// nouns are what leases are called in statistics.
var nouns = map[lease.Type]string{lease.V4: "addresses", lease.NA: "nas", lease.PD: "pds"}

// checkStats compares the statistics with the leases.
func (h *History) checkStats() {
	if h.Stat == nil {
		return
	}
	h.stat("reclaimed-leases", h.reclaimed)
	types := []lease.Type{lease.V4}
	if h.Family == ctrl.V6 {
		types = []lease.Type{lease.NA, lease.PD}
	}
	for _, subnet := range append(Subnets{{}}, h.Subnets...) {
		name := func(what string) string {
			if subnet.ID == 0 { // of all
				return what
			}
			return fmt.Sprintf("subnet[%d].%s", subnet.ID, what)
		}
		declined := int64(0)
		for _, typ := range types {
			n := map[lease.State]int64{}
			for _, l := range h.Leases {
				if l.Type == typ && (subnet.ID == 0 || l.SubnetID == subnet.ID) {
					n[l.State]++
				}
			}
			h.stat(name("assigned-"+nouns[typ]), n[lease.Assigned]+n[lease.Declined])
			if typ == lease.NA {
				h.stat(name("registered-nas"), n[lease.Registered])
			}
			if typ != lease.PD {
				declined += n[lease.Declined]
			}
		}
		h.stat(name("declined-addresses"), declined)
	}
}

func (h *History) stat(name string, want int64) {
	if got := h.Stat(name); got != want {
		h.Failf("statistic %s is %d, which should be %d", name, got, want)
	}
}
