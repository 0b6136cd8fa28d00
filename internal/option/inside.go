package option

// Inside returns the sub-options in the value of an option, which stand behind
// the fields of its definition. It is empty if the definition has no
// sub-options or the value is not what it says.
func (f Family) Inside(def *Def, value []byte) []byte {
	if def.Encapsulate == "" {
		return nil
	}
	n, err := f.fieldsLen(def, value)
	if err != nil {
		return nil
	}
	return value[n:]
}
