package dhcp4

import "github.com/dhcpha/dhcpha/internal/engine"

// Flags of the client FQDN option (RFC 4702, section 2.1).
const (
	fqdnS = 1 << iota // the server updates the address record
	fqdnO             // the server overrides the client's wish for S
	fqdnE             // the name is in labels, not in text
	fqdnN             // the server makes no updates
)

// fqdnHead are the flags and two response codes that come before the name.
const fqdnHead = 3

// readFQDN reads a client FQDN option; labels is the form of the name.
func readFQDN(option []byte) (f engine.FQDN, labels, ok bool) {
	if len(option) < fqdnHead {
		return engine.FQDN{}, false, false
	}
	flags := option[0]
	f = engine.FQDN{Updates: flags&fqdnS != 0, Override: flags&fqdnO != 0, None: flags&fqdnN != 0}
	if labels = flags&fqdnE != 0; labels {
		f.Name, ok = engine.LabelName(option[fqdnHead:])
	} else {
		f.Name, ok = engine.TextName(option[fqdnHead:])
	}
	return f, labels, ok
}

// appendFQDN appends a client FQDN option with a complete name.
func appendFQDN(b []byte, f engine.FQDN, labels bool) []byte {
	var flags byte
	if f.Updates {
		flags |= fqdnS
	}
	if f.Override {
		flags |= fqdnO
	}
	if f.None {
		flags |= fqdnN
	}
	if labels {
		flags |= fqdnE
	}
	b = append(b, flags, 255, 255) // RFC 4702, section 2.2: 255 to be sent in both codes
	if labels {
		return engine.AppendLabels(b, f.Name)
	}
	return append(b, f.Name...)
}
