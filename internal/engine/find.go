package engine

// Find returns the first of a list that something is true for, or nil.
func Find[T any](list []*T, ok func(*T) bool) *T {
	for _, t := range list {
		if ok(t) {
			return t
		}
	}
	return nil
}
