package dhcp4

import (
	"encoding/binary"
	"iter"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// levels are the options that a client may be sent, the levels with the
// highest precedence first.
func (x *exchange) levels(s *subnet, pl *pool, h *host) engine.Levels {
	ls := engine.Levels(x.room.levels[:0])
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
	return option.Lookup(code, x.room.member, ls...)
}

// configured returns the option that the subnet or its network has.
func (x *exchange) configured(code uint16, s *subnet) *option.Option {
	return x.lookup(code, s.Options)
}

// usual are options that clients get without asking for them, as from Kea.
var usual = [...]uint16{optRouters, optDNS, optDomainName}

// addOptions adds the configured options that the client asks for, those that
// are always sent, and the usual ones. What the reply has already stays.
func (x *exchange) addOptions(r *message, ls engine.Levels) {
	q := &x.room.query
	*q = option.Query{Requested: x.room.requested[:0], Member: x.room.member, Vendors: x.vendors()}
	for _, code := range x.q.options.value(optRequestList) {
		q.Requested = append(q.Requested, uint16(code))
	}
	q.Requested = append(q.Requested, usual[:]...)
	there := len(r.options.list)
	for _, o := range option.Choose(x.room.chosen[:0], q, ls...) {
		code := uint8(o.Code)
		switch at := int(r.options.at[code]); {
		case at > there:
			// Several of one code are of several enterprises.
			old := r.options.value(code)
			r.options.set(code, append(old[:len(old):len(old)], o.Value...))
		case at > 0:
		case code == optIPv6Only && !x.requests(code):
			// RFC 8925, section 3.3: only for who asks.
		default:
			r.options.set(code, o.Value)
		}
	}
}

// cableLabs is an enterprise whose clients list the options they want in
// sub-option 1 of the vendor specific information.
const cableLabs = 4491

// vendors are the enterprises that the client names (RFC 3925).
func (x *exchange) vendors() []option.Vendor {
	information, classes := x.q.options.value(optVendorSpecific), x.q.options.value(optVendorClasses)
	if len(information) == 0 && len(classes) == 0 {
		return nil
	}
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
	for enterprise, data := range enterprises(information) {
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
	for enterprise := range enterprises(classes) {
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
