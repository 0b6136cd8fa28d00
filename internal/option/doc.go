// Package option turns Kea's option-data into the bytes of DHCP options.
//
// Definitions (the standard ones, plus option-def of the configuration) say
// which fields an option has; Compile checks one entry of option-data against
// them once, when the configuration is loaded; NewList assembles what one
// level of the configuration (global, subnet, class ...) offers, sub-options
// included; Choose picks, for every query, what is sent:
//
//	defs, err := option.NewDefs(option.V4, cfg.OptionDef)
//	opt, err := option.Compile(option.Data{Name: "routers", Data: "192.0.2.1"}, defs)
//	subnet := option.NewList(opt)
//	send := option.Choose(option.Query{Requested: prl}, host, pool, subnet, global)
//
// Only the tables of standard definitions know the families apart.
package option
