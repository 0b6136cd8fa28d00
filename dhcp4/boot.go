package dhcp4

import (
	"cmp"
	"net/netip"
)

// bootFields are siaddr, sname and file.
type bootFields struct {
	server     netip.Addr
	name, file string
}

func bootOf(p *Params) bootFields {
	var b bootFields
	if p.NextServer != nil && !p.NextServer.IsUnspecified() {
		b.server = *p.NextServer
	}
	if p.ServerHostname != nil {
		b.name = *p.ServerHostname
	}
	if p.BootFileName != nil {
		b.file = *p.BootFileName
	}
	return b
}

// or returns b with what it lacks taken from other.
func (b bootFields) or(other bootFields) bootFields {
	if !b.server.IsValid() {
		b.server = other.server
	}
	return bootFields{b.server, cmp.Or(b.name, other.name), cmp.Or(b.file, other.file)}
}
