package dhcp6

import (
	"slices"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// server checks what only DHCPv6 has globally.
func (ck *checker) server() {
	if id := ck.cfg.ServerID; id != nil {
		ck.serverID(id)
	}
	seen := map[macSource]bool{}
	for i, name := range ck.cfg.MACSources {
		path := conf.Index("mac-sources", i)
		sources, err := macSourcesOf([]string{name})
		if err != nil {
			ck.OneOf(path, name, "any", "raw", "duid", "ipv6-link-local", "client-link-addr-option", "remote-id", "subscriber-id", "docsis-cmts", "docsis-modem")
			continue
		}
		if len(sources) > 1 { // any
			sources = []macSource{0}
		}
		if seen[sources[0]] {
			ck.Errorf(path, "%q is there twice, perhaps by another name", name)
		}
		seen[sources[0]] = true
	}
	for i, text := range ck.cfg.RelaySuppliedOptions {
		if _, err := suppliedOptions([]string{text}, ck.Defs); err != nil {
			ck.Errorf(conf.Index("relay-supplied-options", i), "%q is neither a code nor the name of an option", text)
		}
	}
}

// serverID checks the server's DUID.
func (ck *checker) serverID(id *ServerID) {
	const path = "server-id"
	head := map[string]int{"LLT": 8, "LL": 4, "EN": 6, "UUID": 2} // bytes before the identifier
	switch n := len(id.Identifier); {
	case id.Type == "":
		ck.Errorf(conf.At(path, "type"), "is missing; it is LLT, LL, EN or UUID")
		return
	case head[id.Type] == 0:
		ck.OneOf(conf.At(path, "type"), id.Type, "LLT", "LL", "EN", "UUID")
		return
	case id.Type == "UUID" && n != 0 && n != 16:
		ck.Errorf(conf.At(path, "identifier"), "has %d bytes; a UUID has 16", n)
	case head[id.Type]+n > maxDUID:
		ck.Errorf(conf.At(path, "identifier"), "has %d bytes; it may have %d", n, maxDUID-head[id.Type])
	}
	for _, m := range []struct {
		key   string
		set   bool
		types []string
	}{
		{"htype", id.HType != 0, []string{"LLT", "LL"}},
		{"time", id.Time != 0, []string{"LLT"}},
		{"enterprise-id", id.EnterpriseID != 0, []string{"EN"}},
	} {
		if m.set && !slices.Contains(m.types, id.Type) {
			ck.Warnf(conf.At(path, m.key), "has no effect: a DUID of type %s has no such part", id.Type)
		}
	}
}

// maxDUID is how many bytes a DUID may have with its type (RFC 9915, section
// 11.1).
const maxDUID = 130
