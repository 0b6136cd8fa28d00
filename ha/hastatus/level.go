package hastatus

// level is how much something matters to a person.
type level uint8

// The levels, from the least on.
const (
	fine   level = iota + 1 // as it should be
	moving                  // becomes so by itself
	wary                    // somebody should look
	alarm                   // somebody must act
)

// String returns the name of the level, which its classes and icons have.
func (l level) String() string { return [...]string{"", "fine", "moving", "wary", "alarm"}[l] }

// Word returns what the level means.
func (l level) Word() string {
	return [...]string{"", "All is well", "On its way", "Needs a look", "Act now"}[l]
}
