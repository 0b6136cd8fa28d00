// Package option turns Kea's option-data into the bytes of DHCP options.
//
// Definitions (the standard ones, plus option-def of the configuration) say
// which fields an option has; Compile checks one entry of option-data against
// them once, when the configuration is loaded; NewList assembles what one
// level of the configuration (global, subnet, class ...) offers, sub-options
// included; Choose picks, for every query, what is sent:
//
//	defs := option.NewDefs(option.V4)
//	err := defs.Add(def) // each option-def
//	opt, err := option.Compile(option.Data{Name: "routers", Data: "192.0.2.1"}, defs)
//	subnet, err := option.NewList(option.V4, opt)
//	send := option.Choose(nil, &option.Query{Requested: prl}, host, pool, subnet, network, class, global)
//
// Only the tables of standard definitions, and the few options that do not
// keep to theirs, know the families apart.
//
// The differences from Kea: an IPv6 address is refused where an IPv4 one is
// expected, the root and names with escapes are accepted as domain names, and
// option v4-dnr (v6-dnr) can be given only in hexadecimal.
package option
