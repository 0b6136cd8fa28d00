package dhcp4

import "github.com/dhcpha/dhcpha/internal/option"

// optionDef adds a definition to defs, or reports what is wrong with it.
func (ck *checker) optionDef(path string, def OptionDef, defs *option.Defs) {
	if err := defs.Add(def); err != nil {
		ck.Errorf(path, "%v", err)
	}
}

// optionData reports options whose value does not compile, or that do not fit
// into those that carry them.
func (ck *checker) optionData(path string, list []OptionData, defs *option.Defs) {
	compiled := make([]option.Option, 0, len(list))
	for i, data := range list {
		path := at(path, index("option-data", i))
		o, err := option.Compile(data, defs)
		if err != nil {
			ck.Errorf(path, "%v", err)
			continue
		}
		compiled = append(compiled, o)
		for j, name := range data.ClientClasses {
			ck.reference(at(path, index("client-classes", j)), name)
		}
	}
	if _, err := option.NewList(option.V4, compiled...); err != nil {
		ck.Errorf(at(path, "option-data"), "%v", err)
	}
}

// classOptions checks the options of a class. Its definitions are used once
// the class of a query is known, so they can only be of options whose reading
// can wait until then.
func (ck *checker) classOptions(path string, class *ClientClass) {
	defs := ck.defs
	if len(class.OptionDefs) > 0 {
		defs = defs.Clone()
	}
	for i, def := range class.OptionDefs {
		path := at(path, index("option-def", i))
		if def.Space != "" && def.Space != "dhcp4" || def.Code != 43 && (def.Code < 224 || def.Code > 254) {
			ck.Errorf(path, "option %d cannot be defined by a class, only 43 and 224 to 254 of the space dhcp4", def.Code)
			continue
		}
		ck.optionDef(path, def, defs)
	}
	ck.optionData(path, class.OptionData, defs)
}
