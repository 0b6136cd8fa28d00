package conf

import "reflect"

// Inherit returns p, a struct of pointers, with what is nil in it taken from
// another.
func Inherit[P any](p, above P) P {
	from := reflect.ValueOf(above)
	to := reflect.ValueOf(&p).Elem()
	for i := range to.NumField() {
		if to.Field(i).IsNil() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return p
}
