package dhcp4

import "github.com/dhcpha/dhcpha/internal/conf"

// flexID checks the parameters of the hook library that makes flexible
// identifiers.
func (ck *checker) flexID() {
	for i, h := range ck.cfg.HooksLibraries {
		if _, err := conf.FlexIdentifier(ck.cfg.HooksLibraries[i:i+1], ck.defs); err != nil {
			ck.Errorf(at(index("hooks-libraries", i), "parameters"), "%s: %v", h.Name(), err)
		}
	}
}
