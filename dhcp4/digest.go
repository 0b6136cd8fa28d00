package dhcp4

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/internal/option"
)

// Digest returns a hash of what servers have to agree on that stand in for each
// other: subnets, pools, guards, classes, reservations, lifetimes, options.
// What each has for itself does not count: interfaces, sockets, the lease file,
// hook libraries, loggers, its server identifier, comments.
func (e *Engine) Digest() string { return e.plan.Load().digest() }

// digestOf leaves out what need not be the same, so that what is new in a
// configuration counts unless somebody decides otherwise.
func digestOf(cfg *Config) string {
	c := *cfg
	c.Params = reservationMode(c.Params).Inherit(DefaultParams())
	c.InterfacesConfig = InterfacesConfig{}
	c.LeaseDatabase, c.ControlSocket, c.ControlSockets = nil, nil, nil
	c.HooksLibraries, c.Loggers, c.ServerTag = nil, nil, ""
	c.ExpiredLeasesProcessing, c.SanityChecks = nil, nil
	c.StatisticDefaultSampleCount, c.StatisticDefaultSampleAge = nil, 0
	c.DHCPDDNS, c.MultiThreading, c.DHCPQueueControl = nil, nil, nil
	c.ParkedPacketLimit, c.ReservationsLookupFirst = nil, nil
	c.OptionData = agreedOptions(c.OptionData)
	c.ClientClasses = slices.Clone(c.ClientClasses)
	for i := range c.ClientClasses {
		c.ClientClasses[i].OptionData = agreedOptions(c.ClientClasses[i].OptionData)
	}
	c.SharedNetworks = slices.Clone(c.SharedNetworks)
	for i := range c.SharedNetworks {
		n := &c.SharedNetworks[i]
		n.Interface, n.OptionData, n.Subnets = "", agreedOptions(n.OptionData), agreedSubnets(n.Subnets)
	}
	slices.SortFunc(c.SharedNetworks, func(a, b SharedNetwork) int { return cmp.Compare(a.Name, b.Name) })
	c.Subnets = agreedSubnets(c.Subnets)
	b, err := json.Marshal(&c)
	if err == nil {
		b, err = withoutComments(b)
	}
	if err != nil {
		return "" // a configuration that has been checked has a JSON
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func agreedSubnets(subnets []Subnet) []Subnet {
	subnets = slices.Clone(subnets)
	for i := range subnets {
		s := &subnets[i]
		s.Interface, s.OptionData = "", agreedOptions(s.OptionData)
		s.Pools = slices.Clone(s.Pools)
		for j := range s.Pools {
			s.Pools[j].OptionData = agreedOptions(s.Pools[j].OptionData)
		}
	}
	slices.SortFunc(subnets, func(a, b Subnet) int { return cmp.Compare(a.ID, b.ID) })
	return subnets
}

// agreedOptions leaves out the server identifier, which each server has its
// own of.
func agreedOptions(list []OptionData) []OptionData {
	standard := option.NewDefs(option.V4)
	return slices.DeleteFunc(slices.Clone(list), func(d OptionData) bool {
		o, err := option.Compile(d, standard)
		return err == nil && o.Space == "dhcp4" && o.Code == optServerID
	})
}

// withoutComments returns the JSON without comments and without user-contexts,
// but for what they assign to servers.
func withoutComments(text []byte) ([]byte, error) {
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	var clean func(v any)
	clean = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "comment")
			if uc, ok := v["user-context"].(map[string]any); ok {
				delete(v, "user-context")
				if server, ok := uc["ha-server-name"]; ok {
					v["user-context"] = server
				}
			}
			for _, member := range v {
				clean(member)
			}
		case []any:
			for _, member := range v {
				clean(member)
			}
		}
	}
	clean(tree)
	return json.Marshal(tree)
}
