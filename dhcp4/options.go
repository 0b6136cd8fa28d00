package dhcp4

import (
	"encoding/binary"
	"iter"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// levels are the options that a client may be sent, the levels with the
// highest precedence first.
func (x *exchange) levels(s *subnet, pl *pool, h *host) engine.Levels {
	ls := make(engine.Levels, 0, 8)
	if h != nil {
		ls = append(ls, h.options)
	}
	if pl != nil {
		ls = append(ls, pl.options)
	}
	if s != nil {
		ls = append(ls, s.Options...)
	}
	ls.AddClasses(x.p.classes, x.classes)
	return append(ls, x.p.options)
}

func (x *exchange) lookup(code uint16, ls engine.Levels) *option.Option {
	return option.Lookup(code, x.member, ls...)
}

// configured returns the option that the subnet or its network has.
func (x *exchange) configured(code uint16, s *subnet) *option.Option {
	return x.lookup(code, s.Options)
}

// usual are options that clients get without asking for them, as from Kea.
var usual = [...]uint16{optRouters, optDNS, optDomainName}

// addOptions adds the configured options that the client asks for, those that
// are always sent, and the usual ones. What the reply has already stays.
func (x *exchange) addOptions(r *dhcpv4.DHCPv4, ls engine.Levels) {
	prl := x.m.Options[optRequestList]
	q := option.Query{
		Requested: make([]uint16, 0, len(prl)+len(usual)),
		Member:    x.member,
		Vendors:   x.vendors(),
	}
	for _, code := range prl {
		q.Requested = append(q.Requested, uint16(code))
	}
	q.Requested = append(q.Requested, usual[:]...)
	var room [16]*option.Option
	var added [256]bool
	for _, o := range option.Choose(room[:0], &q, ls...) {
		code := uint8(o.Code)
		if _, there := r.Options[code]; there && !added[code] {
			continue
		}
		if code == optIPv6Only && !x.requests(code) {
			continue // RFC 8925, section 3.3: only for who asks
		}
		added[code] = true
		// Several of one code are of several enterprises.
		old := r.Options[code]
		r.Options[code] = append(old[:len(old):len(old)], o.Value...)
	}
}

// cableLabs is an enterprise whose clients list the options they want in
// sub-option 1 of the vendor specific information.
const cableLabs = 4491

// vendors are the enterprises that the client names (RFC 3925).
func (x *exchange) vendors() []option.Vendor {
	var list []option.Vendor
	add := func(enterprise uint32, requested []uint16) {
		for i := range list {
			if list[i].Enterprise == enterprise {
				list[i].Requested = append(list[i].Requested, requested...)
				return
			}
		}
		list = append(list, option.Vendor{Enterprise: enterprise, Requested: requested})
	}
	for enterprise, data := range enterprises(x.m.Options[optVendorSpecific]) {
		var requested []uint16
		for code, value := range option.V4.Suboptions(data) {
			if enterprise == cableLabs && code == 1 {
				for _, c := range value {
					requested = append(requested, uint16(c))
				}
			}
		}
		add(enterprise, requested)
	}
	for enterprise := range enterprises(x.m.Options[optVendorClasses]) {
		add(enterprise, nil)
	}
	return list
}

// enterprises goes through an option of RFC 3925: enterprise numbers, each
// with data. It stops where the option is damaged.
func enterprises(v []byte) iter.Seq2[uint32, []byte] {
	return func(yield func(uint32, []byte) bool) {
		for len(v) >= 5 && len(v) >= 5+int(v[4]) {
			end := 5 + int(v[4])
			if !yield(binary.BigEndian.Uint32(v), v[5:end]) {
				return
			}
			v = v[end:]
		}
	}
}
