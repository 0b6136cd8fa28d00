package dhcp6

import (
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// levels are the options that a client may be sent, given the subnet, the pools
// that its addresses and prefixes are of, and its reservation; nil: none. As in
// Kea, of several pools the one with lower addresses comes first.
func (x *exchange) levels(s *subnet, pools []*pool, h *host) engine.Levels {
	ls := x.levelRoom[:0]
	if h != nil {
		ls = append(ls, h.options)
	}
	if len(pools) > 1 {
		pools = slices.Clone(pools)
		slices.SortFunc(pools, func(a, b *pool) int { return a.span.First.Compare(b.span.First) })
	}
	for _, pl := range pools {
		ls = append(ls, pl.options)
	}
	if s != nil {
		ls = append(ls, s.Options...)
	}
	ls.AddClasses(x.p.classes, x.classes)
	x.levelRoom = append(ls, x.p.options)
	return x.levelRoom
}

// addOptions adds the configured options that the client asks for and those
// that are always sent, and then what relay agents supply (RFC 6422). What the
// reply has already stays.
func (x *exchange) addOptions(s *subnet, pools []*pool, h *host) {
	x.choice = option.Query{Requested: x.requested(), Member: x.isMember, Vendors: x.vendors()}
	there := x.reply.options()
	x.chosenRoom = option.Choose(x.chosenRoom[:0], &x.choice, x.levels(s, pools, h)...)
	for _, o := range x.chosenRoom {
		code := dhcpv6.OptionCode(o.Code)
		if !hasOption(there, code) { // several of one code are of several enterprises
			x.add(code, o.Value)
		}
	}
	x.addSupplied()
}

// requested are the codes of the options that the client asks for.
func (x *exchange) requested() []uint16 {
	if !x.hasCodes {
		x.codes = x.codes[:0]
		for code, value := range options(x.m.options()) {
			if code == dhcpv6.OptionORO {
				x.codes = slices.AppendSeq(x.codes, codesIn(value))
			}
		}
		x.hasCodes = true
	}
	return x.codes
}

// vendors are the enterprises that the client names.
func (x *exchange) vendors() (list []option.Vendor) {
	for code, value := range options(x.m.options()) {
		if code != dhcpv6.OptionVendorOpts && code != dhcpv6.OptionVendorClass {
			continue
		}
		enterprise, _, ok := vendorOf(value)
		if !ok {
			continue
		}
		v := option.Vendor{Enterprise: enterprise}
		if code == dhcpv6.OptionVendorOpts {
			for code := range codesIn(cableLabsOption(value, cableLabsRequest)) {
				v.Requested = append(v.Requested, code)
			}
		}
		list = append(list, v)
	}
	return list
}
