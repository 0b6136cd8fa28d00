package dhcp6

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// digestOf leaves out what need not be the same, so that what is new in a
// configuration counts unless somebody decides otherwise.
func digestOf(cfg *Config) string {
	b, err := json.Marshal(cfg)
	if err != nil {
		return "" // a configuration that has been checked has a JSON
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}
