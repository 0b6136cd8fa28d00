package conf

import "github.com/dhcpha/dhcpha/internal/option"

// OptionDef adds a definition to defs, or reports what is wrong with it.
func (ck *Checker) OptionDef(path string, def option.Def, defs *option.Defs) {
	if err := defs.Add(def); err != nil {
		ck.Errorf(path, "%v", err)
	}
}

// OptionData reports options whose value does not compile, or that do not fit
// into those that carry them.
func (ck *Checker) OptionData(path string, list []option.Data, defs *option.Defs) {
	compiled := make([]option.Option, 0, len(list))
	for i, data := range list {
		path := At(path, Index("option-data", i))
		o, err := option.Compile(data, defs)
		if err != nil {
			ck.Errorf(path, "%v", err)
			continue
		}
		compiled = append(compiled, o)
		for j, name := range data.ClientClasses {
			ck.reference(At(path, Index("client-classes", j)), name)
		}
	}
	if _, err := option.NewList(ck.Family, compiled...); err != nil {
		ck.Errorf(At(path, "option-data"), "%v", err)
	}
}
