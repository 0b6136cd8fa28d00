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
	ls := make(engine.Levels, 0, 8)
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
	return append(ls, x.p.options)
}

// addOptions adds the configured options that the client asks for and those
// that are always sent, and then what relay agents supply (RFC 6422). What the
// reply has already stays.
func (x *exchange) addOptions(r *dhcpv6.Message, s *subnet, pools []*pool, h *host) {
	q := option.Query{Requested: x.requested(), Member: x.member, Vendors: x.vendors()}
	there := len(r.Options.Options)
	var room [16]*option.Option
	chosen := option.Choose(room[:0], &q, x.levels(s, pools, h)...)
	for _, o := range chosen {
		if !hasOption(r.Options.Options[:there], dhcpv6.OptionCode(o.Code)) { // several of one code are of several enterprises
			r.AddOption(x.p.configured.of(o))
		}
	}
	x.addSupplied(r)
}

func hasOption(list dhcpv6.Options, code dhcpv6.OptionCode) bool {
	for _, o := range list {
		if o.Code() == code {
			return true
		}
	}
	return false
}

// requested are the codes of the options that the client asks for.
func (x *exchange) requested() []uint16 {
	if x.codes == nil {
		x.codes = make([]uint16, 0, 16)
		for _, o := range x.m.Options.Options {
			if o.Code() == dhcpv6.OptionORO {
				x.codes = slices.AppendSeq(x.codes, codesIn(o.ToBytes()))
			}
		}
	}
	return x.codes
}

// vendors are the enterprises that the client names.
func (x *exchange) vendors() (list []option.Vendor) {
	for _, o := range x.m.Options.Options {
		if o.Code() != dhcpv6.OptionVendorOpts && o.Code() != dhcpv6.OptionVendorClass {
			continue
		}
		value := o.ToBytes()
		enterprise, _, ok := vendorOf(value)
		if !ok {
			continue
		}
		v := option.Vendor{Enterprise: enterprise}
		if o.Code() == dhcpv6.OptionVendorOpts {
			for code := range codesIn(cableLabsOption(value, cableLabsRequest)) {
				v.Requested = append(v.Requested, code)
			}
		}
		list = append(list, v)
	}
	return list
}
