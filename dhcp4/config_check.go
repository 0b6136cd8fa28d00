package dhcp4

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
	"github.com/dhcpha/dhcpha/internal/option"
)

// checker looks for mistakes in what is well-formed. Paths are those of the
// file.
type checker struct {
	*keajson.Report
	cfg      *Config
	defs     *option.Defs
	classes  map[string]bool         // those that are defined
	networks map[string]string       // path by name
	ids      map[uint32]string       // path of a subnet by id
	prefixes map[netip.Prefix]string // path of a subnet by prefix
	pools    []placedRange
	links    []placedRange // the subnets
}

// placedRange is a range and the path where it is configured.
type placedRange struct {
	Range
	path string
}

// check reports all mistakes in the configuration.
func (c *Config) check(report *keajson.Report) {
	ck := &checker{
		Report: report, cfg: c,
		defs:     option.NewDefs(option.V4),
		classes:  map[string]bool{},
		networks: map[string]string{},
		ids:      map[uint32]string{},
		prefixes: map[netip.Prefix]string{},
	}
	for _, class := range c.ClientClasses {
		ck.classes[class.Name] = true
	}
	global := c.Params.Inherit(DefaultParams())
	ck.params("", "", &c.Params, &global)
	ck.globals()
	ck.interfaces()
	ck.sockets()
	for i, def := range c.OptionDefs {
		ck.optionDef(index("option-def", i), def, ck.defs)
	}
	ck.flexID()
	ck.optionData("", c.OptionData, ck.defs)
	ck.clientClasses()
	ck.reservations("", c.Reservations, nil)
	for i := range c.SharedNetworks {
		ck.network(fmt.Sprintf("shared-networks[%d]", i), &c.SharedNetworks[i], &global)
	}
	for i := range c.Subnets {
		ck.subnet(fmt.Sprintf("subnet4[%d]", i), &c.Subnets[i], &global)
	}
	ck.overlaps()
}

// subnets returns all subnets with their paths, those in shared networks
// first.
func (c *Config) subnets() iter.Seq2[string, *Subnet] {
	return func(yield func(string, *Subnet) bool) {
		for i := range c.SharedNetworks {
			for j := range c.SharedNetworks[i].Subnets {
				if !yield(fmt.Sprintf("shared-networks[%d].subnet4[%d]", i, j), &c.SharedNetworks[i].Subnets[j]) {
					return
				}
			}
		}
		for i := range c.Subnets {
			if !yield(fmt.Sprintf("subnet4[%d]", i), &c.Subnets[i]) {
				return
			}
		}
	}
}

// oneOf reports a value that is not among those there are. Empty is unset.
func (ck *checker) oneOf(path, value string, values ...string) {
	if value != "" && !slices.Contains(values, value) {
		ck.Errorf(path, "must be %s or %s, not %q", strings.Join(values[:len(values)-1], ", "), values[len(values)-1], value)
	}
}

// at joins the path of an object and a key in it.
func at(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
