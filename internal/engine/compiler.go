package engine

import "github.com/dhcpha/dhcpha/internal/option"

// Compiler compiles option data of a configuration.
type Compiler struct {
	Defs *option.Defs
	// Note is shown every option of a list, as it is to be sent; nil: nobody is.
	Note func(*option.Option)
}

// Options makes the list of one level; none: nil.
func (c *Compiler) Options(list []option.Data) (*option.List, error) {
	if len(list) == 0 {
		return nil, nil
	}
	compiled := make([]option.Option, 0, len(list))
	for _, d := range list {
		o, err := option.Compile(d, c.Defs)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, o)
	}
	l, err := option.NewList(c.Defs.Family(), compiled...)
	if err == nil && c.Note != nil {
		for o := range l.All() {
			c.Note(o)
		}
	}
	return l, err
}

// AddDefs adds definitions.
func AddDefs(defs *option.Defs, list []option.Def) error {
	for _, d := range list {
		if err := defs.Add(d); err != nil {
			return err
		}
	}
	return nil
}
