package ctrl

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// ConfigFamily says which server a Kea configuration file is for: that of
// DHCPv6 if it has an object Dhcp6, and that of DHCPv4 if it has Dhcp4. Whether
// the file has other mistakes is told by those who load it.
func ConfigFamily(path string) (Family, error) {
	root, _, err := keajson.ParseFile(path)
	switch {
	case err != nil:
		return 0, fmt.Errorf("ctrl: configuration: %w", err)
	case root.Get("Dhcp6") != nil:
		return V6, nil
	case root.Get("Dhcp4") != nil:
		return V4, nil
	}
	return 0, fmt.Errorf(`ctrl: configuration: there is neither a "Dhcp4" nor a "Dhcp6" object in %s`, path)
}
