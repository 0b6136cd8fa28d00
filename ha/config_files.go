package ha

import (
	"fmt"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// checkFiles reports files that the relationship names and that cannot be
// used.
func (c *Config) checkFiles(path string, report *keajson.Report) {
	bad := map[tlsFiles]bool{} // those of the relationship are told of once
	for i := range c.Peers {
		p := &c.Peers[i]
		path := at(path, fmt.Sprintf("peers[%d]", i))
		if _, err := p.user(); err != nil && p.BasicAuthUserFile != "" {
			report.Errorf(at(path, "basic-auth-user-file"), "%v", err)
		}
		if _, err := p.password(); err != nil {
			report.Errorf(at(path, "basic-auth-password-file"), "%v", err)
		}
		files := c.tlsFiles(p)
		if files.trustAnchor == "" || files.cert == "" || files.key == "" || bad[files] {
			continue
		}
		if _, err := ctrl.ClientTLS(files.trustAnchor, files.cert, files.key, nil); err != nil {
			report.Errorf(path, "%v", err)
			bad[files] = true
		}
	}
}
