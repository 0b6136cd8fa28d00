package option

import (
	"fmt"
	"maps"
	"math"
)

// Defs are the option definitions that a configuration goes by: the standard
// ones of a family, and those that were added. It is built while a
// configuration is loaded and only read afterwards.
type Defs struct {
	family Family
	layer  int // what is added now replaces what is of a lower layer
	byCode map[defCode]entry
	byName map[defName]uint16
}

type defCode struct {
	space string
	code  uint16
}

type defName struct{ space, name string }

// entry is a definition and the layer it belongs to: 0 is a standard one that a
// configuration may replace, 1 one of the configuration, 2 one of a clone.
type entry struct {
	*Def
	layer int
}

// fixed is the layer of the standard definitions that nothing replaces.
const fixed = math.MaxInt

// NewDefs returns the standard definitions of a family.
func NewDefs(f Family) *Defs {
	d := &Defs{family: f, layer: 1, byCode: map[defCode]entry{}, byName: map[defName]uint16{}}
	for _, t := range standard(f) {
		for i := range t.defs {
			def := t.defs[i]
			def.Space = t.space
			d.put(entry{&def, t.layer})
		}
	}
	return d
}

// table is a list of definitions of one space.
type table struct {
	space string
	defs  []Def
	layer int
}

func standard(f Family) []table {
	if f == V4 {
		return []table{
			{"dhcp4", standard4, fixed},
			{"dhcp4", recent4, 0},
			{"dhcp-agent-options-space", agent4, 0},
			{"cablelabs-client-conf", cableLabs4, 0},
			{"vendor-4491", docsis4, 0},
		}
	}
	return []table{
		{"dhcp6", standard6, fixed},
		{"dhcp6", recent6, 0},
		{"s46-cont-mape-options", mapE6, fixed},
		{"s46-cont-mapt-options", mapT6, fixed},
		{"s46-cont-lw-options", lw6, fixed},
		{"s46-rule-options", portParams6, fixed},
		{"s46-v4v6bind-options", portParams6, fixed},
		{"v6-ntp-server-suboptions", ntp6, 0},
		{"vendor-4491", docsis6, 0},
		{"vendor-2495", isc6, 0},
	}
}

// Family returns the family whose options are defined.
func (d *Defs) Family() Family { return d.family }

// Add adds an option-def of the configuration. The error says which member of
// it is wrong. A standard definition is not replaced, except of options that
// Kea has come to define only lately, and of those whose fields are up to the
// vendor.
func (d *Defs) Add(def Def) error {
	if def.Space == "" {
		def.Space = d.mainSpace()
	}
	if err := d.validate(&def); err != nil {
		return fmt.Errorf("option-def %s (%d): %w", def.Name, def.Code, err)
	}
	if old, ok := d.byCode[defCode{def.Space, def.Code}]; ok {
		if old.layer >= d.layer {
			return fmt.Errorf("option-def %s (%d): code %d of space %s is defined already, as %s", def.Name, def.Code, def.Code, def.Space, old.Name)
		}
		delete(d.byName, defName{def.Space, old.Name})
	}
	if code, ok := d.byName[defName{def.Space, def.Name}]; ok {
		old := defCode{def.Space, code}
		if d.byCode[old].layer >= d.layer {
			return fmt.Errorf("option-def %s (%d): space %s has an option of that name already, with code %d", def.Name, def.Code, def.Space, code)
		}
		delete(d.byCode, old)
	}
	d.put(entry{&def, d.layer})
	return nil
}

func (d *Defs) put(e entry) {
	d.byCode[defCode{e.Space, e.Code}] = e
	d.byName[defName{e.Space, e.Name}] = e.Code
}

// Clone returns a copy that takes definitions of its own, such as those of a
// client class. They may replace what was added to the original.
func (d *Defs) Clone() *Defs {
	return &Defs{d.family, d.layer + 1, maps.Clone(d.byCode), maps.Clone(d.byName)}
}

// ByName returns the definition with a name in a space; an empty space means
// "dhcp4" or "dhcp6".
func (d *Defs) ByName(space, name string) (Def, bool) {
	if space == "" {
		space = d.mainSpace()
	}
	code, ok := d.byName[defName{space, name}]
	if !ok {
		return Def{}, false
	}
	return d.ByCode(space, code)
}

// ByCode returns the definition with a code in a space; an empty space means
// "dhcp4" or "dhcp6".
func (d *Defs) ByCode(space string, code uint16) (Def, bool) {
	if space == "" {
		space = d.mainSpace()
	}
	e, ok := d.byCode[defCode{space, code}]
	if !ok {
		return Def{}, false
	}
	return *e.Def, true
}
