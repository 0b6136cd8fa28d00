package dhcp4

import "github.com/dhcpha/dhcpha/internal/conf"

// class checks the definition of a class.
func (ck *checker) class(path string, c *ClientClass) {
	ck.Class(path, conf.ClassTest{Name: c.Name, Test: c.Test}, c.OnlyIfRequired, c.OnlyInAdditionalList)
	// A class has lifetimes of its own: bounds that it does not set are those
	// of the subnet, which it does not know.
	ck.lifetimes(path, &c.Params, &c.Params)
	ck.paramsAlone(path, "class", &c.Params)
	ck.NoLimits(path, c.UserContext)

	// Its definitions are used once the class of a query is known, so they can
	// only be of options whose reading can wait until then.
	defs := ck.Defs
	if len(c.OptionDefs) > 0 {
		defs = defs.Clone()
	}
	for i, def := range c.OptionDefs {
		path := conf.At(path, conf.Index("option-def", i))
		if def.Space != "" && def.Space != "dhcp4" || def.Code != 43 && (def.Code < 224 || def.Code > 254) {
			ck.Errorf(path, "option %d cannot be defined by a class, only 43 and 224 to 254 of the space dhcp4", def.Code)
			continue
		}
		ck.OptionDef(path, def, defs)
	}
	ck.OptionData(path, c.OptionData, defs)
}
