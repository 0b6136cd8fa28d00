package option

import (
	"errors"
	"fmt"
)

// validate checks an option-def by itself.
func (d *Defs) validate(def *Def) error {
	if !validName(def.Name) {
		return fmt.Errorf("name: %q is not a name of letters, digits, hyphens and underscores", def.Name)
	}
	if err := d.family.checkSpace(def.Space); err != nil {
		return err
	}
	if err := d.family.checkCode(def.Space, def.Code); err != nil {
		return err
	}
	if def.Encapsulate != "" {
		switch {
		case !validName(def.Encapsulate):
			return fmt.Errorf("encapsulate: %q is not a name of letters, digits, hyphens and underscores", def.Encapsulate)
		case def.Encapsulate == def.Space:
			return fmt.Errorf("encapsulate: an option of space %s cannot encapsulate its own space", def.Space)
		case def.Array:
			return errors.New("encapsulate: an array has no end behind which sub-options could stand")
		}
	}
	return def.validateFields()
}

func (def *Def) validateFields() error {
	switch {
	case def.Type == 0 || def.Type >= Internal:
		return errors.New("type: not given")
	case def.Type != Record && len(def.RecordTypes) > 0:
		return fmt.Errorf("record-types: given for type %s, expected only for record", def.Type)
	case def.Type == Record && len(def.RecordTypes) < 2:
		return fmt.Errorf("record-types: %d fields, expected at least 2", len(def.RecordTypes))
	}
	last := def.Type
	for i, t := range def.RecordTypes {
		if t == 0 || t >= Record || t == Empty {
			return fmt.Errorf("record-types: field %d cannot be of type %s", i+1, t)
		}
		if (t == String || t == Binary) && i < len(def.RecordTypes)-1 {
			return fmt.Errorf("record-types: field %d of type %s has no end, expected only as the last field", i+1, t)
		}
		last = t
	}
	if def.Array && (last == String || last == Binary || last == Empty) {
		return fmt.Errorf("array: a field of type %s cannot repeat", last)
	}
	return nil
}
