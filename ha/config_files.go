package ha

import (
	"fmt"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// checkFiles reports files that the relationship names and that cannot be
// used.
func (c *Config) checkFiles(path string, report *keajson.Report) {
	common := tlsFiles{c.TrustAnchor, c.CertFile, c.KeyFile}
	common.check(path, report)
	for i := range c.Peers {
		p := &c.Peers[i]
		path := at(path, fmt.Sprintf("peers[%d]", i))
		if _, err := p.user(); err != nil && p.BasicAuthUserFile != "" {
			report.Errorf(at(path, "basic-auth-user-file"), "%v", err)
		}
		if _, err := p.password(); err != nil {
			report.Errorf(at(path, "basic-auth-password-file"), "%v", err)
		}
		if own := c.tlsFiles(p); own != common {
			own.check(path, report)
		}
	}
}

// check reports credentials that cannot be loaded. Whether some are missing is
// looked at elsewhere.
func (f tlsFiles) check(path string, report *keajson.Report) {
	if f.trustAnchor == "" || f.cert == "" || f.key == "" {
		return
	}
	if _, err := ctrl.ClientTLS(f.trustAnchor, f.cert, f.key, nil); err != nil {
		report.Errorf(path, "%v", err)
	}
}
